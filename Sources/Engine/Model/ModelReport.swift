public import Decoding

/// What a file says of its model, and whether this engine runs it.
public struct ModelReport: Sendable {
  /// Why the model cannot be run, each a sentence that says what is wrong; empty where it can.
  ///
  /// Each part of the file is checked for itself: architecture and shape, tokenizer, tensors. Of
  /// each the first obstacle is told.
  public var obstacles: [String] = []
  /// What is strange about a model that runs all the same.
  public var warnings: [String] = []
  /// Such as `llama`, whether it is supported or not; nil where the file does not say.
  public var architecture: String?
  /// As the file names it, such as `gpt2`.
  public var tokenizer: String?
  public var layerCount: Int?
  /// The most positions the model was made for.
  public var contextLength: Int?
  public var vocabularySize: Int?
  /// Weights in all tensors.
  public var parameterCount: Int
  /// See `GGUFFile.fileType`.
  public var fileType: String
  /// Of all parts together.
  public var fileBytes: Int
  /// The template that the file has for conversations, in Jinja.
  public var chatTemplate: String?
  /// The tokenizer, where it is supported.
  public var vocabulary: (any Vocabulary)?
  /// Bytes of memory that the weights take; nil where the model cannot be run.
  public var weightBytes: Int?
  /// The shape of the cache, where the model can be run.
  private var layout: KVLayout?
  /// The shape of the states of recurrent layers, and how many are kept here, where there are any.
  private var states: (layout: StateLayout, capacity: Int)?

  public var runs: Bool { obstacles.isEmpty }

  /// Bytes of memory that the keys and values of a path of `context` tokens take; nil where the
  /// model cannot be run. Paths that share a beginning share its bytes.
  public func cacheBytes(context: Int) -> Int? { layout?.bytes(tokens: max(0, context)) }

  /// Bytes of memory that the states of recurrent layers take for a path of `context` tokens: the
  /// newest, and one every so many positions, as far as the usual limit allows. nil where the model
  /// cannot be run or has no such layers.
  public func stateBytes(context: Int) -> Int? {
    states.map { layout, capacity in
      let wanted = (max(1, context) + layout.spacing - 1) / layout.spacing
      return min(wanted, max(2, capacity)) * layout.byteCount
    }
  }
}

extension ModelLoader {
  /// Looks at a file as `load` does, without reading its weights: that takes no longer for a large
  /// file than for a small one.
  ///
  /// - Throws: `GGUFError` when the file cannot be read or is damaged. All else that stands in a
  ///   model's way is in the report.
  public static func check(path: String, kvFormat: KVFormat = .f16) throws -> ModelReport {
    try ModelReport(GGUFFile(path: path), kvFormat: kvFormat)
  }
}

extension ModelReport {
  /// - Parameter kvFormat: in which keys and values would be kept.
  public init(_ file: GGUFFile, kvFormat: KVFormat = .f16) {
    (parameterCount, fileType, fileBytes) = (file.parameterCount, file.fileType, file.size)
    let metadata = file.metadata
    architecture = metadata["general.architecture"]?.text
    tokenizer = metadata["tokenizer.ggml.model"]?.text
    chatTemplate = file.chatTemplate
    if let architecture {
      layerCount = metadata["\(architecture).block_count"]?.integer
      contextLength = metadata["\(architecture).context_length"]?.integer
    }
    if case .array(_, let tokens)? = metadata["tokenizer.ggml.tokens"] {
      vocabularySize = tokens.count
    }
    do {
      let vocabulary = try file.vocabulary()
      self.vocabulary = vocabulary
      vocabularySize = vocabulary.count
      warnings += vocabulary.warnings
    } catch {
      obstacles.append("\(error)")
    }
    do {
      try checkModel(file, kvFormat)
    } catch {
      obstacles.insert("\(error)", at: 0)
      checkFormats(file)
    }
  }

  /// Makes the model with weights that are only looked at.
  private mutating func checkModel(_ file: GGUFFile, _ kvFormat: KVFormat) throws {
    let configuration = try ModelConfiguration(file, vocabularySize: vocabularySize ?? 0)
    (layerCount, contextLength) = (configuration.layerCount, configuration.contextLength)
    guard let kernels = InstructionSet.available[0].kernels else { return }
    let store = ModelLoader.store(file)
    let meter = LoadMeter(store, observer: nil)
    let compute = Compute(kernels: kernels, pool: ThreadPool(threadCount: 1))
    _ = try Transformer(
      configuration,
      weights: WeightLoader(store: store, compute: compute, meter: meter, onlyChecks: true))
    weightBytes = meter.packedBytes
    let layout = KVLayout(format: kvFormat, configuration)
    self.layout = layout
    states = configuration.stateLayout.map { states in
      let capacity = CacheLimit.standardStates(
        states, beside: layout, context: configuration.contextLength,
        weightBytes: meter.packedBytes, memory: CacheLimit.machineMemory)
      return (states, capacity)
    }
    let unheard = configuration.unheardMetadata.joined(separator: ", ")
    if !unheard.isEmpty { warnings.append("Metadata that nothing here reads: \(unheard).") }
  }

  /// A format without kernels is told beside an obstacle that was met before it: someone who looks
  /// for a file that runs has to know both.
  private mutating func checkFormats(_ file: GGUFFile) {
    for tensor in file.tensors where !PackedFormat.supported.contains(tensor.format) {
      let error = ModelError.unsupportedFormat(
        tensor: tensor.name, format: tensor.format.name,
        supported: PackedFormat.supported.map(\.name))
      if !obstacles.contains("\(error)") { obstacles.append("\(error)") }
      return
    }
  }
}
