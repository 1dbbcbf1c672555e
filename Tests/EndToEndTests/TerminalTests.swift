import Foundation
import Testing

@testable import Traces

/// The playground in a real terminal. One at a time, so that none waits long for the others.
@Suite(.serialized) enum TerminalTests {}

extension TerminalTests {
  /// However the playground is left, the terminal is as it was before.
  @Suite struct LifeTests {
    @Test func startAndQuit() async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        let picture = try await session.startPlayground()
        #expect(picture.text.contains("I have 3 apples, my dad has"))
        #expect(picture.text.contains("▸"))
        #expect(try session.variable("alternate_on") == "1")
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        try session.expectGivenBack()
        #expect(try await session.lineSettings() == before)
        // The shell's own screen is back.
        let after = try session.screen()
        #expect(after.text.contains("shell> sh ponder"))
        #expect(!after.text.contains("next token"))
      }
    }

    @Test func suspendAndGoOn() async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        let picture = try await session.startPlayground()
        for _ in 1...2 {
          try session.press("C-z")
          try await session.wait("the shell") { $0.text.contains("topped") }
          try session.expectGivenBack()
          #expect(try await session.lineSettings() == before)
          try session.command("clear; fg")
          try await session.wait("the same picture") { $0.content == picture.content }
          #expect(try session.variable("alternate_on") == "1")
        }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        try session.expectGivenBack()
      }
    }

    @Test func termination() async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        let picture = try await session.startPlayground()
        try session.press("Right")
        try await session.wait("a token") { $0.content != picture.content }
        try session.signal(SIGTERM)
        #expect(try await session.exitStatus() == 128 + SIGTERM)
        try session.expectGivenBack()
        #expect(try await session.lineSettings() == before)
        let replay = try Program.run(["replay", try session.journal().path, "--format", "jsonl"])
        #expect(replay.status == 0)
        #expect(replay.errors == "")
        #expect(replay.output.contains(#""event":"node""#))
      }
    }

    /// What comes while the program is stopped ends it as soon as it goes on, on the shell's screen.
    @Test(arguments: [SIGTERM, SIGHUP, SIGINT]) func terminationWhileStopped(
      signal: Int32
    ) async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        _ = try await session.startPlayground()
        try session.press("C-z")
        try await session.wait("the shell") { $0.text.contains("topped") }
        try session.signal(signal)
        try session.command("echo held; fg")
        #expect(try await session.exitStatus() == 128 + signal)
        try session.expectGivenBack()
        #expect(try await session.lineSettings() == before)
        let after = try session.screen()
        #expect(after.text.contains("held"))
        #expect(!after.text.contains("next token"))
      }
    }

    /// The terminal answers what others have asked it; none of it is a key.
    @Test func answersOfTheTerminal() async throws {
      try await TerminalSession.with { session in
        let picture = try await session.startPlayground()
        for answer in [
          "\u{1B}]11;rgb:1e1e/1e1e/1e1e\u{1B}\\", "\u{1B}P1$r2 q\u{1B}\\", "\u{1B}_Gi=1;OK\u{1B}\\",
          "\u{1B}^q\u{1B}\\", "\u{1B}X:q\u{1B}\\", "\u{1B}]10;q\u{7}",
        ] {
          let bytes = Array(answer.utf8)
          try session.send(Array(bytes[..<4]))
          try session.send(Array(bytes[4...]))
        }
        // What the answers did would show before what the key does.
        try session.press("?")
        try await session.wait("the help") { $0.content != picture.content }
        try session.press("Escape")
        try await session.wait("the same picture") { $0.content == picture.content }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
      }
    }

    /// A pasted character never acts as the key that sends it.
    @Test func pastedControlCharacters() async throws {
      try await TerminalSession.with { session in
        let picture = try await session.startPlayground()
        for code: UInt8 in [0x03, 0x1A, 0x1C, 0x04] {
          try session.send(Array("\u{1B}[200~x".utf8) + [code] + Array("q\u{1B}[201~".utf8))
        }
        try session.press("?")
        try await session.wait("the help") { $0.content != picture.content }
        try session.press("Escape")
        try await session.wait("the same picture") { $0.content == picture.content }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
      }
    }

    /// The window's size counts, not what a shell has exported.
    @Test func exportedSize() async throws {
      try await TerminalSession.with { session in
        let picture = try await session.startPlayground(
          environment: ["LINES": "10", "COLUMNS": "30"])
        #expect(picture.rows.count == 24)
        // Frames reach from edge to edge.
        #expect(picture.rows.map(\.count).max() == 80)
      }
    }

    /// What Ctrl-C would be from the keyboard ends the program when it comes from elsewhere.
    @Test func interruptFromElsewhere() async throws {
      try await TerminalSession.with { session in
        _ = try await session.startPlayground()
        try session.signal(SIGINT)
        #expect(try await session.exitStatus() == 128 + SIGINT)
        try session.expectGivenBack()
      }
    }

    @Test func interruptOfAVote() async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        try await session.startVote()
        // What runs is stopped first; nothing is lost by a key that was meant for that.
        try session.press("C-c")
        try await session.wait("the stopped vote") { $0.text.contains("Ctrl-C again quits") }
        try session.press("C-c")
        #expect(try await session.exitStatus() == 0)
        try session.expectGivenBack()
        #expect(try await session.lineSettings() == before)
        let trace = Trace(try TraceFile.read(try session.journal()).records)
        let vote = try #require(
          trace.runs.values.first { $0.start?.strategy == "self-consistency" })
        #expect(vote.end?.reason == .cancelled)
        #expect(!vote.paths.isEmpty)
      }
    }

    /// What was on screen and reached the file is there after a kill.
    @Test func killDuringAVote() async throws {
      try await TerminalSession.with { session in
        try await session.startVote()
        func finished() throws -> Int {
          guard let journal = try session.journals().first else { return 0 }
          return try TraceFile.read(journal).records.count {
            if case .pathFinished = $0.event { true } else { false }
          }
        }
        // The journal grows while the vote goes on.
        let seen = try await session.poll("finished paths in the journal") {
          let count = try finished()
          return count > 0 ? count : nil
        }
        try session.signal(SIGKILL)
        _ = try await session.poll("the program's end") {
          kill(try #require(try session.program()), 0) != 0 ? true : nil
        }
        #expect(try finished() >= seen)
        let journal = try session.journal()
        let replay = try Program.run(["replay", journal.path])
        #expect(replay.status == 0)
        #expect(replay.output.contains("self-consistency"))
      }
    }

    @Test func resize() async throws {
      try await TerminalSession.with { session in
        _ = try await session.startPlayground(["--branches", "3", "--max-tokens", "8"])
        try session.resize(columns: 20, rows: 5)
        try await session.wait("what it needs") {
          $0.text.contains("60×16") && $0.text.contains("20×5")
        }
        // Keys do no harm there, and what they do shows later.
        try session.press("2", "Space", "1")
        try session.resize(columns: 200, rows: 60)
        let wide = try await session.wait("Decode and Branches side by side") {
          $0.text.contains("next token") && $0.text.contains("CoT-decoding")
            && $0.text.contains("ΣΔ")
        }
        #expect(wide.rows.count == 60)
        try session.resize(columns: 80, rows: 24)
        try await session.wait("Decode alone") {
          $0.rows.count == 24 && $0.rows[3].contains("next token") && !$0.text.contains("ΣΔ")
        }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        try session.expectGivenBack()
      }
    }
  }
}

extension TerminalSession {
  /// Starts a vote that would go on for hours and waits until some of its paths are done.
  func startVote() async throws {
    _ = try await startPlayground([
      "--samples", "100000", "--parallel", "40", "--max-tokens", "12",
    ])
    try press("3", "Space")
    try await wait("votes") { picture in
      picture.text.firstMatch(of: #/self-consistency ([1-9][0-9]*) of 100/#) != nil
    }
  }
}
