public import Decoding
import Foundation
import Synchronization

/// A model that another program runs, asked over the network.
///
/// It is a model like any other: paths, sampling and seeds stay here, and only distributions are asked for. A
/// pass starts requests for the nodes it is asked about and gives what has come; the decoder comes back for
/// the rest. A request that nobody comes back for is given up and its connection closed, which is how a
/// cancelled run stops the server.
public final class RemoteModel: LanguageModel {
  public let identity: ModelIdentity
  public let vocabulary: any Vocabulary
  public let contextLength: Int
  public let chatTemplate: String?
  public let capabilities: RemoteCapabilities
  public let address: RemoteAddress
  private let requests: RemoteRequests

  /// Where the server does not say how long a text may be: its own error tells.
  private static let longestText = 1 << 20

  /// Asks the server what it is and gives.
  ///
  /// - Throws: `RemoteError`.
  public init(_ address: RemoteAddress, options: RemoteOptions = RemoteOptions())
    throws(RemoteError)
  {
    let client = try RemoteClient(
      address, key: options.key, transport: options.transport, patience: options.patience)
    let found = try RemoteProbe(client: client, options: options).run()
    self.address = address
    capabilities = found.capabilities
    vocabulary = found.vocabulary
    contextLength = found.capabilities.contextLength ?? Self.longestText
    chatTemplate = found.capabilities.chatTemplate
    let name = found.capabilities.model
    // Weights cannot be seen from here: what the server says of itself stands for them.
    let marks = [found.capabilities.kind.rawValue, address.shownServer, name] + found.marks
    identity = ModelIdentity(
      name: name, hash: "remote-" + Self.digest(marks), architecture: "remote",
      fileType: "remote", isa: found.capabilities.kind.rawValue)
    requests = RemoteRequests(client: client, found: found, patience: options.patience)
  }

  deinit { requests.abandonAll() }

  public var pathLimit: Int? { capabilities.slots }

  public func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    let failure = (vocabulary as? ServerVocabulary)?.failure
    for node in request.nodes {
      guard tree.contains(node) else { throw LanguageModelError.unknownNode(node) }
      let depth = tree.depth(of: node)
      guard depth <= contextLength else {
        throw LanguageModelError.contextExceeded(length: depth, limit: contextLength)
      }
      // Part of the text could not be turned into tokens.
      if let failure, tree.tokens(to: node).contains(ServerVocabulary.untold) { throw failure }
    }
    return try requests.forward(request, in: tree)
  }

  /// Sixteen hexadecimal digits that tell texts apart.
  private static func digest(_ texts: [String]) -> String {
    var id = NodeID.root
    for text in texts {
      for byte in text.utf8 { id = id.appending(TokenID(byte)) }
      id = id.appending(-1)
    }
    return id.description
  }
}

/// The requests of one model: under way, answered and failed.
final class RemoteRequests: @unchecked Sendable {
  /// What is known of a node.
  private struct Known {
    var listed: [(token: TokenID, logProbability: Double)]
    /// The likeliest token.
    var best: TokenID
    /// How many tokens up to here were each the likeliest.
    var streak: Int
  }

  /// One under way; what changes in it is guarded as everything else here.
  private final class Request: @unchecked Sendable {
    let abandonment = Abandonment()
    var askedAt = ContinuousClock.now
    let slot: Int?

    init(slot: Int?) { self.slot = slot }
  }

  /// What a slot of the server has in its memory, as far as is known here.
  private struct Slot {
    var tokens: [TokenID] = []
    var isBusy = false
  }

  private let client: RemoteClient
  private let dialect: ServerDialect
  private let capabilities: RemoteCapabilities
  private let vocabulary: any Vocabulary
  private let patience: RemotePatience

  /// Guards everything below; is told when an answer has come.
  private let condition = NSCondition()
  private var known: [NodeID: Known] = [:]
  /// Nodes in the order in which they became known, for forgetting the oldest.
  private var order: [NodeID] = []
  private var entries = 0
  private var open: [NodeID: Request] = [:]
  private var failed: [NodeID: RemoteError] = [:]
  private var slots: [Slot]
  private var evaluated: Set<NodeID> = []
  private var lastPass = ContinuousClock.now
  private var isWatched = false

