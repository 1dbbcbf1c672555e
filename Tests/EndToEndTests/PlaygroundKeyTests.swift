import Decoding
import Foundation
import Testing

@testable import Problems
@testable import Traces

extension TerminalTests {
  /// What keys do, seen on the screen and in the session that is kept.
  @Suite struct KeyTests {
    @Test func decode() async throws {
      try await TerminalSession.with { session in
        _ = try await session.startPlayground()
        try session.press("Right")
        try await session.wait("the token") { $0.text.contains("rank 1") }
        // The way that is gone stays in sight.
        try session.press("Left")
        try await session.wait("the start") { $0.text.contains("explored from here") }
        try session.press("r")
        try await session.wait("the token again") {
          $0.text.contains("rank 1") && $0.text.contains("rest ")
        }
        // Another token than the likeliest.
        try session.press("Down", "Enter")
        let second = try await session.waitForStillness("the second token") {
          $0.text.contains("rest ") && $0.text.contains("rank 2")
        }
        try session.press("i")
        try await session.wait("the line to type in") { $0.content != second.content }
        try session.type("é, 日本")
        try session.press("Enter")
        try await session.wait("the text") { $0.text.contains("é, 日本▌") }
        try session.press("w")
        try await session.wait("\"Wait,\" at the cursor") { $0.text.contains("Wait,▌") }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        let trace = Trace(try TraceFile.read(try session.journal()).records)
        let run = try #require(trace.runs.values.first)
        let steps = run.edits.map(\.action).filter { $0 == Edit.Action.undo || $0 == .redo }
        #expect(steps == [Edit.Action.undo, .redo])
        #expect(run.end?.reason != .failed)
      }
    }

