import Synchronization

/// A terminal in memory: events come from a script, pictures stay readable. Its clock stands still
/// except while the program waits, so that tests take no time and always run alike.
public final class TestTerminal: Terminal {
  private final class Flag: Waker {
    let isSet = Mutex(false)
    func wake() { isSet.withLock { $0 = true } }
  }

  public private(set) var size: Size
  public let colorDepth: ColorDepth
  public let glyphs: Glyphs
  public private(set) var now: Duration = .zero
  /// What the screen shows.
  public private(set) var screen: CellBuffer
  public private(set) var cursor: Point?
  /// How many pictures have been drawn.
  public private(set) var frames = 0
  public private(set) var bells = 0
  public private(set) var suspensions = 0
  public private(set) var isTornDown = false

  private var batches: [[TerminalEvent]] = []
  private let flag = Flag()
  public var waker: any Waker { flag }

  public init(
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
  public func send(_ events: TerminalEvent...) {
    batches.append(events)
  }

  /// Adds the keys of a text, one after the other.
  public func type(_ text: String) {
    for character in text { send(.key(KeyEvent(character))) }
  }

  public func draw(_ difference: CellDifference, cursor: Point?) {
    screen = screen.applying(difference)
    self.cursor = cursor
    frames += 1
  }

  /// The next batch of the script, or `.wake`; with neither, a wait with a timeout passes the time
  /// at once and one without it ends the input, since nothing could ever arrive.
  public func readEvents(timeout: Duration?) -> [TerminalEvent] {
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

  public func suspend() { suspensions += 1 }
  public func bell() { bells += 1 }
  public func tearDown() { isTornDown = true }
}
