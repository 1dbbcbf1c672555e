import Decoding
import Problems
import Traces

/// The fields that all ways to ask for text share: how tokens are chosen, and where a text ends.
struct SamplingFields {
  /// What the two kinds of clients expect where they say nothing.
  enum Usual {
    /// OpenAI's: the model's own distribution, 16 tokens.
    case open
    /// Its chat: as many tokens as fit.
    case chat
    /// llama.cpp's own: its sampler, as many tokens as fit.
    case llama

    var temperature: Double { self == .llama ? 0.8 : 1 }
    var topK: Int { self == .llama ? 40 : 0 }
    var topP: Double { self == .llama ? 0.95 : 1 }
    var minP: Double { self == .llama ? 0.05 : 0 }
    var budget: Int { self == .open ? 16 : .max }
  }

  var count: Int
  var budget: Int
  var sampling: SamplingSettings
  var seed: UInt64
  var bias: [TokenID: Double]
  var stops: [String]
  var stopTokens: Set<TokenID>
  var ignoresEnd: Bool

  /// - Throws: `APIError` for values that make no sense, and for fields that would change the answer and
  ///   are not done here.
  init(
    _ fields: RequestFields, usual: Usual, vocabulary: any Vocabulary,
    seed: @autoclosure () -> UInt64
  ) throws(APIError) {
    try Self.check(format: fields["response_format"])
    try fields.refuse(Self.unsupported)
    count = try fields.integer(["n", "n_cmpl"], in: 1...100_000) ?? 1
    let names = ["max_completion_tokens", "max_tokens", "n_predict"]
    let budget = try fields.integer(names, in: -2...Int(Int32.max)) ?? usual.budget
    self.budget = budget < 0 ? .max : budget
    let temperature = try fields.number("temperature", in: -1...1000) ?? usual.temperature
    let topK = try fields.integer("top_k", in: -1...Int(Int32.max)) ?? usual.topK
    let topP = try fields.number("top_p", in: 0...1) ?? usual.topP
    let minP = try fields.number("min_p", in: 0...1) ?? usual.minP
    sampling = SamplingSettings(
      temperature: max(0, temperature), topK: topK > 0 ? topK : nil, topP: topP < 1 ? topP : nil,
      minP: minP > 0 ? minP : nil)
    // Servers take −1, and any 32-bit number that means it, for a seed of their own choice.
    let asked = try fields.number("seed", in: -9.1e18...1.9e19)
    self.seed =
      asked.flatMap { $0 < 0 || $0 == 4_294_967_295 ? nil : UInt64(exactly: $0.rounded()) }
      ?? seed()
    stops = try fields.texts("stop", atMost: 64).filter { !$0.isEmpty }
    stopTokens = Set(
      try fields.ids("stop_token_ids", vocabularySize: vocabulary.count) ?? [])
    ignoresEnd = try fields.boolean("ignore_eos") ?? false
    bias = try Self.bias(fields, vocabulary)
  }

  func generation(_ prompt: [TokenID], top: Int?) -> Generation {
    Generation(
      prompt: prompt, count: count, budget: budget, sampling: sampling, seed: seed, bias: bias,
      stops: stops, stopTokens: stopTokens, ignoresEnd: ignoresEnd, top: top)
  }

  /// A form of answers that nobody knows is a mistake; those that are known are not done here.
  private static func check(format: JSONValue?) throws(APIError) {
    let wrong = APIError(
      .invalidRequest,
      "\"response_format\" must be {\"type\": \"text\"}, \"json_object\" or \"json_schema\".",
      parameter: "response_format")
    guard let format else { return }
    guard case .object(let fields) = format, case .string(let type)? = fields["type"],
      ["text", "json_object", "json_schema"].contains(type)
    else { throw wrong }
    // A schema is an object.
    switch fields["schema"] {
    case nil, .null?, .object?: return
    default: throw wrong
    }
  }

  /// What changes an answer and is not done here, with the values that mean nothing.
  private static let unsupported: [(name: String, values: [JSONValue])] = [
    ("grammar", [.string("")]), ("json_schema", [.object([:])]), ("tools", [.array([])]),
    ("functions", [.array([])]), ("suffix", [.string("")]),
    ("response_format", [.object(["type": .string("text")])]),
    ("presence_penalty", [.number(0)]), ("frequency_penalty", [.number(0)]),
    ("repeat_penalty", [.number(1), .number(0)]), ("repetition_penalty", [.number(1)]),
    ("mirostat", [.number(0)]), ("dynatemp_range", [.number(0)]), ("typical_p", [.number(1)]),
    ("xtc_probability", [.number(0)]), ("dry_multiplier", [.number(0)]), ("lora", [.array([])]),
    ("image_data", [.array([])]), ("audio", []), ("use_beam_search", [.bool(false)]),
    ("post_sampling_probs", [.bool(false)]), ("min_tokens", [.number(0)]),
    ("bad_words", [.array([])]), ("allowed_token_ids", []),
  ]

