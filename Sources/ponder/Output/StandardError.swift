import Foundation

/// What is said beside the results, on standard error.
enum StandardError {
  static func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

  /// Says something in a line of its own.
  static func tell(_ message: String) { write("ponder: \(message)\n") }
}
