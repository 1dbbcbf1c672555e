/// Which model this is, as traces and status lines name it.
public struct ModelIdentity: Sendable, Hashable, Codable {
  /// A short name, such as the file's name without its ending.
  public var name: String
  /// A digest of the weights, in hexadecimal; models with equal digests are the same model.
  public var hash: String
  /// Such as `llama`.
  public var architecture: String
  /// Such as `Q8_0`.
  public var fileType: String
  /// The instruction set its arithmetic runs on, such as `avx512-vnni`: logits are equal to the
  /// bit only on one and the same.
  public var isa: String

  public init(name: String, hash: String, architecture: String, fileType: String, isa: String) {
    self.name = name
    self.hash = hash
    self.architecture = architecture
    self.fileType = fileType
    self.isa = isa
  }

  private enum CodingKeys: String, CodingKey {
    case name, hash, architecture, isa
    case fileType = "file_type"
  }
}

/// What one forward pass is asked to do.
public struct ForwardRequest: Sendable {
  /// The nodes whose next-token distributions are wanted, most urgent first.
  public var nodes: [NodeID]
  /// At most about this many tokens are computed before the call returns, so that a long prefill
  /// never keeps others waiting. At least one token is always computed.
  public var tokenLimit: Int

  public init(nodes: [NodeID], tokenLimit: Int = 512) {
    self.nodes = nodes
    self.tokenLimit = tokenLimit
  }
}

/// What one forward pass did.
public struct ForwardResult: Sendable {
  /// For each asked node its distribution, or nil while tokens before it are still to be computed.
  public var distributions: [TokenDistribution?]
  /// For each asked node, how many tokens of its path this call computed. A token shared by
  /// several nodes counts once, for the first of them.
  public var computed: [Int]

  public init(distributions: [TokenDistribution?], computed: [Int]) {
    self.distributions = distributions
    self.computed = computed
  }
}

/// A model that tells the distribution of the next token after any node of a token tree.
///
/// Nodes are plain values; whether the keys and values before them are still in memory is the
/// model's own affair: what was evicted is computed again, to the same bits. Calls come from one
/// thread at a time (the scheduler's).
public protocol LanguageModel: AnyObject, Sendable {
  var identity: ModelIdentity { get }
  var vocabulary: any Vocabulary { get }
  /// The most tokens a path may have.
  var contextLength: Int { get }
  /// About how many tokens the model computes in 40 ms, so that a key or a cancel never waits for
  /// a long prefill or a wide batch. Fixed for a model and never measured: the order of events
  /// must not depend on the clock.
  var tokensPerPass: Int { get }
  /// The chat template that the model's file declares, as it stands there (a Jinja program); nil
  /// if it declares none.
  var chatTemplate: String? { get }
  /// How many paths are worth decoding at once; nil for any number. A server takes as many as it has slots,
  /// and more would only push each other's keys and values out.
  var pathLimit: Int? { get }

  /// Computes next-token distributions, all asked nodes in one batch.
  ///
  /// - Throws: `LanguageModelError` when a node is unknown, a path is longer than the context, or
  ///   memory for keys and values cannot be had.
  func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult
}

/// Why a model could not answer.
public enum LanguageModelError: Error, Equatable, CustomStringConvertible {
  case unknownNode(NodeID)
  case contextExceeded(length: Int, limit: Int)
  /// Keys and values of what is asked for at once do not fit into memory, in tokens.
  case cacheExhausted(needed: Int, capacity: Int)
  case tokenOutOfRange(TokenID, vocabularySize: Int)
  case lacksCapability(String)

  public var description: String {
    switch self {
    case .unknownNode(let id): "The token tree has no node \(id)."
    case .contextExceeded(let length, let limit):
      "The text has \(length) tokens, but the model's context holds \(limit); shorten it."
    case .cacheExhausted(let needed, let capacity):
      "Keys and values of \(needed) tokens are needed at once, but there is room for \(capacity): "
        + "use fewer parallel paths, a greater --kv-limit, or --kv q8_0, which takes about half "
        + "the memory."
    case .tokenOutOfRange(let token, let size):
      "Token \(token) is outside the vocabulary of \(size) tokens."
    case .lacksCapability(let what): "This model cannot provide \(what)."
    }
  }
}

extension LanguageModel {
  public var tokensPerPass: Int { 512 }
  public var chatTemplate: String? { nil }
  public var pathLimit: Int? { nil }

  /// The distributions after several nodes, however many passes that takes.
  public func distributions(at nodes: [NodeID], in tree: TokenTree) throws -> [TokenDistribution] {
    var result = [TokenDistribution?](repeating: nil, count: nodes.count)
    while true {
      let pending = nodes.indices.filter { result[$0] == nil }
      if pending.isEmpty { return result.compactMap { $0 } }
      let pass = try forward(ForwardRequest(nodes: pending.map { nodes[$0] }), in: tree)
      for (index, distribution) in zip(pending, pass.distributions) { result[index] = distribution }
    }
  }

  /// The distribution after one sequence of tokens.
  public func distribution(after tokens: [TokenID]) throws -> TokenDistribution {
    var tree = TokenTree()
    let node = tree.extend(.root, with: tokens)
    return try distributions(at: [node], in: tree)[0]
  }
}
