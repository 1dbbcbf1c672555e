import Decoding
import Problems
import Reasoning
import Traces

/// Everything that can be found on the command line, each by the line that does it.
struct Palette {
  enum Kind: String, Sendable, Hashable {
    case command, screen, setting, strategy, recipe, problem, run, token, session, lesson, theme,
      model
  }

  struct Entry: Sendable, Hashable {
    var kind: Kind
    /// What is looked in for what was typed.
    var title: String
    var detail: String
    /// The command line that does it; with a blank behind where a value has to follow.
    var line: String
  }

  /// An entry that matches what was typed.
  struct Found: Sendable, Hashable {
    var entry: Entry
    var match: FuzzyMatch
  }

  private(set) var entries: [Entry]
  /// The words that a command can begin with.
  let words: [String]

  init(_ state: PlaygroundState) {
    words =
      TypedCommand.words(state.commandSettings, state.session.screens).map(\.name)
      + TypedCommand.abbreviations.keys
    entries = Self.tokens(state) + Self.runs(state) + Self.commands(state)
    entries += Self.problems
    for (kind, word) in [
      (Kind.strategy, "strategy"), (.recipe, "train"), (.lesson, "lesson"), (.theme, "theme"),
    ] {
      entries += Self.values(kind, word, state)
    }
    entries += Self.models(state)
    entries += state.catalog.sessions.map { path in
      let name = CommandCompletion.fileName(path)
      let title = name.hasSuffix(".jsonl") ? String(name.dropLast(6)) : name
      return Entry(
        kind: .session, title: SessionChooser.title(ofFile: title), detail: path,
        line: "open \(path)")
    }
  }

  /// The entries that match, the best first; of equal ones in the order of the palette.
  func found(_ typed: String, limit: Int = 50) -> [Found] {
    guard !typed.allSatisfy(\.isWhitespace) else { return [] }
    let found = entries.compactMap { entry in
      FuzzyMatch(typed, in: entry.title).map { Found(entry: entry, match: $0) }
    }
    let order = found.indices.sorted { a, b in
      if FuzzyMatch.isBetter(found[a].match, found[b].match) { return true }
      return !FuzzyMatch.isBetter(found[b].match, found[a].match) && a < b
    }
    return order.prefix(limit).map { found[$0] }
  }

  // MARK: What there is

  private static func commands(_ state: PlaygroundState) -> [Entry] {
    let words = TypedCommand.words(state.commandSettings, state.session.screens)
    return words.flatMap { word in
      let gap = word.argument == .none ? "" : " "
      let own = { (kind: Kind) in
        Entry(kind: kind, title: word.name, detail: word.help, line: word.name + gap)
      }
      guard case .setting(let setting) = word.argument else {
        let isScreen = word.argument == .none && state.session.screens.id(named: word.name) != nil
        return [own(isScreen ? .screen : .command)]
      }
      // The screen Branches and the number of branches share a name.
      return [own(.setting)]
        + setting.names.map { name in
          Entry(
            kind: .setting, title: "\(setting.name) \(name)", detail: setting.help,
            line: "\(setting.name) \(name)")
        }
    }
  }

  /// What a word of the command line can be followed by.
  private static func values(_ kind: Kind, _ word: String, _ state: PlaygroundState) -> [Entry] {
    CommandCompletion(of: "\(word) ", state).candidates.map {
      Entry(kind: kind, title: $0.title, detail: $0.detail, line: $0.line)
    }
  }

  /// By the short name and by the file's.
  private static func models(_ state: PlaygroundState) -> [Entry] {
    let family = state.catalog.family.names.map { name, member in
      Entry(
        kind: .model, title: "\(name) \(CommandCompletion.fileName(member.path))",
        detail: member.title, line: "model \(name)")
    }
    return family
      + state.catalog.models.map {
        let file = CommandCompletion.fileName($0.path)
        return Entry(
          kind: .model, title: file == $0.name ? file : "\($0.name) \(file)", detail: $0.detail,
          line: "model \($0.name)")
      }
  }

  /// The first problem of every level of every family; making them takes a moment, once.
  private static let problems: [Entry] = {
    let apples = ProblemLibrary.apples
    let others = ProblemLibrary.families.flatMap { family in
      family.levels.map { "\(family.name)/\($0)/0" }
    }
    return [
      Entry(
        kind: .problem, title: apples.id, detail: apples.question, line: "problem \(apples.id)")
    ]
      + others.compactMap { id in
        (try? ProblemLibrary.problem(id: id)).map { problem in
          Entry(kind: .problem, title: id, detail: problem.question, line: "problem \(id)")
        }
      }
  }()

  private static func runs(_ state: PlaygroundState) -> [Entry] {
    let trace = state.session.trace
    return trace.runs.sorted { $0.key > $1.key }.compactMap { number, run in
      guard let start = run.start, !start.isExploration, trace.ensemble(of: number) == nil else {
        return nil
      }
      var answer = run.end?.answer.map { " " + PathText.oneLine($0.utf8) } ?? ""
      if let isCorrect = run.end?.correct { answer += isCorrect ? " ✓" : " ✗" }
      return Entry(
        kind: .run, title: "\(number) \(start.strategy)\(answer)",
        detail: "\(start.model.title) · \(PathText.oneLine(start.question.text.utf8))",
        line: "run \(number)")
    }
  }

  /// The candidates at Decode's cursor, unless the reader is to guess among them.
  private static func tokens(_ state: PlaygroundState) -> [Entry] {
    let decode = state[DecodeScreen.self]
    guard decode.hasCurrentTable, !state.session.isGuessing else { return [] }
    return (decode.table?.rows ?? []).enumerated().map { index, row in
      Entry(
        kind: .token, title: row.label,
        detail: "p \(Format.smallProbability(row.raw)), rank \(index + 1) at the cursor",
        line: "take \(row.label)")
    }
  }
}
