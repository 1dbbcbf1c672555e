import Foundation
import Reasoning
import Testing

@testable import Traces

@Suite struct StrategyShapeTests {
  private static let shapes: [String: StrategyShape] = [
    "greedy": .path, "sample": .branches, "cot": .path, "few-shot-cot": .path,
    "cot-decoding": .branches, "self-consistency": .votes, "best-of-n": .ranking,
    "beam": .tokensSearch, "step-beam": .stepSearch, "dvts": .stepSearch,
    "lookahead": .stepSearch, "mcts": .treeSearch, "budget-forcing": .path, "genrm": .ranking,
    "self-correct": .path, "analogical": .path, "step-back": .path, "retrieval": .path,
    "ensemble": .votes,
  ]

  @Test func everyStrategyHasAShape() {
    let all = StrategyRegistry.all.map { $0.description }
    #expect(Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0.shape) }) == Self.shapes)
  }

  @Test func whatShapesAre() {
    func names(_ property: KeyPath<StrategyDescription, Bool>) -> Set<String> {
      Set(StrategyRegistry.all.map { $0.description }.filter { $0[keyPath: property] }.map(\.name))
    }
    #expect(names(\.shape.searches) == ["beam", "step-beam", "dvts", "lookahead", "mcts"])
    #expect(names(\.shape.growsBranches) == ["sample", "cot-decoding", "beam"])
    #expect(
      names(\.shape.ranksCandidates) == [
        "best-of-n", "genrm", "step-beam", "dvts", "lookahead", "mcts",
      ])
    #expect(
      names(\.shape.takesVotes) == [
        "self-consistency", "ensemble", "best-of-n", "genrm", "step-beam", "dvts", "lookahead",
        "mcts",
      ])
  }

  /// The shape agrees with the settings that go with it.
  @Test(arguments: StrategyRegistry.names) func settingsFitTheShape(name: String) throws {
    let strategy = try #require(StrategyRegistry.description(of: name))
    #expect(strategy.shape.ranksCandidates == strategy.settings.contains(.vote))
    #expect(strategy.shape.ranksCandidates == (strategy.defaultVote != nil))
    let counts = strategy.settings.contains { [.weighting, .vote, .combine].contains($0) }
    #expect(strategy.shape.takesVotes == counts)
    if strategy.shape == .path {
      #expect(!strategy.settings.contains(.samples))
      #expect(!strategy.settings.contains(.branches))
    }
  }

  @Test func aScreenForAShapeStartsAStrategyOfIt() {
    for shape in StrategyShape.allCases { #expect(StrategyRegistry.usual(shape).shape == shape) }
  }

  /// What a strategy is stands in its description: nobody compares its name.
  @Test(arguments: ["Reasoning", "ponder"]) func noNameIsCompared(folder: String) throws {
    let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Sources/\(folder)")
    let own = Set(["Ensemble.swift", "Strategy.swift"])
    let files = try #require(
      FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
    for case let file as URL in files
    where file.pathExtension == "swift" && !own.contains(file.lastPathComponent) {
      for line in try String(contentsOf: file, encoding: .utf8).split(separator: "\n")
      where line.contains("==") || line.contains("!=") || line.contains(" is ") {
        let isCompared =
          line.contains(".description.name") || line.contains("is Ensemble")
          || StrategyRegistry.names.contains { line.contains("strategy == \"\($0)\"") }
        #expect(!isCompared, "\(file.lastPathComponent): \(line)")
      }
    }
  }
}
