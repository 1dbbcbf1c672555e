import Decoding
import DecodingFixtures
import Synchronization

@testable import Serving

/// A table whose "keys and values" tell whose tokens they are.
final class HandoverTable: KeyValueHandover {
  let table = APIServerTests.table()
  let weights: String
  private let taken = Mutex<[[TokenID]]>([])

  init(weights: String = "w") { self.weights = weights }

  var takenTexts: [[TokenID]] { taken.withLock { $0 } }
  var identity: ModelIdentity { table.identity }
  var vocabulary: any Vocabulary { table.vocabulary }
  var contextLength: Int { table.contextLength }

  func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    try table.forward(request, in: tree)
  }

  var keyValueSignature: KeyValueSignature {
    KeyValueSignature(weights: weights, isa: "exact", format: "f16", layers: [[1, 8]], block: 4)
  }

  func keyValueBytes(tokens: Int) -> Int { tokens * 100 }

  func keysAndValues(
    of tokens: [TokenID], blocks: Range<Int>, isWanted: () -> Bool
  ) throws -> [KeyValueBlock] {
    blocks.clamped(to: 0..<(tokens.count + 3) / 4).map { index in
      let own = tokens[(index * 4)..<min(tokens.count, index * 4 + 4)]
      return KeyValueBlock(
        index: index, count: own.count,
        bytes: own.flatMap { [UInt8](repeating: UInt8($0), count: 100) })
    }
  }

  func take(_ blocks: [KeyValueBlock], of tokens: [TokenID]) throws {
    guard try blocks == keysAndValues(of: tokens, blocks: 0..<1000, isWanted: { true }) else {
      throw KeyValueTransferError.misfit
    }
    taken.withLock { $0.append(tokens) }
  }
}
