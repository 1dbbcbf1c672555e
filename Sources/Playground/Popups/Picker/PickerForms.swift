import Problems
import TerminalUI
import Traces

/// A template being filled in.
struct TemplateForm: Sendable {
  let template: ProblemTemplate
  private(set) var values: [TextField]
  private(set) var focus = 0
  /// Whether the field in focus is as it was entered: then what is typed takes its place.
  private var isFresh = true
  /// The problem as it stands; nil where a value does not fit.
  private(set) var problem: Problem?
  private(set) var error: String?

  init(_ template: ProblemTemplate) {
    self.template = template
    values = template.fields.map { TextField($0.defaultValue) }
    render()
  }

  var field: ProblemTemplate.Field? {
    template.fields.indices.contains(focus) ? template.fields[focus] : nil
  }

  mutating func moveFocus(by offset: Int) {
    let count = max(1, values.count)
    focus = ((focus + offset) % count + count) % count
    isFresh = true
  }

  mutating func insert(_ text: String) {
    guard values.indices.contains(focus), choices == nil else { return }
    startTyping()
    values[focus].insert(text)
    render()
  }

  /// Edits the field in focus by a key.
  mutating func handle(_ key: KeyEvent) {
    guard values.indices.contains(focus) else { return }
    if choices != nil {
      if key.key == .left { cycle(-1) } else if key.key == .right || key.typed == " " { cycle(1) }
    } else {
      if key.typed != nil { startTyping() }
      isFresh = false
      _ = values[focus].handle(key)
      render()
    }
  }

  private mutating func startTyping() {
    if isFresh { values[focus] = TextField() }
    isFresh = false
  }

  /// What the field in focus can be; nil where text is typed.
  var choices: [String]? {
    if case .choice(let choices) = field?.kind { choices } else { nil }
  }

  private mutating func cycle(_ offset: Int) {
    guard let choices, !choices.isEmpty else { return }
    let index = choices.firstIndex(of: values[focus].text) ?? 0
    values[focus] = TextField(
      choices[((index + offset) % choices.count + choices.count) % choices.count])
    render()
  }

  private mutating func render() {
    do {
      problem = try template.render(values.map(\.text))
      error = nil
    } catch {
      problem = nil
      self.error = error.description
    }
  }
}

/// A question being typed, with its right answer for those who know it.
struct QuestionForm: Sendable {
  var question: TextField
  var answer = TextField()
  /// Whether the right answer is being typed.
  var isOnAnswer = false
  /// Whether a bundled model has been trained on questions of this form.
  private(set) var isKnownForm = false

  init(_ text: String) {
    question = TextField(text)
    recognize()
  }

  mutating func insert(_ text: String) {
    if isOnAnswer { answer.insert(text) } else { question.insert(text) }
    recognize()
  }

  mutating func handle(_ key: KeyEvent) {
    if isOnAnswer { _ = answer.handle(key) } else { _ = question.handle(key) }
    recognize()
  }

  /// The question as it is asked; nil while there is none.
  var asked: Question? {
    let text = question.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    guard !text.isEmpty else { return nil }
    let gold = answer.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return gold.isEmpty
      ? Question(text: text)
      : Question(text: text, gold: gold, kind: AnswerNormalizer.kind(ofGold: gold))
  }

  private mutating func recognize() { isKnownForm = ProblemForms.family(of: question.text) != nil }
}
