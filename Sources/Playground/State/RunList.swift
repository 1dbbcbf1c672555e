import Decoding
import Problems
import Reasoning
import Traces

/// What the line of runs and the list of runs tell of one run.
struct RunEntry: Sendable, Hashable {
  /// How far the run has come.
  enum Progress: Sendable, Hashable {
    /// So much of it is done, in the unit of its strategy; nil where nobody knows of how much.
    case underWay(done: Int, of: Int?)
    case completed, cancelled, failed
    /// It has not ended, and nothing is under way: a walk, or a run whose end was never written.
    case open
  }

  /// The run's number in the trace.
  var run: Int
  /// What it is called by: its place among all runs, from 1; a member's part of an ensemble `3.1`.
  var label: String
  /// The strategy's short name.
  var name: String
  /// The strategy's full name, as the command line knows it.
  var strategy: String
  var question: Question
  /// nil until the run has said so.
  var model: ModelIdentity?
  var settings: RunSettings?
  var progress: Progress
  /// The answer it gives, or gives so far; nil where there is none.
  var answer: String?
  /// Whether the grader calls that right; nil where the right answer is not known.
  var isCorrect: Bool?
  /// The share of the answer among all paths counted; nil unless the run takes a vote.
  var share: Double?
  /// How many paths were counted, and how many of them gave no answer.
  var counted = 0
  var unparsed = 0
  /// How many tokens were sampled.
  var tokens = 0
  /// Whether it is a person's walk in Decode.
  var isWalk = false
  /// Whether anything was explored in it: a walk that never left its prompt is empty.
  var isEmpty = false

  /// The name with what tells runs of one strategy apart: `vote 40`, `walk`.
  var title: String {
    if case .underWay = progress { return name }
    return counted > 1 ? "\(name) \(counted)" : name
  }
}

extension RunEntry {
  /// - Parameter label: what the run is called by.
  init?(_ number: Int, label: String, _ session: SessionState) {
    let trace = session.trace.runs[number]
    let activity = session.activities[number]
    guard let strategy = trace?.start?.strategy ?? activity?.strategy else { return nil }
    let start = trace?.start
    let description = StrategyRegistry.description(of: strategy)
    self.init(
      run: number, label: label, name: description?.shortName ?? strategy, strategy: strategy,
      question: start?.question ?? session.question,
      model: start?.model ?? session.readyModel?.identity,
      settings: start?.settings,
      progress: Self.progress(trace, activity))
    guard let trace, let start else { return }
    isWalk = start.isExploration
    if isWalk { name = "walk" }
    tokens = trace.end?.tokens.generated ?? trace.generated
    isEmpty = isWalk && trace.paths.values.allSatisfy { $0.nodes.isEmpty }
    answer = isWalk ? Self.answer(ofWalk: trace, start) : trace.end?.answer
    if description?.shape == .votes { read(trace, start.effective.weighting) }
    isCorrect = trace.end?.correct ?? answer.flatMap { start.question.isCorrect($0) }
  }

  private static func progress(_ run: RunTrace?, _ activity: Activity?) -> Progress {
    if let progress = activity?.progress {
      return .underWay(done: progress.done, of: progress.total)
    }
    return switch run?.end?.reason {
    case .completed?: .completed
    case .cancelled?: .cancelled
    case .failed?: .failed
    case nil: .open
    }
  }

  /// How the vote stands.
  private mutating func read(_ run: RunTrace, _ method: Tally.Method) {
    guard let tally = run.tally(method) ?? run.tally(.majority) else { return }
    if let majority = run.tally(.majority) {
      let votes = majority.order.reduce(0) { $0 + (majority.votes[$1] ?? 0) }
      (counted, unparsed) = (Int(votes) + majority.unparsed, majority.unparsed)
    }
    answer = answer ?? tally.winner
    share = Standing.rows(tally).first { $0.answer != nil && $0.answer == answer }?.share
  }

  /// What the line of a walk came to that ended last; nil where none has ended with an answer.
  private static func answer(ofWalk run: RunTrace, _ start: RunStart) -> String? {
    for number in run.pathNumbers.reversed() {
      guard let path = run.paths[number], let tip = path.tip else { continue }
      if let answer = path.answer { return answer }
      guard run.nodes[tip]?.token.bytes.isEmpty == true else { continue }
      let said = run.line(to: tip).drop { $0 != run.promptEnd }.dropFirst()
      let bytes = said.flatMap { run.nodes[$0]?.token.bytes ?? [] }
      if let answer = Exploration.answer(in: bytes, to: start.question) { return answer }
    }
    return nil
  }
}

/// All runs of a session as they are listed: by question, the one that was asked first before the
/// others, and for each question in the order in which they began.
struct RunList: Sendable, Hashable {
  struct Group: Sendable, Hashable {
    var question: Question
    var entries: [RunEntry]
  }

  private(set) var groups: [Group] = []

  init(_ session: SessionState) {
    let trace = session.trace
    var members: [Int: String] = [:]
    var labels: [Int: Int] = [:]
    let numbers = Set(trace.runs.keys).union(session.activities.keys).sorted()
    for number in numbers where members[number] == nil {
      labels[number] = labels.count + 1
      for (index, member) in trace.members(of: number).enumerated() {
        members[member] = "\(labels.count).\(index + 1)"
      }
    }
    for number in numbers {
      let label = members[number] ?? labels[number].map { "\($0)" } ?? ""
      guard let entry = RunEntry(number, label: label, session) else { continue }
      if let index = groups.firstIndex(where: { $0.question == entry.question }) {
        groups[index].entries.append(entry)
      } else {
        groups.append(Group(question: entry.question, entries: [entry]))
      }
    }
    // A walk in which nobody took a step tells nothing, unless it is all there is.
    for index in groups.indices {
      let full = groups[index].entries.filter { !$0.isEmpty || $0.run == session.currentRun }
      groups[index].entries = full.isEmpty ? Array(groups[index].entries.suffix(1)) : full
    }
  }

  /// In the order in which they are listed.
  var entries: [RunEntry] { groups.flatMap(\.entries) }
}

extension ModelIdentity {
  /// The short name and the type of the weights, as `0.2m·F16`.
  var shortTitle: String { fileType.isEmpty ? shortName : "\(shortName)·\(fileType)" }

  /// The name as far as lists with little room need it: `0.2m`, `think-2m`, `qwen2.5-1.5b…`.
  var shortName: String {
    let prefix = ["ponder-base-", "ponder-"].first { name.hasPrefix($0) } ?? ""
    return PathText.head(String(name.dropFirst(prefix.count)), columns: 14)
  }
}
