import Foundation
import Testing

@testable import Problems

/// What announced answers are read as. Every reader has its table, and a row is all that a new
/// case needs: the answer as written, and its one spelling (nil where it cannot be read).
@Suite struct AnswerReadingTests {
  typealias Row = (text: String, reading: String?)

  /// The reading of an answer behind "The answer is".
  private func reading(said text: String, kind: AnswerKind = .any) -> String? {
    AnswerExtractor.extract(from: "We try 41 first. The answer is \(text).", kind: kind)?.value
  }

  /// The reading of an answer in a box.
  private func reading(boxed text: String, kind: AnswerKind = .any) -> String? {
    AnswerExtractor.extract(from: "We try 41 first. \\boxed{\(text)}", kind: kind)?.value
  }

  private func expect(said rows: [Row], kind: AnswerKind = .any) {
    for row in rows { #expect(reading(said: row.text, kind: kind) == row.reading, "\(row.text)") }
  }

  private func expect(boxed rows: [Row], kind: AnswerKind = .any) {
    for row in rows { #expect(reading(boxed: row.text, kind: kind) == row.reading, "\(row.text)") }
  }

  @Test func numbers() {
    expect(said: [
      ("8", "8"), ("8.0", "8"), ("08", "8"), ("+8", "8"), (".5", "0.5"), ("9.110", "9.11"),
      ("８", "8"), ("٨", "8"), ("८", "8"), ("1e3", "1000"), ("1.5E-2", "0.015"),
      (
        "123456789012345678901234567890123456789012345",
        "123456789012345678901234567890123456789012345"
      ),
      ("0.30000000000000004", "0.30000000000000004"),
    ])
  }

  @Test func signs() {
    for minus in ["-", "−", "–", "‐", "‑", "－", "- ", "− ", "minus ", "negative "] {
      #expect(reading(said: "\(minus)3") == "-3", "\(minus)")
    }
    expect(said: [
      ("-$5", "-5"), ("$-5", "-5"), ("(-5)", "-5"), ("−5°C", "-5"), ("8 - 3", "5"), ("8-3", "5"),
      ("minus one half", "-0.5"), ("-½", "-0.5"), ("5 - 8 = − 3", "-3"),
    ])
    expect(boxed: [
      ("\\text{-}5", "-5"), ("\\frac{-1}{2}", "-0.5"), ("-\\dfrac12", "-0.5"), ("- 3", "-3"),
    ])
  }

  @Test func thousands() {
    expect(said: [
      ("1,234", "1234"), ("1,234,567.5", "1234567.5"), ("12 345", "12345"),
      ("12\u{A0}345", "12345"), ("12\u{202F}345", "12345"), ("12\u{2009}345", "12345"),
      ("12_345", "12345"), ("12'345", "12345"), ("12,34,567", "1234567"),
      ("1.234,50", "1234.5"), ("1.234.567", "1234567"), ("12\u{2006}345", "12345"),
    ])
    expect(boxed: [
      ("1,\\!234", "1234"), ("12\\ 345", "12345"), ("12~345", "12345"), ("12\\,345", "12345"),
      ("1{,}234{,}567", "1234567"), ("$9{,}500", "9500"),
    ])
  }

  @Test func fractions() {
    expect(said: [
      ("3/4", "0.75"), ("3 / 4", "0.75"), ("1⁄2", "0.5"), ("½", "0.5"), ("2/6", "1/3"),
      ("5½", "5.5"), ("5 1/2", "5.5"), ("5 and 1/2", "5.5"), ("3 over 4", "0.75"), ("7/0", "7/0"),
    ])
    expect(boxed: [
      ("\\frac{1}{2}", "0.5"), ("\\frac12", "0.5"), ("\\frac 34", "0.75"), ("\\frac1{10}", "0.1"),
      ("\\cfrac{3}{4}", "0.75"), ("{3 \\over 4}", "0.75"), ("5\\frac{1}{2}", "5.5"),
      ("0.\\overline 3", "1/3"), ("0.\\dot3", "1/3"), ("0.(3)", "1/3"), ("0.333\\ldots", "1/3"),
      ("0.\\overline{3}", "1/3"), ("0.1\\overline{6}", "1/6"), ("\\frac{\\frac12}{3}", "1/6"),
    ])
  }

  @Test func powersAndFactorials() {
    expect(said: [
      ("2^10", "1024"), ("10⁶", "1000000"), ("10**3", "1000"), ("1.5*10**3", "1500"),
      ("2 to the power of 10", "1024"), ("2 to the 10th power", "1024"), ("x**2", "x^2"),
      ("twice 5", "10"), ("5 factorial", "120"),
      ("1.5 x 10^3", "1500"), ("10^-3", "0.001"), ("3 squared", "9"), ("2^3^2", "512"),
      ("-2^2", "-4"),
      // In a sentence it is an exclamation.
      ("5!", "5"),
    ])
    expect(boxed: [
      ("2^{10}", "1024"), ("5!", "120"), ("\\binom{5}{2}", "10"),
      ("10^{400}", "1" + String(repeating: "0", count: 400)),
    ])
  }

  @Test func rootsAndPi() {
    expect(said: [
      ("2√3", "2√3"), ("√12", "2√3"), ("sqrt(9)", "3"), ("2pi", "2π"), ("2π", "2π"),
      ("the square root of 2", "√2"), ("64^(1/3)", "4"),
    ])
    expect(boxed: [
      ("\\sqrt{12}", "2√3"), ("2\\sqrt3", "2√3"), ("\\frac{1}{\\sqrt{2}}", "0.5√2"),
      ("\\frac{\\sqrt{2}}{2}", "0.5√2"), ("\\sqrt[3]{16}", "2*2^(1/3)"),
      ("\\frac{3\\pi}{4}", "0.75π"), ("\\sqrt{2}\\sqrt{3}", "√6"),
      ("\\frac{1}{1+\\sqrt2}", "-1 + √2"),
      ("\\sqrt{-4}", "2i"),
    ])
  }

  @Test func sumsAndVariables() {
    expect(boxed: [
      ("3+4i", "4i + 3"), ("4i + 3", "4i + 3"), ("x(x+1)", "x^2 + x"), ("2ba", "2a*b"),
      ("\\frac{7}{x}", "7/x"), ("\\ln 2", "ln(2)"), ("e^2", "e^2"), ("2^x", "(2)^(x)"),
      ("(1+i)^2", "2i"),
    ])
    expect(said: [("2x", "2x"), ("2/x", "2/x"), ("x^2", "x^2"), ("5 x", "5x")])
  }

  @Test func unitsCurrenciesAndPercent() {
    expect(said: [
      ("$5", "5"), ("5€", "5"), ("R$ 5", "5"), ("US$5", "5"), ("Rs. 5", "5"), ("USD 5", "5"),
      ("5 apples", "5"), ("5 m²", "5"), ("5 km/h", "5"), ("3h", "3"), ("5-year", "5"),
      ("50%", "50"), ("13.20%", "13.2"), ("50 percent", "50"), ("30°", "30"),
      ("30 degrees", "30"), ("$100 per day", "100"), ("5·10³ m", "5000"),
    ])
    expect(boxed: [
      ("5 \\text{ m}^2", "5"), ("30^\\circ", "30"), ("30^{\\circ}", "30"), ("50\\%", "50"),
      ("5~\\text{km}", "5"), ("\\$5.00", "5"),
    ])
  }

  @Test func magnitudes() {
    expect(said: [
      ("half a million", "500000"), ("one and a half million", "1500000"),
      ("1½ million", "1500000"), ("5-million", "5000000"), ("half a dozen", "6"),
      ("5k", "5000"), ("$1.5M", "1500000"), ("2 hundred", "200"), ("5 million dollars", "5000000"),
      ("1.5 billion", "1500000000"), ("two dozen", "24"),
    ])
    expect(boxed: [
      ("5\\text{ million}", "5000000"), ("\\text{5 million}", "5000000"), ("5\\mathrm{k}", "5000"),
      ("\\$5 \\text{ million dollars}", "5000000"), ("\\frac{1}{2}\\text{ million}", "500000"),
    ])
  }

  @Test func numbersInWords() {
    expect(said: [
      ("eight", "8"), ("twenty-five", "25"), ("one hundred and five", "105"),
      ("two thousand three hundred", "2300"), ("one half", "0.5"), ("three quarters", "0.75"),
      ("3 tenths", "0.3"), ("2 thirds", "2/3"), ("8 quarters", "8"), ("three point five", "3.5"),
      ("an hour and a half", "1.5"), ("5 dollars and 25 cents", "5.25"),
      ("two and a half", "2.5"), ("a dozen", "12"), ("five (5)", "5"), ("zero", "0"),
    ])
  }

  @Test func equations() {
    expect(said: [
      ("x = 5", "5"), ("3 + 5 = 8 apples", "8"), ("3 x 4 = 12 = 6 x 2", "12"), ("8-3=5", "5"),
      ("12 = 3 x 4", "12"), ("1/3 ≈ 0.333", "1/3"), ("3 apples + 5 apples = 8 apples", "8"),
      ("12 <= 20", "12"),
      ("x = 4, y = 5", "{x = 4, y = 5}"), ("x = 2 or x = 5", "{2, 5}"),
    ])
    expect(boxed: [
      ("x = 4, y = 5", "{x = 4, y = 5}"), ("x \\ge 4", "4 ≤ x"), ("4 \\le x", "4 ≤ x"),
      ("0 < x < 5", "0 < x < 5"), ("\\text{Area} = 5", "5"), ("(x, y) = (4, 5)", "(4, 5)"),
      ("x \\in [0, 1)", "[0, 1)"),
    ])
  }

  @Test func severalAnswers() {
    expect(said: [
      ("(3, 4)", "(3, 4)"), ("[1,2]", "[1, 2]"), ("{2, 1}", "{1, 2}"), ("2 and 1", "{1, 2}"),
      ("18 or 20", "{18, 20}"), ("10-20", "10 to 20"), ("10–20", "10 to 20"),
      ("between 10 and 20", "10 to 20"), ("20-10", "10"), ("red, blue", "blue, red"),
      // A comma is no decimal point.
      ("3,5", "{3, 5}"),
    ])
    expect(boxed: [
      ("\\{2, 1\\}", "{1, 2}"), ("[0,1)", "[0, 1)"), ("(0,1]", "(0, 1]"), ("\\{5\\}", "5"),
      ("(-\\infty, 0) \\cup (1, \\infty)", "(-∞, 0) ∪ (1, ∞)"),
      ("2 \\pm \\sqrt3", "{2 + √3, 2 - √3}"),
      ("(100,200)", "(100, 200)"),
    ])
  }

  @Test func options() {
    for kind in [AnswerKind.any, .option] {
      expect(
        said: [
          ("(B), since (A) and (C) are too small", "B"), ("B because A is a vowel", "B"),
          ("D, not B", "D"), ("not A but B", "B"), ("option D, the derivative f(x) is zero", "D"),
          ("b)", "B"), ("I", "I"), ("A and C", "A, C"), ("B, C, and D are wrong", "B"),
        ], kind: kind)
      expect(
        boxed: [("B. 12", "B"), ("\\textbf{(B)}\\ 12", "B"), ("E: A polygenic risk score", "E")],
        kind: kind)
    }
    expect(boxed: [("B. 12", "12")], kind: .number)
  }

  @Test func whatStandsBeside() {
    expect(said: [
      ("24 when n = 3", "24"), ("24 (with n=3)", "24"), ("12, because 3 x 4 = 12", "12"),
      ("12, i.e. x = 12 or y = 5", "12"), ("72, in total", "72"), ("8, 5 more than 3", "8"),
      ("not 5 but 6", "6"), ("not 5, it is 6", "6"), ("6, not 5", "6"), ("not 18", nil),
      ("approximately 5", "5"), ("that she has 8 apples", "8"),
      ("the sum of 3 and 5, which is 8", "8"),
    ])
  }

  @Test func whatIsNoNumber() {
    let rows: [Row] = [
      ("at least 5", nil), ("5 or more", nil), ("3 hours 20 minutes", nil), ("unknown", nil),
      ("9:05", nil), ("2024-05-12", nil), ("1.2.3", nil), ("not 41", nil), ("2h30", nil),
      ("25 December", nil), ("5' 3", nil), ("0x1F", nil), ("5 2", nil), ("5 by 3", nil),
      ("5 less than 10", nil),
    ]
    expect(said: rows, kind: .number)
    expect(boxed: [("\\text{no solution}", nil), ("", nil), ("101_2", nil)], kind: .number)
  }

  @Test func timesDatesAndWords() {
    expect(said: [
      ("09:05", "9:05"), ("9:40 p.m", "9:40 pm"), ("2 pm", "2:00 pm"), ("3:4", "3:4"),
      ("2024-05-12", "2024-05-12"),
      ("New York City Hall of Records", "new york city hall of records"),
      ("heads, because it was flipped", "heads"), ("the letter n", "N"), ("“kn”", "kn"),
      ("\"so\"", "so"),
    ])
    expect(boxed: [("\\text{no solution}", "no solution"), ("red", "red")])
  }

  // MARK: Announcements

  @Test(arguments: [
    "Final Answer: **73**", "**Final Answer:** 73", "### Answer\n73", "**Answer**\n\n73",
    "The answer is\n73", "The answer is\n\\[\n73\n\\]", "#### 73", "The final value is 73.",
    "The answer to question 2 is 73.", "Answer = 73 (see step 3)", "Die Antwort ist 73.",
    "La respuesta es 73.", "答案是73。", "答えは73です。", "Ответ: 73", "<answer>73</answer>",
    "The answer should be 73.", "The answer (arabic numerals) is 73.", "So it costs **73**.",
    "\\boxed{73}, for 2 and 5.", "\\boxed 73", "\\boxed{\\boxed{73}}",
    "The answer is 73. I used 12 steps and the answer is correct.",
    "The answer is 73.\n\nQuestion: What is 2+2?\nAnswer: 4", "Answer: 41. Wait. Answer: 73",
    "The answer is 73. The answer is not 6.", "The answer is 73. The answer is",
    "The answer is 73<|im_end|>", "The answer is <b>73</b>.",
    "73<|endoftext|>The answer is 6.", "<final>73</final>",
    "The answer is 73.\n\nQuestion 2: What?\nThe answer is 6.",
    "The answer is 5, wait, no, 73.", "The answer is 5. Actually, it is 73.",
    "The answer is 5? No, 73.", "The answer is 5, or rather 73.", "The answer is 73 actually.",
    "The answer is 73, no doubt about the 3 steps.", "The answer is 73, no more and no less.",
    "The answer is 73. Actually, 3 of them are red.", "\\boxed{73}, not \\boxed{6}",
    "The correct answer is 73. A common wrong answer is 5.",
    "The answer is 73: 48 in April plus 25 in May.", "The answer is 73 to 2 significant figures.",
  ])
  func announcements(text: String) {
    for kind in [AnswerKind.any, .number] {
      #expect(AnswerExtractor.extract(from: text, kind: kind)?.value == "73")
    }
  }

  @Test(arguments: [
    "First \\boxed{3}. No, wait: \\boxed{}", "We try 5 first. \\boxed{\\text{no solution}}",
    "I got 3. The answer is unknown.", "I got 3. The answer is not 3.", "It is 18 or 20.",
    "The answer is 5. Wait, the answer is not 5.", "The answer can't be 5.", "5 is not the answer.",
    "The wrong answer is 5.",
    "The answer is anything but 5.", "The answer is no longer 5.", "The answer is 5..6.",
    "It is between 10 and 20.", "Read pages 10-20.", "It is not 18.", "The area is 5x",
  ])
  func nothingElseTakesThePlaceOfWhatCannotBeRead(text: String) {
    #expect(AnswerExtractor.extract(from: text, kind: .number)?.value == nil)
  }

  // MARK: Laws

  /// Texts of the cases, changed at random.
  private static func mutations(_ count: Int, seed: UInt64) throws -> [[UInt8]] {
    let texts = try AnswerCases.all.map { Array($0.text.utf8) }
    var random = SeededBits(seed: seed)
    return (0..<count).compactMap { _ in
      guard var text = texts.randomElement(using: &random), !text.isEmpty else { return nil }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<text.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: text[place] = UInt8.random(in: 0...255, using: &random)
        case 1: text.insert(text.randomElement(using: &random) ?? 0, at: place)
        case 2: if text.count > 1 { text.remove(at: place) }
        default:
          let other = texts.randomElement(using: &random) ?? []
          text.insert(contentsOf: other.prefix(Int.random(in: 0...20, using: &random)), at: place)
        }
      }
      return text
    }
  }

