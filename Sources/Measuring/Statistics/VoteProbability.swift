import Foundation

/// The exact chance that a majority vote picks an answer, by enumeration of all tallies.
///
/// Ties go to the answer seen first. Among equally tallied answers every one is as likely to have
/// come first, so a tie of m answers counts 1/m for each.
enum VoteProbability {
  /// maj@k: the chance that a vote of `k` of the samples already drawn, chosen without
  /// replacement, picks answer `index`.
  ///
  /// - Parameters:
  ///   - tally: How many samples gave each answer.
  ///   - unparsed: How many gave none; they are drawn too, and vote for nothing.
  /// - Returns: nil for negative counts, an index outside, or k not in 1 … the number of samples.
  static func majorityAtK(tally: [Int], unparsed: Int = 0, index: Int, k: Int) -> Double? {
    let samples = tally.reduce(unparsed, +)
    guard tally.indices.contains(index), tally.allSatisfy({ $0 >= 0 }), unparsed >= 0,
      k >= 1, k <= samples
    else { return nil }
    let logs = LogFactorials(upTo: samples)
    var order = tally
    order.swapAt(0, index)
    var remaining = samples
    let populations = order.map { size in
      defer { remaining -= size }
      return remaining
    }
    return win(votes: k, answers: order.count) { answer, count, left in
      logs.hypergeometric(
        count: count, of: left, marked: order[answer], population: populations[answer])
    }
  }

  /// The chance that answer 0 wins. `chance(i, count, left)` is the chance that `count` of the
  /// `left` votes not yet given to answers before i go to answer i.
  static func win(votes: Int, answers: Int, chance: (Int, Int, Int) -> Double) -> Double {
    var total = 0.0
    for top in 1...votes {
      // [votes left][answers tied with answer 0]
      var states = [[Double]](repeating: Array(repeating: 0, count: answers), count: votes + 1)
      states[votes - top][0] = chance(0, top, votes)
      for answer in 1..<max(answers, 1) {
        var next = [[Double]](repeating: Array(repeating: 0, count: answers), count: votes + 1)
        for left in 0...votes {
          for ties in 0..<answer where states[left][ties] > 0 {
            for count in 0...min(top, left) {
              let weight = states[left][ties] * chance(answer, count, left)
              next[left - count][ties + (count == top ? 1 : 0)] += weight
            }
          }
        }
        states = next
      }
      for row in states {
        for (ties, chance) in row.enumerated() { total += chance / Double(ties + 1) }
      }
    }
    return min(1, total)
  }
}

/// ln n! for 0 … a limit, and the distributions made of them.
struct LogFactorials {
  private let values: [Double]

  init(upTo limit: Int) {
    var values = [0.0]
    for n in stride(from: 1, through: limit, by: 1) {
      values.append(values[n - 1] + Foundation.log(Double(n)))
    }
    self.values = values
  }

  func logChoose(_ n: Int, _ k: Int) -> Double { values[n] - values[k] - values[n - k] }

  func hypergeometric(count: Int, of draws: Int, marked: Int, population: Int) -> Double {
    guard count <= marked, draws - count <= population - marked, draws <= population else {
      return 0
    }
    let log =
      logChoose(marked, count) + logChoose(population - marked, draws - count)
      - logChoose(population, draws)
    return Foundation.exp(log)
  }
}
