import Decoding
public import Problems

/// A solution that is to be judged.
public struct CandidateSolution: Sendable, Hashable {
  /// The path of the run that the scores are told of.
  public var path: Int
  /// The solution as the model said it, without the trigger that made it think and without
  /// white space around it.
  public var text: String
  /// Where the text begins, in bytes of what the path says; nil when it is no path's.
  public var offset: Int?
  /// Whether it is over; one that a search goes on with is not.
  public var isFinished: Bool

  public init(path: Int, text: String, offset: Int? = nil, isFinished: Bool = true) {
    self.path = path
    self.text = text
    self.offset = offset
    self.isFinished = isFinished
  }

  public var steps: [SolutionStep] { SolutionStep.steps(of: text) }

  /// What of an answer a verifier reads: all but the white space around it and the trigger, which a
  /// model may give itself.
  public static func text(of answer: String) -> String {
    String(decoding: body(of: Array(answer.utf8)[...]), as: UTF8.self)
  }

  fileprivate static func body(of answer: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var rest = answer.drop(while: SolutionStep.isWhiteSpace)
    let trigger = PromptFormat.trigger.utf8.drop(while: SolutionStep.isWhiteSpace)
    if rest.starts(with: trigger) {
      rest = rest.dropFirst(trigger.count).drop(while: SolutionStep.isWhiteSpace)
    }
    while let last = rest.last, SolutionStep.isWhiteSpace(last) { rest.removeLast() }
    return rest
  }
}

extension Run {
  /// What a path says as a solution to be judged.
  public func solution(ofPath path: Int) -> CandidateSolution {
    let bytes = record(ofPath: path).bytes
    let rest = CandidateSolution.body(of: bytes[..<prompt.answerLength(in: bytes)])
    let text = String(decoding: rest, as: UTF8.self)
    // Where bytes were no text, places in the one are not places in the other.
    let isFaithful = text.utf8.elementsEqual(rest)
    return CandidateSolution(path: path, text: text, offset: isFaithful ? rest.startIndex : nil)
  }

  /// The first and the last node of a part of a solution; nil when no path spells it.
  func nodes(of bytes: Range<Int>, in solution: CandidateSolution) -> (NodeID, NodeID)? {
    guard let offset = solution.offset else { return nil }
    let place = (bytes.lowerBound + offset)..<(bytes.upperBound + offset)
    let entries = record(ofPath: solution.path).entries
    guard let range = places(of: place, inPath: solution.path),
      let first = entries[range].first, let last = entries[range].last
    else { return nil }
    return (first.node, last.node)
  }
}
