import Foundation
import Testing

@testable import Traces

extension TerminalTests {
  /// Nothing is lost that was on screen a second before.
  @Suite struct KeptSessionTests {
    @Test func twoPlaygroundsOnOneSession() async throws {
      try await TerminalSession.with(columns: 100) { first in
        _ = try await first.startPlayground()
        try first.press("Right")
        try await first.wait("the token") { $0.text.contains("rank 1") }
        let journal = try await first.poll("the journal") { try? first.journal() }
        try await TerminalSession.with(columns: 100) { second in
          let state = first.folder.appending(path: "state").path
          _ = try await second.startPlayground(environment: ["XDG_STATE_HOME": state])
          try second.type(":open \(journal.path)")
          try second.press("Enter")
          try await second.wait("what becomes of it") {
            $0.text.contains("Another Ponder is writing it")
          }
          for session in [second, first] {
            try session.press("Space")
            try await session.wait("text") { !$0.text.contains("sampling") }
          }
          let copy = journal.deletingPathExtension().path + "-2.jsonl"
          _ = try await second.poll("the copy") {
            // A key that comes before there is a token to take does nothing.
            try second.press("Right")
            return FileManager.default.fileExists(atPath: copy) ? true : nil
          }
          for session in [first, second] {
            try session.press("q")
            #expect(try await session.exitStatus() == 0)
          }
          for path in [journal.path, copy] {
            let file = try TraceFile.read(URL(fileURLWithPath: path))
            #expect(file.badLines == 0)
            #expect(file.tornBytes == 0)
            #expect(Trace(file.records).runs.values.contains { $0.generated > 0 })
          }
        }
      }
    }

    /// The lock of a process that was killed is nobody's.
    @Test func aKilledSessionGoesOn() async throws {
      try await TerminalSession.with(columns: 100) { session in
        try await session.startVote()
        let journal = try await session.poll("finished paths in the journal") {
          guard let journal = try session.journals().first else { return nil as URL? }
          let text = try String(contentsOf: journal, encoding: .utf8)
          return text.contains("path_finished") ? journal : nil
        }
        try session.signal(SIGKILL)
        _ = try await session.poll("the program's end") {
          kill(try #require(try session.program()), 0) != 0 ? true : nil
        }
        let before = Trace(try TraceFile.read(journal).records)
        // A killed program leaves the terminal as it was: there Enter ends no line.
        try session.type("stty sane\nclear\n")
        _ = try await session.startPlayground()
        try session.press("O")
        try await session.wait("the session") { $0.text.contains("run") && $0.text.contains("B") }
        try session.press("Enter")
        try await session.wait("the vote") { $0.text.contains("Opened") }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        let file = try TraceFile.read(journal)
        #expect(file.tornBytes == 0)
        for (number, run) in before.runs {
          #expect(Trace(file.records).runs[number]?.generated ?? 0 >= run.generated)
        }
      }
    }

    /// A file that may not grow stands for a disk that is full.
    @Test func aFullDisk() async throws {
      try await TerminalSession.with(columns: 100) { session in
        _ = try await session.startPlayground(
          ["--samples", "200", "--max-tokens", "12"], before: "ulimit -f 64")
        try session.press("3", "Space")
        try await session.wait("what is wrong") { $0.text.contains("not on disk") }
        try session.press("Up")
        try await session.wait("that it stays in sight") { picture in
          picture.rows.last?.contains("not on disk") == true
        }
        try session.press("q")
        try await session.wait("the question") { $0.text.contains("save elsewhere") }
        try session.press("r")
        try await session.wait("the question again") { $0.text.contains("save elsewhere") }
        try session.press("q")
        #expect(try await session.exitStatus() == 1)
        try await session.wait("what is lost") { $0.text.contains("not on disk: The trace") }
        // What did fit is whole.
        let file = try TraceFile.read(try session.journal())
        #expect(file.tornBytes == 0)
        #expect(file.badLines == 0)
        #expect(file.records.count > 10)
      }
    }

    @Test func aHomeThatCannotBeWritten() async throws {
      try await TerminalSession.with(columns: 100) { session in
        _ = try await session.startPlayground(environment: ["XDG_STATE_HOME": "/dev/null/state"])
        try session.press("Right")
        try await session.wait("what is wrong") {
          $0.text.contains("not on disk") && $0.text.contains("Not a directory")
        }
        try session.press("q")
        try await session.wait("the question") { $0.text.contains("save elsewhere") }
        try session.press("s")
        let file = session.folder.appending(path: "mine.jsonl")
        try session.type(file.path)
        try session.press("Enter")
        #expect(try await session.exitStatus() == 0)
        let trace = Trace(try TraceFile.read(file).records)
        #expect(trace.runs.values.contains { $0.generated == 1 })
      }
    }
  }
}

/// Where traces are written to, and where things are looked for.
@Suite struct TracePlaceTests {
  private static let model = ["--model", Program.model("q8_0-gqa-tied")]

  private func run(_ trace: String) throws -> Program.Result {
    try Program.run(
      ["run", "--prompt", "abc", "--max-tokens", "4", "--trace", trace] + Self.model)
  }

  @Test func devicesAreWrittenTo() throws {
    let result = try run("/dev/null")
    #expect(result.status == 0)
    #expect(result.errors == "")
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDeviceIsTold() throws {
    try Program.expectFailure(
      ["run", "--prompt", "abc", "--max-tokens", "4", "--trace", "/dev/full"] + Self.model,
      status: 1, saying: "The trace /dev/full cannot be written: No space left on device.")
    #expect(FileManager.default.fileExists(atPath: "/dev/full"))
  }

  @Test(arguments: [true, false]) func linksAreFollowed(isThere: Bool) throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (target, link) = (folder.appending(path: "target"), folder.appending(path: "link"))
    if isThere { try Data("old".utf8).write(to: target) }
    try FileManager.default.createSymbolicLink(atPath: link.path, withDestinationPath: "target")
    #expect(try run(link.path).status == 0)
    #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "target")
    #expect(try TraceFile.read(target).records.count > 4)
  }

  @Test func damagedLinesAreCounted() throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "t.jsonl")
    #expect(try run(file.path).status == 0)
    let whole = try Program.run(["replay", file.path])
    var lines = try Data(contentsOf: file).split(separator: 0x0A)
    lines.insert(Data("nonsense".utf8), at: 3)
    try Data(lines.joined(separator: [0x0A]) + [0x0A]).write(to: file)
    let damaged = try Program.run(["replay", file.path])
    #expect(damaged.status == 0)
    #expect(damaged.output == whole.output)
    #expect(damaged.errors == "ponder: line 4 is damaged and was skipped.\n")
  }

  @Test func homeIsWhereTheEnvironmentSays() throws {
    let home = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: home) }
    let themes = home.appending(path: ".config/ponder/themes")
    try FileManager.default.createDirectory(at: themes, withIntermediateDirectories: true)
    let source = Program.fixtures.deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Themes/ponder-dark.yaml")
    try FileManager.default.copyItem(at: source, to: themes.appending(path: "my-own.yaml"))
    let result = try Program.run(
      ["themes"], environment: ["HOME": home.path, "XDG_CONFIG_HOME": ""])
    #expect(result.output.contains("my-own"))
  }
}
