import Foundation
import Traces

/// The session's work with files other than models.
extension PlaygroundSession {
  func saveSession(_ path: String) {
    guard let journal = journal() else {
      return post(.message(Message(.error, "This session is not kept, so it cannot be saved.")))
    }
    let target = FilePaths.expanded(path)
    guard !FileManager.default.fileExists(atPath: target) else {
      return post(
        .message(Message(.error, "There is a file “\(path)” already; choose a new name.")))
    }
    journal.flush()
    do {
      try FileManager.default.copyItem(at: journal.url, to: URL(fileURLWithPath: target))
      post(.message(Message(.notice, "Saved as \(path); ponder replay \(path) shows it again.")))
    } catch {
      let why = error.localizedDescription
      post(.message(Message(.error, "The session cannot be saved as “\(path)”: \(why)")))
    }
  }

  func listFiles(_ path: String) {
    Task { post(.files(FilePaths.completions(of: path), matching: path)) }
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
