public import Decoding

/// One line of a trace: what happened, and in which run.
public struct TraceRecord: Sendable, Hashable {
  /// The run the event belongs to. Left out of the JSON when it is 1, the only run of a trace
  /// that the command line writes.
  public var run: Int
  public var event: TraceEvent

  public init(run: Int = 1, _ event: TraceEvent) {
    self.run = run
    self.event = event
  }
}

/// What happens while a model reasons. A trace is the fold of these events; every screen, the
/// command line's JSON Lines, saved sessions, lessons and tests read this one stream.
///
/// In JSON an event is an object whose `event` names the kind (`TraceEvent.Kind`), with keys in
/// snake_case. Events carry no clock: the same seed gives the same bytes.
public enum TraceEvent: Sendable, Hashable {
  case header(TraceHeader)
  case run(RunStart)
  case node(NodeEvent)
  case fork(PathFork)
  case injected(Injection)
  case span(Span)
  case score(Score)
  case retrieved(Retrieval)
  case visit(Visit)
  case backup(Backup)
  case pruned(Pruning)
  case pathFinished(PathEnd)
  case tally(Tally)
  case edit(Edit)
  case finished(RunEnd)
  /// An event of a later version: kept as it came, and skipped by every reader.
  case unknown(JSONValue)

  enum Kind: String, Codable {
    case header, run, node, fork, injected, span, score, retrieved,
      visit, backup, pruned
    case pathFinished = "path_finished"
    case tally, edit, finished
  }
}

/// `header`: the first line of a trace.
public struct TraceHeader: Sendable, Hashable, Codable {
  public static let currentFormat = 1
  /// The format's version. Readers skip kinds of events that they do not know.
  public var format: Int
  /// The program that wrote the trace.
  public var program: String

  public init(format: Int = currentFormat, program: String = "ponder") {
    self.format = format
    self.program = program
  }
}

/// `run`: a strategy starts.
public struct RunStart: Sendable, Hashable, Codable {
  public var strategy: String
  public var model: ModelIdentity
  public var seed: UInt64
  public var question: Question
  public var settings: RunSettings

  public init(
    strategy: String, model: ModelIdentity, seed: UInt64, question: Question,
    settings: RunSettings
  ) {
    self.strategy = strategy
    self.model = model
    self.seed = seed
    self.question = question
    self.settings = settings
  }
}

/// `node`: a path moves on by one token.
public struct NodeEvent: Sendable, Hashable {
  public var id: NodeID
  public var parent: NodeID
  public var path: Int
  public var token: Token
  /// log p at temperature 1, or nil, and then `why`.
  public var logProbability: Double?
  public var why: String?
  /// The distribution the token was chosen from, at the run's detail.
  public var candidates: Candidates?

  public init(
    id: NodeID, parent: NodeID, path: Int, token: Token, logProbability: Double?,
    why: String? = nil, candidates: Candidates? = nil
  ) {
    self.id = id
    self.parent = parent
    self.path = path
    self.token = token
    self.logProbability = logProbability
    self.why = why
    self.candidates = candidates
  }
}

/// `fork`: a path takes over what another one says up to a node, and goes on from there. Its tokens
/// before the node were sampled for the other path and cost nothing again.
public struct PathFork: Sendable, Hashable, Codable {
  public var path: Int
  public var from: Int
  /// The last node that both have.
  public var node: NodeID

  public init(path: Int, from: Int, node: NodeID) {
    self.path = path
    self.from = from
    self.node = node
  }
}

/// A saved distribution together with the bytes of its tokens, so that a trace can be read
/// without the model.
public struct Candidates: Sendable, Hashable {
  public var summary: DistributionSummary
  /// The bytes of each listed token.
  public var bytes: [[UInt8]]

  public init(summary: DistributionSummary, bytes: [[UInt8]]) {
    self.summary = summary
    self.bytes = bytes
  }
}

/// `injected`: text that was put in, not sampled.
public struct Injection: Sendable, Hashable {
  public enum Role: String, Sendable, Codable {
    /// The prompt of the run.
    case prompt
    /// Put in by the strategy ("Therefore, the answer is", "Wait,").
    case strategy
    /// Put in by the user.
    case user
  }

  public var role: Role
  /// nil for the prompt, which all paths share.
  public var path: Int?
  public var parent: NodeID
  /// The last node of the inserted text.
  public var end: NodeID
  public var tokens: [Token]

  public init(role: Role, path: Int?, parent: NodeID, end: NodeID, tokens: [Token]) {
    self.role = role
    self.path = path
    self.parent = parent
    self.end = end
    self.tokens = tokens
  }

  /// The inserted bytes.
  public var bytes: [UInt8] { tokens.flatMap(\.bytes) }
}

/// `span`: a stretch of a path that means something, from `first` to `last`, both included.
public struct Span: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable {
    case answer
    case step
    /// What was thought before the answer.
    case thinking
    /// A problem that the model recalled, with its solution.
    case recalled
    /// The principle that the model stated before it answered.
    case principle
  }

  public var kind: Kind
  public var path: Int
  public var first: NodeID
  public var last: NodeID
  /// For an answer its normalised value.
  public var value: String?

  public init(kind: Kind, path: Int, first: NodeID, last: NodeID, value: String? = nil) {
    self.kind = kind
    self.path = path
    self.first = first
    self.last = last
    self.value = value
  }
}

