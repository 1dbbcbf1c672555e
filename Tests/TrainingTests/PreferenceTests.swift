import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// What must hold of preference losses whatever the model is.
@Suite struct PreferenceTests {
  private static let data = TorchDistributionTests.fixture

  private func value(
    _ loss: Preference.Loss, now: Int, beta: Double = 0.1, alpha: Double = 0.5,
    turned: Bool = false
  ) throws -> (value: ObjectiveValue, metrics: Preference.Metrics, tokens: Preference.TokenTerms) {
    let data = try Self.data.get().logits
    var settings = Preference.Settings()
    settings.loss = loss
    settings.beta = beta
    settings.alpha = alpha
    let pairs = data.pairs.map {
      turned ? Preference.Pair(chosen: $0.rejected, rejected: $0.chosen) : $0
    }
    return Preference.value(
      data.outcome(data.nows[now]), reference: data.outcome(data.reference), pairs, settings)
  }

  /// Card 17's first check: where nothing has moved, the three losses cannot be told apart.
  @Test(
    "at the reference the loss is ln 2 and the gradient DPO's",
    arguments: Preference.Loss.allCases)
  func atTheReference(_ loss: Preference.Loss) throws {
    let (told, metrics, tokens) = try value(loss, now: 0)
    #expect(abs(told.loss - log(2)) < 1e-12)
    let dpo = try value(.dpo, now: 0).value
    #expect(told.slopes == dpo.slopes)
    #expect((told.logitSlopes ?? []).allSatisfy { abs($0) < 1e-7 })
    #expect(metrics.chosenReward == 0)
    #expect(metrics.accuracy == 0)
    #expect(metrics.chosenDivergence < 1e-12)
    #expect(tokens.logRatios.allSatisfy { $0 == 0 })
  }

  /// Card 17's second check, on all gradients by the logits.
  @Test("away from it all three gradients differ", arguments: [1, 2])
  func awayFromIt(_ now: Int) throws {
    let data = try Self.data.get().logits
    let gradients = try Preference.Loss.allCases.map { loss in
      let test = try #require(
        data.cases.first {
          $0.kind == loss.rawValue && $0.now == now && $0.alpha == 0.5 && $0.beta == 0.1
        })
      return try data.told(test).gradient
    }
    for (a, b) in [(0, 1), (0, 2), (1, 2)] {
      let scale = gradients[a].map(abs).max() ?? 0
      let difference = zip(gradients[a], gradients[b]).map { abs($0 - $1) }.max() ?? 0
      #expect(difference > 0.01 * scale)
    }
  }

  /// No gradient flows through the chosen answer's divergence in TDPO2, although it counts.
  @Test("tdpo2 does not push the chosen answer's divergence")
  func stopGradient() throws {
    let data = try Self.data.get().logits
    func slopes(_ loss: Preference.Loss, _ part: KeyPath<Preference.Pair, Range<Int>>) throws
      -> [Float]
    {
      let all = try #require(try value(loss, now: 1).value.logitSlopes)
      return data.pairs.flatMap { pair in
        pair[keyPath: part].flatMap {
          all[$0 * data.vocabulary..<($0 + 1) * data.vocabulary]
        }
      }
    }
    #expect(try slopes(.tdpo2, \.chosen).allSatisfy { $0 == 0 })
    #expect(try slopes(.tdpo1, \.chosen).contains { $0 != 0 })
    #expect(try slopes(.tdpo2, \.rejected).contains { $0 != 0 })
    let (tdpo, dpo) = (try value(.tdpo2, now: 1), try value(.dpo, now: 1))
    #expect(tdpo.value.loss != dpo.value.loss)
  }

  @Test("tdpo2 without α is dpo") func withoutAlpha() throws {
    let (tdpo, dpo) = (try value(.tdpo2, now: 2, alpha: 0), try value(.dpo, now: 2))
    #expect(tdpo.value.loss == dpo.value.loss)
    #expect(tdpo.value.slopes == dpo.value.slopes)
    #expect((tdpo.value.logitSlopes ?? []).allSatisfy { $0 == 0 })
  }

  @Test("pairs turned round have the opposite margins", arguments: Preference.Loss.allCases)
  func turned(_ loss: Preference.Loss) throws {
    let (told, back) = (
      try value(loss, now: 1).metrics, try value(loss, now: 1, turned: true).metrics
    )
    #expect(abs(told.chosenReward - back.rejectedReward) < 1e-12)
    #expect(abs(told.rejectedReward - back.chosenReward) < 1e-12)
    #expect(abs(told.accuracy + back.accuracy - 1) < 1e-12)
  }

  @Test("losses of a great margin stay numbers", arguments: Preference.Loss.allCases, [1e4, 1e6])
  func far(_ loss: Preference.Loss, _ beta: Double) throws {
    let told = try value(loss, now: 2, beta: beta).value
    #expect(told.loss.isFinite)
    #expect(told.loss >= 0)
    #expect(told.slopes.allSatisfy { $0.isFinite })
  }

  @Test("pairs may be in any number of passes", arguments: Preference.Loss.allCases)
  func passes(_ loss: Preference.Loss) throws {
    let data = try Self.data.get().logits
    var settings = Preference.Settings()
    settings.loss = loss
    let (now, reference) = (data.outcome(data.nows[1]), data.outcome(data.reference))
    let whole = Preference.value(now, reference: reference, data.pairs, settings)
    var (sum, parts): (Double, [Preference.Metrics]) = (0, [])
    var slopes = Array(repeating: Float(0), count: data.tokens.count)
    for pair in data.pairs {
      let told = Preference.value(
        now, reference: reference, [pair], settings, batchPairs: data.pairs.count)
      sum += told.value.loss
      slopes = zip(slopes, told.value.slopes).map(+)
      parts.append(told.metrics)
    }
    #expect(abs(sum - whole.value.loss) < 1e-12)
    #expect(slopes == whole.value.slopes)
    let joined = Preference.Metrics.joined(parts).named
    for (name, mean) in whole.metrics.named {
      #expect(abs((joined[name] ?? .nan) - mean) < 1e-9, "\(name)")
    }
  }
}

