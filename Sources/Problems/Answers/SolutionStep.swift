/// One sentence of a solution: what a process verifier judges.
public struct SolutionStep: Sendable, Hashable {
  public var text: String
  /// Where it stands, in bytes of the solution.
  public var bytes: Range<Int>

  /// The sentences of a solution. A sentence ends in a full stop before white space or the end,
  /// so 9.11 is not cut; what comes after the last full stop is a sentence as well.
  public static func steps(of solution: String) -> [SolutionStep] {
    let bytes = Array(solution.utf8)
    return ranges(in: bytes[...]).map {
      SolutionStep(text: String(decoding: bytes[$0], as: UTF8.self), bytes: $0)
    }
  }

  /// Where the sentences of a text stand, without the white space around them.
  public static func ranges(in bytes: ArraySlice<UInt8>) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start: Int?
    func end(before end: Int) {
      guard let first = start else { return }
      let last = bytes[first..<end].lastIndex { !isWhiteSpace($0) } ?? first
      ranges.append(first..<(last + 1))
      start = nil
    }
    for index in bytes.indices {
      if start == nil, !isWhiteSpace(bytes[index]) { start = index }
      let isLast = index + 1 == bytes.endIndex || isWhiteSpace(bytes[index + 1])
      if bytes[index] == UInt8(ascii: "."), isLast { end(before: index + 1) }
    }
    end(before: bytes.endIndex)
    return ranges
  }

  /// Where the solution stands in what a model says: without the trigger that it may give itself, and
  /// without white space around it. This is what verifiers read.
  public static func solutionRange(in bytes: [UInt8]) -> Range<Int> {
    let trigger = PromptFormat.trigger.utf8.drop(while: isWhiteSpace)
    var rest = bytes[...].drop(while: isWhiteSpace)
    if rest.starts(with: trigger) { rest = rest.dropFirst(trigger.count).drop(while: isWhiteSpace) }
    while let last = rest.last, isWhiteSpace(last) { rest.removeLast() }
    return rest.startIndex..<rest.endIndex
  }

  public static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}
