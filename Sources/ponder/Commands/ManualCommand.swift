import ArgumentParser

/// Prints the manual page: what packages install is made by the program itself, so that it says what
/// `ponder help` says.
struct ManualCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "manual", abstract: "Print the manual page, for man(1).", shouldDisplay: false)

  func run() throws {
    let page = try ManualPage(json: Ponder._dumpHelp(), version: Ponder.configuration.version)
    try StandardOutput.write(page.text)
  }
}
