import Foundation
import Testing

@testable import Training

/// Losses and slopes of every objective against PyTorch's autograd, and those of GRPO against TRL
/// (Samples/Models/pretrain/compare_objectives.py).
@Suite struct TorchObjectiveTests {
  static let fixture = Result { try TorchFixture.read("objectives.json", as: Fixture.self) }

  struct Fixture: Decodable, Sendable {
    var grpo: GroupBatch
    var ppo: ValuedBatch
    var fromLogits: LogitBatch
  }

  /// Single precision in, double precision inside: slopes are as good as they can be stored.
  static let bound = 1e-6

  static func isClose(_ a: Double, _ b: Double) -> Bool {
    abs(a - b) <= bound * max(1, abs(b))
  }

  static func areClose(_ a: [Float], _ b: [Double]) -> Bool {
    let scale = b.map(abs).max() ?? 0
    return a.count == b.count
      && zip(a, b).allSatisfy { abs(Double($0) - $1) <= bound * max(1e-3, scale) }
  }

  /// Where each of the completions stands that lie one after another.
  static func ranges(_ lengths: [Int], from first: Int = 0) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    for length in lengths {
      let start = ranges.last?.upperBound ?? first
      ranges.append(start..<start + length)
    }
    return ranges
  }
}

// MARK: GRPO

/// Two groups of completions that three updates are made on.
struct GroupBatch: Decodable, Sendable {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var aggregation: String
    var beta: Double
    var epsilonHigh: Double
    var scaled: Bool
    var update: Int
    /// Of each pass.
    var losses: [Double]
    var slopes: [Double]
    var metrics: [[String: Double]]

    var testDescription: String {
      "\(aggregation), β \(beta), ε \(epsilonHigh), \(scaled ? "scaled" : "centred"), "
        + "update \(update), \(losses.count) passes"
    }
  }

  struct Advantages: Decodable, Sendable {
    var scaled: [Double]
    var centred: [Double]
  }

  var lengths: [Int]
  var groupSize: Int
  var longest: Int
  var rewards: [Double]
  var sampled: [Float]
  var reference: [Float]
  /// log p at each update.
  var updates: [[Float]]
  var advantages: Advantages
  var cases: [Case]

  func advantages(scaled: Bool) -> [Double] {
    stride(from: 0, to: rewards.count, by: groupSize).flatMap {
      GRPO.advantages(Array(rewards[$0..<$0 + groupSize]), scaled: scaled)
    }
  }

  /// The completions of a pass, whose targets begin anew.
  func completions(_ pass: Range<Int>, _ test: Case) -> [SampledCompletion] {
    let everywhere = TorchObjectiveTests.ranges(lengths)
    let here = TorchObjectiveTests.ranges(Array(lengths[pass]))
    let advantages = advantages(scaled: test.scaled)
    return zip(pass, here).map { index, targets in
      let tokens = everywhere[index]
      return SampledCompletion(
        targets: targets, sampled: Array(sampled[tokens]),
        reference: test.beta == 0 ? nil : Array(reference[tokens]),
        advantages: Array(repeating: advantages[index], count: tokens.count))
    }
  }

  func settings(_ test: Case) throws -> GRPO.Settings {
    var settings = GRPO.Settings()
    settings.aggregation = try #require(GRPO.Aggregation(rawValue: test.aggregation))
    settings.beta = test.beta
    settings.epsilonHigh = test.epsilonHigh
    settings.scalesRewards = test.scaled
    settings.longestCompletion = longest
    return settings
  }
}

extension TorchObjectiveTests {
  @Test("advantages equal TRL's", arguments: [true, false])
  func advantages(_ scaled: Bool) throws {
    let batch = try Self.fixture.get().grpo
    let expected = scaled ? batch.advantages.scaled : batch.advantages.centred
    #expect(Self.areClose(batch.advantages(scaled: scaled).map { Float($0) }, expected))
  }

