extension GGUFFile {
  /// The number of weights in all tensors.
  public var parameterCount: Int { tensors.reduce(0) { $0 + $1.elementCount } }

  /// What quantising tools call the file, such as `Q4_K_M`: what its metadata state where the
  /// tensors bear that out, or else the format that most weights have.
  ///
  /// The tensors are those of the blocks with more than one row, since embeddings and outputs are
  /// often kept finer. A type with one format for all of them is believed if it is the format that
  /// most of them have. A mixture is believed if any has its format, or if none can, as rows are
  /// no whole number of super-blocks, and one has what is taken instead.
  public var fileType: String {
    let inBlocks = tensors.filter { $0.name.hasPrefix("blk.") && $0.shape.count > 1 }
    let weights = inBlocks.isEmpty ? tensors : inBlocks
    guard let most = Self.commonest(of: weights) else { return "none" }
    guard let code = metadata["general.file_type"]?.integer, let stated = StatedFileType.all[code]
    else { return most.name }
    return stated.agrees(with: weights, commonest: most) ? stated.name : most.name
  }

  /// The format that most weights have.
  private static func commonest(of tensors: [TensorInfo]) -> TensorFormat? {
    var elements: [TensorFormat: Int] = [:]
    for tensor in tensors { elements[tensor.format, default: 0] += tensor.elementCount }
    // Of equals the one with the lower code, so that the answer is always the same.
    return elements.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }?.key
  }
}

/// A value of `general.file_type`.
private struct StatedFileType {
  let name: String
  /// The format that a file of this type is named after.
  let format: TensorFormat
  /// What tensors have whose rows are no whole number of the format's blocks.
  var substitute: TensorFormat?
  /// Whether files of this type mix formats by rule.
  let isMixture: Bool

  private init(_ format: TensorFormat) {
    (name, self.format, isMixture) = (format.name, format, false)
  }

  private init(_ name: String, _ format: TensorFormat, or substitute: TensorFormat?) {
    (self.name, self.format, self.substitute, isMixture) = (name, format, substitute, true)
  }

  func agrees(with weights: [GGUFFile.TensorInfo], commonest: TensorFormat) -> Bool {
    if !isMixture { return commonest == format }
    if weights.contains(where: { $0.format == format }) { return true }
    return weights.allSatisfy { ($0.shape.first ?? 0) % format.blockSize != 0 }
      && weights.contains { $0.format == substitute }
  }

  /// By GGUF's numbers.
  static let all: [Int: StatedFileType] = [
    0: .init(.f32), 1: .init(.f16), 2: .init(.q4_0), 3: .init(.q4_1), 7: .init(.q8_0),
    8: .init(.q5_0), 9: .init(.q5_1), 25: .init(.iq4NL), 32: .init(.bf16), 40: .init(.q1_0),
    10: .init("Q2_K", .q2K, or: .q4_0), 11: .init("Q3_K_S", .q3K, or: .q4_0),
    12: .init("Q3_K_M", .q3K, or: .q4_0), 13: .init("Q3_K_L", .q3K, or: .q4_0),
    14: .init("Q4_K_S", .q4K, or: .q5_0), 15: .init("Q4_K_M", .q4K, or: .q5_0),
    16: .init("Q5_K_S", .q5K, or: .q5_1), 17: .init("Q5_K_M", .q5K, or: .q5_1),
    18: .init("Q6_K", .q6K, or: .q8_0), 19: .init("IQ2_XXS", .iq2XXS, or: .iq4NL),
    20: .init("IQ2_XS", .iq2XS, or: .iq4NL), 21: .init("Q2_K_S", .q2K, or: .q4_0),
    22: .init("IQ3_XS", .iq3S, or: .iq4NL), 23: .init("IQ3_XXS", .iq3XXS, or: .iq4NL),
    24: .init("IQ1_S", .iq1S, or: .iq4NL), 26: .init("IQ3_S", .iq3S, or: .iq4NL),
    27: .init("IQ3_M", .iq3S, or: .iq4NL), 28: .init("IQ2_S", .iq2XS, or: .iq4NL),
    29: .init("IQ2_M", .iq2S, or: .iq4NL), 30: .init("IQ4_XS", .iq4XS, or: .iq4NL),
    31: .init("IQ1_M", .iq1M, or: .iq4NL), 36: .init("TQ1_0", .tq1_0, or: .q4_0),
    37: .init("TQ2_0", .tq2_0, or: .q4_0), 38: .init("MXFP4", .mxfp4, or: nil),
    39: .init("NVFP4", .nvfp4, or: nil), 41: .init("Q2_0", .q2_0, or: .q4_0),
  ]
}
