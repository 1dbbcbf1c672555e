import CNcurses
import Glibc
import Synchronization

/// The signals that concern a terminal program, turned into bytes in a pipe; and those that kill
/// it, which give the terminal back first. There is one set for the process.
enum Signals {
  nonisolated(unsafe) private static var ends: (reader: Int32, writer: Int32) = (-1, -1)
  /// The actions before ours, indexed by signal number.
  nonisolated(unsafe) private static let previous = UnsafeMutablePointer<sigaction>.allocate(
    capacity: 65)
  private static let unansweredInterrupts = Atomic(0)

  private static let reported = [SIGWINCH, SIGTSTP, SIGCONT, SIGINT, SIGTERM, SIGHUP]
  private static let fatal = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGQUIT, SIGALRM]
  /// How long a program that was told to end has before it is ended.
  private static let graceSeconds: UInt32 = 3
  /// A program that answers none of so many Ctrl-C is stuck.
  private static let interruptLimit = 3

  static var reader: Int32 { ends.reader }

  static func install() throws {
    if ends.reader < 0 {
      ends = try WakePipe.makePipe()
      previous.initialize(repeating: sigaction(), count: 65)
      atexit { Rescue.restore() }
      installAlternateStack()
    }
    for number in reported { ponder_catch(number, report, previous + Int(number)) }
    for number in fatal { ponder_catch(number, die, previous + Int(number)) }
  }

  static func uninstall() {
    alarm(0)
    for number in reported + fatal { ponder_restore_action(number, previous + Int(number)) }
  }

  /// The signals since the last call, in order.
  static func take() -> [Int32] {
    unansweredInterrupts.store(0, ordering: .relaxed)
    var bytes = [UInt8](repeating: 0, count: 64)
    let count = read(ends.reader, &bytes, bytes.count)
    return count > 0 ? bytes[..<count].map(Int32.init) : []
  }

  /// The signals that ask the program to end. They wait while it is stopped.
  static let ending: Set<Int32> = [SIGTERM, SIGHUP, SIGINT]

  /// Stops the program as its default action for SIGTSTP would, and returns when it is continued.
  ///
  /// - Parameter job: whether to stop everything that runs in the foreground with it, as a typed
  ///   Ctrl-Z does; a `make` that has started the program would wait for it otherwise.
  /// - Returns: the signals that came meanwhile.
  static func stop(job: Bool) -> [Int32] {
    var ours = sigaction()
    ponder_default_action(SIGTSTP, &ours)
    if job { kill(0, SIGTSTP) } else { ponder_raise_unblocked(SIGTSTP) }
    // Any thread may take the signals in when the program goes on, so that the order in which
    // they arrive here is open. Nobody continues a program that could not be stopped.
    var arrived: [Int32] = []
    while !arrived.contains(SIGCONT), wait(milliseconds: 100) { arrived += take() }
    if wait(milliseconds: 20) { arrived += take() }
    ponder_restore_action(SIGTSTP, &ours)
    return arrived
  }

  /// Whether a signal has come, or comes within a time.
  private static func wait(milliseconds: Int32) -> Bool {
    var descriptor = pollfd(fd: reader, events: Int16(POLLIN), revents: 0)
    while true {
      let count = poll(&descriptor, 1, milliseconds)
      if count >= 0 || errno != EINTR { return count > 0 }
    }
  }

  private static let report: @convention(c) (Int32) -> Void = { number in
    let savedError = errno
    if number == SIGINT,
      Signals.unansweredInterrupts.add(1, ordering: .relaxed).newValue >= Signals.interruptLimit
    {
      Signals.end(by: number)
    }
    if number == SIGTERM || number == SIGHUP { alarm(Signals.graceSeconds) }
    var byte = UInt8(truncatingIfNeeded: number)
    _ = write(Signals.ends.writer, &byte, 1)
    errno = savedError
  }

  private static let die: @convention(c) (Int32) -> Void = { number in
    Signals.end(by: number == SIGALRM ? SIGTERM : number)
  }

  private static func end(by number: Int32) {
    Rescue.restore()
    // What the crash reporter of the Swift runtime has set up still gets its turn; a signal that
    // asks the program to end must end it, even if it was ignored before.
    if fatal.contains(number) {
      ponder_restore_action(number, previous + Int(number))
    } else {
      ponder_default_action(number, nil)
    }
    ponder_raise_unblocked(number)
  }

  /// Lets the handlers run when the main thread's stack has overflowed.
  private static func installAlternateStack() {
    let size = 64 * 1024
    var stack = stack_t()
    stack.ss_sp = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
    stack.ss_size = size
    sigaltstack(&stack, nil)
  }
}