  @Test("the grid has every setting")
  func grid() throws {
    let cases = try Self.fixture.get().grpo.cases
    #expect(Set(cases.map(\.aggregation)) == Set(GRPO.Aggregation.allCases.map(\.rawValue)))
    #expect(cases.count == 4 * 2 * 2 * 2 * 2 * 3)
  }

  @Test("loss, slopes and metrics of GRPO equal TRL's", arguments: try fixture.get().grpo.cases)
  func grpo(_ test: GroupBatch.Case) throws {
    let batch = try Self.fixture.get().grpo
    let size = batch.lengths.count / test.losses.count
    var slopes: [Float] = []
    for (pass, loss) in test.losses.enumerated() {
      let completions = batch.completions(pass * size..<(pass + 1) * size, test)
      let first = slopes.count
      let count = completions.reduce(0) { $0 + $1.targets.count }
      let told = GRPO.value(
        Array(batch.updates[test.update][first..<first + count]), completions,
        try batch.settings(test), batchTokens: batch.sampled.count,
        batchCompletions: batch.lengths.count)
      #expect(Self.isClose(told.value.loss, loss))
      slopes += told.value.slopes
      let named = told.metrics.named
      #expect(Set(named.keys) == Set(test.metrics[pass].keys))
      for (name, value) in test.metrics[pass] {
        #expect(Self.isClose(named[name] ?? .nan, value), "\(name)")
      }
    }
    #expect(Self.areClose(slopes, test.slopes))
  }

  @Test(
    "a batch may be cut anywhere, except where each pass has a mean of its own",
    arguments: try fixture.get().grpo.cases.filter { $0.losses.count == 1 && $0.update == 2 })
  func cuts(_ test: GroupBatch.Case) throws {
    let batch = try Self.fixture.get().grpo
    let settings = try batch.settings(test)
    let count = batch.lengths.count
    for cut in 1..<count {
      var (loss, slopes, parts): (Double, [Float], [GRPO.Metrics]) = (0, [], [])
      for pass in [0..<cut, cut..<count] {
        let completions = batch.completions(pass, test)
        let tokens = completions.reduce(0) { $0 + $1.targets.count }
        let told = GRPO.value(
          Array(batch.updates[test.update][slopes.count..<slopes.count + tokens]), completions,
          settings, batchTokens: batch.sampled.count, batchCompletions: count)
        loss += told.value.loss
        slopes += told.value.slopes
        parts.append(told.metrics)
      }
      if settings.aggregation != .bnpo {
        #expect(Self.isClose(loss, test.losses[0]), "cut at \(cut)")
        #expect(Self.areClose(slopes, test.slopes), "cut at \(cut)")
      }
      let named = GRPO.Metrics.joined(parts).named
      for (name, value) in test.metrics[0] {
        #expect(Self.isClose(named[name] ?? .nan, value), "\(name), cut at \(cut)")
      }
    }
  }
}

extension TorchObjectiveTests {
  @Test("every setting of the grid makes a difference to the slopes")
  func distinctCases() throws {
    // In a single pass, the tokens of the pass are those of the batch.
    let cases = try Self.fixture.get().grpo.cases.filter {
      $0.losses.count == 1 && $0.update == 2 && $0.aggregation != "dapo"
    }
    #expect(cases.count == 3 * 2 * 2 * 2)
    for (index, one) in cases.enumerated() {
      for other in cases.dropFirst(index + 1) {
        #expect(
          !Self.areClose(one.slopes.map { Float($0) }, other.slopes), "\(one) and \(other)")
      }
    }
  }
}

// MARK: PPO

/// Completions with values, and what PPO makes of them.
struct ValuedBatch: Decodable, Sendable {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    var clip: Double
    var valueClip: Double
    var valueWeight: Double
    var now: [Float]
    var values: [Float]
    var loss: Double
    var slopes: [Double]
    var valueSlopes: [Double]
    var metrics: [String: Double]

