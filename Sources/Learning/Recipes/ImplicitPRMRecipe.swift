import Decoding
import Foundation
import Measuring
import Problems
import Reasoning
public import Traces
import Training

/// An implicit process reward model: a copy of the model whose log-likelihood ranks solutions, right
/// ones above wrong ones. The objective is `PairwiseRanking`.
///
/// It learns from what the model said before training, so that candidates do not change while their
/// judge learns. Solutions are read as `ImplicitReading` puts them, in training as afterwards.
public final class ImplicitPRMRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "implicit", title: "Implicit process reward model",
    summary: "Learns to find right solutions likelier than wrong ones, to judge by that.",
    paper: "Yuan et al. 2024, arXiv 2412.01981, without its reference model",
    cost: "8 problems × 16 samples a step, then one update on up to 10 texts each",
    settings: .ofEveryTraining + [.batch, .samples, .temperature, .topK, .topP, .epochs],
    defaults: {
      var settings = RunSettings.ofJudging
      settings[extra: "batch"] = 8
      settings[extra: "epochs"] = 2
      settings[extra: "evaluate-every"] = 50
      settings[extra: "evaluate-problems"] = nil as Int?
      settings[extra: "votes"] = nil as Int?
      settings[extra: "vote-problems"] = 10
      return settings
    }(), defaultSteps: 390, samples: true)

  /// How many different texts of a problem are compared at most, right and wrong ones each: a problem
  /// has many ways to be wrong.
  static let mostTexts = 5
  /// What Σ log p is multiplied with before the first step.
  static let startingScale = 0.5
  /// At which rate log α is learned, whatever that of the weights: it is a single number, with a long
  /// way to go.
  private static let scaleRate = 3e-3

  private var logScale = ScalarAdam(log(ImplicitPRMRecipe.startingScale))
  /// What is compared in each step of an epoch: the same in every epoch.
  private var known: [Int: [Comparison]] = [:]
  /// What the judge is tried on.
  private var trial: [CompletionGroup]?

  public init() {}

  /// α.
  private var scale: Double { exp(logScale.value) }

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    let number = Self.batchNumber(run)
    if known[number] == nil {
      known[number] = Self.comparisons(
        try await run.candidates(ofStep: number), ImplicitReading(run.trainee.model))
    }
    let all = known[number] ?? []
    let mixed = all.filter(\.isMixed)
    var (loss, slope) = (0.0, 0.0)
    var metrics: [PairwiseRanking.Metrics] = []
    for pass in Pass.passes(mixed, rowLimit: run.trainee.rowLimit) {
      let outcome = try run.trainee.forward(pass.rows)
      guard outcome.logProbabilities.allSatisfy(\.isFinite) else {
        throw LearningError.notFinite(step: run.step, .probabilities)
      }
      let part = PairwiseRanking.value(
        outcome.logProbabilities, pass.groups, scale: scale, batchGroups: mixed.count)
      guard part.value.loss.isFinite else { throw LearningError.notFinite(step: run.step, .loss) }
      try run.trainee.backward(slopes: part.value.slopes, entropySlopes: nil)
      loss += part.value.loss
      slope += part.scaleSlope
      metrics.append(part.metrics)
      tell(pass, outcome.logProbabilities, part.value.slopes, run)
    }
    var told: [TrainingMetric: Double] = [
      .deadGroups: 1 - Double(mixed.count) / Double(max(1, all.count)),
      .texts: Double(mixed.reduce(0) { $0 + $1.texts.count }),
    ]
    // Where all candidates are right, or all wrong, there is nothing to compare.
    if !mixed.isEmpty {
      told[.gradientNorm] = try run.trainee.update(
        rate: run.rate, maxNorm: run.settings.maxNorm)
      logScale.update(slope: slope, rate: run.rate(of: Self.scaleRate))
      let sum = PairwiseRanking.Metrics.sum(metrics)
      told[.loss] = loss
      told[.rewardAccuracy] = sum.accuracy
      told[.rewardMargin] = sum.margin
      run.learned(from: mixed.reduce(0) { $0 + $1.tokenCount + $1.texts.count * $1.prompt.count })
    }
    told[.rewardScale] = scale
    if run.step % run.settings.evaluateEvery == 0 || run.step == run.plan.steps {
      told.merge(try await tried(run)) { _, new in new }
    }
    return run.told(told)
  }

  /// Which problems a step compares: an epoch's steps are gone through again in the next.
  private static func batchNumber(_ run: TrainingRun) -> Int {
    let epoch = max(1, (run.plan.steps + run.settings.epochs - 1) / max(1, run.settings.epochs))
    return (run.step - 1) % epoch + 1
  }

  // MARK: What is compared

  /// Different solutions of a problem, as the judge reads them.
  struct Comparison {
    struct Text {
      var completion: Completion
      var tokens: [TokenID]
    }

    var question: Question
    var prompt: [TokenID]
    var right: [Text]
    var wrong: [Text]

    var texts: [Text] { right + wrong }
    var isMixed: Bool { !right.isEmpty && !wrong.isEmpty }
    var tokenCount: Int { texts.reduce(0) { $0 + $1.tokens.count } }
    var rowCount: Int { prompt.count + tokenCount }
  }

  /// Up to so many different texts of either kind, in the order in which they were sampled. One that
  /// gives no answer takes no part in a choice, and is not learned from.
  static func comparisons(
    _ groups: [CompletionGroup], _ reading: ImplicitReading
  ) -> [Comparison] {
    groups.map { group in
      var comparison = Comparison(
        question: group.question, prompt: reading.prompt(group.question), right: [], wrong: [])
      var seen: Set<String> = []
      for completion in group.completions where completion.answer != nil && !completion.isCut {
        let text = CandidateSolution.text(of: completion.text)
        guard !text.isEmpty, seen.insert(text).inserted else { continue }
        let kind = completion.isRight ? \Comparison.right : \Comparison.wrong
        guard comparison[keyPath: kind].count < mostTexts else { continue }
        comparison[keyPath: kind].append(
          .init(completion: completion, tokens: reading.tokens(of: text)))
      }
      return comparison
    }
  }

  /// Problems that are compared in one pass, whole ones.
  private struct Pass {
    var rows = PackedRows()
    var comparisons: [Comparison] = []
    /// The targets of each comparison's texts.
    var groups: [PairwiseRanking.Group] = []

    static func passes(_ comparisons: [Comparison], rowLimit: Int) -> [Pass] {
      var passes: [Pass] = []
      for comparison in comparisons {
        if let last = passes.last, last.rows.count + comparison.rowCount <= rowLimit {
          passes[passes.count - 1].add(comparison)
        } else {
          passes.append(Pass())
          passes[passes.count - 1].add(comparison)
        }
      }
      return passes
    }

    private mutating func add(_ comparison: Comparison) {
      let targets = rows.add(
        prompt: comparison.prompt, continuations: comparison.texts.map(\.tokens))
      let right = comparison.right.count
      comparisons.append(comparison)
      groups.append(.init(right: Array(targets[..<right]), wrong: Array(targets[right...])))
    }
  }

  /// Tells of some problems' texts: each with its score as the reward, and the push of its tokens.
  private func tell(_ pass: Pass, _ logs: [Float], _ slopes: [Float], _ run: TrainingRun) {
    run.tell(
      zip(pass.comparisons, pass.groups).prefix(3).map { comparison, group in
        let all = group.right + group.wrong
        let greatest = all.flatMap { slopes[$0] }.map { abs($0) }.max() ?? 0
        return TrainingSamples(
          step: run.step, question: comparison.question,
          samples: zip(comparison.texts, all).map { text, targets in
            TrainingSample(
              said: SaidTokens(text.tokens.map { run.vocabulary.token($0) }),
              push: slopes[targets].map { greatest > 0 ? Double(-$0 / greatest) : 0 },
              answer: text.completion.answer,
              reward: scale * logs[targets].reduce(0) { $0 + Double($1) },
              isRight: text.completion.isRight, reasons: text.completion.reasons)
          })
      })
  }

  // MARK: How good it is

  /// What the judge decides on dev problems, beside what is decided without one.
  private func tried(_ run: TrainingRun) async throws -> [TrainingMetric: Double] {
    let trial: [CompletionGroup]
    if let known = self.trial {
      trial = known
    } else {
      trial = try await run.candidatesOnDev()
      self.trial = trial
    }
    guard !trial.isEmpty else { return [:] }
    let reading = ImplicitReading(run.trainee.model)
    var sums: [TrainingMetric: Double] = [:]
    for group in trial {
      let texts = group.completions.map { CandidateSolution.text(of: $0.text) }
      let scores = try self.scores(of: texts, to: reading.prompt(group.question), reading, run)
      let choice = CandidateChoice(
        zip(group.completions, texts).map { completion, text in
          .init(
            text: text, answer: completion.answer, isRight: completion.isRight,
            logProbability: completion.logProbabilities.reduce(0, +))
        })
      let greatest = scores.max() ?? 0
      let decisions: [(TrainingMetric, Bool)] = [
        (.devMajority, choice.isMajorityRight), (.devLikelihood, choice.isLikeliestRight),
        (.devBestOf, choice.isRight(scores: scores)),
        (
          .devWeighted,
          choice.isRight(
            weights: scores.map { exp(RunSettings.Usual.sharpness * ($0 - greatest)) })
        ),
      ]
      for (metric, isRight) in decisions { sums[metric, default: 0] += isRight ? 1 : 0 }
    }
    return sums.mapValues { $0 / Double(trial.count) }
  }

  /// s of texts behind a prompt; −∞ for one without words.
  private func scores(
    of texts: [String], to prompt: [TokenID], _ reading: ImplicitReading, _ run: TrainingRun
  ) throws -> [Double] {
    let distinct = Array(Set(texts).filter { !$0.isEmpty }.sorted())
    guard !distinct.isEmpty else { return texts.map { _ in -.infinity } }
    var rows = PackedRows()
    let targets = rows.add(
      prompt: prompt, continuations: distinct.map { reading.tokens(of: $0) })
    let logs = try run.trainee.forward(rows).logProbabilities
    var known: [String: Double] = [:]
    for (text, range) in zip(distinct, targets) {
      known[text] = scale * logs[range].reduce(0) { $0 + Double($1) }
    }
    return texts.map { known[$0] ?? -.infinity }
  }

  // MARK: What it remembers

  public var verifier: TrainedVerifier? {
    TrainedVerifier(.implicit, numbers: [TrainedVerifier.scale: scale])
  }

  public var state: [UInt8] { get throws { Array(try JSONEncoder().encode(logScale)) } }

  public func restore(_ state: [UInt8]) throws {
    if state.isEmpty {
      logScale = ScalarAdam(log(Self.startingScale))
      return
    }
    guard let known = try? JSONDecoder().decode(ScalarAdam.self, from: Data(state)),
      known.value.isFinite
    else { throw LearningError.damagedState(Self.description.name) }
    logScale = known
  }
}

extension TrainedVerifier {
  /// The number that a judge's Σ log p is multiplied with.
  public static let scale = "alpha"
}

extension TrainingRun {
  /// What judges are tried on: answers that the model gave before training to dev problems, as many
  /// as vote.
  func candidatesOnDev() async throws -> [CompletionGroup] {
    guard settings.votes > 0, !problems.votes.isEmpty else { return [] }
    return try await rolloutsAtStart().answer(
      problems.votes.map { Question($0) }, count: settings.votes,
      .init(
        sampling: settings.used.sampling(temperature: 1), seed: settings.seed, firstPath: 0,
        keepsProbabilities: true))
  }
}
