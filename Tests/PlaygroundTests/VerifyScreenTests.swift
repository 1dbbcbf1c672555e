import Decoding
import Foundation
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Problems
@testable import Traces

@Suite struct VerifyScreenTests {
  /// Candidates of the apples: what they say, sentence by sentence, with what a process verifier
  /// gives each, and the answer.
  private static let solutions: [(steps: [(text: String, prm: Double)], answer: String?)] = [
    ([(" 3 + 2 = 5.", 0.95), (" 3 + 5 = 8.", 0.9), (" The answer is 8.", 0.97)], "8"),
    ([(" 3 + 2 = 6.", 0.35), (" 3 + 6 = 9.", 0.6), (" The answer is 9.", 0.5)], "9"),
    // A verifier may like what is wrong.
    ([(" The answer is 5.", 0.92)], "5"),
    ([(" 梨三个和苹果🍎两个，一共 5 and", 0.1)], nil),
    ([(" 3 + 2 = 5.", 0.93), (" 3 + 5 = 8.", 0.15), (" The answer is 8.", 0.8)], "8"),
  ]

  /// p(Yes) of the rationales behind each candidate.
  private static let verdicts: [[Double]] = [
    [0.9, 0.8], [0.3, 0.5], [0.95, 0.9], [0.1, 0], [0.6, 0.2],
  ]

  private static let prompt = NodeID.root.appending(1000)
  private static let rationale: TokenID = 900

  /// The events of a ranked run, as `BestOfN` leaves them.
  static func records(
    _ verifier: VerifierName, number: Int = 1, strategy: String = BestOfN.description.name,
    aggregate: RunSettings.Aggregate? = nil
  ) -> [TraceRecord] {
    var settings = Fixtures.settings
    settings.aggregate = aggregate
    (settings.samples, settings.verifier, settings.rationales) = (5, verifier, 2)
    var events: [TraceEvent] = [
      .run(
        RunStart(
          strategy: strategy, model: Fixtures.model.identity, seed: 1,
          question: Fixtures.question, settings: settings)),
      .injected(
        Injection(
          role: .prompt, path: nil, parent: .root, end: prompt,
          tokens: [Token(id: 1000, bytes: Array(Fixtures.question.text.utf8))])),
    ]
    var tips: [NodeID] = []
    for (path, solution) in solutions.enumerated() {
      var node = prompt
      for (step, sentence) in solution.steps.enumerated() {
        let token = Token(
          id: TokenID(path * 10 + step), bytes: Array(sentence.text.utf8))
        let child = node.appending(token.id)
        events.append(
          .node(
            NodeEvent(
              id: child, parent: node, path: path, token: token, logProbability: log(0.5))))
        node = child
      }
      tips.append(node)
      events.append(
        .score(
          Score(
            kind: .likelihood, path: path, value: Double(solution.steps.count) * log(0.5))))
      events.append(
        .pathFinished(
          PathEnd(
            path: path, end: node, reason: solution.answer == nil ? "length" : "stop",
            answer: solution.answer, generated: solution.steps.count)))
    }
    events += verifier == .prm ? processEvents() : generativeEvents()
    events.append(
      .finished(
        RunEnd(
          reason: .completed, answer: "5", correct: false,
          tokens: TokenCounts())))
    return events.map { TraceRecord(run: number, $0) }
  }

  private static func processEvents() -> [TraceEvent] {
    solutions.enumerated().flatMap { path, solution -> [TraceEvent] in
      var node = prompt
      var events: [TraceEvent] = []
      for (step, sentence) in solution.steps.enumerated() {
        node = node.appending(TokenID(path * 10 + step))
        events.append(.span(Span(kind: .step, path: path, first: node, last: node)))
        events.append(.score(Score(kind: .prm, path: path, node: node, value: sentence.prm)))
      }
      let terms = solution.steps.map(\.prm)
      events.append(
        .score(Score(kind: .prm, path: path, value: terms.min() ?? 0, terms: terms)))
      return events
    }
  }

