/// The merges of a byte-pair encoding.
///
/// A symbol is a token's id, or, for a spelling that merges pass through but the vocabulary
/// lacks, an id from the vocabulary's size on.
struct MergeTable: MergeRule, Sendable {
  private var merges: [UInt64: Merge<Int32>] = [:]

  init(minimumCapacity: Int) { merges.reserveCapacity(minimumCapacity) }

  /// Adds a merge; of two for the same pair the earlier one counts.
  mutating func add(_ left: Int32, _ right: Int32, result: Int32, rank: Int32) {
    let merge = Merge(rank: rank, result: result)
    if let earlier = merges.updateValue(merge, forKey: Self.key(left, right)) {
      merges[Self.key(left, right)] = earlier
    }
  }

  func merge(_ left: Int32, _ right: Int32) -> Merge<Int32>? { merges[Self.key(left, right)] }

  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
