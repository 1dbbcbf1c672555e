import Decoding
import Engine
import Foundation
import Testing

@testable import Training

/// Objectives that look at whole distributions against PyTorch's autograd in double precision
/// (Samples/Models/pretrain/compare_distributions.py).
@Suite struct TorchDistributionTests {
  static let fixture = Result { try TorchFixture.read("distributions.json", as: Fixture.self) }

  struct Fixture: Decodable, Sendable {
    var logits: OnLogits
    var models: OnModels
  }

  /// Three pairs of answers, and three models to compare with one reference: the same, a near one
  /// and a far one.
  struct OnLogits: Decodable, Sendable {
    struct Case: Decodable, Sendable, CustomTestStringConvertible {
      var kind: String
      var beta: Double?
      var alpha: Double
      var temperature: Double?
      var now: Int
      var loss: Double
      /// By the logits. [targets · vocabulary]
      var gradient: [Double]

      var testDescription: String {
        "\(kind), \(beta.map { "β \($0), " } ?? "")α \(alpha), "
          + "\(temperature.map { "τ \($0), " } ?? "")model \(now)"
      }
    }

    var vocabulary: Int
    var lengths: [Int]
    var tokens: [Int]
    var reference: [Float]
    var nows: [[Float]]
    var cases: [Case]

    /// What a pass would tell of logits.
    func outcome(_ logits: [Float]) -> TrainingPass.Outcome {
      var outcome = TrainingPass.Outcome()
      outcome.logits = logits
      for (target, token) in tokens.enumerated() {
        let row = logits[target * vocabulary..<(target + 1) * vocabulary].map(Double.init)
        outcome.logProbabilities.append(Float(row[token] - log(row.reduce(0) { $0 + exp($1) })))
      }
      return outcome
    }

    var pairs: [Preference.Pair] {
      let ranges = TorchObjectiveTests.ranges(lengths)
      return stride(from: 0, to: ranges.count, by: 2).map {
        Preference.Pair(chosen: ranges[$0], rejected: ranges[$0 + 1])
      }
    }

    /// The loss, and its whole derivative by the logits.
    func told(_ test: Case) throws -> (loss: Double, gradient: [Double]) {
      let now = outcome(nows[test.now])
      let value: ObjectiveValue
      if test.kind == "distill" {
        var settings = Distillation.Settings()
        settings.alpha = test.alpha
        settings.temperature = try #require(test.temperature)
        value = Distillation.value(now, teacher: reference, settings).value
      } else {
        value =
          Preference.value(
            now, reference: outcome(reference), pairs, try settings(test)
          ).value
      }
      return (value.loss, gradient(value, now))
    }

    func settings(_ test: Case) throws -> Preference.Settings {
      var settings = Preference.Settings()
      settings.loss = try #require(Preference.Loss(rawValue: test.kind))
      settings.beta = try #require(test.beta)
      settings.alpha = test.alpha
      return settings
    }

    private func gradient(_ value: ObjectiveValue, _ now: TrainingPass.Outcome) -> [Double] {
      var gradient = (value.logitSlopes ?? now.logits.map { _ in 0 }).map(Double.init)
      for (target, token) in tokens.enumerated() {
        let row = now.logits[target * vocabulary..<(target + 1) * vocabulary].map(Double.init)
        let sum = row.reduce(0) { $0 + exp($1) }
        for (index, logit) in row.enumerated() {
          let change = (index == token ? 1 : 0) - exp(logit) / sum
          gradient[target * vocabulary + index] += Double(value.slopes[target]) * change
        }
      }
      return gradient
    }
  }

  /// A bundled model in training, with another one as its reference or teacher.
  struct OnModels: Decodable, Sendable {
    struct Case: Decodable, Sendable {
      var kind: String
      var loss: Double
      var gradients: [String: GradientSummary]
    }

    var student: String
    var reference: String
    /// Of texts, the better one first.
    var pairs: [[Int]]
    var cases: [Case]
  }

  @Test("loss and gradient equal PyTorch's", arguments: try fixture.get().logits.cases)
  func onLogits(_ test: OnLogits.Case) throws {
    let told = try Self.fixture.get().logits.told(test)
    #expect(abs(told.loss - test.loss) <= 1e-6 * max(1, abs(test.loss)))
    let scale = max(1e-3, test.gradient.map(abs).max() ?? 0)
    let worst = zip(told.gradient, test.gradient).map { abs($0 - $1) }.max() ?? .infinity
    #expect(told.gradient.count == test.gradient.count)
    #expect(worst <= 1e-5 * scale)
  }

  @Test("every loss is compared at every distance")
  func grid() throws {
    let cases = try Self.fixture.get().logits.cases
    #expect(Set(cases.map(\.kind)) == Set(Preference.Loss.allCases.map(\.rawValue) + ["distill"]))
    #expect(cases.count == 3 * 2 * 2 * 3 + 3 * 3 * 3)
  }

  @Test(
    "gradients of a model's weights equal PyTorch's",
    arguments: ["dpo", "tdpo1", "tdpo2", "distill"])
  func onModels(_ kind: String) throws {
    let models = try Self.fixture.get().models
    let test = try #require(models.cases.first { $0.kind == kind })
    var rows = PackedRows()
    var ranges: [Range<Int>] = []
    for group in try TorchGradientTests.batch.get().groups {
      ranges += rows.add(prompt: group.prompt, continuations: group.continuations)
    }
    let pass = try TorchGradientTests.pass(models.student, threads: 2)
    let outcome = try pass.forward(rows, givesLogits: true)
    let reference = try TorchGradientTests.pass(models.reference, threads: 2)
      .forward(rows, givesLogits: true)
    let value: ObjectiveValue
    if kind == "distill" {
      var settings = Distillation.Settings()
      settings.alpha = 0.7
      settings.temperature = 2
      value = Distillation.value(outcome, teacher: reference.logits, settings).value
    } else {
      var settings = Preference.Settings()
      settings.loss = try #require(Preference.Loss(rawValue: kind))
      let pairs = models.pairs.map {
        Preference.Pair(chosen: ranges[$0[0]], rejected: ranges[$0[1]])
      }
      value = Preference.value(outcome, reference: reference, pairs, settings).value
    }
    #expect(abs(value.loss - test.loss) <= 1e-5 * max(1, abs(test.loss)))
    try pass.backward(slopes: value.slopes, logitSlopes: value.logitSlopes)
    for (tensor, summary) in test.gradients {
      let gradient = try #require(pass.gradient(of: tensor))
      #expect(summary.error(of: gradient) <= TorchGradientTests.bound, "\(tensor)")
    }
  }
}