  private static func generativeEvents() -> [TraceEvent] {
    let question = NodeID.root.appending(1000)
    var events: [TraceEvent] = []
    for path in solutions.indices {
      let start = question.appending(TokenID(500 + path))
      events.append(
        .injected(
          Injection(
            role: .strategy, path: nil, parent: question, end: start,
            tokens: [Token(id: TokenID(500 + path), bytes: Array(" Is it right?".utf8))])))
      for (index, p) in verdicts[path].enumerated() {
        let number = solutions.count + path * 2 + index
        let words = Token(
          id: rationale + TokenID(index), bytes: Array(" Let's verify: check \(index + 1).".utf8))
        let place = start.appending(words.id)
        events.append(
          .node(
            NodeEvent(
              id: place, parent: start, path: number, token: words, logProbability: log(0.4))))
        events.append(
          .pathFinished(
            PathEnd(path: number, end: place, reason: "stop", answer: nil, generated: 1)))
        if p > 0 {
          events.append(.score(Score(kind: .genrm, path: number, node: place, value: p)))
        }
      }
      let mean = verdicts[path].reduce(0, +) / 2
      events.append(
        .score(Score(kind: .genrm, path: path, value: mean, terms: verdicts[path])))
    }
    return events
  }

  /// A state that shows a ranked run in Verify.
  static func ranked(_ verifier: VerifierName, _ width: Int, _ height: Int) -> PlaygroundState {
    var state = Fixtures.ready(width, height)
    let reducer = Reducer()
    _ = reducer.reduce(&state, .trace(records(verifier)))
    _ = reducer.reduce(&state, .command(.screen(VerifyScreen.id)))
    return state
  }

  @Test(arguments: [(80, 24), (60, 16), (120, 40), (200, 60)])
  func stepsAsAStrip(width: Int, height: Int) {
    var play = Play(Self.ranked(.prm, width, height))
    play.press(.down)
    play.press(.enter)
    Snapshot.check(Fixtures.draw(play.state), named: "verify-prm-\(width)x\(height)")
  }

  @Test(
    arguments: [
      ("best-of-n", nil, "prm, the weakest step"), ("step-beam", nil, "prm, the last step"),
      ("mcts", nil, "prm, the last step"), ("step-beam", .min, "prm, the weakest step"),
      ("best-of-n", .mean, "prm, the mean of steps"),
    ] as [(String, RunSettings.Aggregate?, String)])
  func theHeaderSaysHowStepsBecameAScore(
    strategy: String, aggregate: RunSettings.Aggregate?, said: String
  ) {
    var state = Fixtures.ready(80, 24)
    let reducer = Reducer()
    let records = Self.records(.prm, strategy: strategy, aggregate: aggregate)
    _ = reducer.reduce(&state, .trace(records))
    _ = reducer.reduce(&state, .command(.screen(VerifyScreen.id)))
    #expect(Fixtures.draw(state).textSnapshot().contains(said))
  }

  @Test(arguments: [(80, 24), (60, 16), (200, 60)])
  func rationalesWithTheirVerdicts(width: Int, height: Int) {
    Snapshot.check(
      Fixtures.draw(Self.ranked(.genrm, width, height)), named: "verify-genrm-\(width)x\(height)")
  }

