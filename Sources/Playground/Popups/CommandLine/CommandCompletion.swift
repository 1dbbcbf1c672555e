import Decoding
import Learning
import Problems
import Reasoning
import Traces

/// What a line on the command line can be completed to.
struct CommandCompletion: Sendable, Hashable {
  struct Candidate: Sendable, Hashable {
    /// The whole line, completed.
    var line: String
    /// What the list shows.
    var title: String
    /// What it does or is.
    var detail: String
  }

  var candidates: [Candidate] = []
  /// The path that files are wanted for.
  var path: String?

  /// The completions of a line. `files` are the paths known to begin with what is typed.
  init(of line: String, _ state: PlaygroundState, files: [String] = []) {
    let text = String(Substring(line).drop { $0.isWhitespace || $0 == ":" })
    guard let space = text.firstIndex(where: \.isWhitespace) else {
      candidates = TypedCommand.words(state.commandSettings, state.session.screens).filter {
        $0.name.hasPrefix(text)
      }.map { word in
        let gap = word.argument == .none ? "" : " "
        let title = word.placeholder.isEmpty ? word.name : "\(word.name) \(word.placeholder)"
        return Candidate(line: word.name + gap, title: title, detail: word.help)
      }
      return
    }
    guard
      let word = try? TypedCommand.word(
        named: String(text[..<space]), settings: state.commandSettings,
        screens: state.session.screens)
    else { return }
    let typed = String(text[space...].drop(while: \.isWhitespace))
    let values = Self.values(of: word.argument, state)
    candidates = values.filter { $0.value.hasPrefix(typed) && $0.value != typed }.map {
      Candidate(line: "\(word.name) \($0.value)", title: $0.value, detail: $0.detail)
    }
    if Self.takesPath(word.argument), !typed.isEmpty {
      path = typed
      candidates += files.filter { $0.hasPrefix(typed) && $0 != typed }.map {
        Candidate(line: "\(word.name) \($0)", title: $0, detail: "")
      }
    }
  }

  private static func takesPath(_ argument: TypedCommand.Word.Argument) -> Bool {
    switch argument {
    case .model, .session, .lesson, .file, .source: true
    case .setting(let setting): setting.takesPath
    default: false
    }
  }

  private static func values(
    of argument: TypedCommand.Word.Argument, _ state: PlaygroundState
  ) -> [(value: String, detail: String)] {
    switch argument {
    case .problem:
      [(ProblemLibrary.apples.id, ProblemLibrary.apples.question)]
        + ProblemLibrary.families.map { ("\($0.name)/1/0", $0.summary) }
    case .run:
      state.session.trace.runs.sorted { $0.key < $1.key }.compactMap { number, run in
        run.start.flatMap { $0.isExploration ? nil : ("\(number)", $0.strategy) }
      }
    case .token:
      (state[DecodeScreen.self].table?.rows ?? []).map {
        ($0.label, "p \(Format.smallProbability($0.raw))")
      }
    case .kept:
      state.settingTable.map { ($0.name, $0.text(of: state.settings)) }
        + [("model", state.readyModel?.path ?? ""), ("theme", state.themeName)]
    case .strategy: StrategyRegistry.all.map { ($0.description.name, $0.description.summary) }
    case .model:
      state.catalog.family.names.map { ($0.name, $0.member.title) }
        + state.catalog.models.map { ($0.name, $0.detail) }
    case .recipe: RecipeRegistry.all.map { ($0.description.name, $0.description.summary) }
    case .source: ProblemLibrary.families.map { ($0.name, $0.summary) }
    case .theme: state.catalog.themes.map { ($0, "") }
    case .session: state.catalog.sessions.map { ($0, "") }
    case .lesson: state.catalog.lessons.map { (Self.fileName($0.path), $0.title) }
    case .setting(let setting):
      setting.completions.map { ($0, $0 == state.commandValue(of: setting) ? "now" : "") }
    case .assignment: state.commandSettings.map { ($0.name, $0.help) }
    case .none, .text, .file: []
    }
  }

  /// A file's name without its folders and its last extension.
  static func fileName(_ path: String) -> String {
    let name = path.split(separator: "/").last.map { String($0) } ?? path
    guard let dot = name.lastIndex(of: "."), dot > name.startIndex else { return name }
    return String(name[..<dot])
  }
}
