import Decoding
import Learning
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
    case .train(let recipe):
      state.session.screen = TrainScreen.id
      return state.train { $0.train(by: recipe, &$1) }
    case .trainOn(let text):
      state.session.screen = TrainScreen.id
      return state.train { train, _ in
        train.change { $0.source = TrainingOrder.Source(text) }
        return []
      }
    case .run(let number): return try show(run: number, &state)
    case .take(let text): return try take(text, &state)
    case .keep(let name): return try state.keepDefault(name)
    case .set(let setting, let value):
      if state.isOfTraining(setting) { return try setTraining(setting, to: value, &state) }
      let effects = try state.set(setting, to: value)
      state.message = Message(
        .notice, "\(setting.name) is now \(setting.text(of: state.settings)).")
      return effects
    case .keepModel:
      state.session.screen = TrainScreen.id
      return state.train { $0.keep(&$1) }
    case .model(let name):
      let known = state.catalog.path(ofModel: name, like: state.readyModel?.member)
      let family = state.catalog.family
      // With a colon it may be in another program's store.
      let isPlace = name.contains("/") || name.contains(":") || name.hasSuffix(".gguf")
      guard known != nil || family.isEmpty || isPlace else {
        throw CommandLineError(
          "there is no model “\(name)”; give a path, or one of \(family.listOfNames)")
      }
      return [state.session.effect(opening: known ?? name)]
    case .theme(let name):
      let themes = state.catalog.themes
      guard themes.contains(name) || name.contains("/") || themes.isEmpty else {
        throw CommandLineError(
          "there is no theme “\(name)”" + Suggestion.hint(for: name, among: themes))
      }
      return state.choose(theme: name)
    case .open(let path): return [.file(.open(path: path))]
    case .importSamples(let path):
      // How many runs there will be is known when the file is read.
      let first = state.session.nextRun
      state.session.nextRun += ImportedSamples.most
      return [.file(.importSamples(path: path, firstRun: first))]
    case .score(let text):
      state.session.screen = DecodeScreen.id
      return state.on(DecodeScreen.id) { screen, session in
        guard var decode = screen as? DecodeScreen else { return [] }
        defer { screen = decode }
        return decode.score(text, &session)
      }
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

  /// Changes what is trained next.
  private func setTraining(
    _ setting: Setting, to value: String, _ state: inout PlaygroundState
  ) throws -> [Effect] {
    var order = state[TrainScreen.self].order
    guard order.table.contains(setting) else {
      let users = RecipeRegistry.all.map { $0.description }.filter { $0.settings.contains(setting) }
      throw CommandLineError(
        "\(order.recipe) does not use \(setting.name), which is for "
          + users.map(\.name).joined(separator: ", "))
    }
    try setting.set(value, in: &order.settings)
    state.session.screen = TrainScreen.id
    let used = order.used
    return state.train { train, session in
      train.change { $0 = order }
      session.tell(
        "\(setting.name) of \(order.recipe) is now \(setting.text(of: used)); Space trains with it."
      )
      return []
    }
  }

  private func show(run number: Int, _ state: inout PlaygroundState) throws -> [Effect] {
    guard state.session.trace.runs[number]?.start != nil else {
      let numbers = state.session.trace.runs.keys.sorted().map { String($0) }
      throw CommandLineError(
        numbers.isEmpty
          ? "there is no run yet"
          : "there is no run \(number); choose one of \(numbers.joined(separator: ", "))")
    }
    return state.show(savedRun: number)
  }

  private func take(_ text: String, _ state: inout PlaygroundState) throws -> [Effect] {
    let decode = state[DecodeScreen.self]
    guard decode.hasCurrentTable, let rows = decode.table?.rows, !state.session.isGuessing else {
      throw CommandLineError("there is no table to take a token from; 1 shows Decode")
    }
    let row = rows.firstIndex { $0.label == text } ?? rows.firstIndex { $0.token.text == text }
    guard let row else {
      throw CommandLineError("“\(text)” is not among the tokens listed; / in Decode finds others")
    }
    state.session.screen = DecodeScreen.id
    state[DecodeScreen.self].select(row: row)
    return state.on(DecodeScreen.id) { $0.perform(.activate, &$1) }
  }
}