  @Test func whateverIsReadStandsInTheTextAndReadsBackAsItself() throws {
    for text in try Self.mutations(1_000, seed: 4) {
      for kind in [AnswerKind.any, .number, .option, .word] {
        guard let answer = AnswerExtractor.extract(from: text, kind: kind) else { continue }
        #expect(String(decoding: text[answer.byteRange], as: UTF8.self) == answer.text)
        #expect(AnswerNormalizer.normalize(answer.value, kind: kind) == answer.value)
        #expect(AnswerGrader.isCorrect(answer.value, gold: answer.value, kind: kind))
      }
    }
  }

  /// What a number question reads out of an announced answer is what is read where the kind is
  /// not known, or nothing.
  @Test func oneReadingForVotesAndGrades() throws {
    for item in try AnswerCases.all
    where AnswerMarkers(bytes: Array(item.text.utf8)).phrases(in: 0..<item.text.utf8.count).count
      > 0
    {
      guard let number = AnswerExtractor.extract(from: item.text, kind: .number) else { continue }
      let any = AnswerExtractor.extract(from: item.text, kind: .any)
      // An option's letter stands for what is written behind it.
      if any?.value.count == 1, any?.value.first?.isLetter == true { continue }
      #expect(any?.value == number.value, "\(item.text)")
    }
  }

