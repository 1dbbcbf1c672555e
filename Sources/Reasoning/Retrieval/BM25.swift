import Foundation

/// Okapi BM25 over passages: how well each fits the words of a query (Robertson and Zaragoza
/// 2009, "The Probabilistic Relevance Framework: BM25 and Beyond", equation 3.15, with the inverse
/// document frequency that is never negative).
public struct BM25: Sendable {
  /// How soon a word that comes again counts for less.
  static let k1 = 1.2
  /// How much longer passages are held back: 0 not at all, 1 in proportion.
  public static let b = 0.75

  /// Which passages a word comes up in, and how often.
  private var postings: [String: [(passage: Int, count: Int)]] = [:]
  private var lengths: [Int] = []
  private var meanLength = 1.0

  init(_ texts: some Sequence<String>) {
    for (number, text) in texts.enumerated() {
      let words = Self.words(text)
      lengths.append(words.count)
      let counts = words.reduce(into: [String: Int]()) { $0[$1, default: 0] += 1 }
      for (word, count) in counts { postings[word, default: []].append((number, count)) }
    }
    let total = lengths.reduce(0, +)
    if total > 0 { meanLength = Double(total) / Double(lengths.count) }
  }

  /// The words and numbers of a text, in lower case.
  static func words(_ text: String) -> [String] {
    text.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
  }

  /// The passages that fit best, best first; of equals the first. Those that share no word with the
  /// query are left out. A word that the query repeats counts once.
  public func best(_ count: Int, for query: String) -> [(passage: Int, score: Double)] {
    var scores: [Int: Double] = [:]
    // A question that tells of Leo eleven times does not ask for Leo: each word counts once. In the
    // order of the words, so that sums come out the same every time.
    var seen: Set<String> = []
    for word in Self.words(query) where seen.insert(word).inserted {
      guard let found = postings[word] else { continue }
      let weight = Self.weight(documents: lengths.count, having: found.count)
      for (passage, frequency) in found {
        scores[passage, default: 0] += weight * part(frequency, of: passage)
      }
    }
    let ranked = scores.sorted { a, b in a.value == b.value ? a.key < b.key : a.value > b.value }
    return ranked.prefix(max(0, count)).map { (passage: $0.key, score: $0.value) }
  }

  private func part(_ frequency: Int, of passage: Int) -> Double {
    let f = Double(frequency)
    let length = Double(lengths[passage]) / meanLength
    return f * (Self.k1 + 1) / (f + Self.k1 * (1 - Self.b + Self.b * length))
  }

  /// ln(1 + (N − n + ½) / (n + ½)).
  static func weight(documents: Int, having: Int) -> Double {
    Foundation.log(1 + (Double(documents - having) + 0.5) / (Double(having) + 0.5))
  }
}
