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

  public init(parent: String, parentHash: String, recipe: String, steps: Int) {
    self.parent = parent
    self.parentHash = parentHash
    self.recipe = recipe
    self.steps = steps
  }

  /// What a trained model is called: `2m+grpo@8`.
  public var name: String { "\(parent)+\(recipe)@\(steps)" }

  private enum Key {
    static let parent = "ponder.training.parent"
    static let parentHash = "ponder.training.parent_hash"
    static let recipe = "ponder.training.recipe"
    static let steps = "ponder.training.steps"
  }

  /// What a file tells; nil for one that was not trained here.
  public init?(_ metadata: GGUFMetadata) {
    guard let parent = metadata[Key.parent]?.text, let recipe = metadata[Key.recipe]?.text,
      let steps = metadata[Key.steps]?.integer
    else { return nil }
    self.init(
      parent: parent, parentHash: metadata[Key.parentHash]?.text ?? "", recipe: recipe,
      steps: steps)
  }

  func write(to writer: inout GGUFWriter) {
    writer.set(Key.parent, to: .string(parent))
    writer.set(Key.parentHash, to: .string(parentHash))
    writer.set(Key.recipe, to: .string(recipe))
    writer.set(Key.steps, to: .uint64(UInt64(steps)))
  }
}

extension TrainableWeights {
  /// The formats that weights can be written in.
  public enum FileFormat: String, Sendable, CaseIterable {
    case f32 = "F32"
    /// Matrices in half precision, vectors in single.
    case f16 = "F16"
  }

  /// Writes the weights as a model: metadata and vocabulary as in the parent's file, with the lineage
  /// beside them. Whatever stood at the path is replaced at once or not at all.
  ///
  /// - Throws: `GGUFError.cannotWrite`.
  public func write(
    to path: String, like parent: GGUFFile, lineage: Lineage, format: FileFormat = .f16
  ) throws(GGUFError) {
    var writer = GGUFWriter()
    // What a part of a split file says of the others does not hold any more.
    for key in parent.metadata.keys where !key.hasPrefix("split.") {
      if let value = parent.metadata[key] { writer.set(key, to: value) }
    }
    // GGUF's numbers for files that are mostly in one format.
    writer.set("general.file_type", to: .uint32(format == .f16 ? 1 : 0))
    lineage.write(to: &writer)
    for parameter in parameters {
      let values = UnsafeBufferPointer(start: values + parameter.offset, count: parameter.count)
      let shape =
        parameter.isMatrix ? [parameter.rowLength, parameter.rowCount] : [parameter.rowLength]
      if parameter.isMatrix, format == .f16 {
        let halves = values.map { Float16($0).bitPattern.littleEndian }
        try writer.add(
          tensor: parameter.name, shape: shape, format: .f16,
          data: halves.withUnsafeBytes { Array($0) })
      } else {
        try writer.add(tensor: parameter.name, shape: shape, values: Array(values))
      }
    }
    try writer.write(to: path)
  }
}