  @Test func sixteenColoursAndNoneAndAscii() throws {
    let state = Self.ranked(.prm, 80, 24)
    for (name, depth) in [("16", ColorDepth.ansi16), ("mono", .none)] {
      let view = try Fixtures.view(depth: depth)
      Snapshot.check(Fixtures.draw(state, view: view), named: "verify-80x24-\(name)")
    }
    let ascii = Fixtures.draw(state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.unicodeScalars.contains { !$0.isASCII })
    // Sure, torn and between are told apart, and so is what is right.
    for sign in ["@@@", "v right", "x wrong"] { #expect(ascii.contains(sign)) }
  }

  @Test func beforeAnythingWasRanked() {
    var play = Play(Fixtures.ready(80, 24))
    play.type("5")
    Snapshot.check(Fixtures.draw(play.state), named: "verify-blank-80x24")
  }

  @Test func theVerifierRanksAndTheOracleStandsApart() {
    let verify = Self.ranked(.prm, 80, 24).verify
    #expect(verify.own == .own(.prm))
    #expect(verify.ranking == .own(.prm))
    #expect(verify.ranked.map(\.path) == [2, 0, 1, 4, 3])
    #expect(verify.ranked.map(\.isRight) == [false, true, false, true, nil])
    // What the run answered is the first in rank's, though it is wrong.
    #expect(verify.ranked.map(\.isWinner) == [true, false, false, false, false])
    // Two right ones, at .9 and .15, against wrong ones at .92 and .35: one of four pairs.
    #expect(verify.area == 0.25)
  }

  @Test func theExactCheckerJudgesStepsUpToTheFirstWrongOne() throws {
    let verify = Self.ranked(.prm, 80, 24).verify
    func steps(_ path: Int) throws -> [Bool?] {
      try #require(verify.ranked.first { $0.path == path }).judgements.map(\.isRight)
    }
    #expect(try steps(0) == [true, true, true])
    #expect(try steps(1) == [false, nil, nil])
    #expect(try steps(2) == [false])
  }

  @Test func rationalesBelongToTheirCandidates() {
    let verify = Self.ranked(.genrm, 80, 24).verify
    #expect(verify.ranked.map(\.path) == [2, 0, 1, 4, 3])
    for candidate in verify.ranked {
      #expect(candidate.judgements.map(\.value) == Self.verdicts[candidate.path])
      #expect(
        candidate.judgements.map(\.text) == ["Let's verify: check 1.", "Let's verify: check 2."])
    }
    // Rationales are paths, but no candidates.
    #expect(verify.ranked.count == 5)
    #expect(verify.digest.numbers.count == 15)
  }

  @Test func theSameCandidatesCanBeRankedOtherwise() {
    var play = Play(Self.ranked(.prm, 80, 24))
    play.press(.down)
    let path = play.state.verify.selected?.path
    play.type("w")
    // How many have the same answer.
    #expect(play.state.verify.ranking == .majority)
    #expect(play.state.verify.ranked.map(\.path) == [0, 4, 1, 2, 3])
    play.type("w")
    #expect(play.state.verify.ranking == .likelihood)
    #expect(play.state.verify.selected?.path == path)
    #expect(play.state.verify.ranked.map(\.path) == [2, 3, 0, 1, 4])
    #expect(Fixtures.draw(play.state).textSnapshot().contains("the run by prm"))
    play.type("w")
    #expect(play.state.verify.ranking == .own(.prm))
  }

  @Test func aStepOpensInDecode() throws {
    var play = Play(Self.ranked(.prm, 80, 24))
    play.press(.down)
    play.press(.enter, .down)
    #expect(play.state.verify.focus == .judgements)
    #expect(play.state.verify.judgement?.value == 0.9)
    play.press(.enter)
    #expect(play.state.screen == DecodeScreen.id)
    // The place before the second step, where the table shows what it was chosen from.
    #expect(play.state.cursor == Self.prompt.appending(0))
    play.type("5")
    play.press(.escape)
    #expect(play.state.verify.focus == .candidates)
    play.type("o")
    #expect(play.state.screen == DecodeScreen.id)
    #expect(play.state.cursor == Self.prompt.appending(0).appending(1).appending(2))
  }

  @Test func aVerdictOpensWhereItIsRead() {
    var play = Play(Self.ranked(.genrm, 80, 24))
    play.press(.enter, .down, .enter)
    let place = NodeID.root.appending(1000).appending(502).appending(Self.rationale + 1)
    #expect(play.state.screen == DecodeScreen.id)
    #expect(play.state.cursor == place)
  }

  @Test func clicksSelectAndOpen() {
    var play = Play(Self.ranked(.prm, 80, 24))
    func click(_ part: KeyPath<VerifyLayout, Rect>, _ row: Int) {
      let rect = play.state.verify.layout(play.state.session)[keyPath: part]
      play.send(.mouse(MouseEvent(.press(.left), at: Point(x: 9, y: rect.y + 1 + row))))
    }
    click(\.table, 1)
    #expect(play.state.verify.position.selected == 1)
    click(\.judgements, 2)
    #expect(play.state.verify.focus == .judgements)
    #expect(play.state.verify.judged.selected == 2)
    play.send(.mouse(MouseEvent(.press(.right), at: Point(x: 9, y: 9))))
    #expect(play.state.verify.focus == .candidates)
    click(\.judgements, 2)
    click(\.judgements, 2)
    #expect(play.state.screen == DecodeScreen.id)
  }

  // MARK: Comparing verifiers

