import Decoding
import Problems
import Reasoning
import Traces

/// A lesson being played: where it stands, and what is still to be done for the step.
struct LessonState: Sendable {
  let lesson: Lesson
  /// The file it comes from.
  let name: String
  /// The step on view; -1 is the introduction.
  var step: Int
  /// A hidden lesson waits where it is until it is chosen again.
  var isHidden = false
  /// What came of the steps that were carried out.
  var outcomes: [Int: Outcome] = [:]
  /// The commands that are still to be carried out, and what they wait for.
  var queue: [LessonCommand] = []
  var wait: Wait?
  /// Whether the step is being carried out.
  var isWorking = false
  /// What `run` runs.
  var strategy: String?
  /// The run that conditions are about.
  var lastRun: Int?
  /// The guess that the reader is to make.
  var guess: Guess?
  /// The settings to go back to when the lesson is left for good.
  var settingsBefore: RunSettings
  /// Lines of the step's text above the first one on view.
  var scroll = 0

  init(_ lesson: Lesson, name: String, settings: RunSettings) {
    self.lesson = lesson
    self.name = name
    step = lesson.introduction.isEmpty ? 0 : -1
    settingsBefore = settings
  }

  /// What came of a step.
  struct Outcome: Sendable, Hashable {
    /// What the last run answered, and whether that is right.
    var result: String?
    /// The text to show in place of the step's own, when the model did otherwise.
    var otherwise: String?
    /// What could not be done.
    var notes: [String] = []
  }

  /// What has to happen before the next command.
  enum Wait: Sendable, Hashable {
    /// The run ends.
    case run(Int)
    /// Decode begins to explore the question.
    case exploration
    /// Decode has left a place and shows the next one's table.
    case place(from: NodeID)
    /// Decode's table is there.
    case table
    /// The reader has guessed.
    case guess
    /// The forced answer is there.
    case answer
  }

  /// The next tokens to bet on, their probabilities unseen.
  struct Guess: Sendable, Hashable {
    struct Choice: Sendable, Hashable {
      var token: TokenID
      var text: String
      var probability: Double
      /// The place in the order of probability, from 1.
      var rank: Int
    }

    /// In an order that tells nothing.
    var choices: [Choice]
    /// The index of the reader's choice.
    var picked: Int?
  }

  var stepCount: Int { lesson.steps.count }
  /// The step on view; nil for the introduction.
  var current: Lesson.Step? { lesson.steps.indices.contains(step) ? lesson.steps[step] : nil }
  var isDone: Bool { outcomes[step] != nil }
  var firstStep: Int { lesson.introduction.isEmpty ? 0 : -1 }

  /// Shows another step, and forgets what was still to be done for this one.
  mutating func show(_ step: Int) {
    self.step = min(stepCount - 1, max(firstStep, step))
    scroll = 0
    abandon()
  }

  mutating func abandon() {
    queue = []
    wait = nil
    guess = nil
    isWorking = false
  }
}

extension PlaygroundState {
  mutating func begin(_ lesson: Lesson, name: String) -> [Effect] {
    endLesson()
    session.lesson = LessonState(lesson, name: name, settings: session.settings)
    switch lesson.opening {
    case .problem(let id):
      do {
        return ask(Question(try ProblemLibrary.problem(id: id)))
      } catch {
        session.tell("\(error)", .error)
        return []
      }
    case .question(let text): return ask(Question(text: text))
    case nil: return []
    }
  }

  /// Leaves the lesson for good, with the settings as they were before it.
  mutating func endLesson() {
    guard let lesson = session.lesson else { return }
    session.lesson = nil
    let old = session.settings
    session.settings = lesson.settingsBefore
    adapt(from: old)
  }

  // MARK: Keys

  mutating func lessonCommand(_ command: Command) -> [Effect] {
    guard let lesson = session.activeLesson else { return [] }
    switch command {
    case .lessonGoOn: goOn(lesson)
    case .lessonNext: turn(to: lesson.step + 1)
    case .lessonPrevious: turn(to: lesson.step - 1)
    case .guess(let number): pick(number - 1)
    default: break
    }
    return []
  }

  /// Enter: the rest of the text, then what the step does, then the next step.
  private mutating func goOn(_ lesson: LessonState) {
    if let next = LessonPane.nextScroll(session) {
      session.lesson?.scroll = next
    } else if lesson.isWorking {
      session.tell(
        lesson.wait == .guess
          ? "Press a token's number to bet on it." : "Still working; Esc stops it.")
    } else if let step = lesson.current, !lesson.isDone, !step.commands.isEmpty {
      session.lesson?.queue = step.commands
      session.lesson?.isWorking = true
      session.lesson?.guess = nil
      session.lesson?.outcomes[lesson.step] = nil
      session.lesson?.scroll = 0
    } else {
      turn(to: lesson.step + 1)
    }
  }

  private mutating func turn(to step: Int) {
    guard let lesson = session.lesson else { return }
    if step >= lesson.stepCount {
      endLesson()
      session.tell("The lesson is over; its results stay here. L lists the lessons.")
    } else {
      session.lesson?.show(step)
    }
  }

  private mutating func pick(_ index: Int) {
    guard let guess = session.lesson?.guess, guess.picked == nil,
      guess.choices.indices.contains(index)
    else { return }
    session.lesson?.guess?.picked = index
    session.lesson?.scroll = 0
  }
}
