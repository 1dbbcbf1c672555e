import Decoding
import Foundation
import Reasoning
import TerminalUI

@testable import DecodingFixtures
@testable import Playground
@testable import Problems
@testable import Traces

/// Layers that nobody has trained: each says a little more of what the last one says.
enum InventedLayers {
  static let layers = 6
  static let heads = 4

  /// - Parameter said: what the model says with nothing silenced.
  static func inspection(
    of said: TokenDistribution, _ request: InspectionRequest, positions: Int
  ) -> ModelInspection {
    // What is silenced takes the model back by some layers.
    let share = max(0, 1 - 0.15 * Float(request.ablations.count))
    func lens(_ depth: Float) -> TokenDistribution {
      // Certain of nothing at the embedding, and as the model is at the end.
      TokenDistribution(logits: said.logits.map { max(-9, $0) * depth * share })
    }
    func reading(_ depth: Float) -> LensReading {
      LensReading(lens(depth), tokens: request.tokens, topCount: request.topCount)
    }
    let all = (0..<layers).map { layer in
      LayerInspection(
        attention: (0..<heads).map { attention(layer: layer, head: $0, positions) },
        afterAttention: reading((Float(layer) + 0.6) / Float(layers)),
        reading: reading(Float(layer + 1) / Float(layers)))
    }
    return ModelInspection(
      embedding: reading(0), layers: all, distribution: lens(1),
      residuals: Array(repeating: [0], count: layers + 1))
  }

  /// Each head looks mostly at one place, which is further back the higher its number.
  private static func attention(layer: Int, head: Int, _ positions: Int) -> [Float] {
    guard positions > 0 else { return [] }
    var weights = [Float](repeating: 0.3 / Float(positions), count: positions)
    weights[max(0, positions - 1 - head * (layer + 1))] += 0.5
    weights[max(0, positions - 3)] += 0.2
    return weights
  }

  static func withoutHeads(
    of layer: Int, _ now: TokenDistribution, _ token: TokenID
  ) -> [Double] {
    (0..<heads).map { head in
      let factor = layer == 3 && head == 1 ? 0.25 : 1 - 0.02 * Double((layer * heads + head) % 4)
      return log(now.probability(of: token) * factor)
    }
  }
}

/// A finished vote about apples, word by word, and a model that can be looked into.
enum LayersFixtures {
  static let words = [
    "Q:", " I", " have", " 3", " apples", ",", " my", " dad", " has", " 2", " more", " apples",
    " than", " me", ".", " How", " many", " in", " total", "?", "\n", "A:", " My", " dad", " has",
    " 3", " +", " 2", " =", " 5", " apples", ".", " The", " answer", " is", " 8", ".",
  ]
  /// How many of them are the prompt.
  static let promptCount = 22
  /// The place before the answer.
  static let answer = words.count - 2

  private static let pieces: [String] = {
    var found: [String] = []
    for word in words + ["<end>"] where !found.contains(word) { found.append(word) }
    return found
  }()

  static let tokens: [TokenID] = words.map { word in
    TokenID(pieces.firstIndex(of: word) ?? 0)
  }

  static let model = TableLanguageModel(
    name: "words", pieces: pieces, end: TokenID(pieces.count - 1)
  ) { prefix in
    // It goes on as the text does, and now and then another way.
    guard tokens.starts(with: prefix), prefix.count < tokens.count else {
      return [TokenID(pieces.count - 1): 1]
    }
    let next = tokens[prefix.count]
    let other = tokens[(prefix.count * 5 + 3) % tokens.count]
    let third = tokens[(prefix.count * 7 + 9) % tokens.count]
    var shares: [TokenID: Double] = [:]
    for (token, share) in [(next, 0.9), (other, 0.07), (third, 0.03)] {
      shares[token, default: 0] += share
    }
    return shares
  }

  static var summary: ModelSummary {
    var summary = ModelSummary(
      identity: model.identity, path: "words", contextLength: 512, parameters: 0, threads: 2,
      slots: 4, isBundled: true)
    summary.isInspectable = true
    return summary
  }

  static var records: [TraceRecord] {
    let vocabulary = model.vocabulary
    let prompt = NodeID.root.appending(contentsOf: tokens.prefix(promptCount))
    var records = [
      TraceRecord(
        .run(
          RunStart(
            strategy: SelfConsistency.description.name, model: model.identity, seed: 1,
            question: Fixtures.question, settings: Fixtures.settings))),
      TraceRecord(
        .injected(
          Injection(
            role: .prompt, path: nil, parent: .root, end: prompt,
            tokens: tokens.prefix(promptCount).map { vocabulary.token($0) }))),
    ]
    var node = prompt
    for token in tokens.dropFirst(promptCount) {
      let child = node.appending(token)
      records.append(
        TraceRecord(
          .node(
            NodeEvent(
              id: child, parent: node, path: 0, token: vocabulary.token(token),
              logProbability: log(0.9)))))
      node = child
    }
    records.append(
      TraceRecord(
        .span(
          Span(
            kind: .answer, path: 0, first: self.node(answer + 1), last: self.node(answer + 1),
            value: "8"))))
    records.append(
      TraceRecord(
        .pathFinished(
          PathEnd(
            path: 0, end: node, reason: "stop", answer: "8",
            generated: tokens.count - promptCount))))
    return records
  }

  /// Layers at the word before the answer, not answered yet.
  static func play(_ width: Int, _ height: Int) -> Play {
    var state = Fixtures.empty(width, height)
    state.model = .ready(summary)
    state.vocabulary = model.vocabulary
    state.catalog = Play.catalog
    var play = Play(state)
    play.send(.trace(records))
    play.state.session.selected = .place(
      node(answer), run: 1, towards: node(words.count))
    play.state.screen = LayersScreen.id
    play.send(.command(.screen(LayersScreen.id)))
    return play
  }

  /// The place behind so many words.
  static func node(_ count: Int) -> NodeID {
    NodeID.root.appending(contentsOf: tokens.prefix(count))
  }

  /// Layers with all that can be known.
  static func answered(_ width: Int, _ height: Int) -> Play {
    var play = play(width, height)
    answerAll(&play)
    return play
  }

  /// Answers what has been asked last.
  static func answerAll(_ play: inout Play) {
    for case .inspection(.read(_, let question)) in play.effects.suffix(1) {
      answer(question, &play)
    }
  }

  /// What a session would answer.
  static func answer(_ question: InspectionQuestion, _ play: inout Play) {
    let places = (0...words.count).first { node($0) == question.node }
    guard let count = places, count > 0,
      let said = try? model.distribution(after: Array(tokens.prefix(count)))
    else { return play.send(.inspection(.ended(question, .failed("no such place")))) }
    let chosen = question.chosen ?? said.argmax
    var request = InspectionRequest(
      node: question.node, tokens: [chosen] + (question.named.map { [$0] } ?? []))
    let whole = InventedLayers.inspection(of: said, request, positions: count)
    request.ablations = question.ablations
    let now = InventedLayers.inspection(of: said, request, positions: count)
    play.send(
      .inspection(.read(question, LayerReading(chosen: chosen, whole: whole, now: now))))
    for layer in (0..<InventedLayers.layers).reversed() {
      let values = InventedLayers.withoutHeads(of: layer, now.distribution, chosen)
      play.send(.inspection(.heads(question, layer: layer, values)))
    }
    play.send(.inspection(.ended(question, .done(()))))
  }
}
