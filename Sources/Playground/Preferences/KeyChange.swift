import Problems
import TerminalUI

/// Another key for a command, as a line of the config file says it: `key.votes.run = v`.
struct KeyChange: Sendable, Hashable {
  var context: KeyContext
  var command: Command
  var keys: [KeyEvent]
  var line: Int
  /// As it stands in the file.
  var name: String

  /// - Throws: `CommandLineError`, what is wrong with the line.
  init(_ entry: ConfigFile.Entry, _ keyMap: KeyMap) throws(CommandLineError) {
    let parts = entry.name.split(separator: ".", maxSplits: 2).map { String($0) }
    guard parts.count == 3 else {
      throw CommandLineError("write key.SCREEN.COMMAND, such as key.votes.run")
    }
    let contexts = keyMap.rebindable
    guard let context = contexts.first(where: { $0.name == parts[1] })?.context else {
      throw CommandLineError(
        "there is no screen “\(parts[1])”"
          + Suggestion.hint(for: parts[1], among: contexts.map(\.name)))
    }
    let bindings = keyMap.bindings[context] ?? []
    guard let binding = bindings.first(where: { $0.command.name == parts[2] }) else {
      throw CommandLineError(
        "\(parts[1]) has no command “\(parts[2])”"
          + Suggestion.hint(for: parts[2], among: bindings.map(\.command.name)))
    }
    var keys: [KeyEvent] = []
    for name in entry.value.split(whereSeparator: \.isWhitespace) {
      guard let key = KeyEvent(named: String(name)) else {
        throw CommandLineError("there is no key “\(name)”; write v, Space, Ctrl-R, F5 or Up")
      }
      keys.append(key)
    }
    (self.context, command, self.keys) = (context, binding.command, keys)
    (line, name) = (entry.line, entry.name)
  }

  /// The lines that give a key away that another line gives to something else there.
  static func conflicts(_ changes: [KeyChange]) -> [String] {
    changes.indices.flatMap { index in
      let change = changes[index]
      return changes[..<index].filter { other in
        other.context == change.context && other.command != change.command
          && !Set(other.keys).isDisjoint(with: change.keys)
      }.map { "line \(change.line): \($0.name) in line \($0.line) has that key as well" }
    }
  }
}

extension KeyMap {
  /// Where keys can be changed, with the names that the config file has for it.
  var rebindable: [(name: String, context: KeyContext)] {
    contexts.compactMap { context in
      switch context {
      case .global: ("everywhere", context)
      case .screen(let screen): (screen.name, context)
      case .compare: ("compare", context)
      default: nil
      }
    }
  }

  /// Gives a command other keys; what else they did there they do no more.
  mutating func apply(_ change: KeyChange) {
    guard var bindings = bindings[change.context] else { return }
    for index in bindings.indices {
      if bindings[index].command == change.command {
        bindings[index].keys = change.keys
      } else {
        bindings[index].keys.removeAll { change.keys.contains($0) }
      }
    }
    self.bindings[change.context] = bindings
  }
}

extension Command {
  /// The name that the config file has for it: that of its case, in lower case and with dashes, and
  /// how far it goes: `run`, `open-in-decode`, `temperature+1`, `hop-1`.
  var name: String {
    switch self {
    case .screen(let screen): screen.name
    case .own(let own): Self.dashed("\(own.base)")
    default: Self.dashed("\(self)")
    }
  }

  private static func dashed(_ text: String) -> String {
    var name = ""
    for character in text {
      switch character {
      case "(":
        // A number follows, with its sign.
        name += "+"
      case ")": break
      case "-" where name.last == "+":
        name.removeLast()
        name += "-"
      case let letter where letter.isUppercase: name += "-" + letter.lowercased()
      default: name.append(character)
      }
    }
    return name
  }
}

extension KeyEvent {
  private static let names: [String: Key] = [
    "space": .character(" "), "enter": .enter, "tab": .tab, "esc": .escape,
    "backspace": .backspace, "del": .delete, "ins": .insert, "home": .home, "end": .end,
    "pgup": .pageUp, "pgdn": .pageDown, "up": .up, "down": .down, "left": .left, "right": .right,
    "↑": .up, "↓": .down, "←": .left, "→": .right,
  ]

  private static let prefixes: [(String, Modifiers)] = [
    ("ctrl-", .control), ("alt-", .alt), ("shift-", .shift),
  ]

  /// A key by the name that help shows: `a`, `Ctrl-A`, `↑` or `Up`, `F1`, `Space`.
  ///
  /// - Returns: nil for what names none.
  init?(named name: String) {
    var (rest, modifiers) = (Substring(name), Modifiers())
    while let (prefix, modifier) = Self.prefixes.first(where: {
      rest.count > $0.0.count && rest.lowercased().hasPrefix($0.0)
    }) {
      modifiers.insert(modifier)
      rest = rest.dropFirst(prefix.count)
    }
    let lower = rest.lowercased()
    if let key = Self.names[lower] {
      self.init(key, modifiers)
    } else if rest.count == 1, let character = rest.first {
      // Shift is in the letter; Control makes no difference between the two.
      self.init(
        .character(modifiers.contains(.control) ? lower.first ?? character : character),
        modifiers.subtracting(.shift))
    } else if lower.hasPrefix("f"), let number = Int(lower.dropFirst()), (1...24).contains(number) {
      self.init(.function(number), modifiers)
    } else {
      return nil
    }
  }
}
