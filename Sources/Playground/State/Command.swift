/// What the user can ask for, whether by key, by mouse, on the command line or from a lesson.
public enum Command: Sendable, Hashable {
  // Everywhere.
  case quit, help, commandLine, dismiss
  case screen(ScreenID)
  case nextScreen, previousScreen
  case pickProblem, openSettings, openModels, openLessons, openThemes, openSessions
  case nextTheme
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

  // Decode.
  case take, undo, redo, streamOrStop, markFork, nextFork, previousFork, insertText, answerNow
  /// Puts "Wait," in, and asks for the answers before and behind it.
  case wait
  /// Looks a token up by its text.
  case findToken
  case cycleHeat
  /// Chooses the next of the sampler's settings, and turns the chosen one by some steps.
  case nextKnob
  case turnKnob(Int)

  // Branches and Votes.
  case run
  /// Starts from the first path even where a run could be taken up or is complete.
  case runAnew
  case moreSamples
  case cycleWeighting
  case openInDecode
  /// Opens the place where an answer's paths leave the others.
  case openParting
  case compare
  case back

  // Tree.
  /// Folds or unfolds the selected line, or every one.
  case fold, foldAll
  /// Makes the selected line the root of what shows.
  case hoist
  case bookmark
  /// Goes to the next (1) or previous (-1) bookmark.
  case nextBookmark(Int)
  /// Looks a text up, and goes to the next (1) or previous (-1) line with it.
  case findText
  case nextMatch(Int)

  // Search.
  /// Goes on (1) or back (-1) among the iterations.
  case nextIteration(Int)
  case firstIteration, lastIteration
  /// From the tree to what was given up, and back.
  case switchList

  // Steps.
  /// Shows the selected path in Steps.
  case openSteps
  /// Goes through the steps one after the other.
  case play
  /// Goes to the next (1) or previous (-1) run.
  case nextRun(Int)
  case judgeSteps

  // Scale.
  /// Goes to the next (1) or previous (-1) kind of study.
  case nextStudy(Int)
  /// Studies the next (1) or previous (-1) family of problems.
  case nextFamily(Int)
  /// Studies more (1) or fewer (-1) problems.
  case studyCount(Int)
  case cycleAxis, cycleMeasure
  /// Hides the selected curve, or shows it again.
  case toggleCurve
  case export
}
