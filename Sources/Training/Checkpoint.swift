import Engine
public import Foundation

/// Everything that a training run needs to go on as if it had never stopped, in one GGUF file: the
/// weights (`w.…`), what the optimizer remembers (`m.…`, `v.…`), and in the metadata the steps, the
/// settings of the run and whatever else its loop wants to remember.
public struct TrainingCheckpoint: Sendable {
  /// The optimizer's name.
  public let optimizer: String
  /// Steps that the optimizer has taken.
  public let step: Int
  /// What the run was started with, by name: what must be the same when it goes on.
  public let settings: [String: String]
  /// What the loop wants to remember.
  public let extra: Data
  /// Tells this checkpoint from others, in hexadecimal.
  public let digest: String

  private let path: String
  private let store: any WeightStore

  private enum Key {
    static let version = "ponder.checkpoint.version"
    static let optimizer = "ponder.checkpoint.optimizer"
    static let step = "ponder.checkpoint.step"
    static let settings = "ponder.checkpoint.settings"
    static let extra = "ponder.checkpoint.extra"
    static let digest = "ponder.checkpoint.digest"
  }

  private static let version = 1

  // MARK: Writing

  /// Writes a checkpoint; whatever stood at the path is replaced at once or not at all, so that a full
  /// disk leaves the last one as it was.
  ///
  /// - Parameters:
  ///   - settings: what the run was started with, by name.
  ///   - extra: what the loop wants to remember.
  /// - Throws: `GGUFError.cannotWrite`.
  static func write(
    _ weights: TrainableWeights, _ optimizer: any Optimizer, settings: [String: String],
    extra: Data, to path: String
  ) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let settings = Array(try encoder.encode(settings))
    let extra = Array(extra)
    var writer = GGUFWriter()
    writer.set(Key.version, to: .uint32(UInt32(version)))
    writer.set(Key.optimizer, to: .string(optimizer.name))
    writer.set(Key.step, to: .uint64(UInt64(optimizer.step)))
    writer.set(Key.settings, to: .string(settings))
    writer.set(Key.extra, to: .string(extra))
    let parts = parts(of: weights, optimizer)
    writer.set(
      Key.digest,
      to: .string(
        digest(
          parts.map { ($0.name, UnsafeRawBufferPointer($0.values)) }, optimizer: optimizer.name,
          step: optimizer.step, settings: settings, extra: extra)))
    for part in parts {
      try writer.add(
        tensor: part.name, shape: [part.values.count], format: .f32,
        memory: UnsafeRawBufferPointer(part.values))
    }
    try writer.write(to: path)
  }

  private typealias Part = (name: String, values: UnsafeMutableBufferPointer<Float>)

  /// All numbers that change in training.
  private static func parts(
    of weights: TrainableWeights, _ optimizer: any Optimizer
  ) -> [Part] {
    let own = weights.parameters.map { parameter in
      (
        name: "w." + parameter.name,
        values: UnsafeMutableBufferPointer(
          start: weights.values + parameter.offset, count: parameter.count)
      )
    }
    return own
      + optimizer.moments.map {
        ($0.name, UnsafeMutableBufferPointer(start: $0.values, count: $0.count))
      }
  }

  private static func digest(
    _ parts: [(name: String, bytes: UnsafeRawBufferPointer)], optimizer: String, step: Int,
    settings: [UInt8], extra: [UInt8]
  ) -> String {
    settings.withUnsafeBytes { settings in
      extra.withUnsafeBytes { extra in
        let all =
          [("optimizer \(optimizer) step \(step) settings", settings), ("extra", extra)] + parts
        return WeightDigest.digest(of: all)
      }
    }
  }

  // MARK: Reading

  /// Reads a checkpoint and checks all of it.
  ///
  /// - Throws: `CheckpointError`.
  public init(path: String) throws(CheckpointError) {
    let file: GGUFFile
    do throws(GGUFError) {
      file = try GGUFFile(path: path)
    } catch {
      switch error {
      case .notFound, .cannotOpen: throw .unreadable(path: path, reason: "\(error)")
      case .notGGUF, .bigEndian, .unsupportedVersion: throw .foreign(path: path)
      default: throw .damaged(path: path)
      }
    }
    guard let version = file.metadata[Key.version]?.integer else { throw .foreign(path: path) }
    guard version == Self.version else { throw .otherVersion(path: path, version) }
    func bytes(_ key: String) -> [UInt8]? {
      if case .string(let bytes) = file.metadata[key] { bytes } else { nil }
    }
    guard let optimizer = file.metadata[Key.optimizer]?.text,
      let step = file.metadata[Key.step]?.integer, let settings = bytes(Key.settings),
      let extra = bytes(Key.extra), let digest = file.metadata[Key.digest]?.text,
      let table = try? JSONDecoder().decode([String: String].self, from: Data(settings))
    else { throw .damaged(path: path) }
    let store = ModelLoader.store(file)
    let parts = store.tensorNames.compactMap { name in
      store.tensor(named: name).map {
        (name: name, bytes: UnsafeRawBufferPointer(start: $0.data, count: $0.byteCount))
      }
    }
    let found = Self.digest(
      parts, optimizer: optimizer, step: step, settings: settings, extra: extra)
    guard found == digest else { throw .damaged(path: path) }
    self.optimizer = optimizer
    self.step = step
    self.settings = table
    self.extra = Data(extra)
    self.digest = digest
    self.path = path
    self.store = store
  }

  /// Looks whether a run may go on from here.
  ///
  /// - Parameter settings: what it is started with now.
  /// - Throws: `CheckpointError.otherSettings`.
  public func check(_ settings: [String: String]) throws(CheckpointError) {
    let names = Set(self.settings.keys).union(settings.keys)
    let changes = names.sorted().filter { self.settings[$0] != settings[$0] }.map {
      CheckpointError.Change(name: $0, then: self.settings[$0], now: settings[$0])
    }
    guard changes.isEmpty else { throw .otherSettings(path: path, changes) }
  }

  /// Puts everything back; nothing is changed where something does not fit.
  ///
  /// - Throws: `CheckpointError.otherModel`.
  func restore(
    _ weights: TrainableWeights, _ optimizer: any Optimizer
  ) throws(CheckpointError) {
    guard optimizer.name == self.optimizer else {
      throw .otherModel(path: path, "its optimizer is \(self.optimizer), not \(optimizer.name)")
    }
    var sources: [(part: Part, from: UnsafeRawPointer)] = []
    for part in Self.parts(of: weights, optimizer) {
      guard let tensor = store.tensor(named: part.name), tensor.format == .f32,
        tensor.rowCount * tensor.rowLength == part.values.count
      else { throw .otherModel(path: path, "“\(part.name)” is missing or of another size") }
      sources.append((part, tensor.data))
    }
    guard sources.count == store.tensorNames.count else {
      throw .otherModel(path: path, "it has more weights")
    }
    for (part, data) in sources {
      UnsafeMutableRawBufferPointer(part.values)
        .copyMemory(from: UnsafeRawBufferPointer(start: data, count: part.values.count * 4))
    }
    optimizer.step = step
    weights.changed()
  }
}

