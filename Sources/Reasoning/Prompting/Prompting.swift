/// How a question is put to a model: the value of `--prompting`.
public enum Prompting: Hashable, Sendable, CustomStringConvertible {
  /// The question alone; the model decides whether to reason.
  case plain
  /// "Let's think step by step." behind the question (Kojima et al. 2022, arXiv 2205.11916).
  case think
  /// Worked examples before the question (Wei et al. 2022, arXiv 2201.11903).
  case fewShot
  /// Asks for a related problem first (Yasunaga et al. 2023, arXiv 2310.01714).
  case analogical
  /// Asks for the principle first (Zheng et al. 2023, arXiv 2310.06117).
  case stepBack
  /// Passages of texts before the question.
  case retrieval
  /// A template of the user's own.
  case file(path: String)

  /// Reads a name (`plain`, `think`, `few-shot` …), or the path of a template; `PromptLibrary`
  /// also finds its own templates by their bare names. nil for an empty value.
  public init?(_ commandLineValue: String) {
    if commandLineValue.isEmpty { return nil }
    let named: [Prompting] = [.plain, .think, .fewShot, .analogical, .stepBack, .retrieval]
    self = named.first { $0.description == commandLineValue } ?? .file(path: commandLineValue)
  }

  public var description: String {
    switch self {
    case .plain: "plain"
    case .think: "think"
    case .fewShot: "few-shot"
    case .analogical: "analogical"
    case .stepBack: "step-back"
    case .retrieval: "retrieval"
    case .file(let path): path
    }
  }
}
