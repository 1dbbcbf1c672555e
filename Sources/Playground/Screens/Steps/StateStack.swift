import Reasoning
import TerminalUI

/// A state as a stack that grows: the question, the steps so far, and on top the action that is
/// taken in it, word for word.
struct StateStack {
  struct Row {
    /// `Q`, `R1`, on the first line of a part.
    var label: String
    var isAction: Bool
    var text: WrappedText
    var line: Int
  }

  /// How the parts look: by what they are, and tokens of the action by how sure they were.
  struct Styles {
    var question: Style
    var step: Style
    var injected: Style
    var note: Style
    var action: (Double) -> Style

    /// For measuring.
    static var plain: Styles {
      Styles(question: .plain, step: .plain, injected: .plain, note: .plain) { _ in .plain }
    }
  }

  private(set) var rows: [Row] = []

  /// How wide the labels are.
  static let labelWidth = 4

  init(_ steps: StepsState, width: Int, styles: Styles = .plain) {
    guard let episode = steps.episode, width > Self.labelWidth + 1 else { return }
    let room = width - Self.labelWidth
    let question = String(decoding: episode.question, as: UTF8.self)
    add("Q", StyledText(question, style: styles.question), false, room)
    for step in episode.steps.prefix(steps.position.selected + 1) {
      let isAction = step.number == steps.position.selected + 1
      var text = StyledText()
      for index in step.tokens where steps.pieces.indices.contains(index) {
        let piece = steps.pieces[index]
        // The label stands where the white space before a step would.
        let words = text.runs.isEmpty ? String(piece.text.drop(while: \.isWhitespace)) : piece.text
        if words.isEmpty { continue }
        let style =
          piece.isInjected
          ? styles.injected
          : isAction ? styles.action(piece.probability ?? 1) : styles.step
        text.append(words, style: style)
      }
      add("R\(step.number)", text, isAction, room)
      guard isAction, steps.notes.indices.contains(step.number - 1) else { continue }
      for note in steps.notes[step.number - 1] {
        add(note.label, StyledText(note.text, style: styles.note), true, room)
      }
    }
  }

  private mutating func add(_ label: String, _ text: StyledText, _ isAction: Bool, _ width: Int) {
    let wrapped = WrappedText(text, width: width)
    for line in wrapped.lines.indices {
      rows.append(
        Row(label: line == 0 ? label : "", isAction: isAction, text: wrapped, line: line))
    }
  }
}
