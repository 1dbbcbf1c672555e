import TerminalUI

extension KeyMap {
  static let search: [KeyBinding] = [
    KeyBinding([key(" ")], .run, "search; again to stop", hint: "search"),
    KeyBinding([key("]"), key(".")], .nextIteration(1), "next iteration"),
    KeyBinding([key("["), key(",")], .nextIteration(-1), "previous iteration", hint: "back"),
    KeyBinding([key("{")], .firstIteration, "before the first iteration"),
    KeyBinding([key("}")], .lastIteration, "the last iteration, and on with the search"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous step"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next step"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "a page down"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last"),
    KeyBinding([KeyEvent(.left), key("h")], .left, "to the step before"),
    KeyBinding([KeyEvent(.right), key("l")], .right, "to the first step after"),
    KeyBinding([key("x")], .switchList, "to what was given up, and back", hint: "graveyard"),
    KeyBinding([KeyEvent(.enter)], .openInDecode, "open the step's end in Decode", hint: "open"),
  ]
}
