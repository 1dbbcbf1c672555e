import ArgumentParser
import Foundation
import Problems

/// The words of the command line before the argument parser reads them.
enum CommandWords {
  /// The words with a value that looks like an option joined to the option that it is for, as in
  /// `--samples -3` or `--question "-2 + 5 = ?"`: the parser would say that the value is missing.
  static func joiningValues(_ words: [String]) -> [String] {
    let end = words.firstIndex(of: "--") ?? words.count
    var joined: [String] = []
    for word in words[..<end] {
      if looksLikeValue(word), let option = joined.last, option.hasPrefix("--"),
        !option.contains("=")
      {
        joined[joined.count - 1] = "\(option)=\(word)"
      } else {
        joined.append(word)
      }
    }
    return joined + words[end...]
  }

  /// No option begins with a digit, and none has a space in it.
  private static func looksLikeValue(_ word: String) -> Bool {
    guard word.hasPrefix("-"), let second = word.dropFirst().first else { return false }
    return second.isNumber || second == "." || word.contains(where: \.isWhitespace)
  }

  /// Looks whether the command exists, or the command that help is asked on.
  ///
  /// - Throws: `UserError.usage` with what was probably meant.
  static func check(_ words: [String]) throws {
    let help = "help"
    let commands =
      Ponder.configuration.subcommands.compactMap { $0.configuration.commandName } + [help]
    func known(_ name: String, as what: String) throws {
      guard !commands.contains(name) else { return }
      let near = Suggestion.nearest(to: name, among: commands)
      throw UserError.usage(
        "There is no \(what) “\(name)”"
          + (near.map { "; did you mean \($0)? See" } ?? "; see") + " 'ponder help'.")
    }
    guard let first = words.first, !first.hasPrefix("-") else { return }
    try known(first, as: "command")
    guard first == help else { return }
    let topics = words.dropFirst().filter { !$0.hasPrefix("-") }
    if let topic = topics.first { try known(topic, as: "command") }
    guard topics.count <= 1 else {
      throw UserError.usage(
        "There is no help on “\(topics.joined(separator: " "))”; see 'ponder help \(topics[0])'.")
    }
  }
}
