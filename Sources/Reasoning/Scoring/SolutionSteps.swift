import Decoding

/// A finished solution that is to be judged.
public struct CandidateSolution: Sendable, Hashable {
  /// The path of the run that the scores are told of.
  public var path: Int
  /// The solution as the model said it, without the trigger that made it think and without
  /// white space around it.
  public var text: String
  /// Where the text begins, in bytes of what the path says; nil when it is no path's.
  public var offset: Int?

  public init(path: Int, text: String, offset: Int? = nil) {
    self.path = path
    self.text = text
    self.offset = offset
  }

  public var steps: [SolutionStep] { SolutionStep.steps(of: text) }
}

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
  static func ranges(in bytes: ArraySlice<UInt8>) -> [Range<Int>] {
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

  static func isWhiteSpace(_ byte: UInt8) -> Bool {
    byte == 0x20 || (0x09...0x0D).contains(byte)
  }
}

extension Run {
  /// What a path says as a solution to be judged.
  public func solution(ofPath path: Int) -> CandidateSolution {
    let bytes = record(ofPath: path).bytes
    var rest = bytes[..<prompt.answerLength(in: bytes)].drop(while: SolutionStep.isWhiteSpace)
    // A model may give itself the trigger; a verifier never reads it.
    let trigger = PromptFormat.trigger.utf8.drop(while: SolutionStep.isWhiteSpace)
    if rest.starts(with: trigger) {
      rest = rest.dropFirst(trigger.count).drop(while: SolutionStep.isWhiteSpace)
    }
    while let last = rest.last, SolutionStep.isWhiteSpace(last) { rest.removeLast() }
    let text = String(decoding: rest, as: UTF8.self)
    // Where bytes were no text, places in the one are not places in the other.
    let isFaithful = text.utf8.elementsEqual(rest)
    return CandidateSolution(path: path, text: text, offset: isFaithful ? rest.startIndex : nil)
  }

  /// The first and the last node of a part of a solution; nil when no path spells it.
  func nodes(of bytes: Range<Int>, in solution: CandidateSolution) -> (NodeID, NodeID)? {
    guard let offset = solution.offset else { return nil }
    let entries = record(ofPath: solution.path).entries
    let place = (bytes.lowerBound + offset)..<(bytes.upperBound + offset)
    guard
      let range = ExtractedAnswer.tokenRange(
        of: place, tokenByteCounts: entries.map(\.bytes.count)),
      let first = entries[range].first, let last = entries[range].last
    else { return nil }
    return (first.node, last.node)
  }
}
