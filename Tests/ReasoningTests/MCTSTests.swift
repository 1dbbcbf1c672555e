import Decoding
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

@Suite struct MCTSTests {
  private let value = StepTable.digest(12)

  private func settings(_ simulations: Int, leaves: Int) -> RunSettings {
    RunSettings(
      samples: simulations, branches: 12, temperature: 1, verifier: .prm, leaves: leaves, detail: 0)
  }

  private func trace(_ simulations: Int, leaves: Int) async throws -> RunTrace {
    let value = value
    return try await StrategyBench(model: { StepTable.model(value: value) }, slots: 64).trace(
      MCTS(), settings(simulations, leaves: leaves))
  }

  /// The lines of the simulations, from below the root, in order.
  private func lines(_ run: RunTrace) -> [[NodeID]] {
    var lines: [Int: [NodeID]] = [:]
    for visit in run.visits { lines[visit.iteration, default: []].append(visit.node) }
    return lines.sorted { $0.key < $1.key }.map(\.value)
  }

  @Test(arguments: [1, 8]) func visitsAndBackupsKeepTheLaws(leaves: Int) async throws {
    let run = try await trace(40, leaves: leaves)
    let lines = lines(run)
    #expect(lines.count == 40)
    var children: [NodeID: Set<NodeID>] = [:]
    for line in lines {
      for (parent, child) in zip([run.promptEnd] + line, line) {
        children[parent, default: []].insert(child)
      }
    }
    let backups = Dictionary(grouping: run.backups, by: \.node)
    #expect(backups[run.promptEnd]?.count == 40)
    for (node, own) in backups {
      // N counts up one by one, Q is the mean of what came up.
      #expect(own.map(\.visits) == Array(1...own.count))
      let mean = own.map(\.value).reduce(0, +) / Double(own.count)
      #expect(abs((own.last?.q ?? -1) - mean) < 1e-12)
      // Every visit goes on to a child, down to an end.
      guard let below = children[node] else { continue }
      #expect(own.count == below.reduce(0) { $0 + (backups[$1]?.count ?? 0) })
    }
    // Each simulation is backed up along its own line, in the order in which it began.
    var told: [Int: [NodeID]] = [:]
    for backup in run.backups { told[backup.iteration, default: []].append(backup.node) }
    for (index, line) in lines.enumerated() {
      #expect(told[index + 1] == ([run.promptEnd] + line).reversed())
    }
    #expect(run.backups.map(\.iteration) == run.backups.map(\.iteration).sorted())
  }

  /// With one leaf in flight every choice can be checked by hand from what was told before.
  @Test func everyChoiceIsTheGreatestSumOfQAndU() async throws {
    let run = try await trace(60, leaves: 1)
    var visits: [NodeID: Int] = [:]
    var sums: [NodeID: Double] = [:]
    let priors = Dictionary(
      run.paths.values.flatMap(\.scores).filter { $0.kind == .prior }.compactMap { score in
        score.node.map { ($0, score.value) }
      }, uniquingKeysWith: { first, _ in first })
    let siblings = Dictionary(grouping: priors.keys) { run.nodes[$0]?.parent ?? .root }
    func parts(_ node: NodeID, descents: Int) -> (q: Double, u: Double) {
      let count = visits[node] ?? 0
      let choices = StepTable.choices(run.tokens(to: node).map(\.id))
      let weight = log(Double(descents + 19653) / 19652) + 1.25
      return (
        count > 0 ? (sums[node] ?? 0) / Double(count) : value(choices),
        (priors[node] ?? 0) * weight * Double(descents).squareRoot() / Double(1 + count)
      )
    }
    for (index, line) in lines(run).enumerated() {
      for visit in run.visits where visit.iteration == index + 1 {
        let all = siblings[run.nodes[visit.node]?.parent ?? .root] ?? []
        let descents = all.reduce(0) { $0 + (visits[$1] ?? 0) }
        let own = parts(visit.node, descents: descents)
        #expect(visit.visits == visits[visit.node] ?? 0)
        #expect(abs(visit.q - own.q) < 1e-6)
        #expect(abs(visit.u - own.u) < 1e-6)
        for other in all {
          let rival = parts(other, descents: descents)
          #expect(rival.q + rival.u <= own.q + own.u + 1e-6)
        }
      }
      let worth = run.backups.first { $0.iteration == index + 1 }?.value ?? 0
      for node in line {
        visits[node, default: 0] += 1
        sums[node, default: 0] += worth
      }
    }
    for (_, group) in siblings {
      #expect(abs(group.reduce(0) { $0 + (priors[$1] ?? 0) } - 1) < 1e-9)
    }
  }

  /// The best solution by the verifier is what exhaustive search finds.
  @Test func itFindsWhatBackwardInductionFinds() async throws {
    let run = try await trace(150, leaves: 8)
    let best = StepTable.all.map(value).max() ?? 0
    let answer = try #require(run.end?.answer.flatMap { Int($0) })
    #expect(abs(value(StepTable.all[answer]) - best) < 1e-6)
  }

  /// The answer's step and the end are told with it: a simulation is worth what the last step is.
  @Test func aSimulationIsWorthItsEnd() async throws {
    let run = try await trace(30, leaves: 4)
    for line in lines(run).enumerated() {
      let last = try #require(line.element.last)
      let choices = StepTable.choices(run.tokens(to: last).map(\.id))
      #expect(choices.count == 3)
      for backup in run.backups where backup.iteration == line.offset + 1 {
        #expect(abs(backup.value - value(choices)) < 1e-6)
      }
    }
    // Steps that were never tried to the end are told as such.
    let reasons = Set(run.paths.values.compactMap { $0.end?.reason })
    #expect(reasons.isSubset(of: ["end_of_text", "pruned", "unfinished"]))
  }

  /// Eight leaves grow in one batch: the same work in far fewer passes.
  @Test func leavesInFlightAreOneBatch() async {
    let value = value
    func passes(leaves: Int) async -> [Int] {
      let model = ObservedModel(StepTable.model(value: value))
      let run = await model.run(MCTS(), settings(32, leaves: leaves), slots: 256)
      #expect(run.end?.reason == .completed)
      return model.passes
    }
    let (one, eight) = (await passes(leaves: 1), await passes(leaves: 8))
    #expect(eight.count * 3 < one.count * 2)
    // Twelve samples of one leaf at most, or of several.
    #expect(one.max() ?? 0 <= 24)
    #expect(eight.max() ?? 0 > 36)
  }

  /// Tokens that branches share are computed once and then reused.
  @Test func sharedBeginningsAreReused() async throws {
    let run = try await trace(30, leaves: 8)
    let tokens = try #require(run.end?.tokens)
    #expect(tokens.prompt == 1)
    #expect(tokens.reused > 0)
    #expect(tokens.generated > 0)
  }
}
