/// The families of chat templates, by their names on the command line.
public enum TemplateFamily: String, CaseIterable, Sendable {
  /// `<|im_start|>user … <|im_end|>`: Qwen, SmolLM, Hermes and many others.
  case chatML = "chatml"
  /// ChatML with `<|im_sep|>` behind the role.
  case phi4 = "phi-4"
  case phi3 = "phi-3"
  case llama3 = "llama-3"
  /// `[INST] … [/INST]` with `<<SYS>>`.
  case llama2 = "llama-2"
  /// `[INST]` of the first Mistral models, with spaces on all sides.
  case mistral
  /// `[INST]` as a token of its own, and a space behind it.
  case mistralV3 = "mistral-v3"
  /// `[INST]` without any space.
  case mistralTekken = "mistral-tekken"
  /// `[SYSTEM_PROMPT]` and `[INST]` without any space.
  case mistralV7 = "mistral-v7"
  case gemma
  case deepSeekV2 = "deepseek-v2"
  /// `<｜User｜> … <｜Assistant｜>`: V3, R1 and what was distilled from it.
  case deepSeek = "deepseek"
  /// `<|user|> … </s>`: Zephyr, TinyLlama.
  case zephyr
}

/// Which template is put around questions: the value of `--template`.
public enum TemplateChoice: Hashable, Sendable, CustomStringConvertible {
  /// The program in the model's file, if there is one.
  case auto
  /// Questions are sent as the prompt's own text.
  case none
  case family(TemplateFamily)
  /// The Jinja program of a file.
  case file(path: String)

  /// All values but files, as `--template` takes them.
  public static let names = ["auto", "none"] + TemplateFamily.allCases.map(\.rawValue)

  /// - Returns: nil for a name that is not among `names` and no path: a path has a `/` or a `.`.
  public init?(_ name: String) {
    switch name {
    case "auto": self = .auto
    case "none": self = .none
    default:
      if let family = TemplateFamily(rawValue: name) {
        self = .family(family)
      } else if name.contains("/") || name.contains(".") {
        self = .file(path: name)
      } else {
        return nil
      }
    }
  }

  public var description: String {
    switch self {
    case .auto: "auto"
    case .none: "none"
    case .family(let family): family.rawValue
    case .file(let path): path
    }
  }
}

/// Whether a chat template is told to have the model think: the value of `--thinking`.
public enum ThinkingChoice: String, CaseIterable, Codable, Sendable {
  case on, off
}