/// Whole distributions in the pass: what is told, and what comes back.
@Suite struct DistributionPassTests {
  private func pass(_ test: GradientTests.Case, threads: Int = 2) throws -> TrainingPass {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    return try TrainingPass(test.configuration, copying: store, name: "tiny", threads: threads)
  }

  private func logs(_ logits: ArraySlice<Float>) -> [Double] {
    let sum = Foundation.log(logits.reduce(0) { $0 + exp(Double($1)) })
    return logits.map { Double($0) - sum }
  }

  @Test("logits are those that log p and entropy are of", arguments: GradientTests.cases)
  func agree(_ test: GradientTests.Case) throws {
    let pass = try pass(test)
    let rows = GradientTests.rows()
    let outcome = try pass.forward(rows, givesLogits: true)
    #expect(outcome.logits.count == rows.targets.count * pass.vocabularySize)
    for (index, target) in rows.targets.enumerated() {
      let size = pass.vocabularySize
      let logs = logs(outcome.logits[index * size..<(index + 1) * size])
      let entropy = -logs.reduce(0) { $0 + exp($1) * $1 }
      #expect(abs(logs[Int(target.token)] - Double(outcome.logProbabilities[index])) < 1e-5)
      #expect(abs(entropy - Double(outcome.entropies[index])) < 1e-5)
    }
    #expect(try pass.forward(rows).logits.isEmpty)
  }

  /// Slopes by the logits, chosen so that they say the same as slopes by log p: [i = t] − p(i).
  @Test(
    "slopes by logits give the gradients of slopes by log p", arguments: GradientTests.cases)
  func equivalent(_ test: GradientTests.Case) throws {
    let rows = GradientTests.rows()
    let (byLogs, byLogits) = (try pass(test), try pass(test))
    let slopes = GradientTests.slopes(rows.targets.count, 1)
    _ = try byLogs.forward(rows)
    try byLogs.backward(slopes: slopes)
    let outcome = try byLogits.forward(rows, givesLogits: true)
    let size = byLogits.vocabularySize
    var logitSlopes: [Float] = []
    for (index, target) in rows.targets.enumerated() {
      let logs = logs(outcome.logits[index * size..<(index + 1) * size])
      logitSlopes += logs.enumerated().map { token, log in
        slopes[index] * Float((token == Int(target.token) ? 1 : 0) - exp(log))
      }
    }
    // Half by each way: they add up.
    try byLogits.backward(
      slopes: slopes.map { $0 / 2 }, logitSlopes: logitSlopes.map { $0 / 2 })
    for name in byLogs.weights.tensorNames {
      let known = try #require(byLogs.gradient(of: name))
      let other = try #require(byLogits.gradient(of: name))
      let scale = known.map { abs($0) }.max() ?? 0
      #expect(zip(known, other).allSatisfy { abs($0 - $1) <= 1e-4 * scale }, "\(name)")
    }
  }

