public import Foundation

/// Keeps results of studies as files, so that a second look costs nothing and a study that was
/// stopped goes on where it was.
public struct StudyStore: Sendable {
  /// How a file is laid out, and how its figures are made: raised when either changes.
  static let version = 1

  public let folder: URL

  public init(folder: URL) { self.folder = folder }

  /// A file is named after a digest of all that the study is. The whole study stands in it too, so
  /// two that share a digest are never taken for each other.
  public func url(of study: Study) -> URL {
    folder.appending(path: "\(study.kind.rawValue)-\(Self.digest(study)).json")
  }

  /// What is kept of a study.
  ///
  /// - Returns: nil where nothing is kept.
  /// - Throws: `StudyStoreError.damaged` for a file that cannot be used; the study can be done anew.
  public func results(of study: Study) throws -> StudyResults? {
    let url = url(of: study)
    guard let data = FileManager.default.contents(atPath: url.path) else { return nil }
    guard let file = try? JSONDecoder().decode(StudyFile.self, from: data),
      file.version == Self.version, file.results.isSound
    else { throw StudyStoreError.damaged(url.path) }
    return file.results.study == study ? file.results : nil
  }

  /// Keeps what is known of a study, all at once or not at all.
  ///
  /// - Throws: `StudyStoreError.unwritable`.
  public func keep(_ results: StudyResults) throws {
    let url = url(of: results.study)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let file = StudyFile(version: Self.version, results: results)
      try Self.encoder.encode(file).write(to: url, options: .atomic)
    } catch { throw StudyStoreError.unwritable(url.path, reason: error.localizedDescription) }
  }

  private static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  static func digest(_ study: Study) -> String {
    var digest = TextDigest()
    digest.add((try? encoder.encode(study)) ?? Data())
    return digest.text
  }
}

private struct StudyFile: Codable {
  var format = "ponder-study"
  var version: Int
  var results: StudyResults
}

enum StudyStoreError: Error, Equatable, CustomStringConvertible {
  case damaged(String)
  case unwritable(String, reason: String)

  public var description: String {
    switch self {
    case .damaged(let path):
      "The saved study \(path) is damaged or from another version; it is run again."
    case .unwritable(let path, let reason): "The study cannot be saved as \(path): \(reason)"
    }
  }
}
