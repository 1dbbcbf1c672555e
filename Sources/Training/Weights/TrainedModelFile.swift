public import Engine

/// Where a trained model comes from, as its file tells.
public struct Lineage: Sendable, Hashable {
  /// The name of the model that training began with.
  public var parent: String
  /// The digest of its weights.
  public var parentHash: String
  /// Such as `grpo`.
  public var recipe: String
  /// Steps of training.
  public var steps: Int
  /// The name of the model that it learned from; nil for one that had no teacher.
  public var teacher: String?
  /// The digest of that one's weights.
  public var teacherHash: String?
  /// nil where the file does not say.
  public var seed: UInt64?
  /// The learning rate.
  public var rate: Double?
  /// What was learned from, in words: families, or the name of a file.
  public var problems: String?
  /// What samples were rewarded for; nil where nothing was sampled.
  public var reward: String?
  /// How solutions are judged with it, such as `implicit`; nil for a model that was not made to judge.
  public var verifier: String?
  /// What has to be known for that beside the weights, by name.
  public var verifierNumbers: [String: Double]

  public init(
    parent: String, parentHash: String, recipe: String, steps: Int, verifier: String? = nil,
    verifierNumbers: [String: Double] = [:], teacher: String? = nil, teacherHash: String? = nil
  ) {
    self.parent = parent
    self.parentHash = parentHash
    self.recipe = recipe
    self.steps = steps
    self.verifier = verifier
    self.verifierNumbers = verifierNumbers
    self.teacher = teacher
    self.teacherHash = teacherHash
  }

  /// What a trained model is called: `2m+grpo@8`.
  public var name: String { "\(parent)+\(recipe)@\(steps)" }

  private enum Key {
    static let parent = "ponder.training.parent"
    static let parentHash = "ponder.training.parent_hash"
    static let recipe = "ponder.training.recipe"
    static let steps = "ponder.training.steps"
    static let seed = "ponder.training.seed"
    static let rate = "ponder.training.rate"
    static let problems = "ponder.training.problems"
    static let reward = "ponder.training.reward"
    static let verifier = "ponder.verifier"
    static let teacher = "ponder.training.teacher"
    static let teacherHash = "ponder.training.teacher_hash"
  }

  /// What a file tells; nil for one that was not trained here.
  public init?(_ metadata: GGUFMetadata) {
    guard let parent = metadata[Key.parent]?.text, let recipe = metadata[Key.recipe]?.text,
      let steps = metadata[Key.steps]?.integer
    else { return nil }
    var numbers: [String: Double] = [:]
    for key in metadata.keys where key.hasPrefix(Key.verifier + ".") {
      if case .float64(let number)? = metadata[key] {
        numbers[String(key.dropFirst(Key.verifier.count + 1))] = number
      }
    }
    self.init(
      parent: parent, parentHash: metadata[Key.parentHash]?.text ?? "", recipe: recipe,
      steps: steps, verifier: metadata[Key.verifier]?.text, verifierNumbers: numbers,
      teacher: metadata[Key.teacher]?.text, teacherHash: metadata[Key.teacherHash]?.text)
    if case .uint64(let number)? = metadata[Key.seed] { seed = number }
    if case .float64(let number)? = metadata[Key.rate] { rate = number }
    problems = metadata[Key.problems]?.text
    reward = metadata[Key.reward]?.text
  }

  /// Whether a lineage is told under this key: of a model that is trained further it does not hold
  /// any more.
  static func isKey(_ key: String) -> Bool {
    key.hasPrefix("ponder.training.") || key == Key.verifier || key.hasPrefix(Key.verifier + ".")
  }

  func write(to writer: inout GGUFWriter) {
    writer.set(Key.parent, to: .string(parent))
    writer.set(Key.parentHash, to: .string(parentHash))
    writer.set(Key.recipe, to: .string(recipe))
    writer.set(Key.steps, to: .uint64(UInt64(steps)))
    if let seed { writer.set(Key.seed, to: .uint64(seed)) }
    if let rate { writer.set(Key.rate, to: .float64(rate)) }
    if let problems { writer.set(Key.problems, to: .string(problems)) }
    if let reward { writer.set(Key.reward, to: .string(reward)) }
    if let verifier { writer.set(Key.verifier, to: .string(verifier)) }
    for (name, number) in verifierNumbers.sorted(by: { $0.key < $1.key }) {
      writer.set(Key.verifier + "." + name, to: .float64(number))
    }
    if let teacher { writer.set(Key.teacher, to: .string(teacher)) }
    if let teacherHash { writer.set(Key.teacherHash, to: .string(teacherHash)) }
  }
}