    var testDescription: String {
      "ε \(clip), ε of values \(valueClip), values count \(valueWeight), "
        + (now == values ? "first update" : "loss \(loss)")
    }
  }

  var lengths: [Int]
  var terminal: [Double]
  var discount: Double
  var trace: Double
  var klWeight: Double
  var sampled: [Float]
  var reference: [Float]
  var sampledValues: [Float]
  var rewards: [Double]
  var advantages: [Double]
  var whitened: [Double]
  var returns: [Double]
  var cases: [Case]

  var completions: [SampledCompletion] {
    TorchObjectiveTests.ranges(lengths).map {
      SampledCompletion(
        targets: $0, sampled: Array(sampled[$0]), reference: Array(reference[$0]))
    }
  }

  func assessed(whitens: Bool) -> [PPO.ValuedCompletion] {
    var settings = settings(nil)
    settings.whitens = whitens
    let values = TorchObjectiveTests.ranges(lengths).map { Array(sampledValues[$0]) }
    return PPO.assess(completions, values: values, terminal: terminal, settings)
  }

  func settings(_ test: Case?) -> PPO.Settings {
    var settings = PPO.Settings()
    (settings.discount, settings.trace, settings.klWeight) = (discount, trace, klWeight)
    if let test {
      (settings.clipRange, settings.valueClipRange) = (test.clip, test.valueClip)
      settings.valueWeight = test.valueWeight
    }
    return settings
  }
}

extension TorchObjectiveTests {
  @Test("rewards, advantages and returns of PPO equal PyTorch's")
  func assessment() throws {
    let batch = try Self.fixture.get().ppo
    let rewards = zip(batch.completions, batch.terminal).flatMap {
      PPO.rewards($0, terminal: $1, klWeight: batch.klWeight)
    }
    #expect(Self.areClose(rewards.map { Float($0) }, batch.rewards))
    let plain = batch.assessed(whitens: false)
    let advantages = plain.flatMap(\.completion.advantages)
    #expect(Self.areClose(advantages.map { Float($0) }, batch.advantages))
    #expect(Self.areClose(plain.flatMap(\.returns).map { Float($0) }, batch.returns))
    let whitened = batch.assessed(whitens: true)
    #expect(
      Self.areClose(
        whitened.flatMap(\.completion.advantages).map { Float($0) }, batch.whitened))
    #expect(whitened.map(\.returns) == plain.map(\.returns))
  }

  @Test(
    "loss, slopes and metrics of PPO equal PyTorch's", arguments: try fixture.get().ppo.cases)
  func ppo(_ test: ValuedBatch.Case) throws {
    let batch = try Self.fixture.get().ppo
    let told = PPO.value(
      test.now, values: test.values, batch.assessed(whitens: true), batch.settings(test))
    #expect(Self.isClose(told.value.loss, test.loss))
    #expect(Self.areClose(told.value.slopes, test.slopes))
    #expect(Self.areClose(told.value.valueSlopes ?? [], test.valueSlopes))
    #expect(Set(told.metrics.named.keys) == Set(test.metrics.keys))
    for (name, value) in test.metrics {
      #expect(Self.isClose(told.metrics.named[name] ?? .nan, value), "\(name)")
    }
  }

  @Test("every setting of PPO makes a difference", arguments: try fixture.get().ppo.cases)
  func distinctSettings(_ test: ValuedBatch.Case) throws {
    let batch = try Self.fixture.get().ppo
    // Where nothing has moved, nothing can be clipped.
    guard test.metrics["policy/approxkl_avg"] != 0 else { return }
    func told(_ change: (inout PPO.Settings) -> Void) -> ObjectiveValue {
      var settings = batch.settings(test)
      change(&settings)
      return PPO.value(
        test.now, values: test.values, batch.assessed(whitens: true), settings
      ).value
    }
    let clipped = told { $0.clipRange = test.clip == 0.1 ? 0.2 : 0.1 }
    #expect(!Self.areClose(clipped.slopes, test.slopes))
    let valueClipped = told { $0.valueClipRange = test.valueClip == 0.2 ? 0.5 : 0.2 }
    #expect(!Self.areClose(valueClipped.valueSlopes ?? [], test.valueSlopes))
    let weighted = told { $0.valueWeight = test.valueWeight * 2 }
    #expect(!Self.areClose(weighted.valueSlopes ?? [], test.valueSlopes))
    #expect(Self.areClose(weighted.slopes, test.slopes))
  }

  @Test("the passes of a PPO batch add up to it, wherever it is cut")
  func cutsOfPPO() throws {
    let batch = try Self.fixture.get().ppo
    let test = try #require(batch.cases.last)
    let assessed = batch.assessed(whitens: true)
    for cut in 1..<assessed.count {
      var (loss, slopes, valueSlopes): (Double, [Float], [Float]) = (0, [], [])
      var parts: [PPO.Metrics] = []
      for pass in [0..<cut, cut..<assessed.count] {
        let first = slopes.count
        var here = Array(assessed[pass])
        for (index, targets) in Self.ranges(Array(batch.lengths[pass])).enumerated() {
          here[index].completion.targets = targets
        }
        let tokens = first..<first + batch.lengths[pass].reduce(0, +)
        let told = PPO.value(
          Array(test.now[tokens]), values: Array(test.values[tokens]), here,
          batch.settings(test), batchTokens: batch.sampled.count)
        loss += told.value.loss
        slopes += told.value.slopes
        valueSlopes += told.value.valueSlopes ?? []
        parts.append(told.metrics)
      }
      #expect(Self.isClose(loss, test.loss), "cut at \(cut)")
      #expect(Self.areClose(slopes, test.slopes), "cut at \(cut)")
      #expect(Self.areClose(valueSlopes, test.valueSlopes), "cut at \(cut)")
      let named = PPO.Metrics.joined(parts).named
      for (name, value) in test.metrics {
        #expect(Self.isClose(named[name] ?? .nan, value), "\(name), cut at \(cut)")
      }
    }
  }
}

