import Decoding
import Engine
import Foundation
import Playground
import TerminalUI
import Testing

@testable import ponder

/// `ponder score`: texts that the model did not write itself.
@Suite struct ScoreCommandTests {
  private struct Alternative: Decodable {
    var id: Int
    var logProbability: Double?
    var probability: Double
  }

  private struct Row: Decodable {
    var index: Int
    var id: Int
    var text: String
    var logProbability: Double?
    var probability: Double?
    var bits: Double?
    var rank: Int?
    var alternatives: [Alternative]?
    var asked: [Alternative]?
  }

  private struct Total: Decodable {
    var scored: Int
    var bytes: Int
    var bits: Double
    var bitsPerByte: Double
    var perplexity: Double
  }

  private struct Answer: Decodable {
    var context: [Int]
    var tokens: [Row]
    var total: Total
  }

  private static let text = "Q: 3 + 4 = ?\nA: The answer is 7.\n"

  private func score(_ arguments: String..., text: String = text) throws -> Program.Result {
    try Program.run(["score", "-", "--model", "2m"] + arguments, input: Data(text.utf8))
  }

  /// The figures are those that follow from the logits that `ponder logits` prints for the same ids; their
  /// normaliser is summed in single precision where a pass computes them.
  @Test func figuresFollowFromTheLogits() throws {
    let answer = try score("--format", "json", "--top", "4").json(Answer.self)
    let ids = answer.context + answer.tokens.map(\.id)
    struct Logits: Decodable { var logits: [[Float?]] }
    let rows = try Program.run(
      ["logits", "--model", "2m", "--all", "--ids", ids.map { "\($0)" }.joined(separator: ",")]
    ).json(Logits.self).logits
    let first = answer.context.count
    #expect(first == 1)
    for (index, row) in answer.tokens.enumerated() {
      let distribution = TokenDistribution(
        logits: rows[first + index - 1].map { $0 ?? -.infinity })
      let token = TokenID(row.id)
      let expected = distribution.logProbability(of: token)
      #expect(abs((row.logProbability ?? 0) - expected) < 2e-6)
      #expect(row.rank == distribution.rank(of: token))
      #expect(row.alternatives?.map(\.id) == distribution.likeliest(4).map { Int($0) })
    }
    let bits = answer.tokens.compactMap(\.bits)
    #expect(bits.count == answer.tokens.count)
    #expect(abs(answer.total.bits - bits.reduce(0, +)) < 1e-9)
    #expect(answer.total.bytes == Self.text.utf8.count)
    #expect(
      abs(answer.total.perplexity - exp2(answer.total.bits / Double(bits.count))) < 1e-6)
  }

  /// What stands before a text changes what is said of it, and is not counted.
  @Test func theContextIsNotScored() throws {
    let alone = try score("--format", "json", text: " 7").json(Answer.self)
    let behind = try score("--format", "json", "--prompt", "Q: 3 + 4 = ?\nA:", text: " 7")
      .json(Answer.self)
    #expect(behind.tokens.map(\.text).joined() == " 7")
    #expect(behind.context.count > alone.context.count)
    #expect(behind.total.bits < alone.total.bits)
    #expect(behind.total.bytes == 2)
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "given.txt")
    try Data("Q: 3 + 4 = ?\nA:".utf8).write(to: file)
    let given = try score("--format", "json", "--given", file.path, text: " 7").json(Answer.self)
    #expect(given.total.bits == behind.total.bits)
  }

  @Test func aGivenTokenIsFollowed() throws {
    let answer = try score("--format", "json", "--token", " 7", "--prompt", "Q: 3 + 4 = ?\nA:")
      .json(Answer.self)
    let asked = answer.tokens.compactMap { $0.asked?.first }
    #expect(asked.count == answer.tokens.count)
    for (row, token) in zip(answer.tokens, asked) where row.id == token.id {
      #expect(row.probability == token.probability)
    }
    #expect(asked.contains { $0.probability > 0 })
  }

  @Test func everyFormatSaysTheSame() throws {
    let answer = try score("--format", "json").json(Answer.self)
    let lines = try score("--format", "jsonl").output.split(separator: "\n")
    #expect(lines.count == answer.tokens.count + 1)
    #expect(lines.last?.contains(#""total":{"#) == true)
    let csv = try score("--format", "csv").output
    #expect(csv.hasPrefix("index,id,text,log_probability,probability,bits,rank,entropy,"))
    #expect(csv.contains("\"\n\""))
    let text = try score().output
    #expect(!text.contains("\u{1B}"))
    #expect(text.contains(String(format: "%.2f bits", answer.total.bits)))
    #expect(text.contains("perplexity"))
  }

  /// On a terminal each token has the colour of its probability, as in Decode.
  @Test func tokensArePaintedByTheirProbability() async throws {
    let model = try ModelLoader.load(
      path: try BundledModels.standard().path, options: EngineOptions(threads: 1))
    let tokens = model.vocabulary.tokenize("Q: 3 + 4 = ?\nA: The", special: .add)
    let score = try await Decoder(model: model, slots: 1).score(
      Array(tokens.dropFirst()), after: Array(tokens.prefix(1)))
    let report = ScoreReport(score, context: [], asked: [], model: model)
    let theme = try Themes.library().theme("ponder-dark", depth: .trueColor)
    let text = report.text(theme: theme, depth: .trueColor)
    for token in score.tokens {
      let piece = String(decoding: model.vocabulary.bytes(of: token.id), as: UTF8.self)
      guard let figures = token.figures, !piece.contains("\n") else { continue }
      var styles = AnsiStyles(depth: .trueColor)
      let painted = styles.text("", style: theme.heat(figures.probability))
      #expect(text.contains(painted))
    }
    #expect(!report.text(theme: theme, depth: .none).contains("\u{1B}"))
  }

  @Test func refusals() throws {
    try Program.expectFailure(["score", "/no/such.txt"], status: 66, saying: "/no/such.txt")
    try Program.expectFailure(["score"], status: 64, saying: "file")
    try Program.expectFailure(["score", "-", "--chat"], status: 64, saying: "--prompt")
    try Program.expectFailure(
      ["score", "-", "--prompt", "a", "--given", "b"], status: 64, saying: "once")
    let empty = try score(text: "")
    #expect(empty.status == 65)
    let two = try score("--token", "The answer")
    #expect(two.status == 64)
    #expect(two.errors.contains("one token"))
    let long = try score(text: String(repeating: "one two ", count: 5000))
    #expect(long.status == 65)
    #expect(long.errors.contains("context"))
  }
}
