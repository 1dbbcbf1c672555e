public import Traces

/// One thing that a lesson does for its reader: a line of a `ponder` block.
///
/// The words and their meaning are documented in Samples/Lessons/README.md. A command and its
/// `description` are the same thing: reading the one gives the other.
public enum LessonCommand: Hashable, Sendable, CustomStringConvertible {
  /// `problem ID`: opens a problem of the library.
  case problem(id: String)
  /// `question TEXT`: opens a question of the lesson's own.
  case question(String)
  /// `strategy NAME`: chooses what `run` runs.
  case strategy(name: String)
  /// `set NAME VALUE`: changes a setting; the names are those of the command line.
  case set(Setting, value: String)
  /// `run`: runs the chosen strategy on the question; the lesson goes on when it has finished.
  case run
  /// `screen NAME`: shows a screen.
  case screen(String)
  /// `goto PLACE`: moves the selection.
  case goTo(Place)
  /// `step N`: takes the likeliest token, N times.
  case step(count: Int)
  /// `take "TEXT"`: takes the token spelled so, wherever it stands in the table.
  case take(token: String)
  /// `insert "TEXT"`: puts text in, as if the user had typed it.
  case insert(text: String)
  /// `answer-now`: forces an answer here.
  case answerNow
  /// `compare A B`: shows two branches side by side, with the token where they part.
  case compare(Branch, Branch)
  /// `guess next K`: hides the probabilities of the K likeliest next tokens until the reader has
  /// chosen one.
  case guessNext(choices: Int)
  /// `expect CONDITION: TEXT`: what the lesson is about to say holds only if the last run meets
  /// the condition; if not, the text is shown in place of the paragraphs after the commands.
  case expect(Condition, otherwise: String)

  /// A place that the selection can go to.
  public enum Place: Hashable, Sendable {
    /// `start`: the end of the prompt.
    case start
    /// `answer VALUE`: the first path or row with this answer.
    case answer(String)
    /// `branch A`: a branch.
    case branch(Branch)
  }

  /// A row of the Branches screen.
  public enum Branch: Hashable, Sendable, CustomStringConvertible {
    /// A number from 1, in the order of the first token's probability; 1 is the greedy path.
    case row(Int)
    /// `best`: the row that the strategy trusts most.
    case best

    init?(_ text: Substring) {
      if text == "best" {
        self = .best
      } else if let row = Int(text), row >= 1 {
        self = .row(row)
      } else {
        return nil
      }
    }

    public var description: String {
      switch self {
      case .row(let row): String(row)
      case .best: "best"
      }
    }
  }

  /// What the last run has to show for a step's text to be true.
  public enum Condition: Hashable, Sendable {
    /// `correct`: its answer equals the gold answer.
    case correct
    /// `wrong`: it has an answer, which does not.
    case wrong
    /// `answer VALUE`: its answer is this one.
    case answer(String)
  }

  public var description: String {
    switch self {
    case .problem(let id): "problem \(id)"
    case .question(let text): "question \(text)"
    case .strategy(let name): "strategy \(name)"
    case .set(let setting, let value): "set \(setting.name) \(value)"
    case .run: "run"
    case .screen(let screen): "screen \(screen)"
    case .goTo(.start): "goto start"
    case .goTo(.answer(let value)): "goto answer \(value)"
    case .goTo(.branch(let branch)): "goto branch \(branch)"
    case .step(let count): "step \(count)"
    case .take(let token): "take \"\(token)\""
    case .insert(let text): "insert \"\(text)\""
    case .answerNow: "answer-now"
    case .compare(let left, let right): "compare \(left) \(right)"
    case .guessNext(let choices): "guess next \(choices)"
    case .expect(.correct, let text): "expect correct: \(text)"
    case .expect(.wrong, let text): "expect wrong: \(text)"
    case .expect(.answer(let value), let text): "expect answer \(value): \(text)"
    }
  }
}
