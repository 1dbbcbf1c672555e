/// How a tensor's elements are laid out in a GGUF file: blocks of a fixed number of elements.
///
/// All types that files are known to use are listed, so that any file's directory can be checked
/// and shown; which of them the engine computes with is `TensorFormat`'s affair.
public struct GGUFTensorType: Hashable, Sendable {
  /// GGUF's number of the type.
  public let code: UInt32
  /// Such as `Q8_0`.
  public let name: String
  /// The number of elements in a block; a row holds whole blocks.
  public let blockElements: Int
  /// The size of a block in bytes.
  public let blockBytes: Int

  private init(_ code: UInt32, _ name: String, _ blockElements: Int, _ blockBytes: Int) {
    self.code = code
    self.name = name
    self.blockElements = blockElements
    self.blockBytes = blockBytes
  }

  /// The type with a number, or nil if there is none.
  public init?(code: UInt32) {
    guard let type = Self.byCode[code] else { return nil }
    self = type
  }

  public static let f32 = GGUFTensorType(0, "F32", 1, 4)
  public static let f16 = GGUFTensorType(1, "F16", 1, 2)
  public static let q8_0 = GGUFTensorType(8, "Q8_0", 32, 34)

  private static let known = [
    f32, f16, GGUFTensorType(2, "Q4_0", 32, 18), GGUFTensorType(3, "Q4_1", 32, 20),
    GGUFTensorType(6, "Q5_0", 32, 22), GGUFTensorType(7, "Q5_1", 32, 24), q8_0,
    GGUFTensorType(9, "Q8_1", 32, 36), GGUFTensorType(10, "Q2_K", 256, 84),
    GGUFTensorType(11, "Q3_K", 256, 110), GGUFTensorType(12, "Q4_K", 256, 144),
    GGUFTensorType(13, "Q5_K", 256, 176), GGUFTensorType(14, "Q6_K", 256, 210),
    GGUFTensorType(15, "Q8_K", 256, 292), GGUFTensorType(16, "IQ2_XXS", 256, 66),
    GGUFTensorType(17, "IQ2_XS", 256, 74), GGUFTensorType(18, "IQ3_XXS", 256, 98),
    GGUFTensorType(19, "IQ1_S", 256, 50), GGUFTensorType(20, "IQ4_NL", 32, 18),
    GGUFTensorType(21, "IQ3_S", 256, 110), GGUFTensorType(22, "IQ2_S", 256, 82),
    GGUFTensorType(23, "IQ4_XS", 256, 136), GGUFTensorType(24, "I8", 1, 1),
    GGUFTensorType(25, "I16", 1, 2), GGUFTensorType(26, "I32", 1, 4),
    GGUFTensorType(27, "I64", 1, 8), GGUFTensorType(28, "F64", 1, 8),
    GGUFTensorType(29, "IQ1_M", 256, 56), GGUFTensorType(30, "BF16", 1, 2),
    GGUFTensorType(34, "TQ1_0", 256, 54), GGUFTensorType(35, "TQ2_0", 256, 66),
    GGUFTensorType(39, "MXFP4", 32, 17),
  ]

  private static let byCode = Dictionary(uniqueKeysWithValues: known.map { ($0.code, $0) })

  /// The size of a tensor in bytes, or nil if a row is no whole number of blocks, a dimension is
  /// 0, or the size is beyond 63 bits.
  func byteCount(shape: [Int]) -> Int? {
    guard let row = shape.first, row % blockElements == 0, shape.allSatisfy({ $0 > 0 }) else {
      return nil
    }
    var size = row / blockElements
    for factor in shape.dropFirst() + [blockBytes] {
      let (product, overflow) = size.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      size = product
    }
    return size
  }
}
