import Decoding
import Foundation
import Measuring
import Playground
import TerminalUI

/// A scored text for people and for other programs.
struct ScoreReport {
  /// A token whose p was asked for, as it was spelled.
  struct Asked {
    var text: String
    var id: TokenID
  }

  private let score: TextScore
  private let context: [TokenID]
  private let asked: [Asked]
  private let model: any LanguageModel
  /// Characters that are spread over several tokens stand with the first of them.
  private let pieces: [String]

  init(_ score: TextScore, context: [TokenID], asked: [Asked], model: any LanguageModel) {
    (self.score, self.context, self.asked, self.model) = (score, context, asked, model)
    pieces = TokenText.pieces(score.tokens.map { model.vocabulary.bytes(of: $0.id) })
  }

  // MARK: For people

  /// The text in the colours of its probabilities, where there are colours; a line for each token; the
  /// totals.
  func text(theme: Theme, depth: ColorDepth) -> String {
    let painted = depth == .none ? "" : painted(theme, depth) + "\n\n"
    var columns: [TextTable<Int>.Column] = [
      .init("#", isNumber: true) { "\($0 + 1)" },
      .init("token") { label(score.tokens[$0].id) },
      .init("bits", isNumber: true) { figure($0) { String(format: "%.2f", $0.surprisal) } },
      .init("rank", isNumber: true) { figure($0) { "\($0.rank)" } },
      .init("p", isNumber: true) { figure($0) { share($0.logProbability) } },
    ]
    for (index, asked) in asked.enumerated() {
      columns.append(
        .init("p(\(label(asked.id)))", isNumber: true) {
          figure($0) { share($0.asked[index]) }
        })
    }
    if score.tokens.contains(where: { $0.figures?.alternatives.isEmpty == false }) {
      columns.append(
        .init("likeliest") {
          figure($0) { figures in
            figures.alternatives.map { "\(label($0.id)) \(share($0.logProbability))" }
              .joined(separator: "  ")
          }
        })
    }
    let table = TextTable(columns: columns).text(Array(score.tokens.indices))
    return painted + table + "\n" + totals + "\n"
  }

  private func painted(_ theme: Theme, _ depth: ColorDepth) -> String {
    var text = StyledText()
    for (token, piece) in zip(score.tokens, pieces) {
      let style = token.figures.map { theme.heat($0.probability) } ?? theme[.dim]
      text.append(piece, style: style)
    }
    var legend = StyledText("\n\np ", style: theme[.dim])
    for (mark, example) in [("≥.9", 0.95), ("≥.7", 0.8), ("≥.4", 0.5), ("≥.2", 0.3), ("less", 0.1)]
    {
      legend.append(mark, style: theme.heat(example))
      legend.append(" ")
    }
    return text.ansiText(depth: depth) + legend.ansiText(depth: depth)
  }

  private var totals: String {
    let count = score.scored
    var parts = ["\(count) \(count == 1 ? "token" : "tokens")"]
    parts.append(String(format: "%.2f bits", score.bits))
    if count > 0 { parts.append(String(format: "%.3f bits a token", score.bits / Double(count))) }
    if let value = score.bitsPerByte { parts.append(String(format: "%.3f bits a byte", value)) }
    if let value = score.perplexity { parts.append(String(format: "perplexity %.3f", value)) }
    let model = model.identity
    return parts.joined(separator: ", ") + "  (\(model.name)·\(model.fileType))"
  }

  private func figure(_ index: Int, _ text: (ScoredToken.Figures) -> String) -> String {
    score.tokens[index].figures.map(text) ?? "—"
  }

  private func share(_ logProbability: Double) -> String {
    Format.probability(TokenDistribution.probability(ofLog: logProbability))
  }

  private func label(_ id: TokenID) -> String {
    let bytes = model.vocabulary.bytes(of: id)
    return bytes.isEmpty ? model.vocabulary.name(of: id) : TokenText.quoted(bytes)
  }

  // MARK: For programs

  /// A token as JSON. Numbers are null where there are none: JSON has no infinity.
  private struct Row: Encodable {
    struct Alternative: Encodable {
      var id: TokenID
      var text: String
      var logProbability: Double?
      var probability: Double
    }

    var index: Int
    var id: TokenID
    var text: String
    var bytes: [UInt8]
    var logProbability: Double?
    var probability: Double?
    var bits: Double?
    var rank: Int?
    var entropy: Double?
    var alternatives: [Alternative]?
    var asked: [Alternative]?