  private static let judge = "2m+implicit@390"
  /// What a judge makes of each candidate: it finds both right ones.
  private static let judged = [-2.0, -9, -7, -12, -3]

  /// The candidates that a process verifier has ranked, and a trained judge after it.
  private static func compared(_ width: Int, _ height: Int) -> PlaygroundState {
    var state = ranked(.prm, width, height)
    _ = Reducer().reduce(&state, .trace(reviewed()))
    return state
  }

  private static func reviewed(_ count: Int = 5) -> [TraceRecord] {
    judged.prefix(count).enumerated().map { path, value in
      TraceRecord(
        run: 1,
        .score(
          Score(
            kind: .implicit, path: path, value: value, judge: judge, verifier: .implicit)))
    }
  }

  @Test func everyRankingIsSummedUp() throws {
    let verify = Self.compared(80, 24).verify
    let review = CandidateRanking.review(Review(.implicit, judge: Self.judge))
    #expect(verify.rankings == [.own(.prm), review, .majority, .likelihood])
    #expect(verify.rows.map(\.ranking) == verify.rankings)
    #expect(verify.rows.map(\.pick) == ["5", "8", nil, "5"])
    #expect(verify.rows.map(\.isPickRight) == [false, true, nil, false])
    // .92 for 5 against .9 + .15 for 8; votes by exp of scores; two of five; p .5 against .125 twice.
    #expect(verify.rows.map(\.vote) == ["8", "8", "8", "5"])
    #expect(verify.rows.map(\.isVoteRight) == [true, true, true, false])
    #expect(verify.rows.map(\.area) == [0.25, 1, 1, 0.25])
    #expect(verify.rows.map(\.firstRight) == [2, 1, 1, 3])
    #expect(verify.rows.map(\.count) == [5, 5, 4, 5])
  }

  @Test func theRowUnderTheCursorRanksTheCandidates() {
    var play = Play(Self.compared(80, 24))
    play.type("x")
    #expect(play.state.verify.focus == .comparison)
    play.press(.down)
    #expect(play.state.verify.ranked.map(\.path) == [0, 4, 2, 1, 3])
    play.press(.down)
    #expect(play.state.verify.ranking == .majority)
    play.press(.up, .up)
    #expect(play.state.verify.ranked.map(\.path) == [2, 0, 1, 4, 3])
    play.press(.escape)
    #expect(play.state.verify.focus == .candidates)
  }

  @Test(arguments: [(80, 24), (200, 60)])
  func verifiersSideBySide(width: Int, height: Int) {
    var play = Play(Self.compared(width, height))
    play.type("x")
    play.press(.down)
    Snapshot.check(Fixtures.draw(play.state), named: "verify-compared-\(width)x\(height)")
  }

  private static func choosing() -> Play {
    var play = Play(ranked(.prm, 80, 24))
    play.state.catalog = Play.catalog
    play.state.catalog.models.append(
      .init(name: judge, path: "judge.gguf", detail: "a judge", verifier: .implicit))
    play.type("v")
    return play
  }

  @Test func anotherVerifierIsChosen() throws {
    var play = Self.choosing()
    #expect(play.state.popups.last is VerifierChooser)
    Snapshot.check(Fixtures.draw(play.state), named: "verify-chooser-80x24")
    play.press(.end, .enter)
    #expect(play.state.popups.isEmpty)
    let asked = play.effects.compactMap { effect -> RunReview.Question? in
      if case .review(.ask(run: 1, _, let question)) = effect { question } else { nil }
    }
    #expect(asked == [.candidates(.implicit, model: "judge.gguf")])
    // What it finds shows as it comes, and the run is under way meanwhile.
    play.send(.trace(Self.reviewed(3)))
    #expect(play.state.verify.ranking == .review(Review(.implicit, judge: Self.judge)))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("3 of 5"))
    play.type("v")
    #expect(play.effects.contains { if case .review(.stop) = $0 { true } else { false } })
    play.send(.review(.ended(run: 1, .candidates(.implicit, model: "judge.gguf"), .cancelled)))
    #expect(play.state.verify.reviewing == nil)
  }