extension TrainableWeights {
  /// The formats that weights can be written in.
  public enum FileFormat: String, Sendable, CaseIterable {
    case f32 = "F32"
    /// Matrices in half precision, vectors in single.
    case f16 = "F16"
    /// Matrices in 8 bits, with a scale for each 32 weights; those whose rows are no multiple of 32
    /// in half precision, and vectors in single.
    // swift-format-ignore: AlwaysUseLowerCamelCase
    case q8_0 = "Q8_0"

    /// GGUF's number for files that are mostly in this format.
    fileprivate var fileType: UInt32 {
      switch self {
      case .f32: 0
      case .f16: 1
      case .q8_0: 7
      }
    }
  }

  /// Writes the weights as a model: metadata and vocabulary as in the parent's file, with the lineage
  /// beside them. Whatever stood at the path is replaced at once or not at all.
  ///
  /// - Parameters:
  ///   - lineage: nil for a model that was not trained from another.
  ///   - metadata: what the file says otherwise than the parent's, or beyond it.
  /// - Throws: `GGUFError.cannotWrite`.
  public func write(
    to path: String, like parent: GGUFFile, lineage: Lineage?, format: FileFormat = .f16,
    metadata: KeyValuePairs<String, GGUFValue> = [:]
  ) throws(GGUFError) {
    var writer = GGUFWriter()
    // What a part of a split file says of the others does not hold any more.
    // Nor does what it says of its own training.
    for key in parent.metadata.keys
    where !key.hasPrefix("split.") && !Lineage.isKey(key) {
      if let value = parent.metadata[key] { writer.set(key, to: value) }
    }
    writer.set("general.file_type", to: .uint32(format.fileType))
    for (key, value) in metadata { writer.set(key, to: value) }
    lineage?.write(to: &writer)
    for parameter in parameters {
      let shape =
        parameter.isMatrix ? [parameter.rowLength, parameter.rowCount] : [parameter.rowLength]
      let (format, data) = encoded(parameter, format)
      try writer.add(tensor: parameter.name, shape: shape, format: format, data: data)
    }
    try writer.write(to: path)
  }

  private func encoded(
    _ parameter: Parameter, _ format: FileFormat
  ) -> (format: TensorFormat, data: [UInt8]) {
    let values = UnsafeBufferPointer(start: self.values + parameter.offset, count: parameter.count)
    let size = TensorFormat.q8_0.blockSize
    if parameter.isMatrix, format == .q8_0, parameter.rowLength % size == 0 {
      let blocks = stride(from: 0, to: values.count, by: size).lazy.flatMap {
        Self.block(values[$0..<$0 + size])
      }
      return (.q8_0, Array(blocks))
    }
    if parameter.isMatrix, format != .f32 {
      let halves = values.map { Float16($0).bitPattern.littleEndian }
      return (.f16, halves.withUnsafeBytes { Array($0) })
    }
    return (.f32, Array(UnsafeRawBufferPointer(values)))
  }

  /// A block of `Q8_0`, rounded as GGUF's own tools round: a scale in half precision, and the nearest
  /// multiples of the scale before that was rounded.
  private static func block(_ values: Slice<UnsafeBufferPointer<Float>>) -> [UInt8] {
    let scale = values.reduce(0) { max($0, abs($1)) } / 127
    let inverse = scale > 0 ? 1 / scale : 0
    let bits = Float16(scale).bitPattern
    return [UInt8(truncatingIfNeeded: bits), UInt8(truncatingIfNeeded: bits >> 8)]
      + values.map { value in
        let multiple = (value * inverse).rounded(.toNearestOrAwayFromZero)
        return UInt8(bitPattern: Int8(exactly: multiple) ?? 0)
      }
  }
}
