import CNcurses
import Glibc
import TerminalUI

/// The modes of the terminal, ours and those in which it was found.
struct TerminalModes {
  private let found: termios
  private let enterBytes: [UInt8]
  private let leaveBytes: [UInt8]

  /// The modes as they are now.
  static func current() throws -> TerminalModes {
    var mode = termios()
    guard tcgetattr(STDIN_FILENO, &mode) == 0 else {
      throw TerminalError.unavailable(String(cString: strerror(errno)))
    }
    return TerminalModes(found: mode, enterBytes: [], leaveBytes: [])
  }

  /// With the requests that this terminal understands: mouse reports in SGR form (1000, 1002,
  /// 1006), focus (1004) and bracketed paste (2004). ncurses must have been started.
  func prepared(mouse: Bool) -> TerminalModes {
    // Terminals without an alternate screen, such as a VT100, know none of these.
    let knowsModes = ponder_string_capability("smcup") != nil
    let modes = knowsModes ? (mouse ? ["1000", "1002", "1006"] : []) + ["1004", "2004"] : []
    let result = TerminalModes(
      found: found, enterBytes: modes.flatMap { Array("\u{1B}[?\($0)h".utf8) },
      leaveBytes: modes.reversed().flatMap { Array("\u{1B}[?\($0)l".utf8) })
    Rescue.prepare(mode: found, bytes: result.rescueBytes)
    return result
  }

  /// The keys that send signals in the modes in which the terminal was found, such as Ctrl-C. In
  /// ours they arrive as keys.
  var signalKeys: [KeyEvent: Int32] {
    var keys: [KeyEvent: Int32] = [:]
    var mode = found
    for number in [SIGQUIT, SIGTSTP, SIGINT] {
      let typed = ponder_signal_character(&mode, number)
      var decoder = InputDecoder()
      guard typed != 0, case .key(let key) = decoder.decode([typed]).first else { continue }
      keys[key] = number
    }
    return keys
  }

  /// Sets our modes. In the background this stops the program until it is in the foreground.
  func enter() {
    reset_prog_mode()
    var mode = found
    ponder_make_raw(&mode)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    Rescue.arm(true)
    send(enterBytes)
  }

  /// Sets the modes in which the terminal was found. ncurses must have left the screen.
  func leave() {
    send(leaveBytes)
    var mode = found
    tcsetattr(STDIN_FILENO, TCSADRAIN, &mode)
    Rescue.arm(false)
  }

  /// What undoes everything that ncurses and we have sent.
  private var rescueBytes: [UInt8] {
    var bytes = leaveBytes
    for name in ["sgr0", "op", "cnorm", "rmcup"] {
      guard let capability = ponder_string_capability(name) else { continue }
      bytes += TerminalModes.withoutPadding(String(cString: capability))
    }
    return bytes + Array("\r\n".utf8)
  }

  /// Terminfo's strings hold delays such as `$<5/>`, which are not for the terminal.
  private static func withoutPadding(_ text: String) -> [UInt8] {
    var result: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.first {
      if rest.starts(with: "$<".utf8), let end = rest.firstIndex(of: UInt8(ascii: ">")) {
        rest = rest[(end + 1)...]
      } else {
        result.append(byte)
        rest.removeFirst()
      }
    }
    return result
  }

  private func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      rest.removeFirst(count)
    }
  }
}
