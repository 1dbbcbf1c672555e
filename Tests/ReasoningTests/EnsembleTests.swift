import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct EnsembleTests {
  private static let pieces = ["Q: ?\nA:", " The answer is", " 8", " 5", ".", "<end>"]

  /// Says 8 with a given chance, else 5.
  private static func model(_ name: String, _ chance: Double) -> TableLanguageModel {
    TableLanguageModel(name: name, pieces: pieces, end: 5) { prefix in
      switch prefix.last {
      case 0: [1: 1]
      case 1: [2: chance, 3: 1 - chance]
      case 2, 3: [4: 1]
      default: [5: 1]
      }
    }
  }

  private static func records(
    _ models: [any LanguageModel], _ settings: RunSettings = RunSettings(), slots: Int = 8
  ) async -> [TraceRecord] {
    let decoders = models.map { Decoder(model: $0, slots: slots) }
    let log = Mutex<[TraceRecord]>([])
    await Ensemble().run(
      Question(text: "Q: ?\nA:", gold: "8", kind: .number, isRaw: true), settings: settings,
      decoder: decoders[0], library: PromptLibrary(directory: ""),
      peers: Array(decoders.dropFirst())
    ) { record in log.withLock { $0.append(record) } }
    return log.withLock { $0 }
  }

  @Test func differentModelsVoteAndEachIsARunOfItsOwn() async throws {
    let models = [Self.model("a", 0.4), Self.model("b", 0.9), Self.model("c", 0.6)]
    let trace = Trace(await Self.records(models))
    let run = try #require(trace.runs[1])
    #expect(run.end?.answer == "8")
    #expect(run.end?.correct == true)
    #expect(run.tally(.majority)?.votes == ["8": 2, "5": 1])
    let members = trace.runs.keys.sorted().dropFirst().compactMap { trace.runs[$0] }
    #expect(members.compactMap { $0.start?.model.hash } == ["table-a", "table-b", "table-c"])
    #expect(members.map { $0.end?.answer } == ["5", "8", "8"])
    // What a member's tokens were likely is its own run's, even where the text is the same.
    let chances = members.compactMap { member in
      member.paths[0]?.answerSpan.flatMap { member.nodes[$0.first]?.logProbability }.map { exp($0) }
    }
    #expect(zip(chances, [0.6, 0.9, 0.6]).allSatisfy { abs($0 - $1) < 1e-6 })
    // The whole costs what its parts cost.
    let parts = members.compactMap(\.end?.tokens).reduce(TokenCounts(), +)
    #expect(run.end?.tokens == parts)
    #expect(parts.generated == 12)
  }

  /// Pooled samples come out as the mean of the models' own marginals.
  @Test func talliesFollowTheMeanOfTheMarginals() async throws {
    let samples = 400
    let models = [Self.model("a", 0.2), Self.model("b", 0.9)]
    let records = await Self.records(
      models, RunSettings(samples: samples, temperature: 1, detail: 0))
    let trace = Trace(records)
    let votes = try #require(trace.runs[1]?.tally(.majority)?.votes)
    #expect(votes.values.reduce(0, +) == Double(2 * samples))
    let variance = (0.2 * 0.8 + 0.9 * 0.1) / 4 / Double(samples)
    let share = (votes["8"] ?? 0) / Double(2 * samples)
    #expect(abs(share - 0.55) < 4 * variance.squareRoot())
  }

  @Test(arguments: [1, 3]) func theWidthChangesNothing(slots: Int) async {
    func trace(_ slots: Int) async -> Trace {
      Trace(
        await Self.records(
          [Self.model("a", 0.2), Self.model("b", 0.9)],
          RunSettings(samples: 9, temperature: 1), slots: slots))
    }
    #expect(await trace(slots) == (await trace(8)))
  }

  @Test func theSameWeightsDoNotVoteTwiceAndOneModelIsNone() async throws {
    for (models, error) in [
      ([Self.model("a", 0.4), Self.model("a", 0.4)], StrategyError.sameModel),
      ([Self.model("a", 0.4)], .oneModel),
    ] {
      let trace = Trace(await Self.records(models))
      #expect(trace.runs[1]?.end?.reason == .failed)
      #expect(trace.runs[1]?.end?.message == error.description)
    }
  }

  @Test func aMixtureDecodesFromTheMeanOfTheDistributions() async throws {
    // Greedily .4 against .6 and .55 against .45: each says otherwise, the mean says 5.
    let mixture = try MixtureModel([Self.model("a", 0.4), Self.model("b", 0.55)])
    let run = try #require(Trace(await Self.records([mixture])).runs[1])
    #expect(run.end?.answer == "5")
    let span = try #require(run.paths[0]?.answerSpan)
    let chance = exp(try #require(run.nodes[span.first]?.logProbability))
    #expect(abs(chance - 0.525) < 1e-6)
    #expect(run.start?.model.hash == "table-a+table-b")
  }
}
