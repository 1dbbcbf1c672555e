import Foundation
import Synchronization
import Traces

/// Keeps a person's choices in their config file.
final class ConfigWorker: Worker {
  enum Kind: Hashable { case keep }

  let jobs: Jobs<Kind>
  private let file: URL?
  /// What is not in the file yet. Of several values for one name only the last is written.
  private let waiting = Mutex<[String: String?]>([:])
  /// Held while the file is read, changed and written.
  private let writing = Mutex(())

  init(_ bench: Workbench) {
    file = bench.configuration.config
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: ConfigEffect) {
    switch work {
    case .keep(let name, let value, let isAsked):
      let isPath = ["theme", "model"].contains(name) && value?.contains("/") == true
      let kept = isPath ? value.map { Self.whole($0) } : value
      waiting.withLock { $0[name] = .some(kept) }
      jobs.start(.keep) { [self] in
        try write()
        return file?.path ?? ""
      } ending: {
        .config(.kept(name, value, isAsked: isAsked, $0))
      }
    }
  }

  /// A path that holds from whatever folder the program is started.
  private static func whole(_ path: String) -> String {
    URL(fileURLWithPath: UserFolder.expanded(path)).path
  }

  private func write() throws {
    guard let file else { throw NoConfigFile() }
    try writing.withLock { _ in
      let changes = waiting.withLock { waiting in
        defer { waiting = [:] }
        return waiting
      }
      guard !changes.isEmpty else { return }
      // A link stays one: what it points at is written.
      let place = file.resolvingSymlinksInPath()
      do {
        let isThere = FileManager.default.fileExists(atPath: place.path)
        let old = isThere ? try String(contentsOf: place, encoding: .utf8) : ""
        var config = ConfigFile(old)
        for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
          config.set(name, to: value)
        }
        guard config.text != old else { return }
        try FileManager.default.createDirectory(
          at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try WholeFile.write(Data(config.text.utf8), to: place)
      } catch {
        throw ConfigError(path: file.path, why: WholeFile.reason(error))
      }
    }
  }
}

/// Why the config file cannot be changed.
private struct ConfigError: Error, CustomStringConvertible {
  var path: String
  var why: String
  var description: String { "\(path) cannot be written: \(why)" }
}

/// Nothing is kept in this session.
private struct NoConfigFile: Error, CustomStringConvertible {
  var description: String { "There is no config file to keep it in." }
}
