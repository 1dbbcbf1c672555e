import Decoding
public import Traces
public import Training

/// How badly a model tells texts, summed so that it can be put together.
public struct TextLoss: Sendable, Hashable {
  /// −Σ w log p over the texts' tokens, in nats.
  public var sum = 0.0
  /// Σ w.
  public var weight = 0.0
  /// Σ of the entropies in nats of what tokens that count were chosen from.
  public var entropy = 0.0
  /// Tokens that count.
  public var tokens = 0

  public init() {}

  /// The mean loss of a token in nats; 0 where nothing counts.
  public var mean: Double { weight > 0 ? sum / weight : 0 }

  /// The mean entropy of a token in nats.
  public var meanEntropy: Double { tokens > 0 ? entropy / Double(tokens) : 0 }

  public static func + (a: TextLoss, b: TextLoss) -> TextLoss {
    var both = a
    both.sum += b.sum
    both.weight += b.weight
    both.entropy += b.entropy
    both.tokens += b.tokens
    return both
  }
}

/// What the loss of several texts is the mean of.
public enum LossMean: String, Sendable, Codable, CaseIterable, JSONScalar {
  /// Of the losses of all tokens: longer texts count more.
  case tokens
  /// Of the texts' own means: every text counts the same, and a token of a short one more.
  case texts
}

extension Sequence<TextLoss> {
  /// The mean loss in nats; 0 where nothing counts.
  public func mean(over mean: LossMean) -> Double {
    switch mean {
    case .tokens: return reduce(TextLoss(), +).mean
    case .texts:
      let means = filter { $0.weight > 0 }.map(\.mean)
      return means.reduce(0, +) / Double(Swift.max(1, means.count))
    }
  }
}

extension Trainee {
  /// Adds the gradient of the texts' mean loss: cross-entropy, prompts masked (see `CrossEntropy`).
  /// Texts with the same prompt share its rows. Into how many passes they are cut does not change
  /// the loss.
  ///
  /// - Parameters:
  ///   - mean: what the loss is the mean of.
  ///   - rowLimit: how many rows one pass has at most, unless a single text has more; nil as the
  ///     trainee says.
  /// - Returns: the loss of each text.
  /// - Throws: `ModelError`.
  public func learn(
    _ texts: [LearningText], meanOver mean: LossMean = .tokens, rowLimit: Int? = nil
  ) throws -> [TextLoss] {
    var losses = [TextLoss](repeating: TextLoss(), count: texts.count)
    // What each text's weights are multiplied by.
    let factors = texts.map { text -> Double in
      switch mean {
      case .tokens: 1
      case .texts: text.weight > 0 ? 1 / text.weight : 0
      }
    }
    let total = zip(texts, factors).reduce(0) { $0 + $1.0.weight * $1.1 }
    guard total > 0 else { return losses }
    for pass in TextPass.passes(texts, rowLimit: rowLimit ?? self.rowLimit) {
      let outcome = try forward(pass.rows)
      let weights = pass.targets.flatMap { place in
        texts[place.text].allWeights.map { $0 * Float(factors[place.text]) }
      }
      let value = CrossEntropy.value(outcome.logProbabilities, weights: weights)
      // The mean is over all passes.
      let share = weights.reduce(0) { $0 + Double($1) } / total
      try backward(slopes: value.slopes.map { $0 * Float(share) }, entropySlopes: nil)
      for (text, targets) in pass.targets {
        for (target, weight) in zip(targets, texts[text].allWeights) where weight > 0 {
          losses[text].sum -= Double(weight) * Double(outcome.logProbabilities[target])
          losses[text].weight += Double(weight)
          losses[text].entropy += Double(outcome.entropies[target])
          losses[text].tokens += 1
        }
      }
    }
    return losses
  }
}

extension LearningText {
  /// What its tokens count together.
  var weight: Double {
    weights.map { $0.reduce(0) { $0 + Double($1) } } ?? Double(continuation.count)
  }

  /// What each token of the continuation counts. [continuation.count]
  fileprivate var allWeights: [Float] {
    weights ?? Array(repeating: 1, count: continuation.count)
  }
}

/// Texts that are packed into the rows of one pass.
struct TextPass {
  var rows: PackedRows
  /// The texts in it, by their index, and their targets, in order.
  var targets: [(text: Int, targets: Range<Int>)]

  /// Packs texts, those of one prompt together, in the order of their prompts' first text.
  static func passes(_ texts: [LearningText], rowLimit: Int) -> [TextPass] {
    var places: [[TokenID]: Int] = [:]
    var members: [[Int]] = []
    var groups: [TextGroup] = []
    for (index, text) in texts.enumerated() where !text.continuation.isEmpty {
      let place = places[text.prompt] ?? groups.count
      if place == groups.count {
        places[text.prompt] = place
        members.append([])
        groups.append(TextGroup(prompt: text.prompt, continuations: []))
      }
      members[place].append(index)
      groups[place].continuations.append(text.continuation)
    }
    return PackedRows.passes(groups, atMost: rowLimit).map { pass in
      TextPass(
        rows: pass.rows,
        targets: pass.texts.map { (members[$0.group][$0.continuation], $0.targets) })
    }
  }
}
