/// Which program a server is.
public enum ServerKind: String, Sendable, Hashable, CaseIterable {
  case llamaCpp = "llama.cpp"
  case vllm = "vLLM"
  case sglang = "SGLang"
  case ollama = "Ollama"
  /// Any other that goes on with a text.
  case completions = "OpenAI-style completions"
  /// Any other that only answers messages.
  case chat = "OpenAI-style chat"
}

/// What a server gives, as found out by asking it.
public struct RemoteCapabilities: Sendable, Hashable {
  public var kind: ServerKind
  /// What the server calls the model.
  public var model: String
  /// Which build the server is, where it says so.
  public var build: String?
  public var parameters: Int?
  /// The most tokens of a text, where it says so.
  public var contextLength: Int?
  /// Requests that it answers at once; where it does not say so, how many are sent.
  public var slots: Int
  /// Tokens of its vocabulary, where it says so.
  public var vocabularySize: Int?
  /// Texts are sent, and tokens told, by ids: branches are forked by ids.
  public var hasIDs: Bool
  /// The bytes of every token are exact.
  public var hasBytes: Bool
  /// The likeliest tokens that are asked for at each place.
  public var top: Int
  /// Probabilities are what the server's sampler makes of them, asked to change nothing; not the model's own.
  public var isAfterSampler: Bool
  /// Tokens that are asked for at once where a path goes on greedily; 1 asks for each.
  public var readAhead: Int
  /// Who turns texts into tokens.
  public var tokenizer: String
  public var chatTemplate: String?

  /// Whether all tokens' probabilities are told.
  public var isComplete: Bool { vocabularySize.map { top >= $0 } ?? false }

  /// What a person should know once, in sentences.
  public var remarks: [String] {
    var remarks: [String] = []
    if !hasIDs {
      remarks.append(
        "\(kind.rawValue) tells no token ids: branches are forked by text, and how the server cuts a text "
          + "into tokens is not known.")
      remarks.append("The end of a text has a probability only where the server lists it.")
      if kind == .chat {
        remarks.append(
          "A begun answer is sent as the last message; a server that answers it instead of going on with it, "
            + "as OpenAI's own do, tells other probabilities than those of the text.")
      }
    } else if !hasBytes {
      remarks.append(
        "The bytes of tokens that are part of a character are not known; --tokenizer FILE tells them."
      )
    }
    if !isComplete {
      remarks.append(
        "Only the \(top) likeliest tokens are told: sampling chooses among them, entropy is a lower bound, "
          + "and of other tokens nothing is known.")
    }
    if isAfterSampler {
      remarks.append(
        "Probabilities are told after the server's sampler, which is asked to change nothing.")
    }
    return remarks
  }

  /// What `ponder info` tells, by name.
  public var facts: [(name: String, value: String)] {
    func shown(_ number: Int?) -> String { number.map { "\($0)" } ?? "not told" }
    return [
      ("server", kind.rawValue + (build.map { ", \($0)" } ?? "")), ("model", model),
      ("parameters", shown(parameters)), ("context length", shown(contextLength)),
      ("vocabulary", shown(vocabularySize)), ("tokenizer", tokenizer),
      ("slots", "\(slots)"), ("forks", hasIDs ? "by ids" : "by text"),
      ("bytes", hasBytes ? "exact" : "as text"),
      ("probabilities", isComplete ? "of all tokens" : "of the \(top) likeliest"),
      ("of", isAfterSampler ? "the sampler" : "the model, at temperature 1"),
      ("read ahead", "\(readAhead)"),
      ("chat template", chatTemplate == nil ? "not told; --template gives one" : "told"),
    ]
  }
}
