/// What the user can ask for, whether by key, by mouse, on the command line or from a lesson.
public enum Command: Sendable, Hashable {
  // Everywhere.
  case quit, help, commandLine, dismiss
  case screen(ScreenID)
  case nextScreen, previousScreen
  case pickProblem, openSettings, openModels, openLessons
  case nextTheme
  case suspend
  /// Raises or lowers the temperature by a step of the grid.
  case temperature(Int)
  case stop

  // Moving in lists and text.
  case up, down, pageUp, pageDown, top, bottom
  case left, right
  case activate

  // Decode.
  case take, undo, redo, streamOrStop, markFork, nextFork, previousFork, insertText, answerNow
  case cycleHeat

  // Branches and Votes.
  case run
  case moreSamples
  case cycleWeighting
  case openInDecode
  case compare
  case back
}
