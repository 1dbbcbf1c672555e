import Problems
import TerminalUI
import Traces

extension PickerState {
  static let width = 96

  /// Lines under the list: the question, and its solution on request.
  static func previewLines(_ size: Size) -> Int { size.height < 20 ? 3 : size.height < 30 ? 6 : 9 }

  func list(_ state: PlaygroundState) -> PopupList? {
    switch page {
    case .families, .problems:
      let footing = Self.previewLines(state.size)
      return PopupList(
        width: Self.width, height: 36, heading: 1, footing: footing + 1, count: rows.count,
        position: position, in: state.size)
    case .template, .question: return nil
    }
  }
}

extension PickerState {
  /// Where the forms lie; they are drawn by this.
  func frame(_ state: PlaygroundState) -> Rect? {
    switch page {
    case .families, .problems: list(state)?.frame
    case .template(let form):
      Chrome.middle(state.size).centered(
        width: Self.width, height: form.values.count + Self.previewLines(state.size) + 3)
    case .question:
      Chrome.middle(state.size).centered(width: Self.width, height: PickerFormView.questionHeight)
    }
  }

  func offers(_ command: Command, _ state: PlaygroundState) -> Bool {
    switch (page, command) {
    case (.template(let form), .activate): form.problem != nil
    case (.question(let form), .activate): form.asked != nil
    case (.template, _), (.question, _): true
    case (_, .activate): selectedRow != nil
    case (_, .solution): selectedRow?.problem != nil
    case (_, .editTemplate): nearestTemplate != nil
    case (_, .back), (_, .otherProblems): isInFamily
    default: true
    }
  }

  func select(_ item: Int, _ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    picker.position.selected = item
    picker.showsSolution = false
    state.replaceTop(picker)
    return []
  }

  func paste(_ line: String, _ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    picker.insert(line)
    state.replaceTop(picker)
    return []
  }

  func press(_ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState) -> [Effect] {
    var picker = self
    let effects =
      switch page {
      case .template(let form): picker.typed(key, command, form, &state)
      case .question(let form): picker.typed(key, command, form, &state)
      case .families, .problems: picker.move(key, command, &state)
      }
    // A question that was asked has closed the picker.
    guard let effects else {
      state.replaceTop(picker)
      return []
    }
    return effects
  }

  /// - Returns: nil while the picker stays open.
  private mutating func move(
    _ key: KeyEvent, _ command: Command?, _ state: inout PlaygroundState
  ) -> [Effect]? {
    let page = list(state)?.rows.height ?? 1
    if position.move(command, count: rows.count, page: page) {
      showsSolution = false
      return nil
    }
    switch command {
    case .activate: return choose(&state)
    case .solution:
      if selectedRow?.problem == nil { return choose(&state) }
      showsSolution.toggle()
    case .editTemplate: editTemplate()
    case .otherProblems: drawOthers()
    case .back: if isInFamily { showFamilies() }
    case .dismiss: return leave(&state)
    default:
      if key.key == .backspace, filter.isEmpty, isInFamily {
        showFamilies()
      } else if filter.handle(key) {
        refilter()
      }
    }
    return nil
  }

  var isInFamily: Bool { if case .problems = page { true } else { false } }

  /// Esc empties the filter, then goes back a page, then closes.
  private mutating func leave(_ state: inout PlaygroundState) -> [Effect]? {
    if !filter.isEmpty {
      filter = TextField()
      refilter()
    } else if isInFamily {
      showFamilies()
    } else {
      state.popups.removeLast()
      return []
    }
    return nil
  }

  private mutating func choose(_ state: inout PlaygroundState) -> [Effect]? {
    switch selectedRow {
    case nil: break
    case .emblem, .problem: return selectedRow?.problem.map { ask(Question($0), &state) }
    case .family(let name, _, _, _): showProblems(of: name)
    case .template(let id, _, _):
      if let template = try? ProblemTemplate.named(id) { page = .template(TemplateForm(template)) }
    case .own: page = .question(QuestionForm(filter.text))
    }
    return nil
  }

  private func ask(_ question: Question, _ state: inout PlaygroundState) -> [Effect] {
    state.popups.removeLast()
    return state.ask(question)
  }

  /// Opens the template that is nearest to the selected row.
  private mutating func editTemplate() {
    guard let template = nearestTemplate else { return }
    if case .families = page, let family = selectedRow?.family { showProblems(of: family) }
    page = .template(TemplateForm(template))
  }

  private var nearestTemplate: ProblemTemplate? {
    if case .template(let id, _, _) = selectedRow { return try? ProblemTemplate.named(id) }
    return selectedRow?.family.flatMap { family in
      ProblemTemplate.all.first { $0.family == family }
    }
  }

  // MARK: Forms

  private mutating func typed(
    _ key: KeyEvent, _ command: Command?, _ old: TemplateForm, _ state: inout PlaygroundState
  ) -> [Effect]? {
    var form = old
    switch command {
    case .activate: return form.problem.map { ask(Question($0), &state) }
    case .dismiss:
      showProblems(of: form.template.family)
      return nil
    case .complete(let offset): form.moveFocus(by: offset)
    default: form.handle(key)
    }
    page = .template(form)
    return nil
  }

  private mutating func typed(
    _ key: KeyEvent, _ command: Command?, _ old: QuestionForm, _ state: inout PlaygroundState
  ) -> [Effect]? {
    var form = old
    switch command {
    case .activate:
      guard let question = form.asked else { return nil }
      let effects = ask(question, &state)
      if !form.isKnownForm, state.readyModel?.isBundled == true {
        state.message = Message(.warning, QuestionForm.shortNotice)
      }
      return effects
    case .dismiss:
      showFamilies()
      return nil
    case .complete: form.isOnAnswer.toggle()
    default: form.handle(key)
    }
    page = .question(form)
    return nil
  }
}

extension QuestionForm {
  static let shortNotice = "The bundled model was not trained on this form; m opens a larger model."
  static let notice =
    "The bundled model was trained only on the forms in the previous list. It will answer "
    + "other questions too, but badly. For questions of any form, open a larger GGUF model "
    + "with m, or start with ponder --model FILE."
}
