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

extension Reducer {
  func pickerKey(
    _ key: KeyEvent, _ command: Command?, _ old: PickerState, _ state: inout PlaygroundState
  ) -> [Effect] {
    var picker = old
    switch picker.page {
    case .template(let form): return templateKey(key, command, form, &picker, &state)
    case .question(let form): return questionKey(key, command, form, &picker, &state)
    case .families, .problems: break
    }
    let page = picker.list(state)?.rows.height ?? 1
    if picker.position.move(command, count: picker.rows.count, page: page) {
      picker.showsSolution = false
      state.replaceTop(.problems(picker))
      return []
    }
    switch command {
    case .activate: return choose(picker, &state)
    case .solution:
      if picker.selectedRow?.problem != nil {
        picker.showsSolution.toggle()
      } else {
        return choose(picker, &state)
      }
    case .editTemplate: editTemplate(&picker)
    case .otherProblems: picker.drawOthers()
    case .back: if case .problems = picker.page { picker.showFamilies() }
    case .dismiss: return leave(picker, &state)
    default:
      if key.key == .backspace, picker.filter.isEmpty, case .problems = picker.page {
        picker.showFamilies()
      } else if picker.filter.handle(key) {
        picker.refilter()
      }
    }
    state.replaceTop(.problems(picker))
    return []
  }

  /// Esc empties the filter, then goes back a page, then closes.
  private func leave(_ old: PickerState, _ state: inout PlaygroundState) -> [Effect] {
    var picker = old
    if !picker.filter.isEmpty {
      picker.filter = TextField()
      picker.refilter()
    } else if case .problems = picker.page {
      picker.showFamilies()
    } else {
      state.popups.removeLast()
      return []
    }
    state.replaceTop(.problems(picker))
    return []
  }

  private func choose(_ old: PickerState, _ state: inout PlaygroundState) -> [Effect] {
    var picker = old
    switch picker.selectedRow {
    case nil: return []
    case .emblem, .problem:
      guard let problem = picker.selectedRow?.problem else { return [] }
      state.popups.removeLast()
      return state.ask(Question(problem))
    case .family(let name, _, _, _): picker.showProblems(of: name)
    case .template(let id, _, _):
      if let template = try? ProblemTemplate.named(id) {
        picker.page = .template(TemplateForm(template))
      }
    case .own: picker.page = .question(QuestionForm(picker.filter.text))
    }
    state.replaceTop(.problems(picker))
    return []
  }

  /// Opens the template that is nearest to the selected row.
  private func editTemplate(_ picker: inout PickerState) {
    var template: ProblemTemplate?
    if case .template(let id, _, _) = picker.selectedRow {
      template = try? ProblemTemplate.named(id)
    } else if let family = picker.selectedRow?.family {
      template = ProblemTemplate.all.first { $0.family == family }
    }
    guard let template else { return }
    if case .families = picker.page, let family = picker.selectedRow?.family {
      picker.showProblems(of: family)
    }
    picker.page = .template(TemplateForm(template))
  }

  // MARK: Forms

  private func templateKey(
    _ key: KeyEvent, _ command: Command?, _ old: TemplateForm, _ picker: inout PickerState,
    _ state: inout PlaygroundState
  ) -> [Effect] {
    var form = old
    switch command {
    case .activate:
      guard let problem = form.problem else { return [] }
      state.popups.removeLast()
      return state.ask(Question(problem))
    case .dismiss: picker.showProblems(of: form.template.family)
    case .complete(let offset):
      form.moveFocus(by: offset)
      picker.page = .template(form)
    default:
      form.handle(key)
      picker.page = .template(form)
    }
    state.replaceTop(.problems(picker))
    return []
  }

  private func questionKey(
    _ key: KeyEvent, _ command: Command?, _ old: QuestionForm, _ picker: inout PickerState,
    _ state: inout PlaygroundState
  ) -> [Effect] {
    var form = old
    switch command {
    case .activate:
      guard let question = form.asked else { return [] }
      state.popups.removeLast()
      let effects = state.ask(question)
      if !form.isKnownForm, state.readyModel?.isBundled == true {
        state.message = Message(.warning, QuestionForm.shortNotice)
      }
      return effects
    case .dismiss: picker.showFamilies()
    case .complete:
      form.isOnAnswer.toggle()
      picker.page = .question(form)
    default:
      form.handle(key)
      picker.page = .question(form)
    }
    state.replaceTop(.problems(picker))
    return []
  }
}

extension QuestionForm {
  static let shortNotice =
    "The bundled model was not trained on this form; m opens a larger model."
  static let notice =
    "The bundled model was trained on the forms in the list before, and on nothing else: here it "
    + "will answer, and mean little by it. For questions of any form open a larger GGUF model "
    + "with m, or start with ponder --model FILE."
}
