/// A matrix or vector of weights in memory, one row after another with nothing between.
///
/// A tensor does not own its memory: it is valid as long as the store that handed it out.
public struct Tensor: @unchecked Sendable {
  /// Such as `blk.0.attn_q.weight`.
  public let name: String
  public let format: TensorFormat
  /// Elements in a row, which are contiguous (GGUF's first dimension): a linear map's inputs.
  public let rowLength: Int
  /// The number of rows, 1 for a vector: a linear map's outputs.
  public let rowCount: Int
  /// `[rowCount, rowLength]` in `format`; may be unaligned. At least `byteCount` bytes that outlive
  /// this value.
  public let data: UnsafeRawPointer
  public let byteCount: Int

  package init(
    name: String, format: TensorFormat, rowLength: Int, rowCount: Int, data: UnsafeRawPointer,
    byteCount: Int
  ) {
    self.name = name
    self.format = format
    self.rowLength = rowLength
    self.rowCount = rowCount
    self.data = data
    self.byteCount = byteCount
  }

  var rowBytes: Int { rowCount > 0 ? byteCount / rowCount : 0 }
}

/// Where a model's weights come from: mapped from a file, or held in memory.
///
/// Weights may change (they can be trained in place); every change raises `version`, and all that
/// was computed from older weights is then computed again.
public protocol WeightStore: AnyObject, Sendable {
  /// A short name for the weights, such as the file's name without its ending.
  var name: String { get }
  /// A digest of the weights, in hexadecimal.
  var hash: String { get }
  /// The format most weights have, such as `Q8_0`, as status lines show it.
  var fileType: String { get }
  /// Rises with every change of any weight.
  var version: UInt64 { get }
  /// The names of all tensors.
  var tensorNames: [String] { get }
  /// The tensor of that name, or nil if there is none.
  func tensor(named name: String) -> Tensor?
  /// The whole tensor is about to be read once, from its beginning to its end.
  func willRead(_ tensor: Tensor)
  /// Rows that were read have been copied: a store that can get their memory back at any time may
  /// give it up until they are read again.
  func didRead(_ tensor: Tensor, rows: Range<Int>)
}

extension WeightStore {
  public func willRead(_ tensor: Tensor) {}
  public func didRead(_ tensor: Tensor, rows: Range<Int>) {}
}

/// FNV-1a over names and contents. It tells weights apart; it does not protect against forgery.
package enum WeightDigest {
  package static func digest(
    of tensors: some Sequence<(name: String, bytes: UnsafeRawBufferPointer)>
  ) -> String {
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }
    for tensor in tensors {
      add(tensor.name.utf8)
      add(tensor.bytes)
    }
    let digits = String(digest, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
