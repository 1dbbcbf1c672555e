import Decoding
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Problems
@testable import Traces

/// What Train shows of recipes that learn from pairs, from labels and from a teacher.
@Suite struct TrainRecipesTests {
  private static func records(
    _ recipe: String, metrics: (Double) -> [String: Double], samples: [TrainingSample]
  ) -> [TraceRecord] {
    var events: [TrainingEvent] = [
      .started(
        TrainingStart(
          recipe: recipe, model: TrainingFixtures.model, seed: 1,
          problems: TrainingOrder.usual.problems, steps: 6, settings: RunSettings(),
          used: RunSettings(), probes: TrainingFixtures.probes))
    ]
    for step in 1...6 {
      events.append(.step(TrainingStep(step: step, metrics: metrics(Double(step) / 6))))
      events.append(
        .samples(
          TrainingSamples(step: step, question: TrainingFixtures.probes[0], samples: samples)))
    }
    events.append(.ended(TrainingEnd(reason: .completed, step: 6)))
    return events.map { TraceRecord(run: 9, .training($0)) }
  }

  private static func play(_ records: [TraceRecord], _ width: Int, _ height: Int) -> Play {
    var play = Play(width, height)
    play.send(.trace(records))
    play.press(KeyEvent("9"))
    return play
  }

  private static func sample(
    _ text: String, isRight: Bool, push: (Int) -> Double = { _ in 0 }, isChosen: Bool? = nil,
    logRatio: [Double]? = nil, kl: [Double]? = nil, odds: [TokenOdds]? = nil
  ) -> TrainingSample {
    let said = TrainingFixtures.said(text)
    return TrainingSample(
      said: said, push: said.tokens.indices.map(push), answer: isRight ? "11" : "7",
      reward: isRight ? 1 : 0, isRight: isRight, reasons: true, isChosen: isChosen,
      logRatio: logRatio, klPerToken: kl, odds: odds)
  }

  // MARK: Pairs

  private static let pair: [TrainingSample] = [
    sample(
      " Ann has 7. The answer is 11.", isRight: true, isChosen: true,
      logRatio: [-0.3, -0.2, -0.5, 0.1, 0, 0, 0.4], kl: [0.01, 0, 0.3, 0.02, 0, 0, 0.1]),
    sample(
      " The answer is 7.", isRight: false, isChosen: false, logRatio: [-0.3, 0, 0, -1.7],
      kl: [0.02, 0, 0, 0.6]),
  ]

  private static func preferences(_ width: Int, _ height: Int) -> Play {
    play(
      records(
        "dpo",
        metrics: { share in
          [
            "loss": 0.69 - 0.4 * share, "rewards/chosen": -0.1 * share,
            "rewards/rejected": -0.9 * share, "rewards/margins": 0.8 * share,
            "rewards/accuracies": 0.5 + 0.4 * share, "logps/chosen": -12 - share,
            "logps/rejected": -9 - 9 * share, "kl/chosen": 0.2 * share, "kl/rejected": 0.6 * share,
          ]
        }, samples: pair), width, height)
  }

  @Test(arguments: [(80, 24), (200, 60)])
  func pairsWithTheirRatiosAndDivergences(width: Int, height: Int) {
    Snapshot.check(
      Fixtures.draw(Self.preferences(width, height).state), named: "train-dpo-\(width)x\(height)")
  }