    @Test func screens() async throws {
      try await TerminalSession.with { session in
        _ = try await session.startPlayground([
          "--samples", "5", "--branches", "4", "--max-tokens", "16",
        ])
        try session.press("2", "Space")
        try await session.wait("four branches") {
          $0.text.contains("ΣΔ") && !$0.text.contains("cot-decoding")
            && $0.rows.count { $0.contains(#/^.. +[1-4] \.[0-9]/#) } == 4
        }
        try session.press("3", "Space")
        try await session.wait("five votes") {
          $0.text.contains("5 of 5") && !$0.text.contains("self-consistency")
        }
        try session.press("+")
        try await session.wait("twenty more") { $0.text.contains("25 of 25") }
        try session.press("S")
        try await session.wait("the first path, step by step") {
          $0.text.contains("s1 = (Q), then R1") && $0.text.contains("self-consistency")
        }
        try session.press("4")
        try await session.wait("the tree of both") {
          $0.text.contains("Everything explored") && $0.text.contains("29 paths")
        }
        try session.press("1")
        try await session.wait("Decode, with what the branches found") {
          $0.text.contains("next token") && $0.text.contains("explored from here")
        }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        let replay = try Program.run(["replay", try session.journal().path])
        #expect(replay.output.contains("cot-decoding"))
        #expect(replay.output.contains("self-consistency"))
      }
    }

    @Test func help() async throws {
      try await TerminalSession.with { session in
        let start = try await session.startPlayground()
        try session.press("?")
        try await session.wait("the keys") { $0.text.contains("take the selected token") }
        try session.press("Escape")
        try await session.wait("Decode") { $0.content == start.content }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
      }
    }

    /// Decode answers while 40 paths stream.
    @Test func decodeDuringAVote() async throws {
      try await TerminalSession.with { session in
        try await session.startVote()
        try session.press("1")
        try await session.wait("Decode") { $0.text.contains("rest ") }
        try session.press("Right")
        let taken = try await session.wait("the next table") {
          $0.text.contains("rank 1") && $0.text.contains("rest ")
        }
        // All the while the vote went on, and still does.
        func finished(_ picture: TerminalPicture) throws -> Int {
          let match = try #require(
            picture.text.firstMatch(of: #/self-consistency ([0-9]+) of 100/#))
          return try #require(Int(match.1))
        }
        let count = try finished(taken)
        try await session.wait("more votes") { try finished($0) > count }
        try session.press("Escape")
        try await session.wait("the vote's end") { !$0.text.contains("self-consistency") }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
      }
    }

    /// A saved trace is looked at without a model, and gone on from with one.
    @Test func replay() async throws {
      try await TerminalSession.with { session in
        _ = try await session.startPlayground([
          "--samples", "5", "--branches", "4", "--max-tokens", "16",
        ])
        try session.press("Right")
        try await session.wait("a token") { $0.text.contains("rank 1") }
        try session.press("2", "Space")
        let branches = try await session.waitForStillness("the branches") {
          $0.text.contains("ΣΔ") && !$0.text.contains("cot-decoding")
        }
        try session.press("3", "Space")
        let votes = try await session.waitForStillness("the votes") {
          $0.text.contains("5 of 5") && !$0.text.contains("self-consistency")
        }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        let saved = try session.journal()
        let bytes = try Data(contentsOf: saved)

        try session.start(["play", "--replay", saved.path])
        try await session.wait("the trace") { $0.text.contains("saved trace, no model") }
        try session.press("2")
        try await session.wait("the same branches") { $0.content == branches.content }
        try session.press("3")
        try await session.wait("the same votes") { $0.content == votes.content }
        // What needs a model says so.
        for (screen, key) in [("1", "Space"), ("3", "+")] {
          try session.press(screen, key)
          try await session.wait("the message") {
            $0.text.contains(#/[Pp]ress m/#)
          }
        }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        #expect(try Data(contentsOf: saved) == bytes)

        // With its model the trace goes on where it was left, in a session of its own.
        let model = session.folder.appending(path: "random.gguf").path
        try session.start(["play", "--replay", saved.path, "--model", model])
        let decode = try await session.waitForStillness("Decode where it was left") {
          $0.text.contains("rank 1") && $0.text.contains("rest ")
        }
        try session.press("Right")
        try await session.wait("the next token") {
          $0.content != decode.content && $0.text.contains("rest ")
        }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        #expect(try Data(contentsOf: saved) == bytes)
        #expect(try session.journals().count == 2)
      }
    }

    /// Keys, sequences, mouse reports, pastes and noise, whatever they do: the program lives, and
    /// ends as it should.
    @Test(arguments: 1...3) func anyKeys(seed: UInt64) async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        _ = try await session.startPlayground(["--samples", "9", "--max-tokens", "9"])
        var random = SplitMix64(state: seed)
        for round in 1...40 {
          let keys = (0..<8).flatMap { _ in Self.randomKey(&random) }
          try session.send(keys)
          if round % 10 == 0 {
            let sides = [(20, 5), (200, 60), (61, 17), (80, 24)]
            let (columns, rows) = sides[round / 10 - 1]
            try session.resize(columns: columns, rows: rows)
          }
          try #require(kill(try #require(try session.program()), 0) == 0, "round \(round)")
        }
        let program = try #require(try session.program())
        try session.press("C-c")
        // What runs is stopped first.
        let hasEnded = try await session.poll("the program's end, or what stopped") {
          if kill(program, 0) != 0 { return true }
          let text = try session.screen().text
          let signs = ["Ctrl-C again quits", "is stopped, and kept"]
          return signs.contains { text.contains($0) } ? false : nil
        }
        if !hasEnded { try session.press("C-c") }
        #expect(try await session.exitStatus() == 0)
        try session.expectGivenBack()
        let after = try await session.lineSettings()
        #expect(after == before, "\(after)\n\(before)")
        for journal in try session.journals() {
          #expect(try Program.run(["replay", journal.path]).status == 0)
        }
      }
    }

    /// Anything but what suspends or ends the program: q, and ^C, ^Z, ^\ and ^Y by the line
    /// discipline.
    private static func randomKey(_ random: inout SplitMix64) -> [UInt8] {
      func one(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
      func escape(_ text: String) -> [UInt8] { [0x1B] + Array(text.utf8) }
      switch one(0...11) {
      case 0...4:
        let byte = UInt8(one(0x20...0x7E))
        return byte == UInt8(ascii: "q") ? [0x20] : [byte]
      case 5: return [[0x09, 0x0D, 0x1B, 0x7F, 0x08, 0x0A, 0x01, 0x05, 0x12, 0x0C][one(0...9)]]
      case 6...7: return escape("[" + ["A", "B", "C", "D", "H", "F", "Z", "5~", "6~"][one(0...8)])
      case 8:
        let action = one(0...1) == 0 ? "M" : "m"
        return escape("[<\([0, 2, 32, 64, 65][one(0...4)]);\(one(0...220));\(one(0...70))\(action)")
      case 9: return escape("[200~\(["x", "日本\n", "", "a\tb"][one(0...3)])\u{1B}[201~")
      case 10: return escape("[\(one(0...99999));\(one(0...9))~")
      default: return [UInt8(one(0x80...0xFF))]
      }
    }
  }
}