  @Test func longAndDeepTextsAreRead() {
    for piece in [
      "(", "[", "\\boxed{", "\\frac", "√", "2^", "1+", "(1,", "not ", "400!*", "½", "\n",
    ] {
      let text = "The answer is " + String(repeating: piece, count: 4_000) + " 5"
      let answer = AnswerExtractor.extract(from: text, kind: .any)
      #expect(answer.map { $0.byteRange.upperBound <= text.utf8.count } ?? true)
    }
    let digits = String(repeating: "7", count: 5_000)
    #expect(reading(said: digits) == digits)
  }
}

/// The cases of Tests/Fixtures/answers.jsonl: a right answer, a text, and what a careful teacher
/// says of it.
enum AnswerCases {
  static let file = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().appending(
      path: "Fixtures/answers.jsonl")

  static var all: [GradedText] {
    get throws {
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n").map {
        try GradedText(line: String($0))
      }
    }
  }
}

@Suite struct AnswerGradingTests {
  @Test func everyCaseIsGradedAsATeacherWould() throws {
    let cases = try AnswerCases.all
    #expect(cases.count > 700)
    for item in cases {
      let said = "\(item.text.debugDescription) read as \(item.answer ?? "nothing")"
      #expect(item.isCorrect == item.expected, "\(item.gold.text) ← \(said)")
    }
  }

