import TerminalUI

extension KeyMap {
  static let search: [KeyBinding] = [
    KeyBinding([key(" ")], .run, "search; again to stop", hint: "search"),
    KeyBinding([key("]"), key(".")], .nextIteration(1), "next iteration"),
    KeyBinding([key("["), key(",")], .nextIteration(-1), "previous iteration", hint: "back"),
    KeyBinding([key("{")], .firstIteration, "the first iteration"),
    KeyBinding([key("}")], .lastIteration, "after the last iteration, and on with the search"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous step"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next step"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "a page down"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last"),
    KeyBinding([KeyEvent(.left), key("h")], .left, "to the step before"),
    KeyBinding([KeyEvent(.right), key("l")], .right, "to the step chosen after"),
    KeyBinding(
      [key("+"), key("=")], .turnKnob(1), "rank the same tree by more exploration, or otherwise",
      hint: "re-rank"),
    KeyBinding([key("-")], .turnKnob(-1), "by less exploration, or as before"),
    KeyBinding([key("w")], .cycleWeighting, "by each ranking in turn"),
    KeyBinding([key("u"), KeyEvent(.backspace)], .undo, "back to the search's own ranking"),
    KeyBinding([key("x")], .switchList, "to what was given up, and back", hint: "graveyard"),
    KeyBinding([KeyEvent(.enter)], .openInDecode, "open the step's end in Decode", hint: "open"),
  ]
}
