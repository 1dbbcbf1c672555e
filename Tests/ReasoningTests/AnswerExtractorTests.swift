import Testing

@testable import Problems

@Suite struct AnswerExtractorTests {
  struct Case: CustomTestStringConvertible {
    var input: String
    var kind: AnswerKind
    var value: String?
    var text: String?
    var testDescription: String { "\(kind): \(input.debugDescription)" }

    init(_ input: String, _ value: String?, _ text: String? = nil, kind: AnswerKind = .number) {
      self.input = input
      self.kind = kind
      self.value = value
      self.text = text ?? value
    }
  }

  static let numbers = [
    Case(" 5.\n", "5"), Case(" 5 apples.", "5"), Case("5", "5"),
    Case(" My dad has 3+2=5 apples. In total we have 3+5=8 apples. The answer is 8.", "8"),
    Case("The answer is 9.11.", "9.11"), Case("so 9.8 it is.", "9.8"),
    Case("The answer is $1,234.50.", "1234.5", "1,234.50"),
    Case("#### 1,450,000", "1450000", "1,450,000"),
    Case("Answer: -3", "-3"), Case("The answer is −3.", "-3", "−3"),
    Case("The answer is -$5.", "-5", "-$5"), Case("The answer is $-5", "-5"),
    Case("x = 8", "8"), Case("The answer is x = 8.", "8"), Case("10-3=7", "7"),
    Case("10-3", "7", "10-3"),
    Case("The answer is 3 + 5 = 8 apples.", "8"), Case("**Answer:** 8", "8"),
    Case("**Answer**: 8", "8"),
    Case("Therefore, the answer (arabic numerals) is 8.", "8"),
    Case("The answer is 5. Wait, the answer is 8.", "8"),
    Case("so $\\boxed{8}$, the answer is 5", "8"),
    Case("\\boxed{\\frac{3}{4}}", "0.75", "\\frac{3}{4}"),
    Case("\\boxed{x = \\text{8}}", "8"), Case("\\boxed{5} or \\boxed{8}", "8"),
    Case("\\boxed{8 \\text{ apples}}", "8"),
    Case("\\boxed{-\\dfrac{1}{3}}", "-1/3", "-\\dfrac{1}{3}"),
    Case("\\boxed{8", "8"), Case("The answer is \\boxed{\\$18}.", "18"),
    Case("\\boxed{10{,}000}", "10000", "10{,}000"),
    Case("3/4", "0.75", "3/4"), Case("1 1/2 cups", "1.5", "1 1/2"), Case("12/4=3", "3"),
    Case("2/6", "1/3", "2/6"),
    Case("50%", "50"), Case("It is .5", "0.5", ".5"), Case("wait...5", "5"),
    Case("1e3", "1000", "1e3"),
    Case("The answer is 5. The answer is", "5"), Case("3 + 5 = 8. The answer is", "8"),
    Case("The answer is:\n8", "8"), Case("080", "80", "080"), Case("-0", "0", "-0"),
    Case("The answer is 8, not 5.", "8"), Case("My answer is 8 (3 + 5 = 8).", "8"),
    Case("We get $2 and €7", "7"), Case("共8个。", "8"),
    Case("meet at 10:30", nil), Case("version 1.2.3", nil), Case("on 12/05/2024", nil),
    Case("2024-05-12", nil), Case("H2O", nil), Case("", nil), Case("no idea", nil),
    Case("3/0", "0"),
    Case("the answer isn't clear, maybe 4", "4"), Case("The answer is eight.", "8", "eight"),
  ]

