import Decoding
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Reasoning
@testable import Traces

/// The paths behind an ensemble's answers: they are its members', runs of their own.
@Suite struct EnsembleVotesTests {
  private static let each = 4

  /// Two models that sample four paths each, as `Ensemble` leaves them.
  private static func records() async throws -> [TraceRecord] {
    var settings = Fixtures.settings
    settings.samples = each
    let question = Fixtures.question
    var records = [
      TraceRecord(
        run: 1,
        .run(
          RunStart(
            strategy: "ensemble", model: Fixtures.model.identity, seed: 1, question: question,
            settings: settings)))
    ]
    var tally = Tally(method: .majority, votes: [:], unparsed: 0, order: [])
    for member in 0..<2 {
      var own = settings
      own.seed = UInt64(7 + member)
      var ends: [PathEnd] = []
      for record in try await Fixtures.records(of: "sample", settings: own) {
        var record = record
        record.run = 1 + 1000 * (member + 1)
        if case .run(var start) = record.event {
          start.settings = settings
          start.model.name = "model\(member)"
          record.event = .run(start)
        }
        if case .pathFinished(let end) = record.event { ends.append(end) }
        records.append(record)
      }
      for end in ends.sorted(by: { $0.path < $1.path }) {
        guard let answer = end.answer else {
          tally.unparsed += 1
          continue
        }
        if tally.votes[answer] == nil { tally.order.append(answer) }
        tally.votes[answer, default: 0] += 1
        records.append(TraceRecord(run: 1, .tally(tally)))
      }
    }
    return records
  }

  @Test(arguments: [false, true]) func everyAnswerHasItsPaths(saved: Bool) async throws {
    let records = try await Self.records()
    var play = Play(saved ? Fixtures.empty(80, 24) : Fixtures.ready(80, 24))
    if saved {
      play.state.show(Trace(records))
      #expect(play.state.screen == .votes)
    } else {
      for record in records { play.send(.trace([record])) }
      play.type("3")
    }
    let standings = play.state.votes.standings.filter { $0.weight > 0 }
    #expect(play.state.votes.digest.counted == 8)
    #expect(standings.count > 1)
    #expect(play.state.votes.wanted == 8)
    var seen: Set<Int> = []
    for standing in standings {
      let detail = AnswerDetail(answer: standing.answer, in: play.state.votes.digest, nil)
      #expect(detail.paths.count == Int(standing.weight))
      seen.formUnion(detail.paths)
      for path in detail.paths {
        let origin = play.state.trace.origin(ofPath: path, in: 1)
        #expect(origin == (path < 4 ? 1001 : 2001, path % 4))
        let own = try #require(play.state.trace.runs[origin.run]?.paths[origin.path])
        #expect(own.answer == standing.answer)
        #expect(play.state.votes.digest.paths[path]?.nodes == own.nodes)
        #expect(play.state.votes.model(ofPath: path)?.hasPrefix("model\(path / 4)") == true)
      }
    }
    #expect(seen == Set(0..<8))
  }

  @Test func aPathIsShownWithItsModelAndOpened() async throws {
    var play = Play(Fixtures.ready(80, 24))
    play.send(.trace(try await Self.records()))
    play.type("3")
    play.press(.enter, .end)
    Snapshot.check(Fixtures.draw(play.state), named: "votes-ensemble-80x24")
    let path = try #require(play.state.votes.selectedPath)
    let origin = play.state.trace.origin(ofPath: path, in: 1)
    play.type("v")
    #expect(play.state.votes.marked == nil)
    #expect(play.state.message != nil)
    play.press(.enter)
    let run = try #require(play.state.trace.runs[origin.run])
    #expect(play.state.screen == .decode)
    #expect(run.paths[origin.path]?.nodes.contains(play.state.cursor) == true)
  }

  @Test func damagedNumbersAreNoHarm() async throws {
    var play = Play(Fixtures.ready(80, 24))
    let records = try await Self.records()
    for number in [Int.min, -1, Int.max] {
      for record in records {
        var record = record
        record.run = number
        play.send(.trace([record]))
      }
    }
    play.send(.trace(records))
    #expect(play.state.trace.members(of: 1) == [1001, 2001])
  }
}
