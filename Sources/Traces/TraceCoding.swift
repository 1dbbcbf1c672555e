public import Decoding
public import Foundation

/// Reads and writes traces as JSON Lines, one record a line, keys sorted: the same records give
/// the same bytes.
public enum TraceCoding {
  /// One line, without the line feed.
  public static func line(_ record: TraceRecord) throws -> Data { try encoder().encode(record) }

  public static func lines(_ records: some Sequence<TraceRecord>) throws -> Data {
    let encoder = encoder()
    var data = Data()
    for record in records {
      data += try encoder.encode(record)
      data.append(UInt8(ascii: "\n"))
    }
    return data
  }

  public static func record(
    fromLine line: Data, settings: SettingTable = .standard
  ) throws -> TraceRecord {
    try LineReader(settings).record(line)
  }

  /// Reads many lines.
  struct LineReader {
    private let decoder = JSONDecoder()

    init(_ settings: SettingTable = .standard) {
      if let key = SettingTable.codingKey { decoder.userInfo[key] = settings }
      decoder.nonConformingFloatDecodingStrategy = .convertFromString(
        positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    }

    func record(_ line: Data) throws -> TraceRecord {
      try line.withUnsafeBytes { try record($0.assumingMemoryBound(to: UInt8.self)) }
    }

    func record(_ line: UnsafeBufferPointer<UInt8>) throws -> TraceRecord {
      if let record = TraceRecord(nodeIn: line) { return record }
      return try decoder.decode(TraceRecord.self, from: Data(line))
    }
  }

  private static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    // A token that cannot come has the logit −∞, which JSON has no number for.
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }
}

extension TraceRecord: Codable {
  private enum Key: String, CodingKey { case event, run }

  public func encode(to encoder: any Swift.Encoder) throws {
    if case .unknown(let value) = event { return try value.encode(to: encoder) }
    var container = encoder.container(keyedBy: Key.self)
    if run != 1 { try container.encode(run, forKey: .run) }
    let (kind, payload) = event.parts
    try container.encode(kind, forKey: .event)
    try payload?.encode(to: encoder)
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    run = try container.decodeIfPresent(Int.self, forKey: .run) ?? 1
    let name = try container.decode(String.self, forKey: .event)
    guard let kind = TraceEvent.Kind(rawValue: name) else {
      event = .unknown(try JSONValue(from: decoder))
      return
    }
    event = try TraceEvent(kind, from: decoder)
    // Whatever adds to these numbers, and everything does, may rely on there being room.
    guard isPlausible else {
      throw Swift.DecodingError.dataCorruptedError(
        forKey: .event, in: container, debugDescription: "A number is out of range.")
    }
  }

  /// Whether its numbers are such as a trace may hold.
  var isPlausible: Bool {
    Self.plausible.contains(run) && event.counts.allSatisfy(Self.plausible.contains)
  }

  /// The run and path numbers, and the counts, that a trace may hold.
  private static let plausible = 0...1_000_000_000
}

extension TraceEvent {
  /// The path numbers and counts of the event.
  fileprivate var counts: [Int] {
    switch self {
    case .node(let node): return [node.path]
    case .fork(let fork): return [fork.path, fork.from]
    case .injected(let injection): return [injection.path].compactMap { $0 }
    case .span(let span): return [span.path]
    case .score(let score): return [score.path]
    case .retrieved(let found): return [found.rank, found.start, found.end]
    case .pruned(let pruning): return [pruning.path].compactMap { $0 }
    case .pathFinished(let end): return [end.path, end.generated]
    case .tally(let tally):
      return [tally.unparsed, tally.path ?? 0]
        + tally.votes.values.map { Int(exactly: $0.rounded()) ?? -1 }
    case .finished(let end):
      let tokens = end.tokens
      return [tokens.prompt, tokens.generated, tokens.injected, tokens.reused]
    case .training(let event): return event.counts
    case .load(let event): return event.counts
    default: return []
    }
  }

  fileprivate var parts: (Kind?, (any Encodable)?) {
    switch self {
    case .header(let value): (.header, value)
    case .run(let value): (.run, value)
    case .node(let value): (.node, value)
    case .fork(let value): (.fork, value)
    case .injected(let value): (.injected, value)
    case .span(let value): (.span, value)
    case .score(let value): (.score, value)
    case .retrieved(let value): (.retrieved, value)
    case .visit(let value): (.visit, value)
    case .backup(let value): (.backup, value)
    case .pruned(let value): (.pruned, value)
    case .pathFinished(let value): (.pathFinished, value)
    case .tally(let value): (.tally, value)
    case .edit(let value): (.edit, value)
    case .finished(let value): (.finished, value)
    case .training(let event): event.parts
    case .load(let event): event.parts
    case .unknown: (nil, nil)
    }
  }

