import Decoding
import Problems
import TerminalUI
public import Traces

/// What a person wants at every start: a theme, a model, settings, and keys, as their config file
/// says it. What it says wrongly is told, and left out.
public struct Preferences: Sendable {
  public private(set) var theme: String?
  /// A name or a path, as `--model` takes it.
  public private(set) var model: String?
  /// Values of settings, by their names.
  public private(set) var settings: [String: String] = [:]
  /// What is wrong in the file, each in one line with its number.
  public private(set) var problems: [String] = []
  private(set) var changes: [KeyChange] = []

  public init() {}

  public init(
    _ file: ConfigFile, settings table: SettingTable = .standard, screens: ScreenList = .standard
  ) {
    problems = file.unreadable.map { "line \($0): write name = value" }
    var lines: [String: Int] = [:]
    let names = ["theme", "model"] + table.map(\.name)
    let keyMap = KeyMap(screens)
    for entry in file.entries {
      if let earlier = lines.updateValue(entry.line, forKey: entry.name) {
        problems.append("line \(entry.line): \(entry.name) stands in line \(earlier) as well")
      }
      switch entry.name {
      case "theme": theme = entry.value
      case "model": model = entry.value
      case let name where name.hasPrefix("key."):
        do {
          changes.append(try KeyChange(entry, keyMap))
        } catch {
          problems.append("line \(entry.line): \(error)")
        }
      case let name:
        guard let setting = table[name] else {
          problems.append(
            "line \(entry.line): there is no setting “\(name)”"
              + Suggestion.hint(for: name, among: names))
          continue
        }
        var tried = RunSettings()
        do {
          try setting.set(entry.value, in: &tried)
          settings[name] = entry.value
        } catch {
          problems.append("line \(entry.line): \(error)")
        }
      }
    }
    problems += KeyChange.conflicts(changes)
  }

  /// Puts the settings in that were not given otherwise.
  ///
  /// - Parameter isGiven: whether a setting was given on the command line, which wins.
  public func apply(
    to settings: inout RunSettings, table: SettingTable = .standard,
    unless isGiven: (Setting) -> Bool
  ) {
    for setting in table {
      guard let value = self.settings[setting.name], !isGiven(setting) else { continue }
      // It was tried when the file was read.
      try? setting.set(value, in: &settings)
    }
  }

  /// Every command whose keys can be changed: its name in the file, its usual keys, and what it
  /// does.
  public static var commands: [(name: String, keys: String, help: String)] {
    let keyMap = KeyMap.standard
    return keyMap.rebindable.flatMap { place in
      (keyMap.bindings[place.context] ?? []).map { binding in
        (
          "key.\(place.name).\(binding.command.name)",
          binding.keys.map(\.description).joined(separator: " "), binding.help
        )
      }
    }
  }

  /// Takes note of something else that is wrong, such as a theme that cannot be read.
  public mutating func note(_ problem: String) { problems.append(problem) }

  /// What is told at the start; nil where all is well.
  var warning: String? {
    guard let first = problems.first else { return nil }
    let more = problems.count - 1
    return "The config file: \(first)"
      + (more == 0 ? "." : "; and \(more) more (ponder config lists them).")
  }
}

extension PlaygroundState {
  /// Takes up the keys of a person, and says what their config file says wrongly.
  public mutating func prefer(_ preferences: Preferences) {
    for change in preferences.changes { session.keyMap.apply(change) }
    if let warning = preferences.warning { session.tell(warning, .warning) }
  }

  /// Changes to a theme that the user has chosen.
  mutating func choose(theme name: String) -> [Effect] {
    session.chosenTheme = name
    return [.shell(.loadTheme(name))]
  }

  /// Keeps the theme that was chosen, once it is the one on screen.
  mutating func keepTheme() -> [Effect] {
    guard let chosen = session.chosenTheme, chosen == session.themeName else { return [] }
    session.chosenTheme = nil
    return [.config(.keep("theme", chosen, isAsked: false))]
  }

  /// Keeps the value that a setting, the model or the theme has now, for the next start.
  ///
  /// - Throws: `CommandLineError` for what cannot be kept.
  func keepDefault(_ name: String) throws(CommandLineError) -> [Effect] {
    let value: String?
    switch name {
    case "theme": value = session.themeName
    case "model":
      guard let model = session.readyModel else {
        throw CommandLineError("there is no model yet; m opens one")
      }
      value = model.member.map { session.catalog.family.name(of: $0) } ?? model.path
    default:
      guard let setting = session.settingTable[name] else {
        throw CommandLineError(
          "there is no setting “\(name)”"
            + Suggestion.hint(
              for: name, among: ["theme", "model"] + session.settingTable.map(\.name)))
      }
      // What is as it always is needs no line.
      value = setting.isDefault(session.settings) ? nil : setting.value(in: session.settings)
    }
    return [.config(.keep(name, value, isAsked: true))]
  }
}
