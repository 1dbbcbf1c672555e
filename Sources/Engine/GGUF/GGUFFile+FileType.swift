extension GGUFFile {
  /// The number of weights in all tensors.
  public var parameterCount: Int { tensors.reduce(0) { $0 + $1.elementCount } }

  /// The format that most weights have, such as `Q8_0`, or the name of the mixture of formats that
  /// the metadata state, such as `Q4_K_M`, if it is one around that format.
  public var fileType: String {
    var elements: [TensorFormat: Int] = [:]
    for tensor in tensors { elements[tensor.format, default: 0] += tensor.elementCount }
    // Of equals the one with the lower code, so that the answer is always the same.
    let most = elements.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
    guard let name = most?.key.name else { return "none" }
    guard let code = metadata["general.file_type"]?.integer, let mixture = Self.mixtures[code],
      mixture.hasPrefix(name)
    else { return name }
    return mixture
  }

  /// GGUF's numbers for files that mix formats.
  private static let mixtures: [Int: String] = [
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 21: "Q2_K_S", 27: "IQ3_M", 29: "IQ2_M",
  ]
}
