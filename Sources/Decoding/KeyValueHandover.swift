/// A model whose keys and values can be handed from one process to another: what one has computed of a prompt,
/// another goes on from, to the same bits (prefill and decode apart: Zhong et al. 2024, "DistServe",
/// arXiv 2401.09670).
public protocol KeyValueHandover: LanguageModel {
  /// What its keys and values are of; another process must have the same.
  var keyValueSignature: KeyValueSignature { get }

  /// Bytes that the keys and values of some tokens take on their way.
  func keyValueBytes(tokens: Int) -> Int

  /// The keys and values of a text, computing what is not in memory.
  ///
  /// - Parameters:
  ///   - tokens: not empty.
  ///   - blocks: which of its blocks; those beyond the last are left out.
  ///   - isWanted: is asked between passes.
  /// - Throws: `KeyValueTransferError.recurrent`, `LanguageModelError`; `CancellationError` when they
  ///   are not wanted any more.
  func keysAndValues(
    of tokens: [TokenID], blocks: Range<Int>, isWanted: () -> Bool
  ) throws -> [KeyValueBlock]

  /// Takes up keys and values that another process has computed: whoever goes on from the text finds them
  /// as if they had been computed here.
  ///
  /// - Parameter blocks: from the text's first on, in order, with no gap; the sender's signature must be
  ///   this model's.
  /// - Throws: `KeyValueTransferError`, `LanguageModelError.cacheExhausted`; the cache is then as
  ///   before.
  func take(_ blocks: [KeyValueBlock], of tokens: [TokenID]) throws
}

/// What keys and values are of. Those of other weights, of other arithmetic or kept in another way are
/// something else, even where they have the same size.
public struct KeyValueSignature: Sendable, Hashable, Codable {
  /// Of this form; raised when it changes.
  public var version = 1
  /// The digest of the weights.
  public var weights: String
  /// The instruction set: logits are equal to the bit only on one and the same.
  public var isa: String
  /// Such as `f16`.
  public var format: String
  /// Key/value heads and head size of each layer. [layers][2]
  public var layers: [[Int]]
  /// Tokens of a block.
  public var block: Int

  public init(weights: String, isa: String, format: String, layers: [[Int]], block: Int) {
    self.weights = weights
    self.isa = isa
    self.format = format
    self.layers = layers
    self.block = block
  }
}

/// Keys and values of some consecutive tokens of a text, as one process hands them to another: those of a
/// whole block, or of a text's last tokens.
///
/// The bytes are `[layers, heads, (keys [headSize, count], values [count, headSize])]` with nothing between,
/// so that a text of T tokens takes Σ 2 · H_kv · d · T elements over its layers. In Q8_0 scales in half
/// precision stand behind the keys, `[headSize / 32, count]`, and behind the values,
/// `[count, headSize / 32]`.
public struct KeyValueBlock: Sendable, Hashable {
  /// Which of the text's blocks, from 0.
  public var index: Int
  /// Tokens it is of.
  public var count: Int
  public var bytes: [UInt8]

  public init(index: Int, count: Int, bytes: [UInt8]) {
    (self.index, self.count, self.bytes) = (index, count, bytes)
  }
}

/// Why keys and values cannot be handed over.
public enum KeyValueTransferError: Error, Equatable, CustomStringConvertible {
  /// Recurrent layers keep states, which are not handed over.
  case recurrent
  /// The blocks are not those of the text, or a block has too few bytes.
  case misfit

  public var description: String {
    switch self {
    case .recurrent:
      "This model has recurrent layers; what they remember is not handed from process to process."
    case .misfit: "The keys and values are not those of this text."
    }
  }
}