  @Test func itSaysWhyTheChosenFallsToo() {
    // Σ −.5 and −2: the difference is 1.5.
    let group = TrainingSamples(step: 1, question: TrainingFixtures.probes[0], samples: Self.pair)
    let note = group.pairNote(isLong: true) ?? ""
    for words in ["falls too", "-0.50", "-2.00", "1.50"] { #expect(note.contains(words)) }
    var risen = group
    risen.samples[0].logRatio = [0.5]
    #expect(risen.pairNote(isLong: true)?.contains("falls too") == false)
    risen.samples[0].logRatio = nil
    #expect(risen.pairNote(isLong: true) == nil)
    #expect(Fixtures.draw(Self.preferences(80, 24).state).textSnapshot().contains("falls too"))
  }

  @Test func whatDecidesPairsIsACurve() {
    let curves = Self.preferences(80, 24).state[TrainScreen.self].curves
    let reward = curves.first { $0.title == "chosen r" }
    #expect(reward?.readings.last?.value == -0.1)
    #expect(reward?.other.last?.value == -0.9)
    #expect(reward?.otherTitle == "rejected")
    for title in ["margin", "pairs right", "chosen log p", "chosen KL"] {
      #expect(curves.contains { $0.title == title && $0.readings.count == 6 })
    }
  }

  // MARK: Judges

  private static func judge(_ width: Int, _ height: Int) -> Play {
    play(
      records(
        "prm",
        metrics: { share in
          [
            "loss": 0.7 - 0.3 * share, "auc/steps": 0.5 + 0.4 * share,
            "auc/solutions": 0.5 + share / 3,
            "accuracy/best_of_n": 0.5 + 0.3 * share, "accuracy/weighted_vote": 0.6 + 0.2 * share,
            "accuracy/majority": 0.62, "accuracy/likeliest": 0.55, "labels/mean": 0.6,
          ]
        },
        samples: [
          sample(" Ann has 7. The answer is 11.", isRight: true, push: { _ in 1 }),
          sample(" Ann has 1. The answer is 7.", isRight: false, push: { $0 < 3 ? 1 : -1 }),
        ]), width, height)
  }

  @Test(arguments: [(80, 24), (200, 60)])
  func aJudgeBesideTheMajorityAndLikelihood(width: Int, height: Int) {
    let play = Self.judge(width, height)
    Snapshot.check(Fixtures.draw(play.state), named: "train-prm-\(width)x\(height)")
    let best = play.state[TrainScreen.self].curves.first { $0.title == "best of n" }
    #expect(best?.other.last?.value == 0.62)
    #expect(best?.otherTitle == "majority")
    #expect(best?.goal?.value == 0.55)
    #expect(best?.goal?.title == "Σ log p")
  }

  // MARK: Distillation

  private static func odds(_ teacher: Double, _ student: Double) -> TokenOdds {
    TokenOdds(
      tokens: [Token(id: 6, bytes: Array(" 11.".utf8)), Token(id: 9, bytes: Array(" 7.".utf8))],
      teacher: [teacher, 1 - teacher], student: [student, 1 - student])
  }

  private static func distilled(_ width: Int, _ height: Int) -> Play {
    let all = (0..<7).map { odds(0.9 - 0.02 * Double($0), 0.3 + 0.05 * Double($0)) }
    return play(
      records(
        "distill",
        metrics: { share in
          [
            "loss": 1 - 0.5 * share, "distill/cross_entropy": 1.2 - 0.5 * share,
            "distill/teacher_entropy": 0.4, "distill/kl": 0.8 - 0.5 * share,
          ]
        },
        samples: [
          sample(" Ann has 7. The answer is 11.", isRight: true, push: { _ in 1 }, odds: all)
        ]), width, height)
  }

  @Test(arguments: [(80, 24), (200, 60)])
  func teacherAndStudentSideBySide(width: Int, height: Int) {
    Snapshot.check(
      Fixtures.draw(Self.distilled(width, height).state),
      named: "train-distill-\(width)x\(height)")
  }

  @Test func theTokenUnderTheCursorMoves() {
    var play = Self.distilled(200, 60)
    func text() -> String { Fixtures.draw(play.state).textSnapshot() }
    #expect(text().contains("token 1 of 7"))
    #expect(text().contains(".30"))
    play.type(";;")
    #expect(text().contains("token 3 of 7"))
    #expect(text().contains(".40"))
    play.type(",,,,,")
    #expect(text().contains("token 1 of 7"))
    play.type(";;;;;;;;;;;;")
    #expect(text().contains("token 7 of 7"))
  }

  @Test func oddsSurviveTheFile() throws {
    let records = Self.records(
      "distill", metrics: { _ in [:] },
      samples: [Self.sample(" 11.", isRight: true, odds: [Self.odds(0.9, 0.3)])])
    let lines = try TraceCoding.lines([TraceRecord(.header(TraceHeader()))] + records)
    #expect(try TraceFile.parse(lines, name: "odds").records.dropFirst() == records[...])
  }
}
