import Foundation

/// Writes results to standard output.
enum StandardOutput {
  /// Nobody reads the output any more, as under `ponder … | head -1`; a command then ends quietly.
  struct Closed: Error {}

  /// - Throws: `Closed`, or the system's error if, say, the disk is full.
  static func write(_ text: String) throws {
    var text = text
    try text.withUTF8 { try write(UnsafeRawBufferPointer($0)) }
  }

  static func writeLine(_ text: String) throws { try write(text + "\n") }

  /// Writes a value as one line of JSON with its keys in snake_case.
  static func writeJSON(_ value: some Encodable) throws { try writeLine(json(value)) }

  static func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private static func write(_ bytes: UnsafeRawBufferPointer) throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = Foundation.write(
        STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if written >= 0 {
        rest = rest.dropFirst(written)
      } else if errno == EPIPE {
        throw Closed()
      } else if errno != EINTR {
        throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
      }
    }
  }
}
