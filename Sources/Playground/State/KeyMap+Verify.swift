import TerminalUI

extension KeyMap {
  static let verify: [KeyBinding] = [
    KeyBinding([key(" ")], .run, "sample candidates and rank them; again to stop", hint: "rank"),
    KeyBinding([key("r")], .runAnew, "rank anew from the first candidate"),
    KeyBinding(
      [key("w")], .cycleWeighting, "rank the same candidates otherwise", hint: "rank by"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous candidate or judgement"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next candidate or judgement"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "a page down"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last"),
    KeyBinding(
      [KeyEvent(.enter), KeyEvent(.right), key("l")], .activate,
      "what was judged of it; then open the step or the verdict in Decode", hint: "open"),
    KeyBinding([KeyEvent(.left), key("h"), KeyEvent(.backspace)], .back, "back to the candidates"),
    KeyBinding([key("o")], .openInDecode, "open the candidate's answer in Decode", hint: "decode"),
  ]
}
