import Learning
import Problems
import Reasoning
import Traces

/// What a line typed on the command line asks for.
enum TypedCommand: Sendable, Hashable {
  case problem(id: String)
  case question(String)
  /// Text that is sent as it is, with no template.
  case prompt(String)
  case strategy(String)
  /// Trains by a recipe.
  case train(String)
  /// Has Train learn from families, or from a file.
  case trainOn(String)
  /// Shows a run that there is.
  case run(Int)
  /// Takes a token at Decode's cursor, by its text as lists show it or as it is.
  case take(String)
  case set(Setting, String)
  /// Keeps a setting's value, the model or the theme for the next start.
  case keep(String)
  /// Keeps the weights of the step that Train reads as a model.
  case keepModel
  case model(String)
  case theme(String)
  case open(String)
  /// Reads another program's samples.
  case importSamples(String)
  /// Has the model read a text in Decode that somebody else has written.
  case score(String)
  case lesson(String)
  case save(String)
  case screen(ScreenID)
  case help
  case quit

  /// A word that a line can begin with.
  struct Word: Sendable, Hashable {
    /// What follows the word.
    enum Argument: Sendable, Hashable {
      case none, problem, text, strategy, recipe, source, run, token, model, theme, session, lesson,
        file, kept
      /// The name of a setting and its value.
      case assignment
      case setting(Setting)
    }

    var name: String
    var argument: Argument
    /// How the argument is written in help.
    var placeholder = ""
    /// What it does.
    var help: String
  }

  /// The words, with those of the settings and screens there are.
  static func words(
    _ settings: SettingTable = .standard, _ screens: ScreenList = .standard
  ) -> [Word] {
    let values = settings.map { (setting: Setting) in
      Word(
        name: setting.name, argument: .setting(setting), placeholder: "VALUE", help: setting.help)
    }
    let views = screens.ids.map { (screen: ScreenID) in
      Word(name: screen.name, argument: .none, help: "show \(screen.title)")
    }
    return questions + values + things + views + others
  }

  private static let questions = [
    Word(name: "problem", argument: .problem, placeholder: "ID", help: "ask a library problem"),
    Word(name: "question", argument: .text, placeholder: "TEXT", help: "ask anything"),
    Word(
      name: "prompt", argument: .text, placeholder: "TEXT",
      help: "send a text unchanged, no template"),
    Word(
      name: "strategy", argument: .strategy, placeholder: "NAME",
      help: "run a strategy and show its screen"),
    Word(
      name: "train", argument: .recipe, placeholder: "RECIPE",
      help: "train the model, and show Train"),
    Word(
      name: "train-on", argument: .source, placeholder: "FAMILIES|FILE",
      help: "what Train learns from: families, or a file"),
    Word(
      name: "score", argument: .text, placeholder: "TEXT",
      help: "score a text in Decode: how likely the model finds each token"),
    Word(name: "run", argument: .run, placeholder: "NUMBER", help: "show a run that there is"),
    Word(name: "take", argument: .token, placeholder: "TOKEN", help: "take a token in Decode"),
  ]

  private static let things = [
    Word(
      name: "model", argument: .model, placeholder: "NAME|FILE", help: "open a model, such as 2m@8M"
    ), Word(name: "theme", argument: .theme, placeholder: "NAME", help: "change the colours"),
    Word(name: "lesson", argument: .lesson, placeholder: "NAME", help: "play a lesson"),
    Word(name: "open", argument: .session, placeholder: "TRACE", help: "open a saved session"),
    Word(
      name: "import", argument: .file, placeholder: "FILE",
      help: "have another program's samples vote"),
    Word(name: "save", argument: .file, placeholder: "FILE", help: "copy this session to a file"),
    Word(
      name: "keep-model", argument: .none,
      help: "keep the weights of Train's step as a model with a name of its own"),
    Word(
      name: "set", argument: .assignment, placeholder: "NAME VALUE",
      help: "change a setting; the name alone does the same"),
    Word(
      name: "set-default", argument: .kept, placeholder: "NAME",
      help: "start with a setting, the model or the theme as it is now"),
  ]

  private static let others = [
    Word(name: "help", argument: .none, help: "show all keys"),
    Word(name: "quit", argument: .none, help: "save and quit"),
  ]

  /// The single letters that people expect to work, and the short form of what is changed most.
  static let abbreviations = [
    "q": "quit", "h": "help", "o": "open", "w": "save", "temp": "temperature",
  ]

