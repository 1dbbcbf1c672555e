import CNcurses
import Glibc
public import TerminalUI

/// The real terminal, through ncurses: terminfo, modes and output are ncurses', input is decoded by
/// `InputDecoder`.
///
/// There can be one at a time, and only the thread that made it may use it. Whatever way the
/// program ends, by `tearDown`, `exit`, a signal or a crash, the terminal is given back as it was
/// found. Standard error is held back while the screen is ours and printed afterwards.
public final class NcursesTerminal: Terminal {
  public private(set) var size: Size
  public let colorDepth: ColorDepth
  public let glyphs: Glyphs
  public var waker: any Waker { wakePipe }
  public var now: Duration {
    let now = ContinuousClock.now
    return start.duration(to: now)
  }

  private let start = ContinuousClock.now
  private let wakePipe: WakePipe
  private let screen: OpaquePointer
  private var painter: CellPainter
  private var decoder = InputDecoder()
  private var lastInput = Duration.zero
  private let modes: TerminalModes
  private let signalKeys: [KeyEvent: Int32]
  private let attendance = Attendance()
  private var cursorShows = true
  private var isOpen = true
  /// Whether the screen is in our modes. It no longer is once the program was told to end while it
  /// was stopped.
  private var hasScreen = true
  /// Events that came while the program was stopped.
  private var waiting: [TerminalEvent] = []

  /// Takes the terminal that is standard input and output.
  ///
  /// - Parameters:
  ///   - preferredDepth: the colours that a flag or setting asks for; nil to detect them.
  ///   - environment: where `TERM`, `NO_COLOR`, `COLORTERM` and the locale are read.
  ///   - mouse: whether to ask for mouse reports.
  /// - Throws: `TerminalError`.
  public init(
    preferredDepth: ColorDepth? = nil, environment: [String: String], mouse: Bool = true
  ) throws {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else {
      throw TerminalError.notATerminal
    }
    ponder_size_by_window()
    try NcursesTerminal.checkTerminfo(environment["TERM"] ?? "")
    glyphs = LocaleSetup.prepare(glyphs: Glyphs.detect(environment: environment))
    wakePipe = try WakePipe()
    let found = try TerminalModes.current()
    // ncurses leaves signals alone that have handlers already.
    try Signals.install()
    guard let screen = ponder_new_terminal() else {
      Signals.uninstall()
      throw TerminalError.unavailable("ncurses cannot start on this terminal")
    }
    self.screen = screen
    let direct = NcursesTerminal.hasDirectColor()
    let detected = ColorDepth.detect(
      preference: preferredDepth, environment: environment, isTerminal: true,
      terminfo: ColorDepth.Terminfo(colors: Int(tigetnum("colors")), hasDirectColor: direct))
    let canColor = detected != .none && has_colors()
    if canColor { start_color() }
    let hasDefaults = canColor && use_default_colors() != ERR
    let limit = canColor ? ColorDepth(colors: Int(ponder_colors())) : .none
    colorDepth = min(detected, limit)
    painter = CellPainter(
      depth: colorDepth, isDirect: colorDepth == .trueColor, hasDefaultColors: hasDefaults,
      glyphs: glyphs)
    size = NcursesTerminal.windowSize()
    // Where the window does not tell its size, ncurses may have another opinion.
    resizeterm(Int32(size.height), Int32(size.width))
    cbreak()
    noecho()
    nonl()
    typeahead(-1)
    modes = found.prepared(mouse: mouse)
    signalKeys = found.signalKeys
    HeldStandardError.hold()
    modes.enter()
    def_prog_mode()
    setCursor(nil)
    redraw()
  }

  deinit { tearDown() }

  public func draw(_ difference: CellDifference, cursor: Point?) {
    guard isOpen, hasScreen else { return }
    if difference.isFull { werase(ponder_stdscr()) }
    for run in difference.runs { painter.paint(run) }
    setCursor(cursor)
    wrefresh(ponder_stdscr())
  }

  public func readEvents(timeout: Duration?) -> [TerminalEvent] {
    let wasAway = attendance.begin()
    defer { attendance.end() }
    let deadline = timeout.map { now + $0 }
    while isOpen {
      if !waiting.isEmpty {
        defer { waiting = [] }
        return waiting
      }
      let settled = decoder.patience.map { lastInput + $0 }
      let ready = wait([deadline, settled].compactMap { $0 }.min().map { max(.zero, $0 - now) })
      var events: [TerminalEvent] = []
      if ready.signals { answer(Signals.take(), areTyped: wasAway, &events) }
      if ready.wake, wakePipe.take() { events.append(.wake) }
      if ready.input {
        readInput(&events)
      } else if let settled, now >= settled {
        take(decoder.flush(), &events)
      }
      if !events.isEmpty { return events }
      if let deadline, now >= deadline { return [] }
    }
    return [.endOfInput]
  }

  public func suspend() {
    attendance.begin()
    defer { attendance.end() }
    suspend(job: true)
  }

