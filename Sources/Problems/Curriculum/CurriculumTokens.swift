public import Foundation

/// Documents as tokens with weights, in the file format that pre-training reads.
///
/// A file is the eight bytes `PONDTOK1`, the number of tokens *n* as a little-endian 64-bit
/// integer, *n* token ids of 16 bits each, and *n* weights of 8 bits each, in tenths. Every
/// document stands between two end-of-text tokens; the one that ends it is learned (weight 10),
/// and serves the next document as its beginning.
public struct CurriculumTokens: Sendable {
  private let tokenize: @Sendable (String) -> [Int32]
  private let end: Int32
  private var ids: [UInt16]
  private var weights: [UInt8]
  /// Pieces that come again and again ("Let's think step by step.") are tokenised once.
  private var known: [String: [UInt16]] = [:]

  /// Starts a file.
  ///
  /// - Parameters:
  ///   - end: the end-of-text token.
  ///   - tokenize: spells a text in token ids below 65 536; tags such as `<think>` are tokens.
  public init(end: Int32, tokenize: @escaping @Sendable (String) -> [Int32]) {
    self.tokenize = tokenize
    self.end = end
    ids = [UInt16(truncatingIfNeeded: end)]
    weights = [0]
  }

  public var count: Int { ids.count }

  /// What a file begins with.
  package static let signature = Data("PONDTOK1".utf8)

  /// Adds a document and the end-of-text token behind it.
  public mutating func append(_ document: CurriculumDocument) {
    for segment in document.segments {
      let tokens = tokens(of: segment)
      ids += tokens
      weights += repeatElement(segment.weight, count: tokens.count)
    }
    ids.append(UInt16(truncatingIfNeeded: end))
    weights.append(10)
  }

  private mutating func tokens(of segment: CurriculumDocument.Segment) -> [UInt16] {
    if let tokens = known[segment.text] { return tokens }
    // The beginning of a text is set by the file alone.
    var ids = tokenize(segment.text)
    if ids.first == end { ids.removeFirst() }
    let tokens = ids.map { UInt16(truncatingIfNeeded: $0) }
    if segment.weight == 0, segment.text.utf8.count < 60 { known[segment.text] = tokens }
    return tokens
  }

  /// The file's bytes.
  public var data: Data {
    var data = Self.signature
    data.reserveCapacity(16 + 3 * ids.count)
    func append(_ value: some FixedWidthInteger) {
      withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }
    append(UInt64(ids.count))
    for id in ids { append(id) }
    data.append(contentsOf: weights)
    return data
  }
}
