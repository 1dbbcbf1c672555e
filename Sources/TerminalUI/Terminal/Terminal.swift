/// Wakes a thread that waits in `Terminal.readEvents`. Any thread may call it, at any time.
public protocol Waker: Sendable { func wake() }

/// A screen and keyboard. One thread, the one that runs the loop, uses it; only its `waker` may be
/// used from others.
public protocol Terminal: AnyObject {
  var size: Size { get }
  /// The colours that `draw` can show.
  var colorDepth: ColorDepth { get }
  /// The characters that `draw` can show.
  var glyphs: Glyphs { get }
  var waker: any Waker { get }
  /// Time since some fixed moment, for pacing frames.
  var now: Duration { get }

  /// Shows what changed and puts the cursor at `cursor`, or hides it.
  func draw(_ difference: CellDifference, cursor: Point?)
  /// Waits until something happens, at most for `timeout` (nil: for ever), and returns it.
  func readEvents(timeout: Duration?) -> [TerminalEvent]
  /// Gives the terminal back to the shell, stops the program as Ctrl-Z does, and takes the terminal
  /// again when the program is continued.
  func suspend()
  /// Restores the terminal as it was found. Calling it again has no effect.
  func tearDown()
}
