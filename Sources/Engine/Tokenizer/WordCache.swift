import Decoding
import Synchronization

/// The tokens of words met before; most of a text consists of few words.
final class WordCache: Sendable {
  private struct Word: Hashable {
    var bytes: ArraySlice<UInt8>

    func hash(into hasher: inout Hasher) { bytes.withUnsafeBytes { hasher.combine(bytes: $0) } }
  }

  private let known = Mutex<[Word: [TokenID]]>([:])

  /// Longer words are rarely met twice.
  private static let longestWord = 48
  private static let capacity = 1 << 15

  /// The tokens of a word, computed if it is new.
  func tokens(
    of bytes: ArraySlice<UInt8>, otherwise compute: (ArraySlice<UInt8>) -> [TokenID]
  ) -> [TokenID] {
    guard bytes.count <= Self.longestWord else { return compute(bytes) }
    let word = Word(bytes: bytes)
    if let tokens = known.withLock({ $0[word] }) { return tokens }
    let tokens = compute(bytes)
    // A slice would keep the whole text alive.
    let key = Word(bytes: ArraySlice(Array(bytes)))
    known.withLock {
      if $0.count >= Self.capacity { $0.removeAll(keepingCapacity: true) }
      $0[key] = tokens
    }
    return tokens
  }
}
