// The cases keep the formats' own names, as files and papers write them.
// swift-format-ignore: AlwaysUseLowerCamelCase
/// A tensor's element format, under the type codes of the GGUF specification.
///
/// Elements are stored in blocks along a row; a row is a whole number of blocks.
public enum TensorFormat: UInt32, Sendable, Hashable, CaseIterable {
  case f32 = 0
  case f16 = 1
  case q4_0 = 2
  case q4_1 = 3
  case q5_0 = 6
  case q5_1 = 7
  case q8_0 = 8
  case q8_1 = 9
  case q2K = 10
  case q3K = 11
  case q4K = 12
  case q5K = 13
  case q6K = 14
  case q8K = 15
  case iq2XXS = 16
  case iq2XS = 17
  case iq3XXS = 18
  case iq1S = 19
  case iq4NL = 20
  case iq3S = 21
  case iq2S = 22
  case iq4XS = 23
  case i8 = 24
  case i16 = 25
  case i32 = 26
  case i64 = 27
  case f64 = 28
  case iq1M = 29
  case bf16 = 30
  case tq1_0 = 34
  case tq2_0 = 35
  case mxfp4 = 39
  case nvfp4 = 40
  case q1_0 = 41
  case q2_0 = 42

  /// Elements in one block.
  public var blockSize: Int { layout.elements }

  /// Bytes that one block takes.
  public var bytesPerBlock: Int { layout.bytes }

  /// The name that GGUF tools print, such as `Q8_0`.
  public var name: String { layout.name }

  /// Bytes that a row of elements takes, or nil when the row is not a whole number of blocks or
  /// the size does not fit into an `Int`.
  public func byteCount(rowLength: Int) -> Int? {
    guard rowLength >= 0, rowLength % blockSize == 0 else { return nil }
    let (bytes, overflow) = (rowLength / blockSize).multipliedReportingOverflow(by: bytesPerBlock)
    return overflow ? nil : bytes
  }

  private var layout: (elements: Int, bytes: Int, name: String) {
    switch self {
    case .f32: (1, 4, "F32")
    case .f16: (1, 2, "F16")
    case .q4_0: (32, 18, "Q4_0")
    case .q4_1: (32, 20, "Q4_1")
    case .q5_0: (32, 22, "Q5_0")
    case .q5_1: (32, 24, "Q5_1")
    case .q8_0: (32, 34, "Q8_0")
    case .q8_1: (32, 36, "Q8_1")
    case .q2K: (256, 84, "Q2_K")
    case .q3K: (256, 110, "Q3_K")
    case .q4K: (256, 144, "Q4_K")
    case .q5K: (256, 176, "Q5_K")
    case .q6K: (256, 210, "Q6_K")
    case .q8K: (256, 292, "Q8_K")
    case .iq2XXS: (256, 66, "IQ2_XXS")
    case .iq2XS: (256, 74, "IQ2_XS")
    case .iq3XXS: (256, 98, "IQ3_XXS")
    case .iq1S: (256, 50, "IQ1_S")
    case .iq4NL: (32, 18, "IQ4_NL")
    case .iq3S: (256, 110, "IQ3_S")
    case .iq2S: (256, 82, "IQ2_S")
    case .iq4XS: (256, 136, "IQ4_XS")
    case .i8: (1, 1, "I8")
    case .i16: (1, 2, "I16")
    case .i32: (1, 4, "I32")
    case .i64: (1, 8, "I64")
    case .f64: (1, 8, "F64")
    case .iq1M: (256, 56, "IQ1_M")
    case .bf16: (1, 2, "BF16")
    case .tq1_0: (256, 54, "TQ1_0")
    case .tq2_0: (256, 66, "TQ2_0")
    case .mxfp4: (32, 17, "MXFP4")
    case .nvfp4: (64, 36, "NVFP4")
    case .q1_0: (128, 18, "Q1_0")
    case .q2_0: (64, 18, "Q2_0")
    }
  }

  /// The names of type codes that GGUF files had once and that no program reads any more.
  static let withdrawn: [UInt32: String] = [
    4: "Q4_2", 5: "Q4_3", 31: "Q4_0_4_4", 32: "Q4_0_4_8", 33: "Q4_0_8_8", 36: "IQ4_NL_4_4",
    37: "IQ4_NL_4_8", 38: "IQ4_NL_8_8",
  ]
}
