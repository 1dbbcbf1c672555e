import Foundation
import Testing

extension TerminalTests {
  /// What cannot be shown is refused in one line before the terminal is touched.
  @Suite struct RefusalTests {
    @Test func noTerminal() throws {
      try Program.expectFailure(
        ["play", "--model", Program.model("q8_0-gqa-tied")], status: 1, saying: "ponder run")
    }

    /// What is wrong with a file, the exit status, and what the message says.
    static let refused: [(arguments: [String], status: Int32, message: String)] = [
      (["--model", "/no/such.gguf"], 66, "/no/such.gguf"),
      (["--theme", "no-such-theme"], 66, "no-such-theme"),
      (["--theme", "torn.yaml"], 65, "torn.yaml"),
      (["--theme", "."], 66, "theme"),
      (["--replay", "no-such.jsonl"], 66, "no-such.jsonl"),
      (["--replay", "torn.yaml"], 65, "torn.yaml"),
      (["--replay", "."], 66, "a folder"),
      (["--trace", "torn.yaml"], 65, "torn.yaml"),
      (["--strategy", "guess"], 64, "self-consistency"),
      (["--problem", "guess"], 64, "apples"),
      (["--question", "a", "--problem", "apples"], 64, "--question"),
      (["--samples", "0"], 64, "--samples"),
      (["--colors", "17"], 64, "--colors"),
    ]

    @Test func beforeTheScreenIsTaken() async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        let model = try PlaygroundModel.write(to: session.folder)
        try Data("system: base16\nname: x\npalette:\n  base00: 12".utf8)
          .write(to: session.folder.appending(path: "torn.yaml"))
        for (arguments, status, message) in Self.refused {
          try session.command("clear")
          // Of two --model the last counts.
          try session.start(["play", "--model", model] + arguments)
          #expect(try await session.exitStatus() == status, "\(arguments)")
          let text = try session.screen().rows.joined()
          #expect(text.contains("ponder: ") && text.contains(message), "\(arguments): \(text)")
          #expect(text.components(separatedBy: "ponder: ").count == 2, "\(text)")
          try session.expectGivenBack()
        }
        #expect(try await session.lineSettings() == before)
        #expect(try session.journals().isEmpty)
      }
    }

    /// A model that cannot be loaded is told on screen, where another can be chosen.
    @Test func brokenModel() async throws {
      try await TerminalSession.with { session in
        let whole = try Data(contentsOf: URL(fileURLWithPath: Program.model("q8_0-gqa-tied")))
        let broken = session.folder.appending(path: "broken.gguf")
        var random = SystemRandomNumberGenerator()
        let noise = Data((0..<50_000).map { _ in UInt8.random(in: 0...255, using: &random) })
        for content in [whole.prefix(whole.count / 2), whole.prefix(100), noise] {
          try content.write(to: broken)
          try session.start(["play", "--model", broken.path])
          try await session.wait("the message") {
            $0.text.contains("broken") && $0.text.contains("✗")
          }
          // Every key is harmless there.
          for key in ["Right", "Space", "2", "Space", "3", "Space", "1", "a", "i", "q"] {
            try session.press(key)
          }
          #expect(try await session.exitStatus() == 0)
          try session.expectGivenBack()
        }
      }
    }
  }
}