/// `score`: a number given to a path or to a node of it.
public struct Score: Sendable, Hashable, Codable {
  public enum Kind: String, Sendable, Codable {
    /// Mean p(likeliest) − p(second) over the answer's tokens (Wang and Zhou 2024, equation 1).
    case delta
    /// A process reward model's score of a step.
    case prm
    /// An outcome reward model's score.
    case orm
    /// A generative verifier's p(Yes).
    case genrm
    /// Σ log p of the chosen tokens.
    case likelihood
    /// Mean log p of the chosen tokens.
    case normalizedLikelihood = "normalized_likelihood"
    /// p(the path's answer) when it is asked for early, behind the node.
    case earlyAnswer = "early_answer"
    /// log p(answer) minus what it is without a part of what stands before it (a recalled problem,
    /// a passage); `terms` are the two, or the differences for single parts.
    case contextShift = "context_shift"
    /// 1 when a recalled problem is of the question's own kind, 0 when it is of another.
    case relevance
    /// The share of words that a recalled problem and the question have in common; 1 for a copy.
    case overlap
    /// 1 when the equations of a recalled solution hold and its answer is the last one's, else 0.
    case solved
    /// 1 or 0 from an exact checker.
    case exact
    /// A verifier's score at the end of a simulated continuation (Snell et al. 2024,
    /// arXiv 2408.03314, section 5.2).
    case lookahead
    /// How much a tree search favours a step before it has tried it; the priors of a node's
    /// children sum to 1.
    case prior
  }

  public var kind: Kind
  public var path: Int
  public var node: NodeID?
  public var value: Double
  /// The single terms of a mean, where there are some (the margins of the answer's tokens).
  public var terms: [Double]?

  public init(
    kind: Kind, path: Int, node: NodeID? = nil, value: Double, terms: [Double]? = nil
  ) {
    self.kind = kind
    self.path = path
    self.node = node
    self.value = value
    self.terms = terms
  }
}

/// `retrieved`: a passage of a text stands in the prompt.
public struct Retrieval: Sendable, Hashable, Codable {
  /// From 1, the best first.
  public var rank: Int
  /// The file it comes from, and where it stands there, in bytes.
  public var source: String
  public var start: Int
  public var end: Int
  /// How well it fits the question.
  public var score: Double
  /// The tokens of the prompt that spell it; nil where the prompt has it otherwise.
  public var first: NodeID?
  public var last: NodeID?

  public init(
    rank: Int, source: String, start: Int, end: Int, score: Double, first: NodeID? = nil,
    last: NodeID? = nil
  ) {
    self.rank = rank
    self.source = source
    self.start = start
    self.end = end
    self.score = score
    self.first = first
    self.last = last
  }
}

/// `visit`: a tree search descends through a node.
public struct Visit: Sendable, Hashable, Codable {
  public var iteration: Int
  public var node: NodeID
  /// Visits of the node before this one.
  public var visits: Int
  public var q: Double
  public var prior: Double
  public var u: Double

  public init(
    iteration: Int, node: NodeID, visits: Int, q: Double, prior: Double, u: Double
  ) {
    self.iteration = iteration
    self.node = node
    self.visits = visits
    self.q = q
    self.prior = prior
    self.u = u
  }
}

/// `backup`: a value reaches a node from below.
public struct Backup: Sendable, Hashable, Codable {
  public var iteration: Int
  public var node: NodeID
  public var value: Double
  /// Visits of the node and mean value, this backup included.
  public var visits: Int
  public var q: Double

  public init(iteration: Int, node: NodeID, value: Double, visits: Int, q: Double) {
    self.iteration = iteration
    self.node = node
    self.value = value
    self.visits = visits
    self.q = q
  }
}

/// `pruned`: a path or node is given up.
public struct Pruning: Sendable, Hashable {
  public var node: NodeID
  /// The path that is given up; for a candidate that no path ever took, the path that stood
  /// before it.
  public var path: Int?
  /// Why, in a word or two ("rank 5 of 4": fifth where four go on).
  public var why: String
  /// The score that decided, and its kind.
  public var kind: Score.Kind?
  public var value: Double?
  /// The token of a candidate that no path ever took, so that it can be read without the model,
  /// and the node before it; nil for a path, whose nodes are known.
  public var token: Token?
  public var parent: NodeID?

  public init(
    node: NodeID, path: Int?, why: String, kind: Score.Kind? = nil, value: Double? = nil,
    token: Token? = nil, parent: NodeID? = nil
  ) {
    self.node = node
    self.path = path
    self.why = why
    self.kind = kind
    self.value = value
    self.token = token
    self.parent = parent
  }
}

