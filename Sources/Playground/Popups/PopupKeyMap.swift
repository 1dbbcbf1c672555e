import TerminalUI

/// The keys of what lies over a screen.
extension KeyMap {
  static let popups: [(context: KeyContext, bindings: [KeyBinding])] = [
    (.lesson, lesson), (.guess, guess), (.list, list), (.screens, screens), (.training, training),
    (.help, help), (.helpSearch, helpSearch),
    (.settings, settings), (.value, value), (.commandLine, commandLine), (.problems, problems),
    (.question, question), (.template, template), (.family, family), (.models, models),
    (.runs, runs), (.sessions, sessions), (.deletion, deletion), (.name, name),
    (.unkept, unkept),
  ]

  private static let up = KeyBinding([.up], .up, "previous")
  private static let down = KeyBinding([.down], .down, "next")

  private static let lesson: [KeyBinding] = [
    KeyBinding([.enter], .lessonGoOn, "do what the step says, then go on", hint: "go on"),
    KeyBinding(["."], .lessonNext, "next step, without doing this one", hint: "next"),
    KeyBinding([","], .lessonPrevious, "previous step", hint: "back"),
  ]

  private static let guess: [KeyBinding] = (1...9).map {
    KeyBinding([KeyEvent(Character(String($0)))], .guess($0), "bet on this choice")
  }

  private static let list: [KeyBinding] =
    KeyBinding.moving(first: [.home, "g"]) + [
      KeyBinding([.enter, .right, "l"], .activate, "choose", hint: "choose"),
      KeyBinding([.escape, "q", .left, "h"], .dismiss, "close", hint: "close"),
    ]

  private static let screens: [KeyBinding] = [
    up, down, KeyBinding([.enter, .right], .activate, "show the screen", hint: "show"),
    KeyBinding(["g"], .top, "go to the top of the list on the screen", hint: "to the top"),
    KeyBinding([.escape, .left], .dismiss, "close", hint: "close"),
  ]

  private static let training: [KeyBinding] =
    [up, KeyBinding([.down], .down, "next", hint: "move")] + KeyBinding.paging + [
      KeyBinding(
        [.enter, " "], .activate, "take it, or leave it out; type a value", hint: "choose or type"),
      KeyBinding([.left, "h", "-"], .left, "less", hint: "less"),
      KeyBinding([.right, "l", "+"], .right, "more", hint: "more"),
      KeyBinding(["d"], .reset, "back to the default", hint: "default"),
      KeyBinding([.escape, "n", "q"], .dismiss, "close", hint: "close"),
    ]

  private static let help: [KeyBinding] = [
    KeyBinding(["/"], .find, "search in keys and symbols", hint: "find"),
    KeyBinding([.up, "k"], .up, "scroll up", hint: "up"),
    KeyBinding([.down, "j"], .down, "scroll down", hint: "down"),
    KeyBinding([.pageUp], .pageUp, "a page up"),
    KeyBinding([.pageDown, " "], .pageDown, "a page down", hint: "page"),
    KeyBinding([.home, "g"], .top, "to the top"), KeyBinding([.end, "G"], .bottom, "to the end"),
    KeyBinding([.escape, "?", "q", .function(1)], .dismiss, "close", hint: "close"),
  ]

  private static let helpSearch: [KeyBinding] = [
    KeyBinding([.up], .up, "scroll up"), KeyBinding([.down], .down, "scroll down", hint: "down"),
    KeyBinding([.pageUp], .pageUp, "a page up"),
    KeyBinding([.pageDown], .pageDown, "a page down"),
    KeyBinding([.enter], .activate, "keep what is found, and scroll in it", hint: "keep"),
    KeyBinding([.escape], .dismiss, "show all again", hint: "show all"),
  ]

  private static let settings: [KeyBinding] =
    KeyBinding.moving("setting", first: [.home, "g"]) + [
      KeyBinding([.left, "h", "-"], .left, "a step down", hint: "less"),
      KeyBinding([.right, "l", "+"], .right, "a step up", hint: "more"),
      KeyBinding([.enter], .activate, "type a value", hint: "type a value"),
      KeyBinding(["d", .delete, .backspace], .reset, "back to the default", hint: "default"),
      KeyBinding([.escape, "s", "q"], .dismiss, "close", hint: "close"),
    ]

  private static let value: [KeyBinding] = [
    KeyBinding([.enter], .activate, "set the value", hint: "set"),
    KeyBinding([.escape], .dismiss, "keep the old value", hint: "keep old value"),
  ]