  fileprivate init(_ kind: Kind, from decoder: any Swift.Decoder) throws {
    switch kind {
    case .header: self = .header(try TraceHeader(from: decoder))
    case .run: self = .run(try RunStart(from: decoder))
    case .node: self = .node(try NodeEvent(from: decoder))
    case .fork: self = .fork(try PathFork(from: decoder))
    case .injected: self = .injected(try Injection(from: decoder))
    case .span: self = .span(try Span(from: decoder))
    case .score: self = .score(try Score(from: decoder))
    case .retrieved: self = .retrieved(try Retrieval(from: decoder))
    case .visit: self = .visit(try Visit(from: decoder))
    case .backup: self = .backup(try Backup(from: decoder))
    case .pruned: self = .pruned(try Pruning(from: decoder))
    case .pathFinished: self = .pathFinished(try PathEnd(from: decoder))
    case .tally: self = .tally(try Tally(from: decoder))
    case .edit: self = .edit(try Edit(from: decoder))
    case .finished: self = .finished(try RunEnd(from: decoder))
    case .training: self = .training(.started(try TrainingStart(from: decoder)))
    case .trainingStep: self = .training(.step(try TrainingStep(from: decoder)))
    case .trainingSamples: self = .training(.samples(try TrainingSamples(from: decoder)))
    case .trainingEvaluation: self = .training(.evaluation(try TrainingEvaluation(from: decoder)))
    case .trainingProbe: self = .training(.probe(try TrainingProbe(from: decoder)))
    case .trainingVotes: self = .training(.votes(try TrainingVotes(from: decoder)))
    case .trainingWeights: self = .training(.weights(try TrainingWeights(from: decoder)))
    case .trainingFinished: self = .training(.ended(try TrainingEnd(from: decoder)))
    case .load: self = .load(.started(try LoadStart(from: decoder)))
    case .loadRequest: self = .load(.request(try LoadedRequest(from: decoder)))
    case .loadPoint: self = .load(.point(try LoadPoint(from: decoder)))
    case .loadFinished: self = .load(.ended(try LoadEnd(from: decoder)))
    }
  }
}

extension LoadEvent {
  fileprivate var parts: (TraceEvent.Kind?, (any Encodable)?) {
    switch self {
    case .started(let value): (.load, value)
    case .request(let value): (.loadRequest, value)
    case .point(let value): (.loadPoint, value)
    case .ended(let value): (.loadFinished, value)
    }
  }

  /// Its numbers of requests, tokens and machines.
  fileprivate var counts: [Int] {
    switch self {
    case .started(let start):
      let plan = start.plan
      return [plan.requests, plan.promptTokens, plan.outputTokens, plan.sharedTokens]
        + (plan.long.map { [$0.every, $0.tokens] } ?? [])
        + start.servings.flatMap { serving in
          switch serving.layout {
          case .colocated(let count): [count]
          case .disaggregated(let prefill, let decode): [prefill, decode]
          }
        }
    case .request(let request):
      return [
        request.serving, request.request, request.firstToken, request.times.prompt,
        request.times.output ?? 0,
      ]
    case .point(let point): return [point.serving, point.requests, point.met]
    case .ended: return []
    }
  }
}

extension TrainingEvent {
  fileprivate var parts: (TraceEvent.Kind?, (any Encodable)?) {
    switch self {
    case .started(let value): (.training, value)
    case .step(let value): (.trainingStep, value)
    case .samples(let value): (.trainingSamples, value)
    case .evaluation(let value): (.trainingEvaluation, value)
    case .probe(let value): (.trainingProbe, value)
    case .votes(let value): (.trainingVotes, value)
    case .weights(let value): (.trainingWeights, value)
    case .ended(let value): (.trainingFinished, value)
    }
  }

  /// Its numbers of steps, problems and samples.
  fileprivate var counts: [Int] {
    switch self {
    case .started(let start): [start.steps, start.resumedAt]
    case .step(let step): [step.step]
    case .samples(let samples): [samples.step]
    case .evaluation(let evaluation):
      [evaluation.step]
        + evaluation.families.values.flatMap { [$0.problems, $0.right, $0.reasoned] }
    case .probe(let probe): [probe.step, probe.probe]
    case .votes(let votes): [votes.step, votes.problems, votes.samples]
    case .weights(let weights): [weights.step]
    case .ended(let end): [end.step]
    }
  }
}

extension NodeID: Codable {
  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }

  public init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let id = NodeID(try container.decode(String.self)) else {
      throw Swift.DecodingError.dataCorruptedError(
        in: container, debugDescription: "A node id is sixteen hexadecimal digits.")
    }
    self = id
  }
}
