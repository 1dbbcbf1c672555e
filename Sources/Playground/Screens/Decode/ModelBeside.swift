import Decoding
import Foundation
import TerminalUI
import Traces

/// Another model whose next-token distributions stand beside those of the model at hand: a teacher
/// beside its student.
struct ModelBeside: Sendable {
  var name: String
  /// Where it is.
  var path: String
  /// What it says at the places that were looked at.
  private(set) var known: [NodeID: TokenDistribution] = [:]
  /// The places of those, the oldest first.
  private var order: [NodeID] = []
  /// The place it is being asked about.
  var asking: NodeID?
  /// Why it says nothing: it cannot be opened, or its tokens are others.
  var failure: String?

  /// How many distributions are kept.
  private static let limit = 64

  init(name: String, path: String) {
    self.name = name
    self.path = path
  }

  mutating func insert(_ distribution: TokenDistribution, for node: NodeID) {
    if known.updateValue(distribution, forKey: node) == nil { order.append(node) }
    while order.count > Self.limit { known[order.removeFirst()] = nil }
  }
}

/// How far two models agree on the next token.
struct Agreement: Sendable, Hashable {
  /// Δ, the total variation distance ½ Σ |p − q|: 0 for the same distributions, 1 for any that share
  /// no token.
  var distance: Double
  /// KL(q ‖ p) in nats, q the other model's: what a student p loses against a teacher q. Infinite
  /// where p rules out what q may say.
  var divergence: Double

  /// - Returns: nil for vocabularies of different sizes.
  init?(_ own: TokenDistribution, _ other: TokenDistribution) {
    guard own.logits.count == other.logits.count, own.isComplete, other.isComplete else {
      return nil
    }
    (distance, divergence) = (0, other.divergence(from: own))
    for (a, b) in zip(own.logits, other.logits) {
      let (logP, logQ) = (Double(a) - own.logSumExp, Double(b) - other.logSumExp)
      distance += abs(exp(logP) - exp(logQ)) / 2
    }
  }

  /// In one line, with the names of the models where there is room: `Δ .12 · KL(5m ‖ 2m) 0.08`.
  func text(_ own: String, _ other: String, columns: Int) -> String {
    let nats = divergence.isFinite ? Format.fixed(divergence, 2) : "∞"
    let distance = "Δ \(Format.probability(distance)) · KL"
    let long = "\(distance)(\(other) ‖ \(own)) \(nats)"
    return DisplayWidth.of(long) <= columns ? long : "\(distance) \(nats)"
  }
}

extension DecodeScreen {
  /// What the model beside says of the place that the table is of; nil where that is not known.
  var besideDistribution: TokenDistribution? { table.flatMap { beside?.known[$0.node] } }

  /// How far the two agree where the table is.
  func agreement(_ session: SessionState) -> Agreement? {
    guard let node = table?.node, let own = distribution(after: node, session),
      let other = beside?.known[node]
    else { return nil }
    return Agreement(own, other)
  }

  /// Puts a model beside the one at hand; nil takes it away.
  mutating func put(beside model: (name: String, path: String)?) {
    beside = model.map { ModelBeside(name: $0.name, path: $0.path) }
  }

  /// Asks the model beside about the cursor's place, where it has not been asked yet.
  mutating func askBeside(_ session: SessionState) -> [Effect] {
    guard let beside, beside.failure == nil, beside.asking == nil, !isStreaming,
      session.screen == Self.id, session.readyModel != nil, !session.showsAnotherModel,
      session.cursor != .root, hasCurrentTable, beside.known[session.cursor] == nil
    else { return [] }
    let trace = session.trace
    let tokens = trace.line(to: session.cursor).compactMap { trace.node($0)?.token }
    guard NodeID.root.appending(contentsOf: tokens.map(\.id)) == session.cursor else { return [] }
    self.beside?.asking = session.cursor
    return [.decode(.readBeside(path: beside.path, tokens, session.cursor))]
  }

  /// Takes what the model beside says.
  mutating func receive(
    _ ending: Ending<TokenDistribution>, ofModelAt path: String, at node: NodeID,
    _ session: inout SessionState
  ) {
    guard beside?.path == path else { return }
    if beside?.asking == node { beside?.asking = nil }
    switch ending {
    case .done(let distribution): beside?.insert(distribution, for: node)
    case .failed(let why):
      session.tell(why, .error)
      beside?.failure = why
    case .cancelled: break
    }
  }
}
