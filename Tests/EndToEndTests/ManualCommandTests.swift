import Foundation
import Testing

/// The manual page is what `ponder help` says, and nothing in it is taken for a command of roff.
struct ManualCommandTests {
  private func page() throws -> String {
    let result = try Program.run(["manual"])
    #expect(result.status == 0)
    return result.output
  }

  @Test func everyCommandAndOptionIsInThePage() throws {
    let page = try page().replacing("\\-", with: "-")
    let commands = try Program.run(["help"]).output.matches(
      of: #/^  ([a-z]+) /#.anchorsMatchLineEndings()
    )
    .map { String($0.1) }.filter { $0 != "help" }
    #expect(commands.count > 15)
    for command in commands {
      #expect(page.contains(".SS \"\(command)\""), "\(command)")
      for option in try Program.run(["help", command]).output.matches(
        of: #/^  (--[a-z0-9-]+)/#.anchorsMatchLineEndings())
      {
        #expect(page.contains("\\fB\(option.1)\\fR"), "\(command) \(option.1)")
      }
    }
  }

  /// A line of text that began with a full stop would vanish.
  @Test func onlyKnownRequestsBeginLines() throws {
    let known = [".TH", ".SH", ".SS", ".TP", ".PP", ".B", ".RI"]
    for line in try page().split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
      #expect(known.contains(String(line.prefix { $0 != " " })), "\(line)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"]) func shellsGetCompletions(shell: String) throws {
    let script = try Program.run(["--generate-completion-script", shell])
    #expect(script.status == 0)
    #expect(script.output.contains("self-consistency") || script.output.contains("strategy"))
  }
}