  static let others = [
    Case("The answer is (B).", "B", kind: .option), Case(" B.", "B", kind: .option),
    Case("(b) 12", "B", "b", kind: .option),
    Case("C) because (A) is wrong, (C)", "C", kind: .option),
    Case("The answer is B because A is a vowel.", "B", kind: .option),
    Case("\\boxed{\\text{(D)}}", "D", kind: .option),
    Case("A cat", "A", kind: .option), Case("nothing here", nil, kind: .option),
    Case(" Yes.", "yes", "Yes", kind: .yesNo), Case("The answer is no.", "no", kind: .yesNo),
    Case("It says 32. 3+5=8. 8 is not 32. No.", "no", "No", kind: .yesNo),
    Case("Yes, there is no doubt.", "yes", "Yes", kind: .yesNo),
    Case("The answer is not correct.", "no", "not correct", kind: .yesNo),
    Case("The answer is True", "yes", "True", kind: .yesNo), Case("maybe", nil, kind: .yesNo),
    Case("\\boxed{\\text{Yes}}", "yes", "Yes", kind: .yesNo),
    Case("The answer is kn.", "kn", kind: .word), Case(" \"kn\".\n", "kn", kind: .word),
    Case(" KN", "kn", "KN", kind: .word),
    Case("The answer is the letter n.", "n", kind: .word),
    Case("The answer is New York.", "new york", "New York", kind: .word),
    Case("The answer is “kn”", "kn", kind: .word),
    Case("So the answer is 12/05/2024.", "12/05/2024", kind: .word),
    Case("The answer is 1.2.3.", "1.2.3", kind: .word),
    Case("The answer is 08.", "08", kind: .word),
    Case("The answer is heads, because it was flipped.", "heads", kind: .word),
    Case("The answer is 2024-05-12.", "2024-05-12", kind: .any),
    Case("two words", nil, kind: .word),
    Case("The answer is (B).", "B", kind: .any), Case("The answer is 8 apples.", "8", kind: .any),
    Case("The answer is Yes, because 3 > 2.", "yes", "Yes", kind: .any),
    Case("The answer is kn.", "kn", kind: .any),
    Case("The answer is 3:4.", "3:4", kind: .any), Case("\\boxed{x^2}", "x^2", kind: .any),
    Case("\\boxed{(1, 2)}", "(1, 2)", kind: .any), Case("Paris.", "paris", "Paris", kind: .any),
    Case("I see two words", nil, kind: .any), Case("Yes.", "yes", "Yes", kind: .any),
  ]

  @Test(arguments: numbers + others)
  func extracts(_ test: Case) {
    let answer = AnswerExtractor.extract(from: test.input, kind: test.kind)
    #expect(answer?.value == test.value)
    guard let answer else { return }
    #expect(answer.text == test.text)
    #expect(
      String(decoding: Array(test.input.utf8)[answer.byteRange], as: UTF8.self) == answer.text)
  }

  @Test(arguments: numbers.filter { $0.value != nil })
  func numbersAreAlsoFoundWhenTheKindIsUnknown(_ test: Case) {
    #expect(AnswerExtractor.extract(from: test.input, kind: .any)?.value == test.value)
  }

  @Test func aTagIsOpenUntilItIsClosed() {
    func isOpen(_ text: String) -> Bool { Thinking.isOpen(Array(text.utf8), tags: .think) }
    #expect(isOpen(" <think>3+2=5"))
    #expect(isOpen("<think>"))
    #expect(isOpen("<think>a</thin"))
    #expect(!isOpen("<think>3+2=5</think>"))
    #expect(!isOpen("3</think>"))
    #expect(!isOpen("The answer is 8."))
  }

  @Test func readsOnlyBehindTheThinkingOfATaggedModel() {
    let text = "<think>maybe 5? The answer is 6.</think>\nThe answer is 8."
    #expect(AnswerExtractor.extract(from: text, thinking: .think)?.value == "8")
    #expect(AnswerExtractor.extract(from: "3+2=5</think> 8", thinking: .think)?.value == "8")
    #expect(AnswerExtractor.extract(from: "<think>3+2=5", thinking: .think) == nil)
    #expect(AnswerExtractor.extract(from: "So 8", thinking: .think)?.value == "8")
    #expect(
      AnswerExtractor.extract(from: "Twice 4. The answer is 8.", thinking: .think)?.value == "8")
  }

  /// Whatever bytes come, nothing traps, the span is inside, and its text reads back as the value.
  @Test func anyBytesAreSafe() {
    var random = SeededBits(seed: 1)
    let pieces = [
      "The answer is", "answer", ":", " ", "\n", "8", "9.11", "-", "−", "$", ",", "\\boxed{", "}",
      "{",
      "\\frac{", "/", "(", "B", ")", "Yes", "no", "\"", "“", "”", "####", ".", "=", "1,234", "kn",
      "%", "é", "**",
      "\\text{", "</think>", "<think>", "e5",
    ].map { Array($0.utf8) }
    for _ in 0..<2_000 {
      var bytes: [UInt8] = []
      for _ in 0..<Int.random(in: 0...12, using: &random) {
        if Int.random(in: 0..<6, using: &random) == 0 {
          bytes.append(UInt8.random(in: 0...255, using: &random))
        } else {
          bytes += pieces.randomElement(using: &random) ?? []
        }
      }
      for kind in AnswerKind.allCases {
        guard let answer = AnswerExtractor.extract(from: bytes, kind: kind) else { continue }
        #expect(!answer.byteRange.isEmpty)
        #expect(answer.byteRange.lowerBound >= 0)
        #expect(answer.byteRange.upperBound <= bytes.count)
        #expect(String(decoding: bytes[answer.byteRange], as: UTF8.self) == answer.text)
        #expect(
          AnswerNormalizer.normalize(answer.value, kind: kind) == answer.value, "\(bytes) \(kind)")
        if kind == .number, ExactNumber.all(in: answer.value).first?.description == answer.value {
          #expect(
            AnswerNormalizer.normalize(answer.text, kind: .number) == answer.value, "\(bytes)")
        }
      }
      _ = AnswerExtractor.extract(from: bytes, thinking: .think)
    }
  }

  /// A number written after the marker is found whatever surrounds it.
  @Test func announcedIntegersAreFound() {
    var random = SeededBits(seed: 2)
    let endings = ["", ".", ".\n", " apples.", "%", ", I think.", "\n\nmore text", "!", " kg"]
    for _ in 0..<2_000 {
      let number = Int.random(in: -99_999...99_999, using: &random)
      let ending = endings.randomElement(using: &random) ?? ""
      let text = "First 3 + 4 = 7, then 9. The answer is \(number)\(ending)"
      let answer = AnswerExtractor.extract(from: text, kind: .number)
      #expect(answer?.value == "\(number)")
      #expect(answer?.text == "\(number)")
    }
  }
}

