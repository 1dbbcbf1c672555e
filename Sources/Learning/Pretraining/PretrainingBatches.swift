import Decoding
import Training

/// Packs whole documents into rows of a few lengths, and rows of one length into batches. A few short
/// documents go into the longest rows too, so that every position is trained.
///
/// Which documents a batch has depends on the file, the seed and its number alone.
struct PretrainingBatches {
  /// Documents that stand in one row, one after another; the closing end of text of one opens the next.
  typealias Row = [ClosedRange<Int>]

  struct Batch {
    var rows: [Row]
    /// The tokens that each row has room for.
    var rowLength: Int

    /// As the schedule counts them: with the room that is left over.
    var tokenCount: Int { rows.count * rowLength }
  }

  private let file: TokenFile
  private let lengths: [Int]
  private let batchTokens: Int
  private let seed: UInt64
  private var nextChunk = 0
  /// The rest of the chunk, the next one last.
  private var queue: [Batch] = []

  /// Documents that are shuffled together.
  private static let chunkSize = 12_000
  private static let shareOfLongRows = 0.06

  /// - Parameters:
  ///   - lengths: of the rows; longer documents are left out.
  ///   - batchTokens: the tokens of a batch, if a row is not longer than that.
  init(_ file: TokenFile, lengths: [Int], batchTokens: Int, seed: UInt64) {
    self.file = file
    self.lengths = lengths.sorted()
    self.batchTokens = batchTokens
    self.seed = seed
  }

  /// The next batch. After the last documents the first ones come again, in another order.
  ///
  /// - Throws: `TokenFileError.tooFewDocuments` where there are not enough for any.
  mutating func next() throws(TokenFileError) -> Batch {
    // The last chunk may be smaller.
    let chunks = max(1, (file.documents.count + Self.chunkSize - 1) / Self.chunkSize)
    for _ in 0...chunks where queue.isEmpty { refill(chunks) }
    guard let batch = queue.popLast() else { throw .tooFewDocuments }
    return batch
  }

  /// Leaves out batches, as if they had been trained on.
  mutating func skip(_ count: Int) throws(TokenFileError) {
    for _ in 0..<count { _ = try next() }
  }

  private mutating func refill(_ chunks: Int) {
    let first = nextChunk % chunks * Self.chunkSize
    let chunk = file.documents[first..<min(first + Self.chunkSize, file.documents.count)]
    var mixer = SplitMix64(state: seed)
    var random = SplitMix64(state: mixer.next() ^ UInt64(nextChunk))
    nextChunk += 1
    var byLength: [[ClosedRange<Int>]] = Array(repeating: [], count: lengths.count)
    for document in chunk {
      let size = Self.size(document)
      let isForLongest = Double.random(in: 0..<1, using: &random) < Self.shareOfLongRows
      guard let fit = lengths.firstIndex(where: { $0 >= size }) else { continue }
      byLength[isForLongest ? lengths.count - 1 : fit].append(document)
    }
    for (length, documents) in zip(lengths, byLength) {
      let rows = Self.rows(documents, length: length).shuffled(using: &random)
      let count = max(1, batchTokens / length)
      for start in stride(from: 0, through: rows.count - count, by: count) {
        queue.append(Batch(rows: Array(rows[start..<start + count]), rowLength: length))
      }
    }
    queue.shuffle(using: &random)
  }

  /// Tokens that a document adds to a row: all but the one that opens it.
  private static func size(_ document: ClosedRange<Int>) -> Int { document.count - 1 }

  private static func rows(_ documents: [ClosedRange<Int>], length: Int) -> [Row] {
    var rows: [Row] = []
    var used = length
    for document in documents {
      if used + size(document) > length {
        rows.append([])
        used = 0
      }
      rows[rows.count - 1].append(document)
      used += size(document)
    }
    return rows
  }

  /// A batch as the forward pass takes it. What no target needs takes no row.
  ///
  /// - Returns: the rows, and what each target counts. [targets]
  func packed(_ batch: Batch) -> (rows: PackedRows, weights: [Float]) {
    var packed = PackedRows()
    var weights: [Float] = []
    for row in batch.rows {
      var tokens = [file.end]
      var asked: [Int] = []
      for document in row {
        for index in document.dropFirst() {
          if file.weights[index] > 0 {
            asked.append(tokens.count)
            weights.append(Float(file.weights[index]) / 10)
          }
          tokens.append(TokenID(file.ids[index]))
        }
      }
      packed.add(text: tokens, asking: asked)
    }
    return (packed, weights)
  }
}
