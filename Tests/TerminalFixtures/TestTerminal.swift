import Synchronization

@testable package import TerminalUI

/// A terminal in memory: events come from a script, pictures stay readable. Its clock stands still
/// except while the program waits, so that tests take no time and always run alike.
package final class TestTerminal: Terminal {
  private final class Flag: Waker {
    let isSet = Mutex(false)
    func wake() { isSet.withLock { $0 = true } }
  }

  package private(set) var size: Size
  package let colorDepth: ColorDepth
  package let glyphs: Glyphs
  package private(set) var now: Duration = .zero
  /// What the screen shows.
  package private(set) var screen: CellBuffer
  package private(set) var cursor: Point?
  /// How many pictures have been drawn.
  package private(set) var frames = 0
  package private(set) var suspensions = 0
  package private(set) var isTornDown = false

  private var batches: [[TerminalEvent]] = []
  private let flag = Flag()
  package var waker: any Waker { flag }

  package init(
    size: Size, colorDepth: ColorDepth = .trueColor, glyphs: Glyphs = .unicode,
    script: [[TerminalEvent]] = []
  ) {
    self.size = size
    self.colorDepth = colorDepth
    self.glyphs = glyphs
    self.screen = CellBuffer(size: size)
    self.batches = script
  }

  /// Adds events that arrive together, after those already waiting.
  package func send(_ events: TerminalEvent...) {
    batches.append(events)
  }

  /// Adds the keys of a text, one after the other.
  package func type(_ text: String) {
    for character in text { send(.key(KeyEvent(character))) }
  }

  package func draw(_ difference: CellDifference, cursor: Point?) {
    screen = screen.applying(difference)
    self.cursor = cursor
    frames += 1
  }

  /// The next batch of the script, or `.wake`; with neither, a wait with a timeout passes the time
  /// at once and one without it ends the input, since nothing could ever arrive.
  package func readEvents(timeout: Duration?) -> [TerminalEvent] {
    if flag.isSet.withLock({ isSet in
      defer { isSet = false }
      return isSet
    }) {
      return [.wake]
    }
    if !batches.isEmpty {
      let events = batches.removeFirst()
      for case .resize(let size) in events { self.size = size }
      return events
    }
    guard let timeout else { return [.endOfInput] }
    now += timeout
    return []
  }

  package func suspend() { suspensions += 1 }
  package func tearDown() { isTornDown = true }
}

extension CellBuffer {
  /// Applies a difference, so that
  /// `a.applying(CellDifference(from: a, to: b)).cells == b.cells` for all pictures `a` and `b`.
  package func applying(_ difference: CellDifference) -> CellBuffer {
    var result = difference.isFull ? CellBuffer(size: difference.size) : self
    for run in difference.runs {
      for (offset, cell) in run.cells.enumerated() {
        let x = run.x + offset
        guard result.bounds.contains(Point(x: x, y: run.y)) else { continue }
        result.cells[run.y * result.size.width + x] = cell
      }
    }
    return result
  }
}