  /// OpenAI's object of ids, or llama.cpp's list of pairs, whose tokens may be spelled and whose bias may
  /// be false: never.
  private static func bias(
    _ fields: RequestFields, _ vocabulary: any Vocabulary
  ) throws(APIError) -> [TokenID: Double] {
    guard let value = fields["logit_bias"] else { return [:] }
    let wrong = APIError(
      .invalidRequest, "\"logit_bias\" must map token ids to numbers.", parameter: "logit_bias")
    var pairs: [(JSONValue, JSONValue)] = []
    switch value {
    case .object(let object):
      for (name, bias) in object {
        pairs.append((Double(name).map { .number($0) } ?? .string(name), bias))
      }
    case .array(let entries):
      for entry in entries {
        guard case .array(let pair) = entry, pair.count == 2 else { throw wrong }
        pairs.append((pair[0], pair[1]))
      }
    default: throw wrong
    }
    var bias: [TokenID: Double] = [:]
    for (token, amount) in pairs {
      let number: Double
      switch amount {
      case .number(let value) where value.isFinite: number = value
      case .bool(false): number = -.infinity
      default: throw wrong
      }
      switch token {
      case .number:
        bias[try fields.id(token, "logit_bias", vocabularySize: vocabulary.count)] = number
      case .string(let text):
        for id in vocabulary.tokenize(continuing: text) { bias[id] = number }
      default: throw wrong
      }
    }
    return bias
  }
}

/// A prompt as clients give it.
enum PromptField {
  /// The prompts of a request: one text, a list of texts, token ids, a list of those, or a mixture of
  /// both in one prompt.
  ///
  /// A beginning-of-text token is put before a text where the vocabulary wants one, and before a mixture
  /// that begins with a text; ids are taken as they are.
  ///
  /// - Throws: `APIError`.
  static func prompts(
    _ value: JSONValue?, _ fields: RequestFields, _ vocabulary: any Vocabulary
  ) throws(APIError) -> (prompts: [[TokenID]], isList: Bool) {
    guard let value else {
      throw APIError(.invalidRequest, "\"prompt\" is missing.", parameter: "prompt")
    }
    guard case .array(let parts) = value else {
      return ([try one(value, fields, vocabulary)], false)
    }
    let isOne = parts.contains { if case .number = $0 { true } else { false } }
    if isOne || parts.isEmpty { return ([try one(value, fields, vocabulary)], false) }
    guard parts.count <= 1024 else {
      throw APIError(.invalidRequest, "A request may have 1024 prompts.", parameter: "prompt")
    }
    var prompts: [[TokenID]] = []
    for part in parts { prompts.append(try one(part, fields, vocabulary)) }
    return (prompts, true)
  }

  private static func one(
    _ value: JSONValue, _ fields: RequestFields, _ vocabulary: any Vocabulary
  ) throws(APIError) -> [TokenID] {
    switch value {
    case .string(let text): return vocabulary.tokenize(prompt: text)
    case .object(let object):
      // llama.cpp's form of prompts with pictures, without any.
      switch object["multimodal_data"] {
      case nil, .null?, .array([])?: break
      default:
        throw APIError(
          .notSupported, "\"multimodal_data\" is not supported here.", parameter: "prompt")
      }
      guard case .string(let text)? = object["prompt_string"] else { break }
      return vocabulary.tokenize(prompt: text)
    case .array(let parts):
      var ids: [TokenID] = []
      for (index, part) in parts.enumerated() {
        switch part {
        case .string(let text) where index == 0: ids += vocabulary.tokenize(prompt: text)
        case .string(let text):
          ids += vocabulary.tokenize(continuing: text, parsingSpecial: true)
        default: ids.append(try fields.id(part, "prompt", vocabularySize: vocabulary.count))
        }
      }
      return ids
    default: break
    }
    throw APIError(
      .invalidRequest, "\"prompt\" must be a text, token ids, or a list of them.",
      parameter: "prompt")
  }
}