  /// Reads a line, with or without its colon.
  ///
  /// A word may be cut short as long as only one command begins so.
  /// - Throws: `CommandLineError`, one line that says what is wrong.
  init(
    parsing line: String, settings: SettingTable = .standard, screens: ScreenList = .standard
  ) throws(CommandLineError) {
    let (name, argument) = Self.split(line)
    guard !name.isEmpty else { throw CommandLineError("type a command; Tab lists them") }
    let word = try Self.word(named: name, settings: settings, screens: screens)
    if word.argument == .none {
      guard argument.isEmpty else {
        throw CommandLineError("\(word.name) takes no argument; omit “\(argument)”")
      }
    } else if argument.isEmpty {
      // The screen Branches and the number of branches share a name.
      if let screen = screens.id(named: word.name) {
        self = .screen(screen)
        return
      }
      throw CommandLineError("\(word.name) needs a value: :\(word.name) \(word.placeholder)")
    }
    guard word.argument == .assignment else {
      self = try Self.command(word, argument, screens)
      return
    }
    let (row, value) = Self.split(argument)
    guard let setting = settings[row] else {
      throw CommandLineError(
        "there is no setting “\(row)”" + Suggestion.hint(for: row, among: settings.map(\.name)))
    }
    guard !value.isEmpty else {
      throw CommandLineError("\(row) needs a value: :\(word.name) \(row) VALUE")
    }
    self = .set(setting, value)
  }

  /// The first word of a line and what follows it, without the blanks around them.
  static func split(_ line: String) -> (name: String, argument: String) {
    var line = Substring(line).drop { $0.isWhitespace || $0 == ":" }
    while line.last?.isWhitespace == true { line.removeLast() }
    let name = line.prefix { !$0.isWhitespace }
    return (String(name), String(line.dropFirst(name.count).drop(while: \.isWhitespace)))
  }

  static func word(
    named name: String, settings: SettingTable = .standard, screens: ScreenList = .standard
  ) throws(CommandLineError) -> Word {
    let name = abbreviations[name] ?? name
    let words = words(settings, screens)
    if let word = words.first(where: { $0.name == name }) { return word }
    let matches = words.filter { $0.name.hasPrefix(name) }
    if let only = matches.first, matches.count == 1 { return only }
    if !matches.isEmpty {
      throw CommandLineError("“\(name)” could be \(matches.map(\.name).joined(separator: ", "))")
    }
    throw CommandLineError(
      "there is no command “\(name)”" + Suggestion.hint(for: name, among: words.map(\.name)))
  }

  private static func command(
    _ word: Word, _ argument: String, _ screens: ScreenList
  ) throws(CommandLineError) -> TypedCommand {
    switch (word.argument, word.name) {
    case (.problem, _): .problem(id: argument)
    case (.text, "prompt"): .prompt(argument)
    case (.text, "score"): .score(argument)
    case (.text, _): .question(argument)
    case (.strategy, _): .strategy(try strategy(argument))
    case (.recipe, _): .train(try recipe(argument))
    case (.source, _): .trainOn(argument)
    case (.run, _): .run(try number(ofRun: argument))
    case (.token, _): .take(argument)
    case (.kept, _): .keep(argument)
    case (.setting(let setting), _): .set(setting, argument)
    // Read before.
    case (.assignment, _): throw CommandLineError("set needs a name and a value")
    case (.model, _): .model(argument)
    case (.theme, _): .theme(argument)
    case (.session, _): .open(argument)
    case (.lesson, _): .lesson(argument)
    case (.file, "import"): .importSamples(argument)
    case (.file, _): .save(argument)
    case (.none, "help"): .help
    case (.none, "quit"): .quit
    case (.none, "keep-model"): .keepModel
    case (.none, let name): .screen(screens.id(named: name) ?? DecodeScreen.id)
    }
  }

  private static func number(ofRun text: String) throws(CommandLineError) -> Int {
    guard let number = Int(text) else {
      throw CommandLineError("run needs the number of a run, not “\(text)”")
    }
    return number
  }

  private static func recipe(_ name: String) throws(CommandLineError) -> String {
    let names = RecipeRegistry.names
    guard names.contains(name) else {
      throw CommandLineError(
        "there is no recipe “\(name)”" + Suggestion.hint(for: name, among: names))
    }
    return name
  }

  private static func strategy(_ name: String) throws(CommandLineError) -> String {
    let names = StrategyRegistry.names
    guard names.contains(name) else {
      throw CommandLineError(
        "there is no strategy “\(name)”" + Suggestion.hint(for: name, among: names))
    }
    return name
  }
}

/// What is wrong with a line, in one line.
struct CommandLineError: Error, Hashable, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}
