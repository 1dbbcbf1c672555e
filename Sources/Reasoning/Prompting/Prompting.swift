/// How a question is put to a model: the value of `--prompting`.
public enum Prompting: Hashable, Sendable, CustomStringConvertible {
  /// The question alone; the model decides whether to reason.
  case plain
  /// "Let's think step by step." behind the question (Kojima et al. 2022, arXiv 2205.11916).
  case think
  /// Worked examples before the question (Wei et al. 2022, arXiv 2201.11903).
  case fewShot
  /// A template of the user's own.
  case file(path: String)

  /// Reads `plain`, `think`, `few-shot`, or the path of a template. nil for an empty value.
  public init?(_ commandLineValue: String) {
    switch commandLineValue {
    case "": return nil
    case "plain": self = .plain
    case "think": self = .think
    case "few-shot": self = .fewShot
    default: self = .file(path: commandLineValue)
    }
  }

  public var description: String {
    switch self {
    case .plain: "plain"
    case .think: "think"
    case .fewShot: "few-shot"
    case .file(let path): path
    }
  }
}
