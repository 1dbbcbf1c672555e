import Foundation

/// The Kullback–Leibler divergence between distributions that are given by their logits, over the
/// whole vocabulary: nothing is sampled or estimated.
///
/// With p = softmax(z_p / τ) and q = softmax(z_q / τ): KL(p ‖ q) = Σ p (log p − log q), and
/// ∂ KL / ∂ z_q = (q − p) / τ.
enum Divergence {
  /// KL(p ‖ q) of one target in nats, and the entropy of p.
  ///
  /// - Parameters:
  ///   - p: the logits of every target's p. [targets, vocabulary]
  ///   - q: those of its q. [targets, vocabulary]
  ///   - target: the one that is asked about.
  ///   - temperature: τ.
  ///   - differences: gets q − p; nil where nobody needs it. [targets, vocabulary]
  static func value(
    of p: [Float], from q: [Float], target: Int, vocabulary: Int, temperature: Double = 1,
    differences: inout [Float]?
  ) -> (divergence: Double, entropy: Double) {
    let place = target * vocabulary..<(target + 1) * vocabulary
    let scale = 1 / temperature
    return p[place].withUnsafeBufferPointer { p in
      q[place].withUnsafeBufferPointer { q in
        let (pSum, qSum) = (logSum(p, scale), logSum(q, scale))
        var (divergence, entropy) = (0.0, 0.0)
        for index in 0..<vocabulary {
          let (pLog, qLog) = (Double(p[index]) * scale - pSum, Double(q[index]) * scale - qSum)
          let (pNow, qNow) = (exp(pLog), exp(qLog))
          // What p never says has no share in either sum, even if q cannot say it at all.
          if pNow > 0 {
            divergence += pNow * (pLog - qLog)
            entropy -= pNow * pLog
          }
          differences?[place.lowerBound + index] = Float(qNow - pNow)
        }
        // Rounding can leave the divergence of equal distributions just below 0.
        return (max(0, divergence), entropy)
      }
    }
  }

  /// log Σ e^(z · scale), in the order of the vocabulary.
  private static func logSum(_ logits: UnsafeBufferPointer<Float>, _ scale: Double) -> Double {
    let greatest = Double(logits.max() ?? 0) * scale
    return log(logits.reduce(0) { $0 + exp(Double($1) * scale - greatest) }) + greatest
  }
}
