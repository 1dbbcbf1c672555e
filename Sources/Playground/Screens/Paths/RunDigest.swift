import Measuring
import Problems
import Reasoning
import Traces

/// A run's paths and votes, ready to be drawn and kept up to date as events arrive: every event
/// costs about the same however long the run is.
struct RunDigest: Sendable, Hashable {
  /// The run's number, nil when there is none.
  private(set) var run: Int?
  private(set) var start: RunStart?
  private(set) var paths: [Int: PathDigest] = [:]
  /// The path numbers, in order.
  private(set) var numbers: [Int] = []
  /// How the answers stand by each way of counting, the leader first.
  private(set) var standings: [Tally.Method: [Standing]] = [:]
  /// The share of each answer after each counted path.
  private(set) var histories: [Tally.Method: ShareHistory] = [:]
  /// The paths that grow.
  private(set) var growing: Set<Int> = []
  /// How many paths were counted.
  private(set) var counted = 0
  /// Which they are, where they are not those from path 0 on without a gap.
  private var voters: Set<Int>?
  /// Why no more are counted, when the vote has ended early.
  private(set) var stopped: Tally.Stop?
  /// Paths that have ended by themselves.
  private(set) var finished = 0
  /// Tokens that were sampled, each once, however many paths go on from it.
  private(set) var generated = 0
  /// The same for each part of the run, by the number from which on its paths count; nil for the
  /// run's own paths.
  private var sampled: [Int?: Int] = [:]
  private(set) var end: RunEnd?
  /// The answers in the order in which they were first counted.
  private(set) var order: [String] = []
  private var grades: [String: Bool] = [:]

  init() {}

  /// The digest of a run as far as it is known.
  init(_ number: Int, _ trace: RunTrace) {
    run = number
    start = trace.start
    for path in trace.pathNumbers { replace(path, in: trace) }
    for (_, tallies) in trace.tallies { for tally in tallies { count(tally) } }
    end = trace.end
    book(trace, part: nil)
  }

  /// The digest of a run, of an ensemble's with the paths of its members; an empty one where the
  /// trace does not have the run.
  init(_ number: Int?, in trace: Trace) {
    self.init()
    guard let number, let run = trace.runs[number] else { return }
    self = RunDigest(number, run)
    for member in trace.members(of: number) {
      guard let part = trace.runs[member] else { continue }
      include(part, from: trace.firstPath(ofMember: member))
    }
  }

  /// Takes up an event that the trace has already folded in, when it is of the run on view or of a
  /// member of that ensemble.
  mutating func follow(_ record: TraceRecord, of shown: Int?, in trace: Trace) {
    guard let shown, let run = trace.runs[record.run] else { return }
    if record.run == shown {
      if self.run == shown {
        apply(record.event, run)
      } else {
        self = RunDigest(shown, in: trace)
      }
    } else if self.run == shown, trace.members(of: shown).contains(record.run) {
      apply(part: record.event, run, from: trace.firstPath(ofMember: record.run))
    }
  }

  /// An ensemble's tokens are its members', until it has added them up.
  private mutating func book(_ trace: RunTrace, part: Int?) {
    if let end {
      sampled = [:]
      generated = end.tokens.generated
    } else {
      sampled[part] = trace.generated
      generated = sampled.values.reduce(0, +)
    }
  }

  /// Takes up what a part of the run has, a run of its own whose paths count here from a number on.
  private mutating func include(_ part: RunTrace, from offset: Int) {
    for path in part.pathNumbers { replace(path, in: part, from: offset) }
    book(part, part: offset)
  }

  /// Takes up an event of such a part.
  private mutating func apply(part event: TraceEvent, _ part: RunTrace, from offset: Int) {
    switch event {
    case .node, .injected, .fork, .pathFinished: take(event, part, from: offset)
    default: break
    }
    book(part, part: offset)
  }

  /// Takes up an event that the trace has already folded in.
  mutating func apply(_ event: TraceEvent, _ trace: RunTrace) {
    take(event, trace, from: 0)
    book(trace, part: nil)
  }

  private mutating func take(_ event: TraceEvent, _ trace: RunTrace, from offset: Int) {
    switch event {
    case .run(let start):
      self.start = start
      end = nil
    case .node(let node):
      // A damaged file may claim any number.
      let number = node.path &+ offset
      // Where it begins tells what kind of path it is.
      let hasBegun = paths[number]?.nodes.isEmpty == false
      if !hasBegun || paths[number]?.append(node) != true {
        replace(node.path, in: trace, from: offset)
      }
    case .injected(let injection):
      if let path = injection.path { replace(path, in: trace, from: offset) }
    case .fork(let fork): replace(fork.path, in: trace, from: offset)
    case .pathFinished(let end): replace(end.path, in: trace, from: offset)
    case .tally(let tally): count(tally)
    case .finished(let end): self.end = end
    default: break
    }
  }

  private mutating func insert(_ path: PathDigest) {
    paths[path.number] = path
    if path.isGrowing { growing.insert(path.number) }
    let place = numbers.lastIndex { $0 < path.number }.map { $0 + 1 } ?? 0
    numbers.insert(path.number, at: place)
  }

