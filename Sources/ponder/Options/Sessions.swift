import Foundation
import Measuring

/// Where the playground keeps its sessions: `$XDG_STATE_HOME/ponder`, by default
/// `~/.local/state/ponder`.
enum Sessions {
  static var folder: URL {
    let environment = ProcessInfo.processInfo.environment
    if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
      return URL(fileURLWithPath: state).appending(path: "ponder")
    }
    return URL(fileURLWithPath: NSHomeDirectory()).appending(path: ".local/state/ponder")
  }

  /// Where studies are kept.
  static var studies: StudyStore { StudyStore(folder: folder.appending(path: "studies")) }

  /// A name that tells when the session began.
  static func newName() -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd'T'HHmmss"
    return "\(format.string(from: Date()))-\(ProcessInfo.processInfo.processIdentifier).jsonl"
  }

  /// The saved sessions, the newest first.
  static func all() -> [String] {
    let files =
      (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil))
      ?? []
    return files.filter { $0.pathExtension == "jsonl" }.map(\.path).sorted(by: >)
  }
}
