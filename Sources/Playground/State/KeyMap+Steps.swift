import TerminalUI

extension KeyMap {
  static let steps: [KeyBinding] = [
    KeyBinding([key(" ")], .play, "play the steps one after another; again to stop", hint: "play"),
    KeyBinding([KeyEvent(.down), key("j"), key("]")], .down, "next step"),
    KeyBinding([KeyEvent(.up), key("k"), key("[")], .up, "previous step", hint: "step"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first step"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last step"),
    KeyBinding([KeyEvent(.right), key("l")], .right, "next path of the run", hint: "path"),
    KeyBinding([KeyEvent(.left), key("h")], .left, "previous path of the run"),
    KeyBinding([key("n")], .nextRun(1), "next run", hint: "run"),
    KeyBinding([key("N")], .nextRun(-1), "previous run"),
    KeyBinding(
      [key("a")], .answerNow, "ask the model for its answer in every state; again to stop",
      hint: "answers"),
    KeyBinding(
      [key("v")], .judgeSteps, "have a process verifier judge the steps; again to stop",
      hint: "judge"),
    KeyBinding(
      [KeyEvent(.enter), key("o")], .openInDecode,
      "open the state in Decode, to go on from there", hint: "open"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "scroll the state up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "scroll the state down"),
  ]

  /// Bound on every screen that shows paths.
  static let openSteps = KeyBinding(
    [key("S")], .openSteps, "go through the path step by step in Steps", hint: "steps")
}
