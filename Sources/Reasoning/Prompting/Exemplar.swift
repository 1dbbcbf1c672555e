import Problems

/// A worked example of few-shot prompting, as it stands in the prompt.
public struct Exemplar: Hashable, Sendable {
  /// The whole example: "Q: …" and "A: …".
  public var text: String
  /// Its question, without "Q:".
  public var question: String
  /// Its answer, without "A:"; empty if the example is not written as Q and A.
  public var answer: String

  init(text: String) {
    self.text = text
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let answerLine = lines.firstIndex { $0.hasPrefix("A:") } ?? lines.endIndex
    var question = lines[..<answerLine].joined(separator: "\n")
    if question.hasPrefix("Q:") { question.removeFirst(2) }
    self.question = question.drop { $0.isWhitespace }.description
    answer = String(
      lines[answerLine...].joined(separator: "\n").dropFirst(2).drop { $0.isWhitespace })
  }

  /// Reads the examples of a file: blocks between blank lines. Lines that start with "# " are
  /// comments.
  public static func parse(_ text: String) -> [Exemplar] {
    var blocks: [[Substring]] = [[]]
    for line in TextFile.lines(of: text) where !(line.text == "#" || line.text.hasPrefix("# ")) {
      if line.text.allSatisfy(\.isWhitespace) {
        blocks.append([])
      } else {
        blocks[blocks.count - 1].append(line.text)
      }
    }
    return blocks.filter { !$0.isEmpty }.map { Exemplar(text: $0.joined(separator: "\n")) }
  }

  /// Whether the example gives away the answer to a question, or part of it.
  ///
  /// It does if both are the same but for case and punctuation; if both are about the same two
  /// or more numbers, in any order, or about the same quoted word; if they share 8 words in a
  /// row with a number among them; or if they share any 13 words in a row (the length used
  /// for decontamination in Brown et al. 2020, arXiv 2005.14165, appendix C).
  func leaks(into target: String) -> Bool {
    let (mine, theirs) = (Self.words(question), Self.words(target))
    if mine == theirs { return true }
    let numbers = Self.numbers(question)
    if numbers.count >= 2, numbers == Self.numbers(target) { return true }
    if !Self.quoted(question).isDisjoint(with: Self.quoted(target)) { return true }
    let withNumbers = Self.nGrams(mine, length: 8).filter { $0.contains(where: Self.isNumber) }
    return !withNumbers.isDisjoint(with: Self.nGrams(theirs, length: 8))
      || !Self.nGrams(mine, length: 13).isDisjoint(with: Self.nGrams(theirs, length: 13))
  }

  private static func words(_ text: String) -> [Substring] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }
  }

  private static func isNumber(_ word: Substring) -> Bool { word.allSatisfy(\.isNumber) }

  private static func nGrams(_ words: [Substring], length: Int) -> Set<ArraySlice<Substring>> {
    guard words.count >= length else { return [] }
    return Set((0...(words.count - length)).map { words[$0..<($0 + length)] })
  }

  private static func numbers(_ text: String) -> [String] {
    ExactNumber.all(in: text).map(\.description).sorted()
  }

  private static func quoted(_ text: String) -> Set<Substring> {
    let parts = text.lowercased().split(separator: "\"", omittingEmptySubsequences: false)
    return Set(stride(from: 1, to: parts.count - 1, by: 2).map { parts[$0] })
  }
}
