import Foundation
import Problems
import Traces

/// In which form a file holds samples. Which one it is, is found from its fields.
public enum SampleFormat: String, Sendable, CaseIterable {
  /// Hugging Face's search-and-learn: `problem`, `completions` and the step scores of each.
  case searchAndLearn = "search-and-learn"
  /// lm-evaluation-harness with `--log_samples`: `doc`, `arguments`, `resps`.
  case evaluationHarness = "lm-eval"
  /// Answers of OpenAI's API, chat or completions, also those of its batches.
  case openAI = "openai"
  /// OpenR's `record.jsonl`: `question`, `groundtruth`, `output`.
  case openR = "openr"
  /// `{"problem": …, "answer": …, "completions": […]}`.
  case plain

  /// What the format is called in sentences.
  public var title: String {
    switch self {
    case .searchAndLearn: "search-and-learn"
    case .evaluationHarness: "lm-eval samples"
    case .openAI: "OpenAI answers"
    case .openR: "OpenR records"
    case .plain: "problems with completions"
    }
  }

  /// Why a line holds no samples.
  public struct LineError: Error, Hashable, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
  }

  /// The format that an object has; nil for none of them.
  init?(of object: [String: JSONValue]) {
    let has = { (names: String...) in names.allSatisfy { object[$0] != nil } }
    if has("resps") {
      self = .evaluationHarness
    } else if has("choices") || object["response"]?["body"]?["choices"] != nil {
      self = .openAI
    } else if has("output"), has("groundtruth") || has("question") {
      self = .openR
    } else if has("completions"), has("scores") || has("agg_scores") || has("pred") {
      self = .searchAndLearn
    } else if Self.texts(of: object) != nil {
      self = .plain
    } else {
      return nil
    }
  }

  /// Reads a question with its samples.
  ///
  /// - Parameter source: the object as it is written, in which numbers have all their digits.
  /// - Throws: `LineError`.
  func question(
    _ object: [String: JSONValue], source: String, line: Int
  ) throws(LineError) -> ImportedQuestion {
    var question = ImportedQuestion(line: line)
    question.name = Self.name(of: object)
    question.text = object.text("problem", "question", "prompt", "query", "input")
    question.model = object.text("model")
    question.gold = Self.gold(object, source, "answer", "gold", "target", "groundtruth", "solution")
    switch self {
    case .searchAndLearn: question.samples = try Self.searched(object)
    case .evaluationHarness: try Self.evaluated(object, &question)
    case .openAI: try Self.answered(object, &question)
    case .openR: question.samples = try Self.recorded(object)
    case .plain: question.samples = try Self.completed(object)
    }
    guard !question.samples.isEmpty else {
      throw LineError("there is no text to read an answer from")
    }
    return question
  }

  // MARK: What formats share

  private static func name(of object: [String: JSONValue]) -> String? {
    for field in ["custom_id", "unique_id", "doc_id", "id"] {
      if let name = object[field]?.spelled { return name }
    }
    return nil
  }

  /// A right answer that is a text or a number; a number of any length keeps its digits.
  private static func gold(
    _ object: [String: JSONValue], _ source: String, _ fields: String...
  ) -> String? {
    for field in fields {
      switch object[field] {
      case .string(let text)? where !text.allSatisfy(\.isWhitespace): return text
      case .number?: return JSONNumber.text(of: field, in: source) ?? object[field]?.spelled
      case .bool(let value)?: return value ? "yes" : "no"
      default: continue
      }
    }
    return nil
  }

  /// One score of what may be a score, or those of the steps. The last step's is the whole text's, as
  /// search-and-learn takes it.
  private static func score(_ value: JSONValue?) -> Double? {
    switch value {
    case .number(let score)?: score
    case .array(let steps)?: steps.last.flatMap { Self.score($0) }
    default: nil
    }
  }

  // MARK: search-and-learn

  private static func searched(_ object: [String: JSONValue]) throws(LineError) -> [ImportedSample]
  {
    guard let completions = object["completions"]?.list else {
      throw LineError("“completions” is not a list")
    }
    let aggregates = object["agg_scores"]?.list
    let scores = aggregates ?? object["scores"]?.list
    let counts = object["completion_tokens"]?.list
    var samples: [ImportedSample] = []
    for (index, completion) in completions.enumerated() {
      guard let text = completion.string else {
        throw LineError("completion \(index + 1) is not a text")
      }
      var sample = ImportedSample(text)
      sample.score = score(scores.flatMap { $0.indices.contains(index) ? $0[index] : nil })
      sample.tokenCount =
        counts.flatMap { $0.indices.contains(index) ? $0[index].number : nil }
        .flatMap { Int(exactly: $0) }
      samples.append(sample)
    }
    return samples
  }

  // MARK: OpenR

  private static func recorded(_ object: [String: JSONValue]) throws(LineError) -> [ImportedSample]
  {
    guard let output = object["output"]?.list else { throw LineError("“output” is not a list") }
    var samples: [ImportedSample] = []
    for (index, path) in output.enumerated() {
      guard let text = path["text"]?.string else {
        throw LineError("path \(index + 1) of “output” has no “text”")
      }
      var sample = ImportedSample(text)
      sample.score = score(path["value"])
      sample.tokenCount = path["completion_tokens"]?.number.flatMap { Int(exactly: $0) }
      samples.append(sample)
    }
    return samples
  }

  // MARK: Plain

  private static let names = [
    "completions", "samples", "responses", "outputs", "generations", "solutions",
  ]

  private static func texts(of object: [String: JSONValue]) -> [JSONValue]? {
    for name in names {
      if let list = object[name]?.list { return list }
    }
    if let text = object.text("completion", "response", "generation") { return [.string(text)] }
    return nil
  }

  private static func completed(_ object: [String: JSONValue]) throws(LineError) -> [ImportedSample]
  {
    let scores = object["scores"]?.list
    var samples: [ImportedSample] = []
    for (index, value) in (texts(of: object) ?? []).enumerated() {
      let given = scores.flatMap { $0.indices.contains(index) ? score($0[index]) : nil }
      if let text = value.string {
        var sample = ImportedSample(text)
        sample.score = given
        samples.append(sample)
        continue
      }
      guard case .object(let fields) = value,
        let text = fields.text("text", "completion", "content", "response")
      else { throw LineError("completion \(index + 1) is no text and has no “text”") }
      var sample = ImportedSample(text)
      sample.score = score(fields["score"]) ?? score(fields["scores"]) ?? given
      sample.ending = fields.text("finish_reason")
      sample.take(fields["logprobs"])
      if sample.logProbability == nil {
        for name in ["logprob", "log_prob", "logprob_sum", "cumulative_logprob"] {
          sample.logProbability = sample.logProbability ?? Self.logProbability(fields[name])
        }
        sample.tokenCount =
          sample.tokenCount ?? fields["tokens"]?.number.flatMap { Int(exactly: $0) }
      }
      samples.append(sample)
    }
    return samples
  }

  // MARK: OpenAI

  private static func answered(
    _ object: [String: JSONValue], _ question: inout ImportedQuestion
  ) throws(LineError) {
    var answer = object
    if case .object(let body)? = object["response"]?["body"] { answer = body }
    question.model = answer.text("model")
    guard let choices = answer["choices"]?.list else { throw LineError("“choices” is not a list") }
    for (index, choice) in choices.enumerated() {
      let content = choice["message"]?["content"] ?? choice["text"]
      guard let text = content.flatMap(Self.content) else {
        throw LineError("choice \(index + 1) has no text")
      }
      var sample = ImportedSample(text)
      sample.ending = choice["finish_reason"]?.string
      sample.take(choice["logprobs"])
      question.samples.append(sample)
    }
  }

  /// A text, or parts of which some are texts. A message may have none, as when it calls a tool.
  private static func content(_ value: JSONValue) -> String? {
    if let text = value.string { return text }
    guard let parts = value.list else { return nil }
    return parts.compactMap { $0["text"]?.string }.joined()
  }

  /// A log probability that is one: servers write null, −9999 and the lowest float for what they do not
  /// know, and some write probabilities or zeros in its place.
  static func logProbability(_ value: JSONValue?) -> Double? {
    guard let number = value?.number, number <= 0, number > -9999 else { return nil }
    return number
  }

  // MARK: lm-eval

  /// `resps` holds for each request of the question a list of its repeats: texts, or log-likelihoods with
  /// whether greedy decoding would have said so. Everything in them may be written as text.
  private static func evaluated(
    _ object: [String: JSONValue], _ question: inout ImportedQuestion
  ) throws(LineError) {
    guard let requests = object["resps"]?.list else { throw LineError("“resps” is not a list") }
    let arguments = requests.indices.map { argument($0, of: object["arguments"]) }
    if let doc = object["doc"], case .object(let fields) = doc {
      question.text = fields.text("question", "problem", "query", "input", "prompt")
    }
    question.text = question.text ?? arguments.first?.first?.string
    question.gold = object["target"]?.spelled
    // A generation's second argument is its settings, a choice's is the text.
    let choices = arguments.map { $0.count > 1 ? $0[1].string : nil }
    if choices.contains(where: { $0 != nil }) {
      try choose(requests, arguments, choices, &question)
      return
    }
    for request in requests {
      for text in request.list ?? [request] {
        guard let text = text.string else {
          throw LineError("“resps” has no texts and no choices")
        }
        question.samples.append(ImportedSample(text))
      }
    }
    if let first = arguments.first, first.count == 1,
      question.samples.allSatisfy({ Double($0.text) != nil })
    {
      throw LineError("it tells how likely a text is; there is nothing to vote on")
    }
  }

  /// What a request was given: `arguments` is a list of lists, or an object of objects.
  private static func argument(_ index: Int, of arguments: JSONValue?) -> [JSONValue] {
    if let list = arguments?.list {
      return list.indices.contains(index) ? list[index].list ?? [] : []
    }
    guard let fields = arguments?["gen_args_\(index)"] else { return [] }
    var values: [JSONValue] = []
    while let value = fields["arg_\(values.count)"] { values.append(value) }
    return values
  }

  private static func choose(
    _ requests: [JSONValue], _ arguments: [[JSONValue]], _ choices: [String?],
    _ question: inout ImportedQuestion
  ) throws(LineError) {
    question.isChoice = true
    // The same choices are asked again without the question where their own likelihood is taken off
    // (acc_mutual_info).
    let contexts = arguments.map(\.first)
    let isOneText = Set(choices).count == 1
    for (index, request) in requests.enumerated() {
      guard isOneText || contexts[index] == contexts[0] else { continue }
      // Where the contexts differ and not what follows them, the contexts are the choices.
      let text = isOneText ? contexts[index]?.string : choices[index]
      guard let text, let pair = request.list?.first?.list, let number = pair.first?.spelled,
        let logProbability = logProbability(Double(number).map { .number($0) })
      else { throw LineError("choice \(index + 1) of “resps” has no log-likelihood") }
      var sample = ImportedSample(text)
      sample.logProbability = logProbability
      question.samples.append(sample)
    }
    // What is right is told by its number, or as it is written.
    if let gold = question.gold, let index = Int(gold), question.samples.indices.contains(index) {
      question.gold = question.samples[index].text
    }
  }
}

