import Engine

/// What the name of a GGUF file tells of how its weights are quantised.
enum Quantization {
  /// The part of a path that names the quantisation, such as `Q4_K_M` or `UD-Q4_K_XL`, in capitals;
  /// nil where there is none.
  static func name(ofFile path: String) -> String? {
    let pattern =
      /(?:^|[-._\/])((?:UD-)?(?:I?Q[0-9](?:_[A-Z0-9]+)*|TQ[0-9]_0|BF16|F16|FP16|F32|MXFP4(?:_MOE)?|NVFP4))(?=$|[-.\/])/
      .ignoresCase()
    let stem = path.lowercased().hasSuffix(".gguf") ? String(path.dropLast(5)) : path
    guard let match = stem.matches(of: pattern).last else { return nil }
    return match.1.uppercased()
  }

  /// Whether what somebody asks for is what a file's name tells: `q4_k_m` is `Q4_K_M`, and stands for
  /// `UD-Q4_K_M` as well.
  static func matches(_ asked: String, _ name: String?) -> Bool {
    guard let name else { return false }
    let asked = asked.uppercased()
    return name == asked || name == "UD-" + asked
  }

  /// Files that are no language model although they are in the same format: the part of a vision
  /// model that sees, a draft head, statistics for quantising.
  static func isNoModel(_ path: String) -> Bool {
    let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    return ["mmproj", "imatrix", "mtp-", "eagle3-"].contains { name.contains($0) }
  }

  static func isModelFile(_ path: String) -> Bool {
    path.lowercased().hasSuffix(".gguf") && !isNoModel(path)
  }

  /// Whether a file is another part of a split model than its first.
  static func isLaterPart(_ path: String) -> Bool {
    GGUFPartName(path: path).map { $0.number > 1 } ?? false
  }
}