    enum CodingKeys: CodingKey {
      case index, id, text, bytes, logProbability, probability, bits, rank, entropy, alternatives
      case asked
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(index, forKey: .index)
      try container.encode(id, forKey: .id)
      try container.encode(text, forKey: .text)
      try container.encode(bytes, forKey: .bytes)
      try container.encode(logProbability, forKey: .logProbability)
      try container.encode(probability, forKey: .probability)
      try container.encode(bits, forKey: .bits)
      try container.encode(rank, forKey: .rank)
      try container.encode(entropy, forKey: .entropy)
      try container.encodeIfPresent(alternatives, forKey: .alternatives)
      try container.encodeIfPresent(asked, forKey: .asked)
    }
  }

  private struct Totals: Encodable {
    var model: String
    var contextTokens: Int
    var tokens: Int
    var scored: Int
    var bytes: Int
    /// Absent where a token cannot come.
    var bits: Double?
    var bitsPerByte: Double?
    var perplexity: Double?
  }

  private var rows: [Row] {
    score.tokens.enumerated().map { index, token in
      let bytes = model.vocabulary.bytes(of: token.id)
      let figures = token.figures
      return Row(
        index: index, id: token.id, text: spelled(token.id), bytes: bytes,
        logProbability: figures?.logProbability.ifFinite, probability: figures?.probability,
        bits: figures?.surprisal.ifFinite, rank: figures?.rank, entropy: figures?.entropy,
        alternatives: figures.map { $0.alternatives.map { row($0.id, $0.logProbability) } },
        asked: asked.isEmpty
          ? nil : figures.map { zip(asked, $0.asked).map { row($0.id, $1) } })
    }
  }

  private func row(_ id: TokenID, _ logProbability: Double) -> Row.Alternative {
    .init(
      id: id, text: spelled(id), logProbability: logProbability.ifFinite,
      probability: TokenDistribution.probability(ofLog: logProbability))
  }

  private func spelled(_ id: TokenID) -> String {
    let bytes = model.vocabulary.bytes(of: id)
    return bytes.isEmpty
      ? model.vocabulary.name(of: id) : String(decoding: bytes, as: UTF8.self)
  }

  private var total: Totals {
    Totals(
      model: model.identity.name, contextTokens: context.count, tokens: score.tokens.count,
      scored: score.scored, bytes: score.bytes, bits: score.bits.ifFinite,
      bitsPerByte: score.bitsPerByte?.ifFinite, perplexity: score.perplexity?.ifFinite)
  }

  /// One object: the ids of what stands before the text, its tokens, and the totals.
  var json: String {
    get throws {
      struct Whole: Encodable {
        var context: [TokenID]
        var tokens: [Row]
        var total: Totals
      }
      return try StandardOutput.json(Whole(context: context, tokens: rows, total: total))
    }
  }

  /// A line for each token, then one with the totals.
  var jsonLines: String {
    get throws {
      struct Last: Encodable { var total: Totals }
      let lines = try rows.map { try StandardOutput.json($0) }
      return (lines + [try StandardOutput.json(Last(total: total))]).joined(separator: "\n") + "\n"
    }
  }

  /// A line for each token below a line of headings.
  var csv: String {
    let most = score.tokens.map { $0.figures?.alternatives.count ?? 0 }.max() ?? 0
    var header = [
      "index", "id", "text", "log_probability", "probability", "bits", "rank", "entropy",
    ]
    header += asked.map { "p(\($0.text))" }
    header += (0..<most).flatMap { ["alternative_\($0 + 1)", "probability_\($0 + 1)"] }
    let lines = rows.map { row in
      var fields: [(any CustomStringConvertible)?] = [
        row.index, row.id, row.text, row.logProbability, row.probability, row.bits, row.rank,
        row.entropy,
      ]
      let given = row.asked ?? []
      fields += asked.indices.map { given.indices.contains($0) ? given[$0].probability : nil }
      for place in 0..<most {
        let other = row.alternatives.flatMap { $0.indices.contains(place) ? $0[place] : nil }
        fields += [other?.text, other?.probability]
      }
      return fields.map { ($0?.description ?? "").csvField }.joined(separator: ",")
    }
    return ([header.map(\.csvField).joined(separator: ",")] + lines).joined(separator: "\n") + "\n"
  }
}

extension Double {
  /// nil for what JSON cannot write.
  fileprivate var ifFinite: Double? { isFinite ? self : nil }
}
