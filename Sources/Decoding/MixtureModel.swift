/// Several models as one: the next token's distribution is the weighted mean of theirs,
/// p(x) = Σ wₘ pₘ(x). A mixture of probabilities, so that any model can keep a token possible; not
/// of logits, where each could forbid it.
///
/// The members must have the same vocabulary. They are called from the mixture's thread only, so a
/// model that another decoder uses must not be one of them.
public final class MixtureModel: LanguageModel {
  public let members: [any LanguageModel]
  /// The members' shares, which sum to 1.
  public let weights: [Double]
  public let identity: ModelIdentity
  public let vocabulary: any Vocabulary
  public let contextLength: Int
  public let tokensPerPass: Int
  public let chatTemplate: String?
  public let pathLimit: Int?

  /// - Parameter weights: one for each member, not negative; nil gives each the same.
  /// - Throws: `MixtureError`.
  public init(_ members: [any LanguageModel], weights: [Double]? = nil) throws(MixtureError) {
    guard let first = members.first, members.count > 1 else { throw .tooFew }
    for other in members.dropFirst() {
      if let token = first.vocabulary.firstDifference(from: other.vocabulary) {
        throw .vocabularies(first.identity.name, other.identity.name, token: token)
      }
    }
    let given = weights ?? members.map { _ in 1 }
    let total = given.reduce(0, +)
    guard given.count == members.count, given.allSatisfy({ $0 >= 0 && $0.isFinite }), total > 0
    else { throw .weights }
    self.members = members
    self.weights = given.map { $0 / total }
    let identities = members.map(\.identity)
    func joined(_ part: (ModelIdentity) -> String, _ separator: String = " + ") -> String {
      identities.map(part).joined(separator: separator)
    }
    identity = ModelIdentity(
      name: joined(\.name), hash: joined(\.hash, "+"), architecture: "mixture",
      fileType: joined(\.fileType), isa: first.identity.isa)
    vocabulary = first.vocabulary
    contextLength = members.map(\.contextLength).min() ?? first.contextLength
    // One pass runs every member.
    tokensPerPass = max(1, (members.map(\.tokensPerPass).min() ?? 1) / members.count)
    chatTemplate = first.chatTemplate
    pathLimit = members.compactMap(\.pathLimit).min()
  }

  public func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    let results = try members.map { try $0.forward(request, in: tree) }
    let distributions = try request.nodes.indices.map { index -> TokenDistribution? in
      // A member that is not there yet keeps the node waiting; for the others it is in the cache.
      let parts = results.compactMap { result in
        result.distributions.indices.contains(index) ? result.distributions[index] : nil
      }
      guard parts.count == members.count else { return nil }
      guard parts.allSatisfy(\.isComplete) else {
        throw LanguageModelError.lacksCapability(
          "the probabilities of all tokens, which a mixture needs")
      }
      return mixture(of: parts)
    }
    // Prompts are counted once, not once for each member.
    return ForwardResult(distributions: distributions, computed: results.first?.computed ?? [])
  }

  /// The distribution whose probabilities are the weighted means.
  private func mixture(of parts: [TokenDistribution]) -> TokenDistribution {
    var sums = [Double](repeating: 0, count: vocabulary.count)
    for (part, weight) in zip(parts, weights) where weight > 0 {
      for (index, logit) in part.logits.enumerated() where index < sums.count {
        sums[index] += weight * exponential(Double(logit) - part.logSumExp)
      }
    }
    return TokenDistribution(logits: sums.map { $0 > 0 ? Float(logarithm($0)) : -.infinity })
  }
}

/// Why models cannot be mixed.
public enum MixtureError: Error, Equatable, CustomStringConvertible {
  case tooFew
  /// The first token in which two vocabularies differ.
  case vocabularies(String, String, token: TokenID)
  case weights

  public var description: String {
    switch self {
    case .tooFew: "A mixture needs at least two models."
    case .vocabularies(let a, let b, let token):
      "\(a) and \(b) have different vocabularies (token \(token)), so their distributions cannot "
        + "be mixed; let their answers vote instead: --combine votes."
    case .weights: "A mixture needs one weight for each model, and none may be negative."
    }
  }
}

extension Vocabulary {
  /// The first token in which two vocabularies differ; nil when they are the same.
  public func firstDifference(from other: any Vocabulary) -> TokenID? {
    for id in 0..<TokenID(clamping: min(count, other.count)) {
      if isControl(id) != other.isControl(id) || bytes(of: id) != other.bytes(of: id)
        || endOfText.contains(id) != other.endOfText.contains(id)
      {
        return id
      }
    }
    return count == other.count ? nil : TokenID(clamping: min(count, other.count))
  }
}