  /// Card 17's gradient by central differences, with a plain double-precision model.
  @Test(
    "tdpo's gradients agree with central differences", arguments: GradientTests.cases.prefix(2),
    [Preference.Loss.tdpo1, .tdpo2])
  func differences(_ test: GradientTests.Case, _ loss: Preference.Loss) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    let other = try InMemoryWeightStore.llama(test.configuration, format: .f32, seed: 5)
    let (pass, frozen) = (
      try pass(test),
      try TrainingPass(test.configuration, copying: other, name: "reference", threads: 1)
    )
    let rows = GradientTests.rows()
    let outcome = try pass.forward(rows, givesLogits: true)
    let reference = try frozen.forward(rows, givesLogits: true)
    var settings = Preference.Settings()
    settings.loss = loss
    let pairs = [
      Preference.Pair(chosen: 0..<4, rejected: 4..<5),
      Preference.Pair(chosen: 8..<15, rejected: 5..<8),
    ]
    let value = Preference.value(outcome, reference: reference, pairs, settings).value
    try pass.backward(slopes: value.slopes, logitSlopes: value.logitSlopes)

    var model = ReferenceLlama(test.configuration, store)
    let known = logits(ReferenceLlama(test.configuration, other))
    // What sg holds fast.
    let held = divergences(logits(model), known)
    func lossNow() -> Double {
      let now = logits(model)
      let moved = divergences(now, known)
      return pairs.reduce(0) { sum, pair in
        func ratio(_ part: Range<Int>) -> Double {
          part.reduce(0) { $0 + log(now[$1], rows.targets[$1].token) }
            - part.reduce(0) { $0 + log(known[$1], rows.targets[$1].token) }
        }
        func total(_ all: [Double], _ part: Range<Int>) -> Double { all[part].reduce(0, +) }
        let u = ratio(pair.chosen) - ratio(pair.rejected)
        let gap =
          loss == .tdpo1
          ? total(moved, pair.rejected) - total(moved, pair.chosen)
          : settings.alpha * (total(moved, pair.rejected) - total(held, pair.chosen))
        return sum + Foundation.log(1 + exp(-settings.beta * (u - gap))) / Double(pairs.count)
      }
    }
    #expect(abs(lossNow() - value.loss) < 1e-5)
    for name in store.tensorNames {
      let gradient = try #require(pass.gradient(of: name))
      let scale = gradient.reduce(0) { max($0, abs(Double($1))) }
      #expect(scale > 0, "\(name) has a gradient")
      var worst = 0.0
      for index in stride(from: 0, to: gradient.count, by: max(1, gradient.count / 7 | 1)) {
        let step = 1e-5
        let old = try #require(model.matrices[name]?[index])
        model.matrices[name]?[index] = old + step
        let above = lossNow()
        model.matrices[name]?[index] = old - step
        let below = lossNow()
        model.matrices[name]?[index] = old
        worst = max(worst, abs((above - below) / (2 * step) - Double(gradient[index])) / scale)
      }
      #expect(worst < 2e-4, "\(name)")
    }
  }

  /// The logits of every target by the plain model.
  private func logits(_ model: ReferenceLlama) -> [[Double]] {
    GradientTests.texts.flatMap { text in
      let logits = model.logits(text.tokens, at: text.position)
      return (text.prompt..<text.tokens.count).map { logits[$0 - 1] }
    }
  }

  private func log(_ logits: [Double], _ token: TokenID) -> Double {
    logits[Int(token)] - Foundation.log(logits.reduce(0) { $0 + exp($1) })
  }

  /// KL(reference ‖ now) of every target.
  private func divergences(_ now: [[Double]], _ known: [[Double]]) -> [Double] {
    zip(now, known).map { now, known in
      known.indices.reduce(0) { sum, index in
        let token = TokenID(index)
        return sum + exp(log(known, token)) * (log(known, token) - log(now, token))
      }
    }
  }

  @Test("they are the same to the bit at any number of threads", arguments: GradientTests.cases)
  func threads(_ test: GradientTests.Case) throws {
    func bits(_ threads: Int) throws -> [UInt32] {
      let pass = try pass(test, threads: threads)
      let outcome = try pass.forward(GradientTests.rows(), givesLogits: true)
      try pass.backward(
        slopes: GradientTests.slopes(outcome.logProbabilities.count, 1),
        logitSlopes: outcome.logits.map { $0 / 8 })
      let gradients = pass.weights.tensorNames.flatMap { pass.gradient(of: $0) ?? [] }
      return (outcome.logits + gradients).map(\.bitPattern)
    }
    let one = try bits(1)
    #expect(try bits(2) == one)
    #expect(try bits(5) == one)
  }

  /// More targets than logits that are held at once.
  @Test("logits are told of all targets, however many") func many() throws {
    let configuration = ModelConfiguration.tiny(
      layers: 1, heads: 2, kvHeads: 1, headSize: 4, width: 8, feedForward: 8, vocabulary: 49152,
      tied: true)
    let limit = TrainingPass.targetsWithLogits(vocabulary: 49152)
    let store = try InMemoryWeightStore.llama(configuration, format: .f32)
    func pass() throws -> TrainingPass {
      try TrainingPass(configuration, copying: store, name: "wide", threads: 2)
    }
    let count = limit + 3
    func rows(_ texts: Range<Int>) -> PackedRows {
      var rows = PackedRows()
      for text in texts {
        rows.add(prompt: [TokenID(text % 50)], continuations: [[TokenID(text * 7 % 49152)]])
      }
      return rows
    }
    func gradient(_ parts: [Range<Int>]) throws -> [Float] {
      let pass = try pass()
      for part in parts {
        let outcome = try pass.forward(rows(part), givesLogits: true)
        #expect(outcome.logits.count == part.count * 49152)
        try pass.backward(
          slopes: part.map { _ in 0 }, logitSlopes: outcome.logits.map { $0 / 1024 })
      }
      return try #require(pass.gradient(of: "output_norm.weight"))
    }
    let (whole, cut) = (
      try gradient([0..<count]), try gradient([0..<limit / 2, limit / 2..<count])
    )
    let scale = whole.map { abs($0) }.max() ?? 0
    #expect(scale > 0)
    #expect(zip(whole, cut).allSatisfy { abs($0 - $1) <= 1e-4 * scale })
  }

  /// What comes back with logits is counted before it is asked for.
  @Test("memory for logits is foretold") func bytes() {
    let configuration = ModelConfiguration.tiny(vocabulary: 49152)
    let without = TrainingPass.bytes(configuration, rows: 100)
    let with = TrainingPass.bytes(configuration, rows: 100, targetsWithLogits: 90)
    #expect(with - without == 2 * 90 * 49152 * 4)
    #expect(TrainingPass.targetsWithLogits(vocabulary: 49152) * 49152 * 4 <= 64 << 20)
    #expect(TrainingPass.targetsWithLogits(vocabulary: 1 << 40) == 1)
  }
}

