public import Decoding
import Foundation
import Traces

/// A token of which the model was not sure, beside the likeliest that it could have been instead.
public struct Hesitation: Sendable, Hashable {
  /// The token's index in its path.
  public var token: Int
  /// Its probability at temperature 1.
  public var probability: Double
  /// The likeliest other token, when the trace keeps it, and its probability.
  public var other: Token?
  public var otherProbability: Double?

  /// How many are kept of a path.
  static let kept = 8
  /// A token this likely, which is shown as .900, is no hesitation.
  static let sure = 0.8995

  /// The hesitations of a path, the least sure token first; of equals the earlier.
  static func list(of path: PathDigest, in run: RunTrace) -> [Hesitation] {
    let unsure = path.logProbabilities.enumerated().compactMap { index, log in
      log.map { (index: index, probability: exp($0)) }
    }.filter { $0.probability < sure }
    let least = unsure.sorted { a, b in
      a.probability < b.probability || (a.probability == b.probability && a.index < b.index)
    }
    return least.prefix(kept).map { index, probability in
      var hesitation = Hesitation(token: index, probability: probability)
      let node = path.nodes[index]
      guard let known = run.nodes[node], let saved = run.distributions[known.parent],
        let rank = saved.summary.tokens.firstIndex(where: { $0 != known.token.id }),
        saved.bytes.indices.contains(rank)
      else { return hesitation }
      let token = saved.summary.tokens[rank]
      hesitation.other = Token(id: token, bytes: saved.bytes[rank])
      hesitation.otherProbability = saved.summary.logProbability(of: token).map { exp($0) }
      return hesitation
    }
  }
}
