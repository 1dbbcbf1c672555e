import Foundation
import Traces

/// What a line of a run's log tells.
public struct PretrainingEntry: Sendable, Equatable, Codable {
  /// Steps of this run so far.
  public var step: Int
  /// Tokens seen, those of the checkpoint that the run began with included.
  public var tokens: Int
  /// The mean over the steps since the last line, in nats.
  public var loss: Double
  /// Minutes of training so far.
  public var minutes: Double
  /// How often problems are solved, by family and strategy, where that was measured.
  public var accuracy: [String: [String: Double]]?
}

/// A run's log, a line of JSON after every so many steps. Whoever has it open has the run for himself.
final class PretrainingLog {
  private let handle: FileHandle
  private let path: String

  /// Opens a log, or begins one.
  ///
  /// - Throws: `PretrainingError.isRunning`, `.cannotWrite`.
  init(path: String) throws(PretrainingError) {
    self.path = path
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
    }
    handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw .isRunning(folder: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    }
  }

  /// Leaves out what came after a step, and a line that was not written to its end.
  func cut(after step: Int) throws(PretrainingError) {
    try writing {
      try handle.seek(toOffset: 0)
      let data = try handle.readToEnd() ?? Data()
      var length = 0
      for line in data.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast() {
        guard let entry = try? JSONDecoder().decode(PretrainingEntry.self, from: line),
          entry.step <= step
        else { break }
        length += line.count + 1
      }
      try handle.truncate(atOffset: UInt64(length))
      try handle.seekToEnd()
    }
  }

  func append(_ entry: PretrainingEntry) throws(PretrainingError) {
    try writing {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      try handle.write(contentsOf: try encoder.encode(entry) + Data("\n".utf8))
    }
  }

  private func writing(_ body: () throws -> Void) throws(PretrainingError) {
    do { try body() } catch {
      throw .cannotWrite(path: path, reason: WholeFile.reason(error))
    }
  }
}
