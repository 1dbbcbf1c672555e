import Testing

@testable import Problems

@Suite struct AnswerGraderTests {
  @Test(arguments: [
    ("8", "8.0"), ("8", "$8"), ("8", "8 apples"), ("8", "08"), ("8", "+8"), ("8", "8."),
    ("8", "16/2"),
    ("1,234", "1234"), ("0.75", "3/4"), (".75", "0.750"), ("-3", "−3"), ("50%", "50"),
    ("1e3", "1000"),
    ("1 1/2", "1.5"), ("2/6", "1/3"), ("kn", "\"KN\"."), ("New  York", "new york"), ("-0", "0"),
    ("(b)", "B"),
    ("09:40", "9:40"), ("9:40 a.m.", "09:40 AM"), ("monday", "\"Monday\"."),
    ("0.1", "1/10"), ("100000000000000000000001", "100000000000000000000001.00"), ("-$5", "-5"),
  ])
  func same(_ pair: (String, String)) {
    #expect(AnswerGrader.isCorrect(pair.0, gold: pair.1))
    #expect(AnswerGrader.isCorrect(pair.1, gold: pair.0))
  }

  @Test(arguments: [
    ("5", "15"), ("15", "5"), ("8", "-8"), ("9.8", "9.11"), ("9.1", "9.10001"), ("50%", "0.5"),
    ("3", "3 4"),
    ("100000000000000000000001", "100000000000000000000002"), ("0.1", "0.10000000000000001"),
    ("kn", "nk"), ("1/3", "0.3333333333333333"), ("yes", "no"), ("A", "B"), ("", "8"), ("2", "2*4"),
    ("8", "x8"), ("9:40", "9:04"), ("9:40 am", "9:40 pm"), ("1:02:03", "01:02:03"),
    ("9:75", "09:75"),
  ])
  func different(_ pair: (String, String)) {
    #expect(!AnswerGrader.isCorrect(pair.0, gold: pair.1))
    #expect(!AnswerGrader.isCorrect(pair.1, gold: pair.0))
  }

  @Test func kindsDecideWhatCountsAsTheSame() {
    #expect(AnswerGrader.isCorrect("True", gold: "yes", kind: .yesNo))
    #expect(!AnswerGrader.isCorrect("True", gold: "yes", kind: .word))
    #expect(!AnswerGrader.isCorrect("9.10", gold: "9.1", kind: .word))
    #expect(AnswerGrader.isCorrect("9.10", gold: "9.1", kind: .number))
    #expect(AnswerGrader.isCorrect("b", gold: "(B)", kind: .option))
  }

  @Test func everyAnswerEqualsItselfAndItsVariants() {
    var random = SeededBits(seed: 11)
    for _ in 0..<2_000 {
      let number = Int.random(in: -9_999_999...9_999_999, using: &random)
      let other = Int.random(in: -9_999_999...9_999_999, using: &random)
      let variants = [
        "\(number)", "\(number).0", "\(number) apples", " \(number).\n", "**\(number)**",
        "\(grouped(number))",
        number < 0 ? "-$\(-number)" : "$\(number)", "\(number)/1", "\(2 * number)/2",
        number < 0 ? "−\(-number)" : "+\(number)", "\(number)e0",
      ]
      for variant in variants {
        #expect(AnswerGrader.isCorrect(variant, gold: "\(number)"), "\(variant) = \(number)")
        #expect(AnswerGrader.isCorrect(variant, gold: "\(other)") == (number == other))
        #expect(!AnswerGrader.isCorrect(variant, gold: "1\(abs(number))"))
      }
    }
  }

  private func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(abs(number)).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text = "," + text }
      text = "\(digit)" + text
    }
    return (number < 0 ? "-" : "") + text
  }

  @Test func anyTextEqualsItselfAndNormalFormsAreStable() {
    var random = SeededBits(seed: 12)
    let alphabet = Array(" 0123456789.,-+/%$€()[]\"'“”*`ab BYesno\n\\{}=e:éÅ−")
    for _ in 0..<5_000 {
      let text = String(
        (0..<Int.random(in: 0...9, using: &random)).compactMap { _ in
          alphabet.randomElement(using: &random)
        })
      for kind in AnswerKind.allCases {
        #expect(AnswerGrader.isCorrect(text, gold: text, kind: kind))
        guard let normal = AnswerNormalizer.normalize(text, kind: kind) else { continue }
        #expect(
          AnswerNormalizer.normalize(normal, kind: kind) == normal,
          "\(kind) \(text.debugDescription)")
      }
    }
  }

  /// Against exact integer arithmetic: p/q = r/s exactly when ps = qr.
  @Test func fractionsCompareAsRationals() {
    var random = SeededBits(seed: 13)
    for _ in 0..<5_000 {
      let n = (0..<4).map { _ in Int.random(in: 1...12, using: &random) }
      let isSame = n[0] * n[3] == n[1] * n[2]
      #expect(
        AnswerGrader.isCorrect("\(n[0])/\(n[1])", gold: "\(n[2])/\(n[3])", kind: .number) == isSame)
    }
  }

  @Test func goldAnswersTellTheirKind() {
    let kinds: [String: AnswerKind] = [
      "8": .number, "1,234": .number, "3/4": .number, "-3": .number, "yes": .yesNo, "No": .yesNo,
      "B": .option,
      "kn": .word, "n": .word, "1.2.3": .word,
    ]
    for (gold, kind) in kinds { #expect(AnswerNormalizer.kind(ofGold: gold) == kind, "\(gold)") }
  }
}
