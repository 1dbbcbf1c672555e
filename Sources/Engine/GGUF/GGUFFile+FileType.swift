extension GGUFFile {
  /// The number of weights in all tensors.
  public var parameterCount: Int { tensors.reduce(0) { $0 + $1.elementCount } }

  /// The type under which the file is known, such as `Q8_0` or `Q4_K_M`.
  ///
  /// That is what the metadata state where the tensors bear it out, else the format that most
  /// weights have. A mixture such as `Q4_K_M` stands in the metadata only, and in a narrow model the
  /// format it is named after may be in few tensors: rows that are no whole number of its blocks are
  /// stored in another.
  public var fileType: String {
    var elements: [TensorFormat: Int] = [:]
    for tensor in tensors { elements[tensor.format, default: 0] += tensor.elementCount }
    // Of equals the one with the lower code, so that the answer is always the same.
    let most = elements.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
    guard let most = most?.key else { return "none" }
    guard let code = metadata["general.file_type"]?.integer, let stated = Self.statedTypes[code],
      most.blockSize > 1, stated.formats.contains(where: { elements[$0] != nil })
    else { return most.name }
    return stated.name
  }

  /// GGUF's numbers for types that a file of several formats may have: their names, and the formats of which a
  /// file of that type has at least one. The last of them are those that llama.cpp falls back to
  /// for rows that do not fit.
  private static let statedTypes: [Int: (name: String, formats: [TensorFormat])] = [
    2: ("Q4_0", [.q4_0]), 3: ("Q4_1", [.q4_1]), 8: ("Q5_0", [.q5_0]),
    9: ("Q5_1", [.q5_1]), 10: ("Q2_K", [.q2K, .q3K, .iq4NL]),
    11: ("Q3_K_S", [.q3K, .iq4NL]), 12: ("Q3_K_M", [.q3K, .iq4NL]),
    13: ("Q3_K_L", [.q3K, .iq4NL]), 14: ("Q4_K_S", [.q4K, .q5_0]),
    15: ("Q4_K_M", [.q4K, .q5_0]), 16: ("Q5_K_S", [.q5K, .q5_1]),
    17: ("Q5_K_M", [.q5K, .q5_1]), 18: ("Q6_K", [.q6K, .q8_0]),
    19: ("IQ2_XXS", [.iq2XXS, .iq4NL]), 20: ("IQ2_XS", [.iq2XS, .iq4NL]),
    21: ("Q2_K_S", [.q2K, .iq4NL]), 22: ("IQ3_XS", [.iq3S, .iq3XXS, .iq4NL]),
    23: ("IQ3_XXS", [.iq3XXS, .iq4NL]), 24: ("IQ1_S", [.iq1S, .iq4NL]), 25: ("IQ4_NL", [.iq4NL]),
    26: ("IQ3_S", [.iq3S, .iq4NL]), 27: ("IQ3_M", [.iq3S, .iq4NL]),
    28: ("IQ2_S", [.iq2XS, .iq2S, .iq4NL]), 29: ("IQ2_M", [.iq2S, .iq4NL]),
    30: ("IQ4_XS", [.iq4XS, .iq4NL]), 31: ("IQ1_M", [.iq1M, .iq4NL]),
    36: ("TQ1_0", [.tq1_0, .q4_0]), 37: ("TQ2_0", [.tq2_0, .q4_0]),
    38: ("MXFP4_MOE", [.mxfp4]),
  ]
}
