import ArgumentParser
import Foundation
import TerminalUI

struct ThemesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "themes", abstract: "List the themes, or check them.",
    discussion: """
      Palettes are base16 or base24 YAML files; put your own into ~/.config/ponder/themes, or name \
      a file.
      """)

  @Argument(help: "Names of themes, or files (default: all themes).") var themes: [String] = []
  @Flag(help: "Report missing colours and roles, weak contrast and scales out of order.")
  var check = false
  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  private struct Row: Encodable {
    var name: String
    var title: String
    var author: String
    var variant: String
    /// Left out unless checked.
    var problems: [String]?
  }

  func run() throws {
    let library = try Themes.library()
    let roles = try library.roleMap()
    let names = themes.isEmpty ? library.names : themes
    var rows: [Row] = []
    for name in names {
      do {
        let palette = try library.palette(name)
        rows.append(row(palette, roles: roles))
        if format == .text { try describe(palette, rows[rows.count - 1], roles: roles, names) }
      } catch let error as ThemeError where check && !error.isMissing {
        rows.append(
          Row(name: name, title: "", author: "", variant: "", problems: [error.description]))
        if format == .text { try StandardOutput.writeLine("✗ \(name)\n    \(error)") }
      }
    }
    if format == .json { try StandardOutput.writeJSON(rows) }
    if rows.contains(where: { $0.problems?.isEmpty == false }) { throw ExitCode.badData }
  }

  private func row(_ palette: Palette, roles: RoleMap) -> Row {
    Row(
      name: palette.name, title: palette.title, author: palette.author,
      variant: palette.isLight ? "light" : "dark",
      problems: check ? ThemeCheck.problems(palette: palette, roles: roles) : nil)
  }

  private func describe(_ palette: Palette, _ row: Row, roles: RoleMap, _ names: [String]) throws {
    let width = names.map(\.count).max() ?? 0
    let mark = row.problems.map { $0.isEmpty ? "✓ " : "✗ " } ?? ""
    let name = palette.name.padded(to: width)
    let variant = row.variant.padded(to: 5)
    let sample = sample(palette, roles: roles)
    try StandardOutput.writeLine("\(mark)\(name)  \(variant)  \(sample)\(palette.title)")
    for problem in row.problems ?? [] { try StandardOutput.writeLine("    \(problem)") }
  }

  /// The scale of a theme in its own colours, where the output shows colours.
  private func sample(_ palette: Palette, roles: RoleMap) -> String {
    let depth = ColorDepth.detect(
      environment: ProcessInfo.processInfo.environment, isTerminal: isatty(STDOUT_FILENO) == 1)
    guard depth != .none else { return "" }
    let theme = Theme(palette: palette, roles: roles, depth: depth)
    var styles = AnsiStyles(depth: depth)
    let words = [" torn ", "○ ", "◑ ", "● ", "sure "].enumerated().map { level, word in
      styles.text(word, style: theme[.text].overlaid(by: theme.level(.tokenHeat, level)))
    }
    return words.joined() + styles.end() + "  "
  }
}
