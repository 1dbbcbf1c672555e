import Decoding

/// How tokens are written on screen. A token is bytes, not text: it may hold a part of a
/// character, or nothing at all.
public enum TokenText {
  /// The text of each of some tokens that follow one another.
  ///
  /// A character whose bytes are spread over several tokens is written whole with the token in
  /// which it starts; the others add nothing. Bytes that form no character are written as
  /// `⟨E4 BD⟩`.
  public static func pieces(_ tokens: [[UInt8]]) -> [String] {
    let bytes = tokens.flatMap { $0 }
    var pieces = Array(repeating: "", count: tokens.count)
    var index = 0
    var end = 0
    for token in tokens.indices {
      // A character that started earlier may have taken this token's first bytes, or all.
      end += tokens[token].count
      pieces[token] = text(bytes, &index, upTo: end)
    }
    return pieces
  }

  /// The text of the bytes from `index` on, up to and with the character that holds the byte
  /// before `end`.
  private static func text(_ bytes: [UInt8], _ index: inout Int, upTo end: Int) -> String {
    var text = ""
    var stray: [UInt8] = []
    while index < end {
      if let scalar = scalar(in: bytes, at: index) {
        text += hexadecimal(stray)
        stray = []
        text.unicodeScalars.append(scalar)
        index += UTF8.width(scalar)
      } else {
        stray.append(bytes[index])
        index += 1
      }
    }
    return text + hexadecimal(stray)
  }

  /// The well-formed character that starts at an index.
  private static func scalar(in bytes: [UInt8], at index: Int) -> Unicode.Scalar? {
    let lead = bytes[index]
    if lead < 0x80 { return Unicode.Scalar(lead) }
    let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
    guard index + length <= bytes.count,
      let text = String(validating: bytes[index..<index + length], as: UTF8.self)
    else { return nil }
    let scalars = text.unicodeScalars
    return scalars.count == 1 ? scalars.first : nil
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.isEmpty ? "" : "⟨" + spelled(bytes) + "⟩"
  }

  /// Bytes as hexadecimal pairs: `E4 BD`.
  static func spelled(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }
      .joined(separator: " ")
  }

  /// A token by itself, in quotes that show where it starts and ends. Line feeds, tabs and other
  /// control characters are written as in Swift; two and more spaces as `␣`.
  public static func quoted(_ bytes: [UInt8]) -> String {
    var text = ""
    var spaces = 0
    func flush() {
      text += String(repeating: spaces > 1 ? "␣" : " ", count: spaces)
      spaces = 0
    }
    for scalar in (pieces([bytes]).first ?? "").unicodeScalars {
      if scalar == " " {
        spaces += 1
        continue
      }
      flush()
      text += escaped(scalar)
    }
    flush()
    return "\"" + text + "\""
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": return "\\n"
    case "\t": return "\\t"
    case "\r": return "\\r"
    case "\"": return "\\\""
    case "\\": return "\\\\"
    default:
      guard scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) else {
        return String(scalar)
      }
      return "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
    }
  }
}
