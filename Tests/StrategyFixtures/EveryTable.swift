package import Decoding
package import DecodingFixtures
import Foundation
import Problems
import Reasoning
import Synchronization

@testable package import Traces

/// A table on which every strategy finds something to do: thoughts, an answer, words that look
/// again, recalled problems, passages, verdicts on solutions and on steps. Every prefix has chances of
/// its own.
package enum EveryTable {
  package static let pieces = [
    PromptFormat.plain("How many?"), PromptFormat.trigger, " a.", " b.", " c.",
    PromptFormat.answerMarker, " 8", " 5", ".", PromptFormat.stepTag, PromptFormat.rightStep,
    PromptFormat.wrongStep, PromptFormat.stepRestatement, PromptFormat.verdict,
    PromptFormat.verdictWithRationale, PromptFormat.yes, PromptFormat.no, PromptFormat.wait,
    PromptFormat.recheck, PromptFormat.recall, PromptFormat.recalled, " What is 2 + 2?",
    PromptFormat.nowSolve, PromptFormat.stepBack, "How many pears: eight.",
    "How many plums: five.", "\n\n", "<end>",
  ]
  package static let end = TokenID(pieces.count - 1)

  static func token(_ piece: String) -> TokenID { TokenID(pieces.firstIndex(of: piece) ?? 0) }

  /// Between .1 and .9, a prefix's own.
  private static func chance(_ prefix: [TokenID], _ salt: Int) -> Double {
    0.1 + 0.8 * Double(prefix.reduce(salt) { ($0 * 31 + Int($1) + 7) % 1009 }) / 1009
  }

  /// - Parameter salt: tables of other salts have other chances.
  package static func model(_ name: String = "every", salt: Int = 17) -> TableLanguageModel {
    let thoughts = [" a.", " b.", " c."].map(token)
    let (marker, stop) = (token(PromptFormat.answerMarker), token("."))
    let (eight, five) = (token(" 8"), token(" 5"))
    let (tag, restated) = (token(PromptFormat.stepTag), token(PromptFormat.stepRestatement))
    let rationale = token(PromptFormat.verdictWithRationale)
    let (yes, no) = (token(PromptFormat.yes), token(PromptFormat.no))
    let (recall, recalled) = (token(PromptFormat.recall), token(PromptFormat.recalled))
    let (problem, now) = (token(" What is 2 + 2?"), token(PromptFormat.nowSolve))
    let beginnings = [
      0, token(PromptFormat.trigger), token(PromptFormat.wait), token(PromptFormat.recheck),
      token(PromptFormat.stepBack), problem, now, restated, rationale, recall,
    ]
    return TableLanguageModel(name: name, pieces: pieces, end: end) { prefix in
      let p = chance(prefix, salt)
      let begun = prefix.lastIndex { beginnings.contains($0) } ?? 0
      let said = prefix[begun...].dropFirst()
      let mode = prefix.isEmpty ? 0 : prefix[begun]
      switch prefix.last ?? 0 {
      case tag:
        return [
          token(PromptFormat.rightStep): p * 0.9, token(PromptFormat.wrongStep): (1 - p) * 0.9,
          end: 0.1,
        ]
      case token(PromptFormat.verdict): return [yes: p, no: 1 - p]
      case recall: return [recalled: 1]
      case recalled: return [problem: 1]
      case marker: return [eight: p, five: 1 - p]
      case eight, five, yes, no: return [stop: 1]
      case stop:
        // A recalled problem is followed by the question's own solution, if one thinks of it.
        return mode == problem ? [now: p, end: 1 - p] : [end: 1]
      default: break
      }
      let count = said.count { thoughts.contains($0) }
      if mode == restated, count == 1 { return [tag: p, end: 1 - p] }
      if mode == rationale, count == 1 { return [yes: p, no: 1 - p] }
      if count > 3 { return [marker: 1] }
      let early = count == 0 ? 0.1 : 0.3
      return [
        thoughts[0]: (1 - early) * p, thoughts[1]: (1 - early) * (1 - p) * 0.6,
        thoughts[2]: (1 - early) * (1 - p) * 0.4, marker: early,
      ]
    }
  }
}

/// Runs any strategy by its name on `EveryTable`, an ensemble on two more like it.
package struct EveryStrategy: Sendable {
  package var name: String
  package var slots = 4
  package var seed: UInt64 = 1
  package var overTime: Bool?
  /// The right answer, which only grading may see.
  package var gold: String? = "8"

  private static let checkout = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
  private static let prompts = checkout.appending(path: "Samples/Prompts").path
  /// The passages that are tokens of the table.
  private static let corpus = checkout.appending(path: "Tests/Fixtures/pears.txt").path

  /// Turns the settings, once all others are in place.
  package var turn: @Sendable (inout RunSettings) -> Void = { _ in }

  package init(name: String, overTime: Bool? = nil) {
    self.name = name
    self.overTime = overTime
  }

  /// What a run left: its events, and how many came behind its end.
  package struct Outcome {
    package var records: [TraceRecord]
    package var late: Int
  }

  /// - Parameter limit: cancels the run at this event, counted from 0.
  package func run(cancelledAt limit: Int? = nil) async throws -> Outcome {
    let strategy = try StrategyRegistry.strategy(named: name)
    let decoder = Decoder(model: EveryTable.model(), slots: slots)
    let peers = [("second", 5), ("third", 91)].map {
      Decoder(model: EveryTable.model($0.0, salt: $0.1), slots: slots)
    }
    var settings = RunSettings(
      seed: seed, samples: 6, branches: 3, maxTokens: 24, rationales: 2, leaves: 3, waits: 2,
      answerOverTime: overTime, passages: 2, detail: 3)
    if name == Retrieve.description.name { settings.corpus = Self.corpus }
    turn(&settings)
    let log = Mutex<[TraceRecord]>([])
    let task = Mutex<Task<RunEnd, Never>?>(nil)
    let (started, go) = AsyncStream<Void>.makeStream()
    let work = Task { [settings] in
      for await _ in started { break }
      return await strategy.run(
        Question(text: "How many?", gold: gold, kind: .number), settings: settings,
        decoder: decoder, library: PromptLibrary(directory: Self.prompts), peers: peers
      ) { record in
        let count = log.withLock { log in
          log.append(record)
          return log.count
        }
        if count - 1 == limit { task.withLock { $0 }?.cancel() }
      }
    }
    task.withLock { $0 = work }
    go.yield()
    _ = await work.value
    let records = log.withLock { $0 }
    // Whatever the decoders were still about is through when they have answered once more.
    for decoder in [decoder] + peers {
      _ = try await decoder.distribution(after: decoder.insert([0]))
    }
    return Outcome(records: records, late: log.withLock { $0.count } - records.count)
  }
}