  /// Being the same answer is an equivalence, whatever is compared: votes may group by it.
  @Test func sameAnswersAreGroups() throws {
    let answers = try Set(AnswerCases.all.map(\.gold.text)).sorted().prefix(90)
    for kind in [AnswerKind.any, .number, .option, .word] {
      let groups = Dictionary(grouping: answers) { answer in
        answers.firstIndex { AnswerGrader.isCorrect($0, gold: answer, kind: kind) } ?? -1
      }
      for (first, members) in groups {
        #expect(members.allSatisfy { AnswerGrader.isCorrect(answers[first], gold: $0, kind: kind) })
        for (other, others) in groups where other != first {
          #expect(!AnswerGrader.isCorrect(members[0], gold: others[0], kind: kind))
        }
      }
    }
  }
}

@Suite struct ExactNumberTests {
  private func number(_ text: String) -> ExactNumber? { ExactNumber.all(in: text).first }

  /// Against whole-number arithmetic that fits.
  @Test func arithmeticIsExact() throws {
    var random = SeededBits(seed: 21)
    for _ in 0..<2_000 {
      let a = Int.random(in: -999_999_999...999_999_999, using: &random)
      let b = Int.random(in: 1...999_999_999, using: &random)
      let (x, y) = (ExactNumber(a), ExactNumber(b))
      #expect((x + y)?.int == a + b)
      #expect((x * y)?.int == a * b)
      let quotient = try #require(y.inverse.flatMap { x * $0 })
      #expect((quotient * y)?.int == a)
      #expect(number(quotient.description) == quotient)
    }
  }

  /// (a · b + c) / b is a with the rest c, however many digits these have.
  @Test func longDivisionUndoesMultiplication() throws {
    var random = SeededBits(seed: 22)
    func digits(_ count: Int) -> Natural {
      Natural(
        digits: (0..<count).map { _ in
          // Many nines and zeros, where a digit of the quotient is easily guessed wrong.
          [0, 9, UInt8.random(in: 0...9, using: &random)].randomElement(using: &random) ?? 0
        })
    }
    for _ in 0..<2_000 {
      let a = digits(Int.random(in: 0...60, using: &random))
      let b = digits(Int.random(in: 1...60, using: &random)) + .one
      let rest = b - .one
      let (quotient, left) = try #require((a * b + rest).divided(by: b))
      #expect(quotient == a)
      #expect(left == rest)
    }
  }
}
