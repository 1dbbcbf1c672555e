/// What the user can ask for, whether by key, by mouse, on the command line or from a lesson.
enum Command: Sendable, Hashable {
  // Everywhere.
  case quit, help, commandLine, dismiss
  /// Stops what runs; quits when nothing does.
  case interrupt
  case screen(ScreenID)
  case nextScreen, previousScreen
  case pickProblem, openSettings, openModels, openLessons, openThemes, openSessions
  case nextTheme
  /// Shows the run that is listed so many places further on.
  case goToRun(Int)
  /// Lists all runs.
  case openRuns
  /// Lists all screens.
  case openScreens
  /// Chooses what is trained, and by what.
  case openTraining
  /// Chooses a model to stand beside the one at hand in Decode.
  case openBeside
  /// Chooses a verifier for the candidates on view.
  case openVerifiers
  /// Moves from the model at hand, or from the one chosen in the popup, along one axis of its
  /// family: to the next size, to an earlier (-1) or later (1) checkpoint, to the next stage.
  case nextSize, nextStage
  case checkpoint(Int)
  case suspend
  /// Raises or lowers the temperature by a step of the grid.
  case temperature(Int)
  case stop

  // Moving in lists and text.
  case up, down, pageUp, pageDown, top, bottom
  case left, right
  case activate

  // What lies over a screen.
  /// Completes what is typed, or goes to the next (1) or previous (-1) field.
  case complete(Int)
  /// Looks for something in what is shown.
  case find
  /// Back to the default.
  case reset
  /// Shows or hides a problem's solution.
  case solution
  /// Opens a problem's template.
  case editTemplate
  /// Draws other problems.
  case otherProblems

  // Lessons.
  /// Does what the step says; after that, goes on to the next one.
  case lessonGoOn
  case lessonNext, lessonPrevious
  /// Picks the given choice, from 1, of those to guess among.
  case guess(Int)

  // What several screens do, each in its way.
  /// Starts what the screen is for; again to stop it.
  case run
  /// Starts from the first path even where a run could be taken up or is complete.
  case runAnew
  case openInDecode
  /// Opens the place where the selection leaves the rest.
  case openParting
  case compare
  case back
  /// Shows the selected path in Steps.
  case openSteps
  /// Goes to the next weighting or ranking.
  case cycleWeighting
  /// Turns the figure that is chosen, or the ranking, by some steps.
  case turn(Int)
  case undo
  case answerNow

  /// What only one screen knows.
  case own(OwnCommand)
}

/// The commands that a screen has for itself, as an enumeration of its own.
protocol ScreenCommand: Sendable, Hashable {}

/// One of them, whatever the screen.
struct OwnCommand: Sendable, Hashable {
  let base: any ScreenCommand

  static func == (a: OwnCommand, b: OwnCommand) -> Bool {
    AnyHashable(a.base) == AnyHashable(b.base)
  }

  func hash(into hasher: inout Hasher) { base.hash(into: &hasher) }
}

extension Command {
  static func own(_ command: some ScreenCommand) -> Command { .own(OwnCommand(base: command)) }

  /// The command as one of a screen's own; nil when it is another's or everybody's.
  func own<Kind: ScreenCommand>(_ kind: Kind.Type = Kind.self) -> Kind? {
    if case .own(let command) = self { command.base as? Kind } else { nil }
  }
}
