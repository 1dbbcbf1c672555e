/// Why the terminal cannot be used.
public enum TerminalError: Error, Hashable, Sendable {
  /// Standard input or output is not a terminal.
  case notATerminal
  /// `TERM` is not set.
  case noTerminalName
  /// terminfo has no entry of this name.
  case unknownTerminal(String)
  /// The terminal cannot place its cursor.
  case tooSimple(String)
  /// The operating system refused a pipe, or ncurses its screen.
  case unavailable(String)
}

extension TerminalError: CustomStringConvertible {
  public var description: String {
    switch self {
    case .notATerminal:
      "the playground needs a terminal for both input and output; use `ponder run` in scripts"
    case .noTerminalName: "TERM is not set; try TERM=xterm-256color"
    case .unknownTerminal(let name):
      "the terminal type '\(name)' is unknown here; try TERM=xterm-256color, or install the "
        + "package ncurses-term"
    case .tooSimple(let name):
      "a terminal of type '\(name)' cannot place its cursor; try TERM=xterm-256color, or use "
        + "`ponder run`"
    case .unavailable(let reason): "the terminal cannot be opened: \(reason)"
    }
  }
}