extension ImportedSample {
  /// Takes log-probabilities in either of OpenAI's shapes; where they do not spell the text, only their
  /// sum.
  fileprivate mutating func take(_ value: JSONValue?) {
    var read: [ImportedToken] = []
    if let content = value?["content"]?.list {
      for entry in content {
        let bytes =
          entry["bytes"]?.list.map { $0.compactMap { $0.number.flatMap { UInt8(exactly: $0) } } }
          ?? entry["token"]?.string.map { Array($0.utf8) } ?? []
        // Zero without alternatives is what some write where nothing was computed.
        var logProbability = SampleFormat.logProbability(entry["logprob"])
        if logProbability == 0, entry["top_logprobs"]?.list?.isEmpty ?? false {
          logProbability = nil
        }
        read.append(ImportedToken(bytes: bytes, logProbability: logProbability))
      }
    } else if let texts = value?["tokens"]?.list, let logs = value?["token_logprobs"]?.list,
      texts.count == logs.count
    {
      read = zip(texts, logs).map { text, log in
        ImportedToken(
          bytes: Array((text.string ?? "").utf8), logProbability: SampleFormat.logProbability(log))
      }
    }
    guard !read.isEmpty else { return }
    tokenCount = read.count
    let known = read.compactMap(\.logProbability)
    if known.count == read.count { logProbability = known.reduce(0, +) }
    if read.flatMap(\.bytes).elementsEqual(text.utf8) { tokens = read }
  }
}

extension JSONValue {
  fileprivate subscript(name: String) -> JSONValue? {
    if case .object(let object) = self { object[name] } else { nil }
  }

  fileprivate var string: String? {
    if case .string(let text) = self { text } else { nil }
  }

  fileprivate var number: Double? {
    if case .number(let number) = self { number } else { nil }
  }

  fileprivate var list: [JSONValue]? {
    if case .array(let list) = self { list } else { nil }
  }

  /// A text, a number or a truth value as text.
  fileprivate var spelled: String? {
    switch self {
    case .string(let text): text
    case .number(let number): Int64(exactly: number).map { "\($0)" } ?? "\(number)"
    case .bool(let value): "\(value)"
    case .null, .array, .object: nil
    }
  }
}

extension [String: JSONValue] {
  /// The first of some fields that is a text.
  fileprivate func text(_ names: String...) -> String? {
    names.lazy.compactMap { self[$0]?.string }.first
  }
}
