import Decoding
import Foundation
import Synchronization

/// What a service has done so far, as `/metrics` tells it.
public final class ServiceFigures: Sendable {
  /// A histogram with fixed bounds, in seconds.
  struct Histogram: Sendable {
    let bounds: [Double]
    var counts: [Int]
    var sum = 0.0
    var count = 0

    init(_ bounds: [Double]) {
      self.bounds = bounds
      counts = Array(repeating: 0, count: bounds.count)
    }

    mutating func add(_ value: Double) {
      sum += value
      count += 1
      for index in bounds.indices where value <= bounds[index] { counts[index] += 1 }
    }
  }

  private struct Counts {
    var requests = 0
    var texts = 0
    var promptTokens = 0
    var reusedTokens = 0
    var generatedTokens = 0
    var open = 0
    var timeToFirst = Histogram([
      0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50,
    ])
    var timePerToken = Histogram([
      0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1,
    ])
  }

  private let counts = Mutex(Counts())

  /// Texts that are decoded or wait.
  public var open: Int { counts.withLock { $0.open } }

  /// What was done, in a few words.
  var summary: String {
    let counts = counts.withLock { $0 }
    return "\(counts.requests) requests, \(counts.generatedTokens) tokens generated"
  }

  func began(_ texts: Int) {
    counts.withLock {
      $0.requests += 1
      $0.texts += texts
      $0.open += texts
    }
  }

  func left(_ texts: Int) { counts.withLock { $0.open -= texts } }

  func ended(_ result: PathResult) {
    counts.withLock {
      $0.promptTokens += result.prefilled
      $0.reusedTokens += result.reused
      $0.generatedTokens += result.tokens.count
    }
  }

  func scored(_ tokens: Int) { counts.withLock { $0.promptTokens += tokens } }

  func first(after seconds: Double) { counts.withLock { $0.timeToFirst.add(seconds) } }

  func next(after seconds: Double) { counts.withLock { $0.timePerToken.add(seconds) } }

  /// How many texts are decoded now.
  func processing(slots: Int) -> Int { min(slots, counts.withLock { $0.open }) }

  /// Prometheus' text format, version 0.0.4.
  ///
  /// - Parameter slots: texts that are decoded at once.
  func text(slots: Int) -> String {
    let counts = counts.withLock { $0 }
    var text = ""
    func tell(_ name: String, _ kind: String, _ help: String, _ value: Int) {
      text +=
        "# HELP ponder:\(name) \(help)\n# TYPE ponder:\(name) \(kind)\nponder:\(name) \(value)\n"
    }
    tell("requests_total", "counter", "Requests that were begun.", counts.requests)
    tell("texts_total", "counter", "Texts that were begun.", counts.texts)
    tell(
      "prompt_tokens_total", "counter", "Tokens of prompts that were computed.",
      counts.promptTokens)
    tell(
      "prompt_tokens_reused_total", "counter",
      "Tokens of prompts whose keys and values were in the cache.", counts.reusedTokens)
    tell(
      "tokens_predicted_total", "counter", "Tokens that were generated.", counts.generatedTokens)
    tell(
      "requests_processing", "gauge", "Texts that are decoded now.", min(slots, counts.open))
    tell(
      "requests_deferred", "gauge", "Texts that wait for a slot.", max(0, counts.open - slots))
    func tell(_ name: String, _ help: String, _ histogram: Histogram) {
      text += "# HELP ponder:\(name) \(help)\n# TYPE ponder:\(name) histogram\n"
      for (bound, count) in zip(histogram.bounds, histogram.counts) {
        text += "ponder:\(name)_bucket{le=\"\(bound)\"} \(count)\n"
      }
      text += "ponder:\(name)_bucket{le=\"+Inf\"} \(histogram.count)\n"
      text += "ponder:\(name)_sum \(histogram.sum)\nponder:\(name)_count \(histogram.count)\n"
    }
    tell(
      "time_to_first_token_seconds", "From a request to each text's first token (TTFT).",
      counts.timeToFirst)
    tell(
      "time_per_output_token_seconds", "Between a text's tokens (ITL).", counts.timePerToken)
    return text
  }
}

/// Takes the times of one generation's tokens.
final class GenerationMeter: Sendable {
  private let figures: ServiceFigures
  private let began: ContinuousClock.Instant
  private let last = Mutex<[Int: ContinuousClock.Instant]>([:])

  init(_ figures: ServiceFigures, began: ContinuousClock.Instant) {
    self.figures = figures
    self.began = began
  }

  func chose(text: Int) {
    let now = ContinuousClock.now
    let before = last.withLock { last in
      defer { last[text] = now }
      return last[text]
    }
    if let before {
      figures.next(after: (now - before) / .seconds(1))
    } else {
      figures.first(after: (now - began) / .seconds(1))
    }
  }
}