  @Test func whoHasJudgedIsNotAskedAgain() {
    var play = Self.choosing()
    play.press(.enter)
    #expect(!play.effects.contains { if case .review = $0 { true } else { false } })
    #expect(play.state.verify.ranking == .own(.prm))
    #expect(play.state.verify.focus == .comparison)
  }

  /// A real review: the model's own labels, read once more.
  @MainActor
  @Test(.timeLimit(.minutes(10))) func aRunIsJudgedOnceMore() async throws {
    let driver = Driver(model: StepsAskingTests.model())
    await driver.start()
    driver.type("5")
    for line in ["verifier likelihood", "samples 4"] {
      driver.type(":" + line)
      driver.press(KeyEvent(.enter))
    }
    driver.press(KeyEvent(" "))
    let run = try #require(driver.state.verify.run)
    await driver.wait { $0.activities[run] == nil }
    let tokens = try #require(driver.state.trace.runs[run]?.end?.tokens.injected)
    driver.type("v")
    driver.press(KeyEvent(.enter))
    await driver.wait { $0.verify.reviewing == nil }
    let verify = driver.state.verify
    let review = CandidateRanking.review(Review(.prm))
    #expect(verify.ranking == review)
    #expect(verify.ranked.count == 4)
    for candidate in verify.ranked {
      // p(+) .6 of .8 behind the first step, .8 of 1 behind the others: the weakest counts.
      #expect(abs(try #require(candidate.scores[review]) - 0.75) < 1e-6)
      #expect(candidate.judgements.count >= 2)
    }
    let injected = try #require(driver.state.trace.runs[run]?.end?.tokens.injected)
    #expect(injected > tokens)
    // The trace alone shows the same.
    var replayed = Fixtures.empty(80, 24)
    replayed.show(driver.state.trace)
    #expect(replayed.verify.rows == verify.rows)
    await driver.finish()
  }

  /// The real strategy on the apples table, ranked by the paths' own probability.
  @MainActor
  @Test(.timeLimit(.minutes(10))) func aRunIsRankedAsItComes() async throws {
    let driver = Driver()
    await driver.start()
    driver.type("5")
    driver.send(.command(.commandLine))
    driver.type("verifier likelihood")
    driver.press(KeyEvent(.enter))
    driver.press(KeyEvent(" "))
    let run = try #require(driver.state.verify.run)
    await driver.wait { $0.activities[run] == nil }
    let verify = driver.state.verify
    #expect(verify.ranked.count == BestOfN.defaultSamples)
    #expect(verify.own == .likelihood)
    let scores = verify.ranked.compactMap { $0.scores[.likelihood] }
    #expect(scores == scores.sorted(by: >))
    #expect(scores.count == verify.ranked.count)
    let winner = try #require(verify.ranked.first { $0.isWinner })
    #expect(winner.answer == verify.digest.end?.answer)
    #expect(driver.state.votes.run == run)
    await driver.finish()
  }

  @Test(arguments: [VerifierName.prm, .genrm])
  func aSavedTraceShowsTheSameWithoutAModel(verifier: VerifierName) {
    let state = Self.ranked(verifier, 80, 24)
    var replayed = Fixtures.empty(80, 24)
    replayed.show(Trace(Self.records(verifier)))
    #expect(replayed.screen == VerifyScreen.id)
    #expect(replayed.verify.ranked == state.verify.ranked)
    replayed.model = state.model
    replayed.settings = state.settings
    replayed.vocabulary = state.vocabulary
    #expect(Fixtures.draw(replayed) == Fixtures.draw(state))
  }

  /// No size is so small, and no place in a run so early, that the view falls over.
  @Test func everySizeCanBeDrawn() {
    var random = SplitMix64(state: 5)
    for verifier in [VerifierName.prm, .genrm] {
      let records = Self.records(verifier)
      for cut in stride(from: 0, through: records.count, by: 5) {
        var state = Fixtures.ready(80, 24)
        state.screen = VerifyScreen.id
        _ = Reducer().reduce(&state, .trace(Array(records[..<cut])))
        for _ in 0..<10 {
          let size = Size(
            width: Int.random(in: 0...210, using: &random),
            height: Int.random(in: 0...62, using: &random))
          var buffer = CellBuffer(size: size)
          _ = state.verify.draw(
            in: Rect(size), state.session, view: Fixtures.view, on: &buffer)
        }
      }
    }
  }
}
