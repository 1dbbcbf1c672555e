/// The text around a question. The bundled models are trained on exactly these strings, so
/// they are written here and nowhere else.
///
/// A prompt never ends in a space: the space belongs to the first token of the answer.
public enum PromptFormat {
  /// `Q: {question}\nA:` — the plain prompt, which leaves it to the model whether to reason.
  public static func plain(_ question: String) -> String { "Q: \(question)\nA:" }

  /// The trigger of zero-shot chain of thought (Kojima et al. 2022, arXiv 2205.11916).
  public static let trigger = " Let's think step by step."

  /// `Q: {question}\nA: Let's think step by step.`
  public static func think(_ question: String) -> String { plain(question) + trigger }

  /// What the second call of zero-shot chain of thought adds behind the reasoning; the model
  /// goes on with ` 8.`
  public static let extraction = answerMarker

  /// The second call in the words of Kojima et al.; curriculum documents teach it, but the first
  /// bundled model has seen it only behind a finished answer.
  public static let conclusion = "\nTherefore, the answer is"

  /// What stands before an answer that follows reasoning; the answer and a full stop follow.
  public static let answerMarker = " The answer is"

  /// Worked examples before the question, separated by a blank line (Wei et al. 2022,
  /// arXiv 2201.11903). An exemplar's answer is what follows `A:`, without the leading space.
  public static func fewShot(
    _ exemplars: [(question: String, answer: String)], question: String
  ) -> String {
    exemplars.map { plain($0.question) + " " + $0.answer + "\n\n" }.joined() + plain(question)
  }

  /// Asks for a verdict on an answer that was given to a prompt; the model goes on with
  /// ` Yes.` or ` No.`
  public static let verdict = "\nIs the answer correct (Yes/No)?"

  /// Asks for a verdict after a rationale, which ends in ` Yes.` or ` No.`
  public static let verdictWithRationale = verdict + " Let's verify step by step."
}
