/// The index of a token in a model's vocabulary, `0 ..< vocabulary.count`.
public typealias TokenID = Int32

/// One token as it travels through traces: its id together with the exact bytes it stands for.
///
/// A token may be a fragment of a UTF-8 sequence, so its bytes, never its decoded text, are the
/// truth; text is only for showing.
public struct Token: Hashable, Sendable {
  public var id: TokenID
  public var bytes: [UInt8]

  public init(id: TokenID, bytes: [UInt8]) {
    self.id = id
    self.bytes = bytes
  }

  /// The bytes as text, each ill-formed sequence shown as U+FFFD.
  public var text: String { String(decoding: bytes, as: UTF8.self) }
}
