import Decoding
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

extension Trainee {
  /// Adds the gradient of the texts' mean loss: cross-entropy over the tokens of all of them
  /// together, prompts masked (see `CrossEntropy`). Texts with the same prompt share its rows.
  ///
  /// - Parameter rowLimit: how many rows one pass has at most, unless a single prompt with what
  ///   follows it has more. Into how many passes the texts are cut does not change the loss.
  /// - Returns: the loss of each text.
  /// - Throws: `ModelError`.
  public func learn(_ texts: [LearningText], rowLimit: Int = 8192) throws -> [TextLoss] {
    var losses = [TextLoss](repeating: TextLoss(), count: texts.count)
    let total = texts.reduce(0) { $0 + $1.weight }
    guard total > 0 else { return losses }
    for pass in TextPass.passes(texts, rowLimit: rowLimit) {
      let outcome = try forward(pass.rows)
      let value = CrossEntropy.value(outcome.logProbabilities, weights: pass.weights)
      // The mean is over all passes.
      let share = pass.weights.reduce(0) { $0 + Double($1) } / total
      try backward(slopes: value.slopes.map { $0 * Float(share) }, entropySlopes: nil)
      for (text, targets) in pass.targets {
        for target in targets where pass.weights[target] > 0 {
          let weight = Double(pass.weights[target])
          losses[text].sum -= weight * Double(outcome.logProbabilities[target])
          losses[text].weight += weight
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
}

/// Texts that are packed into the rows of one pass.
struct TextPass {
  private(set) var rows = PackedRows()
  /// What each target counts. [targets]
  private(set) var weights: [Float] = []
  /// Of each text, by its index, the targets.
  private(set) var targets: [(text: Int, targets: Range<Int>)] = []

  /// Packs texts, those of one prompt together, in the order of their prompts' first text.
  static func passes(_ texts: [LearningText], rowLimit: Int) -> [TextPass] {
    var places: [[TokenID]: Int] = [:]
    var groups: [[Int]] = []
    for (index, text) in texts.enumerated() where !text.continuation.isEmpty {
      if let place = places[text.prompt] {
        groups[place].append(index)
      } else {
        places[text.prompt] = groups.count
        groups.append([index])
      }
    }
    var passes: [TextPass] = []
    var pass = TextPass()
    for group in groups {
      let count = group.reduce(texts[group[0]].prompt.count) {
        $0 + texts[$1].continuation.count - 1
      }
      if pass.rows.count > 0, pass.rows.count + count > rowLimit {
        passes.append(pass)
        pass = TextPass()
      }
      pass.add(group, of: texts)
    }
    if pass.rows.count > 0 { passes.append(pass) }
    return passes
  }

  private mutating func add(_ group: [Int], of texts: [LearningText]) {
    let ranges = rows.add(
      prompt: texts[group[0]].prompt, continuations: group.map { texts[$0].continuation })
    for (text, range) in zip(group, ranges) {
      targets.append((text, range))
      weights += texts[text].weights ?? Array(repeating: 1, count: range.count)
    }
  }
}