@Suite struct AnswerTokenRangeTests {
  @Test func coversTheOverlappingTokens() {
    // "The| answer| is| 8|."
    let counts = [3, 7, 3, 2, 1]
    #expect(ExtractedAnswer.tokenRange(of: 14..<15, tokenByteCounts: counts) == 3..<4)
    #expect(ExtractedAnswer.tokenRange(of: 12..<15, tokenByteCounts: counts) == 2..<4)
    #expect(ExtractedAnswer.tokenRange(of: 0..<16, tokenByteCounts: counts) == 0..<5)
    #expect(ExtractedAnswer.tokenRange(of: 15..<17, tokenByteCounts: counts) == nil)
    #expect(ExtractedAnswer.tokenRange(of: 4..<4, tokenByteCounts: counts) == nil)
  }

  /// Against the definition: a token belongs if it shares a byte with the span.
  @Test func equalsTheDefinition() {
    var random = SeededBits(seed: 3)
    for _ in 0..<2_000 {
      let counts = (0..<8).map { _ in Int.random(in: 0...4, using: &random) }
      let total = counts.reduce(0, +)
      guard total > 0 else { continue }
      let lower = Int.random(in: 0..<total, using: &random)
      let span = lower..<Int.random(in: (lower + 1)...total, using: &random)
      var start = 0
      let touching = counts.indices.filter { index in
        defer { start += counts[index] }
        return (start..<(start + counts[index])).overlaps(span)
      }
      let range = ExtractedAnswer.tokenRange(of: span, tokenByteCounts: counts)
      #expect(range?.lowerBound == touching.first)
      #expect(range.map { $0.upperBound - 1 } == touching.last)
    }
  }
}

@Suite struct ThinkingTests {
  private func parts(_ text: String, tags: ThinkingTags? = nil) -> [String] {
    let bytes = Array(text.utf8)
    let split = Thinking.split(bytes, tags: tags)
    return [split.thinking, split.boundary ?? 0..<0, split.answer].map {
      String(decoding: bytes[$0], as: UTF8.self)
    }
  }

  @Test func splitsAtTags() {
    #expect(parts("<think>a b</think> 8", tags: .think) == ["a b", "</think>", " 8"])
    #expect(parts("a b</think> 8", tags: .think) == ["a b", "</think>", " 8"])
    #expect(parts("<think>a b", tags: .think) == ["a b", "", ""])
    #expect(parts("8.", tags: .think) == ["", "", "8."])
  }

  @Test func splitsAtTheLastMarker() {
    #expect(parts("3 + 5 = 8. The answer is 8.") == ["3 + 5 = 8. ", "The answer is", " 8."])
    #expect(
      parts("The answer is 5. No. So the final answer is: 8")
        == ["The answer is 5. No. So ", "the final answer is:", " 8"])
    #expect(parts(" 5.") == ["", "", " 5."])
    #expect(parts("") == ["", "", ""])
  }
}
