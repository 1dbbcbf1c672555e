import Decoding
import Foundation
import Reasoning
import TerminalUI

@testable import DecodingFixtures
@testable import Playground
@testable import Problems
@testable import Traces

/// Traces for Tree, made token by token.
struct TraceMaker {
  private(set) var records: [TraceRecord] = []

  /// A run whose prompt is one token, 1000.
  init(prompt: String = "Q: how many?\nA:", gold: String? = "8") {
    var question = Fixtures.question
    question.gold = gold
    records = [
      TraceRecord(
        .run(
          RunStart(
            strategy: SelfConsistency.description.name, model: Fixtures.model.identity, seed: 1,
            question: question, settings: Fixtures.settings))),
      TraceRecord(
        .injected(
          Injection(
            role: .prompt, path: nil, parent: .root, end: TraceMaker.prompt,
            tokens: [Token(id: 1000, bytes: Array(prompt.utf8))]))),
    ]
  }

  static let prompt = NodeID.root.appending(1000)

  static func node(_ tokens: [TokenID]) -> NodeID { prompt.appending(contentsOf: tokens) }

  /// A path of tokens, each with its probability, and its end.
  mutating func path(
    _ number: Int, _ tokens: [(id: TokenID, text: String, p: Double)], answer: String? = nil,
    isGrowing: Bool = false
  ) {
    path(
      number, tokens.map { ($0.id, Array($0.text.utf8), $0.p) }, answer: answer,
      isGrowing: isGrowing)
  }

  mutating func path(
    _ number: Int, _ tokens: [(id: TokenID, bytes: [UInt8], p: Double)], answer: String? = nil,
    isGrowing: Bool = false
  ) {
    var node = TraceMaker.prompt
    for token in tokens {
      let child = node.appending(token.id)
      records.append(
        TraceRecord(
          .node(
            NodeEvent(
              id: child, parent: node, path: number, token: Token(id: token.id, bytes: token.bytes),
              logProbability: log(token.p)))))
      node = child
    }
    guard !isGrowing else { return }
    records.append(
      TraceRecord(
        .pathFinished(
          PathEnd(
            path: number, end: node, reason: "stop", answer: answer, generated: tokens.count))))
  }
}

extension Fixtures {
  /// A theme of the program's own in the colours of a terminal.
  static func view(
    _ name: String = "ponder-dark", depth: ColorDepth, glyphs: Glyphs = .unicode
  ) throws -> PlaygroundView {
    var package = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { package.deleteLastPathComponent() }
    let library = ThemeLibrary(folders: [package.appendingPathComponent("Themes").path])
    return PlaygroundView(theme: try library.theme(name, depth: depth), glyphs: glyphs)
  }
}