/// Why training cannot go on from a checkpoint.
public enum CheckpointError: Error, Equatable, CustomStringConvertible {
  /// A setting that is not what it was.
  public struct Change: Sendable, Equatable, CustomStringConvertible {
    public var name: String
    /// Nil where it was not, or is not, set.
    public var then: String?
    public var now: String?

    public var description: String {
      "\(name) was \(then ?? "not set") and is \(now ?? "not set")"
    }
  }

  case unreadable(path: String, reason: String)
  /// The file is something else.
  case foreign(path: String)
  case otherVersion(path: String, Int)
  case damaged(path: String)
  /// It is of another model, or of another kind of training.
  case otherModel(path: String, String)
  case otherSettings(path: String, [Change])

  public var description: String {
    switch self {
    case .unreadable(_, let reason): reason
    case .foreign(let path): "\(path) is no checkpoint of training."
    case .otherVersion(let path, let version):
      "\(path) is a checkpoint of version \(version), which this program does not know."
    case .damaged(let path):
      "The checkpoint \(path) is damaged; remove it, and training begins anew."
    case .otherModel(let path, let reason):
      "The checkpoint \(path) does not fit this model: \(reason)."
    case .otherSettings(let path, let changes):
      "The checkpoint \(path) was made with other settings: "
        + changes.map(\.description).joined(separator: ", ")
        + ". Give the same ones, or another place to write to."
    }
  }
}