  private static let commandLine: [KeyBinding] = [
    KeyBinding([.enter], .activate, "do it", hint: "do it"),
    KeyBinding([.tab], .complete(1), "complete; again for the next", hint: "complete"),
    KeyBinding([.shiftTab], .complete(-1), "previous completion"),
    KeyBinding([.up, .control("p")], .up, "an earlier command", hint: "earlier"),
    KeyBinding([.down, .control("n")], .down, "a later command"),
    KeyBinding([.escape], .dismiss, "close", hint: "close"),
  ]

  private static let problems: [KeyBinding] =
    [up, down] + KeyBinding.paging + [
      KeyBinding([.enter], .activate, "open the family; ask the question", hint: "choose"),
      KeyBinding([.right], .solution, "open; show or hide the solution", hint: "solution"),
      KeyBinding([.left], .back, "back to the families", hint: "back"),
      KeyBinding([.tab], .editTemplate, "change names and numbers", hint: "change it"),
      KeyBinding([.control("n")], .otherProblems, "draw other problems", hint: "others"),
      KeyBinding([.escape], .dismiss, "back, or close", hint: "close"),
    ]

  private static let question: [KeyBinding] = [
    KeyBinding([.enter], .activate, "ask it", hint: "ask it"),
    KeyBinding(
      [.tab, .down], .complete(1), "type the right answer, if known", hint: "right answer"),
    KeyBinding([.shiftTab, .up], .complete(-1), "previous field"),
    KeyBinding([.escape], .dismiss, "back", hint: "back"),
  ]

  private static let template: [KeyBinding] = [
    KeyBinding([.enter], .activate, "ask it", hint: "ask it"),
    KeyBinding([.tab, .down], .complete(1), "next field", hint: "next field"),
    KeyBinding([.shiftTab, .up], .complete(-1), "previous field"),
    KeyBinding([KeyEvent(.left, .shift)], .left, "previous choice"),
    KeyBinding([KeyEvent(.right, .shift)], .right, "next choice"),
    KeyBinding([.escape], .dismiss, "back", hint: "back"),
  ]

  private static let family: [KeyBinding] = [
    KeyBinding([.left], .checkpoint(-1), "an earlier checkpoint", hint: "earlier"),
    KeyBinding([.right], .checkpoint(1), "a later checkpoint", hint: "later"),
    KeyBinding([.tab], .nextStage, "base model or thinking model", hint: "stage"),
  ]

  private static let runs: [KeyBinding] =
    [up, down] + KeyBinding.paging + [
      KeyBinding([.enter], .activate, "show the run", hint: "show"),
      KeyBinding([.escape], .dismiss, "close", hint: "close"),
    ]

  private static let models: [KeyBinding] =
    [up, down] + KeyBinding.paging + [
      KeyBinding([.enter], .activate, "open the model", hint: "open"),
      KeyBinding([.tab], .complete(1), "complete the path", hint: "complete"),
      KeyBinding([.escape], .dismiss, "close", hint: "close"),
    ]

  private static let sessions: [KeyBinding] =
    [up, down] + KeyBinding.paging + [
      KeyBinding([.enter], .activate, "open the session", hint: "open"),
      KeyBinding([.tab], .own(SessionChooser.Own.name), "give it a name", hint: "name"),
      KeyBinding([.delete], .own(SessionChooser.Own.delete), "delete it", hint: "delete"),
      KeyBinding([.escape], .dismiss, "close", hint: "close"),
    ]

  private static let deletion: [KeyBinding] = [
    KeyBinding(["y"], .activate, "delete it", hint: "delete it"),
    KeyBinding([.escape, "n"], .dismiss, "keep it", hint: "keep it"),
  ]

  private static let name: [KeyBinding] = [
    KeyBinding([.enter], .activate, "take the name", hint: "take it"),
    KeyBinding([.escape], .dismiss, "back", hint: "back"),
  ]

  private static let unkept: [KeyBinding] = [
    KeyBinding(["r"], .own(UnkeptQuestion.Own.retry), "try to write them again", hint: "retry"),
    KeyBinding(
      ["s"], .own(UnkeptQuestion.Own.saveElsewhere), "save the session elsewhere",
      hint: "save elsewhere"),
    KeyBinding(
      ["q"], .own(UnkeptQuestion.Own.quit), "quit without them", hint: "quit without them"),
    KeyBinding([.escape], .dismiss, "go back", hint: "go back"),
  ]
}
