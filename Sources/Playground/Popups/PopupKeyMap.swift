import TerminalUI

/// The keys of what lies over a screen.
extension KeyMap {
  static let popups: [(context: KeyContext, bindings: [KeyBinding])] = [
    (.lesson, lesson), (.guess, guess), (.list, list), (.help, help), (.settings, settings),
    (.value, value), (.commandLine, commandLine), (.problems, problems), (.question, question),
    (.template, template), (.family, family), (.models, models),
  ]

  private static let up = KeyBinding([KeyEvent(.up)], .up, "previous")
  private static let down = KeyBinding([KeyEvent(.down)], .down, "next")

  private static let lesson: [KeyBinding] = [
    KeyBinding(
      [KeyEvent(.enter)], .lessonGoOn, "do what the step says, then go on", hint: "go on"),
    KeyBinding([key(".")], .lessonNext, "next step, without doing this one", hint: "next"),
    KeyBinding([key(",")], .lessonPrevious, "previous step", hint: "back"),
  ]

  private static let guess: [KeyBinding] = (1...9).map {
    KeyBinding([key(Character(String($0)))], .guess($0), "bet on the choice of this number")
  }

  private static let list: [KeyBinding] =
    KeyBinding.moving() + [
      KeyBinding(
        [KeyEvent(.enter), KeyEvent(.right), key("l")], .activate, "choose", hint: "choose"),
      KeyBinding(
        [KeyEvent(.escape), key("q"), KeyEvent(.left), key("h")], .dismiss, "close", hint: "close"),
    ]

  private static let help: [KeyBinding] = [
    KeyBinding([KeyEvent(.up), key("k")], .up, "scroll up", hint: "up"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "scroll down", hint: "down"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "a page up"),
    KeyBinding([KeyEvent(.pageDown), key(" ")], .pageDown, "a page down", hint: "page"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "to the top"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "to the end"),
    KeyBinding(
      [KeyEvent(.escape), key("?"), key("q"), KeyEvent(.function(1))], .dismiss, "close",
      hint: "close"),
  ]

  private static let settings: [KeyBinding] =
    KeyBinding.moving("setting") + [
      KeyBinding([KeyEvent(.left), key("h"), key("-")], .left, "a step down", hint: "less"),
      KeyBinding([KeyEvent(.right), key("l"), key("+")], .right, "a step up", hint: "more"),
      KeyBinding([KeyEvent(.enter)], .activate, "type a value", hint: "type a value"),
      KeyBinding(
        [key("d"), KeyEvent(.delete), KeyEvent(.backspace)], .reset, "back to the default",
        hint: "default"),
      KeyBinding([KeyEvent(.escape), key("s"), key("q")], .dismiss, "close", hint: "close"),
    ]

  private static let value: [KeyBinding] = [
    KeyBinding([KeyEvent(.enter)], .activate, "set the value", hint: "set"),
    KeyBinding([KeyEvent(.escape)], .dismiss, "leave it as it was", hint: "leave as it was"),
  ]

  private static let commandLine: [KeyBinding] = [
    KeyBinding([KeyEvent(.enter)], .activate, "do it", hint: "do it"),
    KeyBinding([KeyEvent(.tab)], .complete(1), "complete; again for the next", hint: "complete"),
    KeyBinding([KeyEvent(.tab, .shift)], .complete(-1), "the completion before"),
    KeyBinding(
      [KeyEvent(.up), KeyEvent(.character("p"), .control)], .up, "an earlier command",
      hint: "earlier"),
    KeyBinding(
      [KeyEvent(.down), KeyEvent(.character("n"), .control)], .down, "a later command"),
    KeyBinding([KeyEvent(.escape)], .dismiss, "close", hint: "close"),
  ]

  private static let problems: [KeyBinding] =
    [up, down] + KeyBinding.paging + [
      KeyBinding(
        [KeyEvent(.enter)], .activate, "open the family; ask the question", hint: "choose"),
      KeyBinding(
        [KeyEvent(.right)], .solution, "open; show or hide the solution", hint: "solution"),
      KeyBinding([KeyEvent(.left)], .back, "back to the families", hint: "back"),
      KeyBinding([KeyEvent(.tab)], .editTemplate, "change names and numbers", hint: "change it"),
      KeyBinding(
        [KeyEvent(.character("n"), .control)], .otherProblems, "draw other problems",
        hint: "others"),
      KeyBinding([KeyEvent(.escape)], .dismiss, "back, or close", hint: "close"),
    ]

  private static let question: [KeyBinding] = [
    KeyBinding([KeyEvent(.enter)], .activate, "ask it", hint: "ask it"),
    KeyBinding(
      [KeyEvent(.tab), KeyEvent(.down)], .complete(1), "the right answer, if you know it",
      hint: "right answer"),
    KeyBinding([KeyEvent(.tab, .shift), KeyEvent(.up)], .complete(-1), "the field before"),
    KeyBinding([KeyEvent(.escape)], .dismiss, "back", hint: "back"),
  ]

  private static let template: [KeyBinding] = [
    KeyBinding([KeyEvent(.enter)], .activate, "ask it", hint: "ask it"),
    KeyBinding([KeyEvent(.tab), KeyEvent(.down)], .complete(1), "next field", hint: "next field"),
    KeyBinding([KeyEvent(.tab, .shift), KeyEvent(.up)], .complete(-1), "the field before"),
    KeyBinding([KeyEvent(.left, .shift)], .left, "the choice before"),
    KeyBinding([KeyEvent(.right, .shift)], .right, "the next choice"),
    KeyBinding([KeyEvent(.escape)], .dismiss, "back", hint: "back"),
  ]

  private static let family: [KeyBinding] = [
    KeyBinding([KeyEvent(.left)], .checkpoint(-1), "an earlier checkpoint", hint: "earlier"),
    KeyBinding([KeyEvent(.right)], .checkpoint(1), "a later checkpoint", hint: "later"),
    KeyBinding(
      [KeyEvent(.tab)], .nextStage, "base model, or the one that thinks in tags", hint: "stage"),
  ]

  private static let models: [KeyBinding] =
    [up, down] + KeyBinding.paging + [
      KeyBinding([KeyEvent(.enter)], .activate, "open the model", hint: "open"),
      KeyBinding([KeyEvent(.tab)], .complete(1), "complete the path", hint: "complete"),
      KeyBinding([KeyEvent(.escape)], .dismiss, "close", hint: "close"),
    ]
}
