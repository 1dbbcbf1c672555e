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

  /// The second call in the words of Kojima et al.; curriculum documents teach it, but the first
  /// bundled model has seen it only behind a finished answer.
  public static let conclusion = "\nTherefore, the answer is"

  /// What stands before an answer that follows reasoning; the answer and a full stop follow.
  public static let answerMarker = " The answer is"

  /// Asks for a verdict on an answer that was given to a prompt; the model goes on with
  /// ` Yes.` or ` No.`
  public static let verdict = "\nIs the answer correct (Yes/No)?"

  /// Asks for a verdict after a rationale, which ends in ` Yes.` or ` No.`
  public static let verdictWithRationale = verdict + " Let's verify step by step."

  /// The two verdicts, each followed by a full stop.
  public static let yes = " Yes"
  public static let no = " No"

  /// What stands behind every step of a solution whose steps are judged one by one; the model
  /// goes on with `rightStep` or `wrongStep`. A judged solution carries the tag and ` +` behind
  /// each step up to the one in question.
  public static let stepTag = " |"
  /// Asks for a step to be said again, as it should be, before it is judged: the model goes on with
  /// the right step, `stepTag` and a label.
  public static let stepRestatement = " ?"
  /// The label of a step that is right and follows from the steps before it.
  public static let rightStep = " +"
  /// The label of a wrong step.
  public static let wrongStep = " -"

  /// Asks for a related problem before the question is answered (analogical prompting, Yasunaga
  /// et al. 2023, arXiv 2310.01714); the model goes on with `recalled`, a problem with its
  /// solution, `nowSolve` and the answer.
  public static let recall = " Let's recall a related problem."
  /// What stands before the recalled problem.
  public static let recalled = "\nRelated:"
  /// What stands between the recalled problem and the solution of the question.
  public static let nowSolve = "\nNow:"

  /// Asks for the principle behind a question first (step-back prompting, Zheng et al. 2023,
  /// arXiv 2310.06117).
  public static let stepBack = " Let's take a step back."

  /// What stands in place of an end of thinking that is taken back (budget forcing).
  public static let wait = " Wait,"

  /// The same behind what was said: without its space where one stands there already.
  public static func wait(behind said: [UInt8]) -> String {
    let isSpaced = said.last.map(SolutionStep.isWhiteSpace) ?? false
    return isSpaced ? String(wait.dropFirst()) : wait
  }

  /// What a solution goes on with to look at itself again.
  public static let recheck = " Wait, let me check."
}
