/// One unit of what a terminal sends, before it is given a meaning.
enum InputSequence: Hashable {
  /// A scalar, with an escape before it if `alt`.
  case scalar(Unicode.Scalar, alt: Bool)
  /// An escape that cannot start a sequence.
  case escape
  /// `ESC O final`: application keys and F1–F4.
  case singleShift(final: UInt8, modifier: Int)
  /// `ESC [ [ A`…`E`: F1–F5 of the Linux console.
  case linuxFunction(UInt8)
  /// `ESC [ M b x y` of terminals without SGR reports.
  case x10Mouse(code: Int, x: Int, y: Int)
  /// `ESC [ … final`.
  case control(Control)
  /// The beginning of a string: `ESC ]` (OSC), `ESC P` (DCS), `ESC _` (APC), `ESC ^` (PM) or
  /// `ESC X` (SOS). A bell ends it if it is an OSC, as in xterm.
  case string(endsWithBell: Bool)
  /// Something well-formed without a meaning here, or ill-formed.
  case ignored

  struct Control: Hashable {
    /// `<`, `=`, `>` or `?`, else 0.
    var prefix: UInt8
    var parameters: [Int]
    var final: UInt8
  }

  enum Parse {
    case incomplete
    case complete(InputSequence, used: Int)
  }

  /// Reads one unit from the front of `bytes`, which are not empty.
  static func parse(_ bytes: ArraySlice<UInt8>) -> Parse {
    let start = bytes.startIndex
    guard bytes[start] == 0x1B else { return parseScalar(bytes, alt: false) }
    guard bytes.count > 1 else { return .incomplete }
    switch bytes[start + 1] {
    case UInt8(ascii: "["): return parseControl(bytes)
    case UInt8(ascii: "O"): return parseSingleShift(bytes)
    case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "_"), UInt8(ascii: "^"),
      UInt8(ascii: "X"):
      // Alone it is a key with Alt.
      guard bytes.count > 2 else { return .incomplete }
      return .complete(.string(endsWithBell: bytes[start + 1] == UInt8(ascii: "]")), used: 2)
    case 0x1B:
      // ESC ESC [ A is how rxvt sends Alt with an arrow; otherwise the first one was the key.
      guard bytes.count > 2 else { return .incomplete }
      return .complete(.escape, used: 1)
    default: return parseScalar(bytes.dropFirst(), alt: true)
    }
  }

  private static func parseScalar(_ bytes: ArraySlice<UInt8>, alt: Bool) -> Parse {
    let prefix = alt ? 1 : 0
    guard let first = bytes.first else { return .incomplete }
    let length =
      switch first {
      case 0xC2...0xDF: 2
      case 0xE0...0xEF: 3
      case 0xF0...0xF4: 4
      default: 1
      }
    let continuation = bytes.dropFirst().prefix(length - 1).prefix { $0 & 0xC0 == 0x80 }
    let have = 1 + continuation.count
    if have < length, have == bytes.count { return .incomplete }
    let text = String(decoding: bytes.prefix(have), as: UTF8.self).unicodeScalars
    guard text.count == 1, let scalar = text.first, scalar != "\u{FFFD}" || have == 3,
      // The control characters of ISO 8859 have no key.
      !(0x80...0x9F).contains(scalar.value)
    else { return .complete(.ignored, used: prefix + have) }
    return .complete(.scalar(scalar, alt: alt), used: prefix + have)
  }

  private static func parseSingleShift(_ bytes: ArraySlice<UInt8>) -> Parse {
    var index = bytes.startIndex + 2
    var modifier = 0
    while index < bytes.endIndex, (0x30...0x39).contains(bytes[index]), modifier < 100 {
      modifier = modifier * 10 + Int(bytes[index] - 0x30)
      index += 1
    }
    guard index < bytes.endIndex else { return .incomplete }
    guard (0x40...0x7E).contains(bytes[index]) else {
      return .complete(.scalar("O", alt: true), used: 2)
    }
    return .complete(
      .singleShift(final: bytes[index], modifier: modifier), used: index - bytes.startIndex + 1)
  }

  private static func parseControl(_ bytes: ArraySlice<UInt8>) -> Parse {
    let start = bytes.startIndex
    guard bytes.count > 2 else { return .incomplete }
    if bytes[start + 2] == UInt8(ascii: "M") {
      guard bytes.count >= 6 else { return .incomplete }
      let report = bytes[(start + 3)...].prefix(3).map { Int($0) - 32 }
      return .complete(.x10Mouse(code: report[0], x: report[1], y: report[2]), used: 6)
    }
    if bytes[start + 2] == UInt8(ascii: "[") {
      guard bytes.count > 3 else { return .incomplete }
      let letter = bytes[start + 3]
      return .complete((0x41...0x45).contains(letter) ? .linuxFunction(letter) : .ignored, used: 4)
    }
    var index = start + 2
    var control = Control(prefix: 0, parameters: [], final: 0)
    if (0x3C...0x3F).contains(bytes[index]) {
      control.prefix = bytes[index]
      index += 1
    }
    var value: Int?
    while index < bytes.endIndex {
      let byte = bytes[index]
      index += 1
      switch byte {
      case 0x30...0x39: value = min((value ?? 0) * 10 + Int(byte - 0x30), 1_000_000)
      case 0x3A, 0x3B:
        control.parameters.append(value ?? 0)
        value = nil
      // `$` ends some of rxvt's sequences, though ECMA-48 has it in the middle.
      case 0x24, 0x40...0x7E:
        if let value { control.parameters.append(value) }
        control.final = byte
        return .complete(.control(control), used: index - start)
      case 0x20...0x2F: continue
      default: return .complete(.ignored, used: index - start - 1)
      }
    }
    return .incomplete
  }
}

/// A string of a terminal while its bytes go by. Nothing of it is kept.
struct ControlString: Hashable {
  enum Step: Hashable {
    case goesOn, ends
    /// The byte belongs to something else, which began with an escape before it.
    case isBrokenOff
  }

  /// The longest that is waited for, in bytes: longer than any answer to what the program asks.
  static let limit = 1 << 20

  private let endsWithBell: Bool
  private var length = 0
  private var followsEscape = false

  init(endsWithBell: Bool) { self.endsWithBell = endsWithBell }

  /// Takes the next byte. `ESC \` ends a string (ECMA-48), CAN and SUB break it off.
  mutating func take(_ byte: UInt8) -> Step {
    length += 1
    if followsEscape {
      return byte == UInt8(ascii: "\\") ? .ends : .isBrokenOff
    }
    followsEscape = byte == 0x1B
    let isEnd = byte == 0x18 || byte == 0x1A || (byte == 0x07 && endsWithBell)
    return isEnd || length >= ControlString.limit ? .ends : .goesOn
  }
}