  private func suspend(job: Bool) {
    guard isOpen, hasScreen else { return }
    leaveScreen()
    let meanwhile = Signals.stop(job: job)
    if let signal = meanwhile.last(where: Signals.ending.contains) {
      // The screen is the shell's now, and stays so.
      hasScreen = false
      waiting.append(.terminate(signal: signal))
    } else {
      takeScreen()
    }
  }

  public func tearDown() {
    guard isOpen else { return }
    isOpen = false
    attendance.close()
    if hasScreen { leaveScreen() }
    Signals.uninstall()
    HeldStandardError.release()
    delscreen(screen)
  }

  /// Ends the process by a signal whose event the loop has answered, so that its parent sees why.
  public func exit(bySignal number: Int32) {
    tearDown()
    ponder_default_action(number, nil)
    ponder_raise_unblocked(number)
  }

  private func wait(_ timeout: Duration?) -> (input: Bool, wake: Bool, signals: Bool) {
    var descriptors = [STDIN_FILENO, wakePipe.reader, Signals.reader].map {
      pollfd(fd: $0, events: Int16(POLLIN), revents: 0)
    }
    // Rounded up, so that a wait never ends just before its deadline.
    let milliseconds = timeout.map { Int32(min(60_000, ($0 / .milliseconds(1)).rounded(.up))) }
    guard poll(&descriptors, 3, milliseconds ?? -1) > 0 else {
      // A signal cuts `poll` short before its byte can be polled; the next round sees it.
      return (false, false, false)
    }
    return (descriptors[0].revents != 0, descriptors[1].revents != 0, descriptors[2].revents != 0)
  }

  private func readInput(_ events: inout [TerminalEvent]) {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(STDIN_FILENO, &bytes, bytes.count)
    if count < 0, errno == EINTR || errno == EAGAIN { return }
    guard count > 0 else { return events.append(.endOfInput) }
    lastInput = now
    take(decoder.decode(bytes[..<count]), &events)
  }

  /// Takes what the decoder has found. Keys that stand for signals do what the signals would.
  private func take(_ found: [TerminalEvent], _ events: inout [TerminalEvent]) {
    for event in found {
      guard case .key(let key) = event, let number = signalKeys[key] else {
        events.append(event)
        continue
      }
      switch number {
      case SIGTSTP: goOn(after: { suspend(job: true) }, &events)
      case SIGQUIT: kill(0, SIGQUIT)
      default: events.append(.interrupt)
      }
    }
  }

  /// Answers signals, of which those that end the program leave no time for others.
  ///
  /// - Parameter areTyped: whether SIGINT may come from the keyboard, and mean what Ctrl-C means.
  private func answer(
    _ numbers: [Int32], areTyped: Bool, _ events: inout [TerminalEvent]
  ) {
    let ending = areTyped ? Signals.ending.subtracting([SIGINT]) : Signals.ending
    if let signal = numbers.last(where: ending.contains) {
      events.append(.terminate(signal: signal))
      return
    }
    for number in numbers {
      switch number {
      case SIGWINCH: if hasScreen, adoptWindowSize() { events.append(.resize(size)) }
      case SIGTSTP: goOn(after: { suspend(job: false) }, &events)
      case SIGCONT: if hasScreen { goOn(after: takeScreen, &events) }
      case SIGINT: events.append(.interrupt)
      default: break
      }
    }
  }

  private func goOn(after stop: () -> Void, _ events: inout [TerminalEvent]) {
    stop()
    if hasScreen { events += [.resumed, .resize(size)] }
  }

  private func leaveScreen() {
    setCursor(Point(x: 0, y: 0))
    endwin()
    modes.leave()
  }

  private func takeScreen() {
    modes.enter()
    cursorShows = true
    setCursor(nil)
    adoptWindowSize()
    redraw()
  }

  private func redraw() {
    clearok(ponder_curscr(), true)
    wrefresh(ponder_stdscr())
  }

  private func setCursor(_ point: Point?) {
    if cursorShows != (point != nil) {
      curs_set(point == nil ? 0 : 1)
      cursorShows = point != nil
    }
    if let point { wmove(ponder_stdscr(), Int32(point.y), Int32(point.x)) }
  }

  /// Takes over the window's size; whether it has changed.
  @discardableResult
  private func adoptWindowSize() -> Bool {
    let current = NcursesTerminal.windowSize()
    guard current != size else { return false }
    size = current
    resizeterm(Int32(current.height), Int32(current.width))
    werase(ponder_stdscr())
    return true
  }

  private static func windowSize() -> Size {
    var width: Int32 = 80
    var height: Int32 = 24
    _ = ponder_window_size(STDOUT_FILENO, &width, &height)
    return Size(width: Int(width), height: Int(height))
  }

  private static func checkTerminfo(_ term: String) throws {
    guard !term.isEmpty else { throw TerminalError.noTerminalName }
    guard ponder_find_terminal(term) == 1 else { throw TerminalError.unknownTerminal(term) }
    guard ponder_string_capability("cup") != nil else { throw TerminalError.tooSimple(term) }
  }

  private static func hasDirectColor() -> Bool {
    tigetflag("RGB") == 1 || tigetnum("RGB") > 0 || ponder_string_capability("RGB") != nil
      || tigetflag("Tc") == 1
  }
}
