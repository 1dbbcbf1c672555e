import Engine
import Foundation
import ModelStores
import Playground

/// A model in another program's store, with what its file says.
struct StoreModel {
  var found: FoundModel
  var facts: Facts

  /// What is remembered of a file.
  struct Facts: Codable {
    var architecture: String
    var parameters: Int
    var fileType: String
    /// Why it cannot be run; nil for one that can.
    var obstacle: String?
  }

  /// What a list says of it.
  var explanation: String {
    guard let obstacle = facts.obstacle else {
      return "\(Format.bytes(found.bytes)) \(facts.fileType) · \(found.store.rawValue)"
    }
    return "does not run: \(obstacle)"
  }

  /// All that are on this machine, in the order of the stores. Looks into each file once: what it
  /// says is remembered until it changes.
  ///
  /// - Parameter isWanted: is asked before each file; nothing more is looked at when it says no.
  static func all(isWanted: () -> Bool = { true }) -> [StoreModel] {
    var memory = Memory()
    defer { memory.write() }
    var models: [StoreModel] = []
    for found in LocalStores().models() {
      guard isWanted() else { break }
      models.append(StoreModel(found: found, facts: memory.facts(of: found)))
    }
    return models
  }
}

extension StoreModel.Facts {
  fileprivate init(lookingInto found: FoundModel) {
    if let missing = found.missingPart {
      self.init(
        architecture: "unknown", parameters: 0, fileType: "unknown",
        obstacle: "\(missing) is missing.")
      return
    }
    do {
      let report = try ModelLoader.check(path: found.path)
      self.init(
        architecture: report.architecture ?? "unknown", parameters: report.parameterCount,
        fileType: report.fileType, obstacle: report.obstacles.first)
    } catch {
      self.init(
        architecture: "unknown", parameters: 0, fileType: "unknown", obstacle: "\(error)")
    }
  }
}

/// What files were found to say, in `$XDG_CACHE_HOME/ponder/models.json`: reading the vocabulary of
/// each takes a tenth of a second and more.
private struct Memory {
  /// By path, and with what tells a changed file: its size, its date and this program.
  private var entries: [String: Entry]
  private var isChanged = false

  private struct Entry: Codable {
    var stamp: String
    var facts: StoreModel.Facts
  }

  private static var file: URL {
    let set = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].flatMap {
      $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil
    }
    let folder =
      set ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")
    return folder.appending(path: "ponder/models.json")
  }

  init() {
    let data = try? Data(contentsOf: Self.file)
    entries = data.flatMap { try? JSONDecoder().decode([String: Entry].self, from: $0) } ?? [:]
  }

  mutating func facts(of found: FoundModel) -> StoreModel.Facts {
    let stamp = "\(found.bytes) \(Self.date(found.path)) \(Self.program)"
    if let known = entries[found.path], known.stamp == stamp { return known.facts }
    let facts = StoreModel.Facts(lookingInto: found)
    // A part may come later, and changes neither the first part's date nor its size.
    if found.missingPart == nil {
      entries[found.path] = Entry(stamp: stamp, facts: facts)
      isChanged = true
    }
    return facts
  }

  /// A cache that cannot be written costs time and nothing else.
  func write() {
    let kept = entries.filter { FileManager.default.fileExists(atPath: $0.key) }
    guard isChanged || kept.count != entries.count, let data = try? JSONEncoder().encode(kept)
    else { return }
    try? FileManager.default.createDirectory(
      at: Self.file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try? data.write(to: Self.file, options: .atomic)
  }

  private static func date(_ path: String) -> Double {
    let values = try? URL(fileURLWithPath: path).resolvingSymlinksInPath()
      .resourceValues(forKeys: [.contentModificationDateKey])
    return values?.contentModificationDate?.timeIntervalSince1970 ?? 0
  }

  /// A newer program may run what this one does not.
  private static let program: Double = Bundle.main.executablePath.map(date) ?? 0
}