// MARK: From logits

/// What PyTorch differentiates by logits.
struct LogitBatch: Decodable, Sendable {
  struct Case: Decodable, Sendable {
    var loss: Double
    var gradient: [[Double]]
  }

  var logits: [[Double]]
  var tokens: [Int]
  var weights: [Float]
  var advantages: [Double]
  var lengths: [Int]
  var masked: Case
  var weighted: Case
  var policyGradient: Case

  var probabilities: [[Double]] {
    logits.map { row in
      let sum = row.reduce(0) { $0 + exp($1) }
      return row.map { exp($0) / sum }
    }
  }

  var logProbabilities: [Float] {
    zip(probabilities, tokens).map { Float(log($0[$1])) }
  }

  /// The derivatives by the logits: slope · (1 of the token − p).
  func gradient(_ slopes: [Float]) -> [[Float]] {
    zip(zip(probabilities, tokens), slopes).map { row, slope in
      row.0.enumerated().map { slope * Float(($0 == row.1 ? 1 : 0) - $1) }
    }
  }
}

extension TorchObjectiveTests {
  func check(_ value: ObjectiveValue, _ expected: LogitBatch.Case, _ batch: LogitBatch) {
    #expect(Self.isClose(value.loss, expected.loss))
    for (row, known) in zip(batch.gradient(value.slopes), expected.gradient) {
      #expect(Self.areClose(row, known))
    }
  }

  @Test("cross-entropy equals PyTorch's")
  func crossEntropy() throws {
    let batch = try Self.fixture.get().fromLogits
    check(
      CrossEntropy.value(batch.logProbabilities, weights: batch.weights), batch.weighted, batch)
    check(
      CrossEntropy.value(
        batch.logProbabilities, weights: batch.weights.map { $0 > 0 ? 1 : 0 }),
      batch.masked, batch)
  }

  @Test("the policy gradient equals PyTorch's")
  func policyGradient() throws {
    let batch = try Self.fixture.get().fromLogits
    let completions = Self.ranges(batch.lengths).map {
      SampledCompletion(
        targets: $0, sampled: Array(batch.logProbabilities[$0]),
        advantages: Array(batch.advantages[$0]))
    }
    check(
      PolicyGradient.value(batch.logProbabilities, completions), batch.policyGradient, batch)
  }
}