  private mutating func replace(_ own: Int, in trace: RunTrace, from offset: Int = 0) {
    let number = own &+ offset
    let digest = PathDigest(number: number, in: trace, own: own)
    if let old = paths[number] {
      finished -= old.isGrowing || old.isCut ? 0 : 1
      paths[number] = digest
      if digest.isGrowing { growing.insert(number) } else { growing.remove(number) }
    } else {
      insert(digest)
    }
    finished += digest.isGrowing || digest.isCut ? 0 : 1
    if let answer = digest.answer, grades[answer] == nil, let question = start?.question {
      grades[answer] = question.isCorrect(answer)
    }
  }

  private mutating func count(_ tally: Tally) {
    if tally.method == .majority {
      counted = tally.unparsed + Int(tally.votes.values.reduce(0, +))
      order = tally.order
      if let path = tally.path { voters = (voters ?? []).union([path]) }
      stopped = tally.stopped
    }
    let standing = Standing.rows(tally)
    standings[tally.method] = standing
    histories[tally.method, default: ShareHistory()].append(standing)
  }

  // MARK: Reading

  /// What the run's strategy is; nil where there is no run, or one of a kind that is not known.
  var strategy: StrategyDescription? { start?.description }

  /// Whether each path counts its Δ, as branches do that all start from one place.
  var isByDelta: Bool { start?.has(.branchesAtFirstToken) ?? false }

  /// Whether an answer is right; nil when the right one is not known.
  func isCorrect(_ answer: String?) -> Bool? {
    guard let answer else { return nil }
    return grades[answer]
  }

  /// The answer that is ahead: when the run has ended, the one that it gave.
  func winner(_ method: Tally.Method) -> String? {
    standings[method]?.first { $0.answer != nil && $0.weight > 0 }?.answer
  }

  /// How many of the counted paths gave an answer; nil asks for those in which none was found.
  func votes(for answer: String?) -> Int {
    standings[.majority]?.first { $0.answer == answer }.map { Int($0.weight) } ?? 0
  }

  /// The counted paths that gave an answer; nil asks for those in which none was found.
  func paths(for answer: String?) -> [Int] {
    numbers.filter { isCounted($0) && paths[$0]?.answer == answer }
  }

  /// Whether a path has had its vote.
  func isCounted(_ path: Int) -> Bool { voters?.contains(path) ?? (path < counted) }

  /// The paths that grow, in order, then those that ended last, the newest first, `count` in all.
  func latest(_ count: Int) -> [PathDigest] {
    let open = growing.sorted().prefix(count)
    // Looking back ends soon however many paths there are.
    let ended = numbers.reversed().lazy.filter { !growing.contains($0) }
      .prefix(max(0, count - open.count))
    return (open + Array(ended)).compactMap { paths[$0] }
  }

  /// The path with the greatest Δ; ties go to the first.
  var surest: PathDigest? {
    numbers.compactMap { paths[$0] }.reduce(nil) { best, path in
      guard let delta = path.delta else { return best }
      return delta > best?.delta ?? -1 ? path : best
    }
  }
}

/// How one answer stands in a tally.
struct Standing: Sendable, Hashable {
  /// nil for the paths in which no answer was found.
  var answer: String?
  /// The sum of its votes' weights.
  var weight: Double
  /// Its share of the whole: of all counted paths when each counts 1, else of all weight.
  var share: Double
  /// The 95 % Wilson interval of the share. Only counts have one: weights are no sample of
  /// independent trials.
  var interval: ClosedRange<Double>?

  /// The rows of a tally: the answers by falling weight, equals in the order in which they were
  /// first seen, then the paths without an answer, were it none.
  static func rows(_ tally: Tally) -> [Standing] {
    let isCount = tally.method == .majority
    // In a fixed order, so that the sum always has the same bits.
    let sum = tally.order.reduce(0) { $0 + (tally.votes[$1] ?? 0) }
    let whole = isCount ? sum + Double(tally.unparsed) : sum
    func standing(_ answer: String?, _ weight: Double) -> Standing {
      Standing(
        answer: answer, weight: weight, share: whole > 0 ? weight / whole : 0,
        interval: isCount
          ? Statistics.wilsonInterval(successes: Int(weight), trials: Int(whole)) : nil)
    }
    let ranked = tally.order.enumerated().sorted { a, b in
      let (p, q) = (tally.votes[a.element] ?? 0, tally.votes[b.element] ?? 0)
      return p > q || (p == q && a.offset < b.offset)
    }
    var rows = ranked.map { standing($0.element, tally.votes[$0.element] ?? 0) }
    // Without an answer there is nothing to weigh.
    rows.append(standing(nil, isCount ? Double(tally.unparsed) : 0))
    return rows
  }
}

/// The share of each answer after the first, second, third … counted path.
struct ShareHistory: Sendable, Hashable {
  /// How many paths were counted.
  private(set) var length = 0
  private var shares: [String: [Double]] = [:]

  init() {}

  mutating func append(_ standings: [Standing]) {
    for standing in standings {
      guard let answer = standing.answer else { continue }
      // An answer that was not seen before had a share of 0 until now.
      shares[answer, default: Array(repeating: 0, count: length)].append(standing.share)
    }
    length += 1
  }

  /// The shares of an answer, one for each counted path.
  subscript(answer: String) -> [Double] { shares[answer] ?? [] }
}
