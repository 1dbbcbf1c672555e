/// What the handler and the renderer tell the loop.
public struct LoopControl: Sendable {
  /// Whether the picture is out of date. Set it when the state changes in a way that shows.
  public var needsRender = true
  /// While set, `.wake` is delivered to the handler at this interval even if nothing happens, for
  /// spinners and clocks. Leave it nil when nothing moves, so that an idle program takes no time.
  public var animationInterval: Duration?
  /// Set it to leave the loop, after the events at hand.
  public var exits = false
  /// Set it to stop the program as Ctrl-Z does.
  public var suspends = false

  public init() {}
}

/// Runs the program's loop on the calling thread until the handler sets `exits`.
///
/// All events at hand are handled before a picture is drawn, and at most one picture is drawn per
/// `frameInterval`: frames are dropped, events never. Without events and animation it sleeps. The
/// loop does not tear the terminal down.
///
/// - Parameters:
///   - handle: reacts to one event. `.wake` means that another thread, or the animation interval,
///     asks to look for news.
///   - render: draws the whole picture into a blank buffer of the terminal's size and returns where
///     the cursor goes, or nil to hide it.
public func runLoop(
  on terminal: any Terminal, frameInterval: Duration = .milliseconds(16),
  handle: (TerminalEvent, inout LoopControl) -> Void, render: (inout CellBuffer) -> Point?
) {
  var control = LoopControl()
  var shown = CellBuffer(size: Size(width: 0, height: 0))
  var nextFrame = terminal.now
  var nextTick: Duration?
  while !control.exits {
    let now = terminal.now
    if control.needsRender, now >= nextFrame {
      control.needsRender = false
      var picture = CellBuffer(size: terminal.size)
      let cursor = render(&picture)
      terminal.draw(CellDifference(from: shown, to: picture), cursor: cursor)
      shown = picture
      nextFrame = now + frameInterval
    }
    nextTick = control.animationInterval.map { min(nextTick ?? now + $0, now + $0) }
    let frameDue = control.needsRender ? nextFrame : nil
    let due = [frameDue, nextTick].compactMap { $0 }.min()
    var events = terminal.readEvents(timeout: due.map { max(.zero, $0 - terminal.now) })
    if let tick = nextTick, terminal.now >= tick {
      nextTick = nil
      if !events.contains(.wake) { events.append(.wake) }
    }
    for event in events {
      if case .resize = event { control.needsRender = true }
      if event == .resumed { control.needsRender = true }
      handle(event, &control)
      if event == .endOfInput { control.exits = true }
    }
    if control.suspends {
      control.suspends = false
      terminal.suspend()
      control.needsRender = true
      handle(.resumed, &control)
      handle(.resize(terminal.size), &control)
    }
  }
}
