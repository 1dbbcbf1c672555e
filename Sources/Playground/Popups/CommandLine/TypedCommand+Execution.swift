import Decoding
import Problems
import Reasoning
import Traces

extension Reducer {
  /// Carries out a typed command.
  ///
  /// - Throws: what is wrong, in one line.
  func execute(_ command: TypedCommand, _ state: inout PlaygroundState) throws -> [Effect] {
    switch command {
    case .problem(let id): return state.ask(Question(try ProblemLibrary.problem(id: id)))
    case .question(let text):
      let effects = state.ask(Question(text: text))
      if state.readyModel?.isBundled == true, ProblemForms.family(of: text) == nil {
        state.message = Message(.warning, QuestionForm.shortNotice)
      }
      return effects
    case .prompt(let text): return state.ask(Question(text: text, isRaw: true))
    case .strategy(let name): return try state.run(strategy: name).effects
    case .set(let setting, let value):
      let effects = try state.set(setting, to: value)
      state.message = Message(
        .notice, "\(setting.name) is now \(setting.text(of: state.settings)).")
      return effects
    case .model(let name):
      let known = state.catalog.path(ofModel: name, like: state.readyModel?.member)
      let family = state.catalog.family
      guard known != nil || family.isEmpty || name.contains("/") || name.hasSuffix(".gguf") else {
        throw CommandLineError(
          "there is no model “\(name)”; give a path, or one of \(family.listOfNames)")
      }
      return [.model(.load(path: known ?? name))]
    case .theme(let name):
      let themes = state.catalog.themes
      guard themes.contains(name) || name.contains("/") || themes.isEmpty else {
        throw CommandLineError(
          "there is no theme “\(name)”" + Suggestion.hint(for: name, among: themes))
      }
      return [.shell(.loadTheme(name))]
    case .open(let path): return [.file(.open(path: path))]
    case .lesson(let name):
      let entry = state.catalog.lessons.first {
        $0.path == name || $0.title == name || CommandCompletion.fileName($0.path) == name
      }
      if entry == nil, !name.contains("/"), !name.hasSuffix(".md") {
        let names = state.catalog.lessons.map { CommandCompletion.fileName($0.path) }
        throw CommandLineError(
          "there is no lesson “\(name)”" + Suggestion.hint(for: name, among: names))
      }
      return [.file(.lesson(path: entry?.path ?? name))]
    case .save(let path): return [.file(.save(path: path))]
    case .screen(let screen): return perform(.screen(screen), &state)
    case .help: return perform(.help, &state)
    case .quit: return perform(.quit, &state)
    }
  }
}