/// Distillation's law: a student can be no better than the teacher is sure.
@Suite struct DistillationTests {
  private func outcome(_ logits: [Float], token: Int = 0) -> TrainingPass.Outcome {
    var outcome = TrainingPass.Outcome()
    outcome.logits = logits
    let sum = log(logits.reduce(0) { $0 + exp(Double($1)) })
    outcome.logProbabilities = [Float(Double(logits[token]) - sum)]
    return outcome
  }

  /// Card 29's check: cross-entropy to the teacher is KL and the teacher's entropy together, and
  /// KL is least, 0, at the teacher itself.
  @Test("the least cross-entropy is the teacher's entropy", arguments: [0.5, 1.0, 2.0, 8.0])
  func floor(_ temperature: Double) {
    let teacher: [Float] = [2, -1, 0.5, 1.25, -3]
    var settings = Distillation.Settings()
    settings.temperature = temperature
    let logs = teacher.map { Double($0) / temperature }
    let sum = log(logs.reduce(0) { $0 + exp($1) })
    let entropy = -logs.reduce(0) { $0 + exp($1 - sum) * ($1 - sum) }
    let best = Distillation.value(outcome(teacher), teacher: teacher, settings)
    #expect(abs(best.metrics.teacherEntropy - entropy) < 1e-9)
    #expect(best.metrics.divergence < 1e-9)
    #expect((best.value.logitSlopes ?? [1]).allSatisfy { abs($0) < 1e-7 })
    for index in teacher.indices {
      for change: Float in [-0.5, 0.5] {
        var other = teacher
        other[index] += change
        let told = Distillation.value(outcome(other), teacher: teacher, settings)
        let otherLogs = other.map { Double($0) / temperature }
        let otherSum = log(otherLogs.reduce(0) { $0 + exp($1) })
        let cross = -logs.indices.reduce(0) {
          $0 + exp(logs[$1] - sum) * (otherLogs[$1] - otherSum)
        }
        #expect(cross > entropy)
        #expect(abs(told.metrics.divergence + told.metrics.teacherEntropy - cross) < 1e-6)
      }
    }
  }

  /// Hinton's reason for τ²: the gradient of far softened distributions does not fade.
  @Test("gradients keep their size at a high temperature") func size() {
    let (teacher, student): ([Float], [Float]) = ([1, 0, -1, 0.5], [0, 0.5, -0.5, 0])
    func norm(_ temperature: Double) -> Double {
      var settings = Distillation.Settings()
      settings.temperature = temperature
      let told = Distillation.value(outcome(student), teacher: teacher, settings).value
      return (told.logitSlopes ?? []).reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    }
    #expect(norm(100) > 0.3 * norm(1))
    #expect(abs(norm(1000) / norm(100) - 1) < 0.05)
  }
}