/// `path_finished`: a path has ended.
public struct PathEnd: Sendable, Hashable, Codable {
  public var path: Int
  public var end: NodeID
  /// `end_of_text`, `stop`, `length`, `context`, `cancelled` or `failed`; from searches also
  /// `pruned`, `lookahead` (only simulated) and `unfinished` (the search ended first).
  public var reason: String
  /// The normalised answer; nil when none could be found.
  public var answer: String?
  /// How many of the path's tokens were sampled, those before a fork included.
  public var generated: Int

  enum CodingKeys: String, CodingKey { case path, end, reason, answer, generated }

  public init(path: Int, end: NodeID, reason: String, answer: String?, generated: Int) {
    self.path = path
    self.end = end
    self.reason = reason
    self.answer = answer
    self.generated = generated
  }
}

/// `tally`: how the paths so far vote. Advances in path order, not in order of completion.
public struct Tally: Sendable, Hashable, Codable {
  public enum Method: String, Sendable, Codable, CaseIterable {
    /// Each path counts 1.
    case majority
    /// Each path counts its Δ.
    case delta
    /// Each path counts its probability.
    case likelihood
    /// Each path counts its probability normalised by length, exp(mean log p).
    case normalizedLikelihood = "normalized_likelihood"
    /// Each path counts a verifier's score.
    case verifier
  }

  public var method: Method
  /// The weight of each answer.
  public var votes: [String: Double]
  /// Paths in which no answer was found.
  public var unparsed: Int
  /// Answers in the order in which they were first seen, which decides ties.
  public var order: [String]
  /// The path that was counted last, where not every path has a vote; nil where paths are counted
  /// from 0 on without a gap.
  public var path: Int?
  /// Why no further path is counted, when the vote has been ended early.
  public var stopped: Stop?

  /// A vote that was ended before all its samples were counted.
  public struct Stop: Sendable, Hashable, Codable {
    public var why: EarlyStop
    /// How many paths were counted, and how many there were to be.
    public var after: Int
    public var of: Int

    public init(why: EarlyStop, after: Int, of: Int) {
      self.why = why
      self.after = after
      self.of = of
    }
  }

  public init(
    method: Method, votes: [String: Double], unparsed: Int, order: [String], path: Int? = nil
  ) {
    self.method = method
    self.votes = votes
    self.unparsed = unparsed
    self.order = order
    self.path = path
  }

  /// The answer with the greatest weight; of equals the one seen first.
  public var winner: String? {
    var best: String?
    for answer in order {
      let weight = votes[answer] ?? 0
      if best.map({ weight > votes[$0] ?? 0 }) ?? true { best = answer }
    }
    return best
  }
}

/// `edit`: what the user did.
public struct Edit: Sendable, Hashable, Codable {
  public enum Action: String, Sendable, Codable {
    /// Took a token of the table.
    case take
    case undo, redo
    /// Marked a node as a fork.
    case fork
    /// Moved to another node.
    case move
    /// Put text in; the `injected` event tells which.
    case insert
    case bookmark
  }

  public var action: Action
  public var node: NodeID

  public init(action: Action, node: NodeID) {
    self.action = action
    self.node = node
  }
}

/// `finished`: a run has ended.
public struct RunEnd: Sendable, Hashable, Codable {
  public enum Reason: String, Sendable, Codable {
    case completed, cancelled, failed
  }

  public var reason: Reason
  public var answer: String?
  /// Whether the answer is right; nil when the right one is unknown.
  public var correct: Bool?
  public var tokens: TokenCounts
  /// What the answer was before the strategy looked at it again; nil where it did not.
  public var revision: Revision?
  /// What went wrong, when `failed`.
  public var message: String?

  enum CodingKeys: String, CodingKey { case reason, answer, correct, tokens, revision, message }

  public init(
    reason: Reason, answer: String?, correct: Bool?, tokens: TokenCounts,
    revision: Revision? = nil, message: String? = nil
  ) {
    self.reason = reason
    self.answer = answer
    self.correct = correct
    self.tokens = tokens
    self.revision = revision
    self.message = message
  }
}

/// An answer that was looked at again: what it had been before.
public struct Revision: Sendable, Hashable, Codable {
  /// nil when there was no answer before.
  public var of: String?
  /// Whether that was right; nil when the right one is unknown.
  public var correct: Bool?

  public init(of answer: String?, correct: Bool? = nil) {
    self.of = answer
    self.correct = correct
  }
}

/// What a run cost, counted where it happens.
public struct TokenCounts: Sendable, Hashable, Codable {
  /// Prompt tokens computed for the first time.
  public var prompt: Int
  /// Tokens chosen by a sampler.
  public var generated: Int
  /// Tokens put in by a strategy or the user.
  public var injected: Int
  /// Tokens before a path's start whose keys and values came from the cache.
  public var reused: Int

  public init(prompt: Int = 0, generated: Int = 0, injected: Int = 0, reused: Int = 0) {
    self.prompt = prompt
    self.generated = generated
    self.injected = injected
    self.reused = reused
  }

  public static func + (a: TokenCounts, b: TokenCounts) -> TokenCounts {
    TokenCounts(
      prompt: a.prompt + b.prompt, generated: a.generated + b.generated,
      injected: a.injected + b.injected, reused: a.reused + b.reused)
  }
}
