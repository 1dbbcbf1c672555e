import Foundation

/// The manual page, in the macros of man(7), made of what `ponder help` prints.
struct ManualPage {
  /// What the parser tells of its commands (ToolInfo of swift-argument-parser, serialization version
  /// 0), as far as a manual needs it.
  private struct Tool: Decodable {
    var command: Command
  }

  private struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var shouldDisplay: Bool
    var subcommands: [Command]?
    var arguments: [Argument]?
  }

  private struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }

    var kind: String
    var shouldDisplay: Bool
    var isOptional: Bool
    var isRepeating: Bool
    var names: [Name]?
    var valueName: String?
    var defaultValue: String?
    var allValues: [String]?
    var abstract: String?
  }

  private let command: Command
  private let version: String

  /// - Parameters:
  ///   - json: what the parser dumps of the program.
  ///   - version: such as `ponder 0.1.0`.
  init(json: String, version: String) throws {
    command = try JSONDecoder().decode(Tool.self, from: Data(json.utf8)).command
    self.version = version
  }

  var text: String {
    var lines = [
      ".TH PONDER 1 \"\" \(Self.quoted(version)) \"User Commands\"",
      ".SH NAME", "ponder \\- " + Self.escaped(command.abstract ?? ""),
      ".SH SYNOPSIS", ".B ponder", ".RI [ command ]\n.RI [ options ]",
      ".SH DESCRIPTION",
      "Without a command the playground opens. Its keys are shown by \\fB?\\fR.",
    ]
    if let discussion = command.discussion { lines += [".PP"] + Self.paragraphs(discussion) }
    lines.append(".SH COMMANDS")
    for command in command.subcommands ?? []
    where command.shouldDisplay && command.commandName != "help" {
      lines += Self.section(command)
    }
    lines += Self.ending
    return lines.joined(separator: "\n") + "\n"
  }

  private static func section(_ command: Command) -> [String] {
    let arguments = (command.arguments ?? []).filter(\.shouldDisplay)
    let places = arguments.filter { $0.kind == "positional" }
    var synopsis = ["\\fBponder \(escaped(command.commandName))\\fR"]
    for place in places {
      let name = "\\fI\(escaped(place.valueName ?? "value"))\\fR" + (place.isRepeating ? " …" : "")
      synopsis.append(place.isOptional ? "[\(name)]" : name)
    }
    if arguments.count > places.count { synopsis.append("[\\fIoptions\\fR]") }
    var lines = [".SS \(quoted(command.commandName))", synopsis.joined(separator: " ")]
    if let abstract = command.abstract { lines += [".PP", escaped(abstract)] }
    if let discussion = command.discussion { lines += [".PP"] + paragraphs(discussion) }
    for argument in arguments { lines += entry(argument) }
    return lines
  }

  private static func entry(_ argument: Argument) -> [String] {
    let value = "\\fI\(escaped(argument.valueName ?? "value"))\\fR"
    let names = (argument.names ?? []).map { name in
      let dashes = name.kind == "long" ? "\\-\\-" : "\\-"
      return "\\fB\(dashes)\(escaped(name.name))\\fR"
    }
    let label =
      switch argument.kind {
      case "positional": value
      case "option": names.joined(separator: ", ") + " " + value
      default: names.joined(separator: ", ")
      }
    var text = argument.abstract ?? ""
    if let values = argument.allValues, !values.allSatisfy({ text.contains($0) }) {
      text += " One of \(values.joined(separator: ", "))."
    }
    // Some texts tell their default themselves.
    if let value = argument.defaultValue, !text.contains("(default: ") {
      text += " Default: \(value)."
    }
    return [".TP", label, escaped(text)]
  }

  private static let ending = [
    ".SH ENVIRONMENT",
    ".TP", "\\fBPONDER_HOME\\fR", "The folder that holds Themes and Samples.",
    ".TP", "\\fBXDG_CONFIG_HOME\\fR", "Where \\fIponder/config\\fR and \\fIponder/themes\\fR are.",
    ".TP", "\\fBXDG_STATE_HOME\\fR", "Where sessions are kept, in \\fIponder\\fR.",
    ".TP", "\\fBXDG_DATA_HOME\\fR",
    "Where trained and fetched models are kept, in "
      + "\\fIponder/models\\fR.",
    ".TP", "\\fBNO_COLOR\\fR", "Unless empty, no colours are used.",
    ".SH EXIT STATUS",
    "0 when all went well, 64 for a command line that cannot be understood, 130 after Ctrl\\-C, "
      + "and another number for any other failure, which one line on standard error explains.",
    ".SH SEE ALSO",
    "The guide and the lessons, which come with the program in \\fIshare/ponder/Samples\\fR.",
  ]

  private static func paragraphs(_ text: String) -> [String] {
    Array(
      text.components(separatedBy: "\n\n").map { escaped($0.replacing("\n", with: " ")) }
        .joined(separator: "\n.PP\n").components(separatedBy: "\n"))
  }

  /// Text as roff reads it: no character of it is a command.
  static func escaped(_ text: String) -> String {
    let text = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
      .replacing("\n", with: " ")
    // A line that begins so would be a request.
    return text.hasPrefix(".") || text.hasPrefix("'") ? "\\&" + text : text
  }

  private static func quoted(_ text: String) -> String {
    "\"" + escaped(text).replacing("\"", with: "\\(dq") + "\""
  }
}
