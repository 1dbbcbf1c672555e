import Foundation
import Reasoning
import Traces

/// Reads and writes files other than models and studies.
final class FileWorker: Worker {
  enum Kind: Hashable { case file }

  let jobs: Jobs<Kind>
  private let recorder: Recorder

  init(_ bench: Workbench) {
    recorder = bench.recorder
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: FileEffect) {
    switch work {
    case .lesson(let path):
      jobs.start(.file) {
        try Lesson.read(FilePaths.expanded(path))
      } ending: {
        .file(.lesson(path, $0))
      }
    case .open(let path):
      jobs.start(.file) { [recorder] in
        try recorder.open(FilePaths.expanded(path))
      } ending: {
        .file(.opened(path, $0))
      }
    case .save(let path):
      jobs.start(.file) { [recorder] in
        try recorder.save(to: path)
      } ending: {
        .file(.saved(path, $0))
      }
    case .list(let path):
      jobs.start(.file) {
        FilePaths.completions(of: path)
      } ending: {
        .file(.listed(path, $0))
      }
    }
  }
}

/// Paths as people type them.
enum FilePaths {
  /// The path with a leading `~` replaced by the home folder.
  static func expanded(_ path: String) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return FileManager.default.homeDirectoryForCurrentUser.path + path.dropFirst()
  }

  /// The files and folders whose paths begin with `path`, written as it is, folders with a slash
  /// behind. Hidden ones only when a dot is typed.
  static func completions(of path: String, limit: Int = 200) -> [String] {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let start = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let place = expanded(folder.isEmpty ? "." : folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    let matching = names.filter {
      $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix("."))
    }
    return matching.sorted().prefix(limit).map { name in
      var isDirectory: ObjCBool = false
      let full = place.hasSuffix("/") ? place + name : "\(place)/\(name)"
      _ = FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory)
      return folder + name + (isDirectory.boolValue ? "/" : "")
    }
  }
}