  /// How long a pass waits for an answer, in seconds: a key or a cancel never waits longer.
  private static let passSeconds = 0.04
  /// Listed tokens that are kept, of all nodes together: 16 bytes each.
  private static let mostEntries = 4 << 20
  private static let mostEvaluated = 1 << 20

  init(client: RemoteClient, found: RemoteProbe.Found, patience: RemotePatience) {
    self.client = client
    self.patience = patience
    (dialect, capabilities) = (found.dialect, found.capabilities)
    vocabulary = found.vocabulary
    slots = Array(repeating: Slot(), count: found.dialect.slots)
  }

  func abandonAll() {
    condition.withLock {
      for request in open.values { request.abandonment.raise() }
    }
  }

  // MARK: The decoder's thread

  func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    condition.lock()
    defer { condition.unlock() }
    lastPass = .now
    try throwFailure(of: request.nodes)
    start(request.nodes, in: tree)
    if !request.nodes.contains(where: { known[$0] != nil }) {
      let end = Date(timeIntervalSinceNow: Self.passSeconds)
      while !request.nodes.contains(where: { known[$0] != nil || failed[$0] != nil }),
        condition.wait(until: end)
      {}
      try throwFailure(of: request.nodes)
    }
    let size = vocabulary.count
    let distributions = request.nodes.map { node in
      known[node].map { known in
        // Where the vocabulary's size is not told, there are more tokens than have been seen.
        let least = known.listed.count + (capabilities.isComplete ? 0 : 1)
        return TokenDistribution(listed: known.listed, vocabularySize: max(size, least))
      }
    }
    // A server's cache cannot be seen: counted is what a model with room for everything would compute.
    let computed = request.nodes.indices.map { index in
      distributions[index] == nil ? 0 : count(request.nodes[index], in: tree)
    }
    return ForwardResult(distributions: distributions, computed: computed)
  }

  private func count(_ node: NodeID, in tree: TokenTree) -> Int {
    if evaluated.contains(node) { return 0 }
    if evaluated.count > Self.mostEvaluated { evaluated = [] }
    return tree.path(to: node).count { evaluated.insert($0).inserted }
  }

  /// A failure is told once, to whoever asks for its node alone: the decoder then ends that path and no
  /// other. Whoever asks again later gets a new request.
  private func throwFailure(of nodes: [NodeID]) throws {
    guard let node = nodes.first(where: { failed[$0] != nil }), let failure = failed[node] else {
      return
    }
    if nodes.count == 1 { failed[node] = nil }
    throw failure
  }

  // MARK: Starting requests

  private func start(_ nodes: [NodeID], in tree: TokenTree) {
    for node in nodes where known[node] == nil {
      if let request = open[node] {
        request.askedAt = .now
      } else if open.count < capabilities.slots {
        send(node, in: tree)
      }
    }
  }

  private func send(_ node: NodeID, in tree: TokenTree) {
    let tokens = tree.tokens(to: node)
    let streak = streak(at: node, in: tree)
    let slot = takeSlot(for: tokens)
    let request = Request(slot: slot)
    open[node] = request
    watch()
    let room = max(1, (capabilities.contextLength ?? .max) - tokens.count)
    let count = max(1, min(streak == 0 ? 1 : 2 * streak, capabilities.readAhead, room))
    let prompt = prompt(tokens)
    Thread.detachNewThread { [self] in
      let result: Result<[ToldPosition], RemoteError>
      do throws(RemoteError) {
        result = .success(try ask(prompt, count: count, slot: slot, request.abandonment))
      } catch {
        result = .failure(error)
      }
      take(result, of: node, request, streak: streak, after: tokens)
    }
  }

  /// How many tokens up to a node were each the likeliest: a path that follows the model's own choice will
  /// likely go on so, and the server is asked for more than one token.
  private func streak(at node: NodeID, in tree: TokenTree) -> Int {
    guard let place = tree[node], let parent = known[place.parent], parent.best == place.token
    else {
      return 0
    }
    return parent.streak + 1
  }

  private func prompt(_ tokens: [TokenID]) -> RemotePrompt {
    guard let texts = vocabulary as? TextVocabulary else { return .ids(tokens) }
    let asked = tokens.prefix { texts.isPrompt($0) }
    func text(_ tokens: some Sequence<TokenID>) -> String {
      String(decoding: texts.bytes(of: tokens), as: UTF8.self)
    }
    return .text(asked: text(asked), begun: text(tokens.dropFirst(asked.count)))
  }

  /// The free slot that remembers most of a text. A path so stays where its keys and values are.
  private func takeSlot(for tokens: [TokenID]) -> Int? {
    guard slots.count > 1 else { return nil }
    func shared(_ slot: Slot) -> Int { zip(slot.tokens, tokens).prefix { $0 == $1 }.count }
    let free = slots.indices.filter { !slots[$0].isBusy }
    // Of equals the one that remembers least else: others may come back to the rest.
    let best = free.max {
      let (a, b) = (slots[$0], slots[$1])
      return (shared(a), -a.tokens.count) < (shared(b), -b.tokens.count)
    }
    guard let best else { return nil }
    slots[best] = Slot(tokens: tokens, isBusy: true)
    return best
  }

  // MARK: The threads of requests

  private func ask(
    _ prompt: RemotePrompt, count: Int, slot: Int?, _ abandonment: Abandonment
  ) throws(RemoteError) -> [ToldPosition] {
    func reply(_ count: Int, isForced: Bool) throws(RemoteError) -> RemoteReply {
      let (path, body) = dialect.request(
        prompt, count: count, top: capabilities.top, slot: slot, isForced: isForced)
      return try dialect.reply(client.post(path, body, abandonment), server: client.server)
    }
    let first = try reply(count, isForced: false)
    var positions = Array(first.certain.prefix(count))
    if positions.isEmpty, dialect.anchor != nil {
      // The first token is part of a character, and its place was left out.
      positions = Array(try reply(1, isForced: true).positions.prefix(1))
    }
    if first.hasEnded, first.positions.count <= count { learnEnd(first) }
    if positions.isEmpty, first.hasEnded, !capabilities.hasIDs {
      // Nothing was chosen but the end, of which such servers tell no probability.
      let end = ToldToken(id: TextVocabulary.end, bytes: [], text: "", logProbability: 0)
      positions = [ToldPosition(chosen: end, top: [end], kind: .unknown)]
    }
    guard !positions.isEmpty else {
      throw .badAnswer(server: client.server, what: "no log-probabilities of the next token")
    }
    if let own = vocabulary as? ServerVocabulary {
      for position in positions { own.learn(position.top + [position.chosen]) }
      if dialect.kind != .llamaCpp {
        try own.learnTexts(of: positions.flatMap { $0.listed.compactMap(\.id) })
      }
    }
    return positions
  }

  /// The last token of a text that the server has ended is one that ends texts.
  private func learnEnd(_ reply: RemoteReply) {
    guard let own = vocabulary as? ServerVocabulary,
      let id = reply.positions.last?.chosen.id, reply.tokens?.last == id || reply.tokens == nil,
      own.isControl(id)
    else { return }
    own.learn(end: id)
  }

  /// The listed tokens by ids, checked for what no model can have said.
  private func listed(
    _ position: ToldPosition
  ) throws(RemoteError) -> [(token: TokenID, logProbability: Double)] {
    var listed: [(token: TokenID, logProbability: Double)] = []
    var seen: Set<TokenID> = []
    var sum = 0.0
    for told in position.listed {
      guard let logProbability = told.logProbability else { continue }
      let id = try id(of: told)
      guard seen.insert(id).inserted else {
        // Two tokens of one text are one here; two of one id are a mistake.
        guard told.id == nil else {
          throw .badAnswer(server: client.server, what: "one token twice")
        }
        continue
      }
      sum += Foundation.exp(logProbability)
      listed.append((id, logProbability))
    }
    guard sum <= 1.001 else {
      throw .badAnswer(server: client.server, what: "probabilities that add up to \(sum)")
    }
    guard sum > 0 else {
      throw .lacks(
        server: client.server,
        what: "the log-probabilities of the next token; it writes placeholders")
    }
    return listed
  }

  private func id(of told: ToldToken) throws(RemoteError) -> TokenID {
    if let texts = vocabulary as? TextVocabulary {
      if told.id == TextVocabulary.end || TurnEnd.spellings.contains(told.text)
        || told.text == "</s>" || told.text == "<eos>"
      {
        return TextVocabulary.end
      }
      return texts.id(of: told.bytes ?? Array(told.text.utf8))
    }
    guard let id = told.id, id >= 0, Int(id) < vocabulary.count else {
      throw .badAnswer(
        server: client.server,
        what: told.id.map { "token \($0), which its vocabulary does not have" }
          ?? "a token without an id")
    }
    return id
  }

  /// Takes what has come of a request.
  private func take(
    _ result: Result<[ToldPosition], RemoteError>, of node: NodeID, _ request: Request,
    streak: Int, after tokens: [TokenID]
  ) {
    var failure: RemoteError?
    var found: [(node: NodeID, known: Known)] = []
    var text = tokens
    do throws(RemoteError) {
      var (place, streak) = (node, streak)
      for position in try result.get() {
        let listed = try listed(position)
        guard let best = Self.best(listed) else { break }
        found.append((place, Known(listed: listed, best: best, streak: streak)))
        guard position.chosen.id != nil || capabilities.readAhead == 1 else { break }
        let chosen = try id(of: position.chosen)
        text.append(chosen)
        (place, streak) = (place.appending(chosen), chosen == best ? streak + 1 : 0)
      }
    } catch {
      // What came before a place that cannot be right is not trusted either.
      failure = error
      found = []
    }
    condition.lock()
    defer { condition.unlock() }
    if open[node] === request { open[node] = nil }
    if let slot = request.slot { slots[slot] = Slot(tokens: text.dropLast()) }
    if let failure, !request.abandonment.isRaised {
      failed[node] = failure
    }
    for (node, fact) in found where known[node] == nil {
      known[node] = fact
      order.append(node)
      entries += fact.listed.count
    }
    forget(keeping: node)
    condition.broadcast()
  }

  private static func best(_ listed: [(token: TokenID, logProbability: Double)]) -> TokenID? {
    listed.min { a, b in
      // As a distribution orders them: in single precision, equals by rising id.
      let (p, q) = (Float(a.logProbability), Float(b.logProbability))
      return p > q || (p == q && a.token < b.token)
    }?.token
  }

  private func forget(keeping node: NodeID) {
    guard entries > Self.mostEntries else { return }
    var kept: [NodeID] = []
    for (index, old) in order.enumerated() {
      if entries <= Self.mostEntries / 2 {
        kept += order[index...]
        break
      }
      if old == node {
        kept.append(old)
      } else if let fact = known.removeValue(forKey: old) {
        entries -= fact.listed.count
      }
    }
    order = kept
  }

  // MARK: Giving up

  /// Watches the open requests on a thread of its own: a cancelled decoder makes no further calls.
  private func watch() {
    guard !isWatched else { return }
    isWatched = true
    Thread.detachNewThread { [self] in
      while true {
        Thread.sleep(forTimeInterval: patience.interest / 4)
        let goesOn = condition.withLock {
          giveUp()
          isWatched = !open.isEmpty
          return isWatched
        }
        if !goesOn { return }
      }
    }
  }

  private func giveUp() {
    let now = ContinuousClock.now
    let isIdle = now - lastPass > .seconds(patience.idleInterest)
    for (node, request) in open {
      let isForgotten = lastPass - request.askedAt > .seconds(patience.interest)
      guard isIdle || isForgotten else { continue }
      request.abandonment.raise()
      // Its slot stays busy until its thread has closed the connection.
      open[node] = nil
    }
  }
}
