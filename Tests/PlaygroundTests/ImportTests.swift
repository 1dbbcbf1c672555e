import Decoding
import Foundation
import Problems
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// What others have made: samples that vote, and texts that the model did not choose.
@Suite(.timeLimit(.minutes(5))) @MainActor struct ImportTests {
  private static let enter = KeyEvent(.enter)

  private func file(_ lines: String..., in folder: URL) throws -> String {
    let file = folder.appending(path: "others.jsonl")
    try Data(lines.joined(separator: "\n").utf8).write(to: file)
    return file.path
  }

  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private func importing(_ path: String, _ driver: Driver) async {
    driver.send(.key(KeyEvent(":")))
    driver.type("import \(path)")
    driver.press(Self.enter)
    await driver.wait { $0.screen == VotesScreen.id || $0.session.message?.kind == .error }
  }

  private static let lines = [
    #"{"problem": "What is 3 + 5?", "answer": "8", "completions": ["It is 7.", "It is 8.", "I say 8"]}"#,
    #"{"problem": "Other?", "answer": "2", "completions": ["2"]}"#,
  ]

  @Test func samplesOfOthersAreShownInVotes() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let driver = Driver(120, 40)
    await driver.start()
    let settings = driver.state.settings
    await importing(try file(Self.lines[0], Self.lines[1], in: folder), driver)
    #expect(driver.state.screen == VotesScreen.id)
    #expect(driver.state.question.text == "What is 3 + 5?")
    #expect(driver.state.settings == settings)
    let votes = driver.state.votes
    #expect(votes.standings.map(\.answer) == ["8", "7", nil])
    // Nothing is counted that the file does not tell.
    #expect(votes.weightings == [.majority])
    let picture = driver.draw().textSnapshot()
    #expect(picture.contains("Others' samples"))
    #expect(!picture.contains("T = "))
    #expect(picture.contains("2 questions"))
    // The other question is a run of its own.
    let runs = driver.state.session.trace.runs.filter { $0.value.start?.isImported == true }
    #expect(
      runs.values.compactMap { $0.start?.question.text }.sorted() == ["Other?", "What is 3 + 5?"])
    // What is started next gets a number that none of them has.
    #expect(driver.state.session.nextRun > runs.keys.max() ?? 0)
    // The texts stand behind the answer.
    driver.press(Self.enter)
    #expect(driver.draw().textSnapshot().contains("It is [8.]"))
    await driver.finish()
  }

  /// Their paths open in Decode without figures, and nothing is said of another model.
  @Test func theirTextsHaveNoHeat() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let driver = Driver(120, 40)
    await driver.start()
    await importing(try file(Self.lines[0], in: folder), driver)
    driver.press(Self.enter, Self.enter)
    #expect(driver.state.screen == DecodeScreen.id)
    let line = driver.state.decode.line
    #expect(!line.generated.isEmpty)
    #expect(line.generated.allSatisfy { $0.probability == nil })
    await driver.finish()
  }

  @Test func anImportIsSavedAndReplays() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let journal = folder.appending(path: "session.jsonl")
    let driver = Driver(120, 40, keep: { try TraceJournal(at: $0 ?? journal) })
    await driver.start()
    await importing(try file(Self.lines[0], in: folder), driver)
    let shown = driver.state.votes.standings
    let number = try #require(driver.state.shownRuns[VotesScreen.id])
    let run = driver.state.session.trace.runs[number]
    #expect(await driver.finish() == nil)
    let saved = Trace(try TraceFile.read(journal).records)
    #expect(saved.runs[number] == run)
    var replay = Fixtures.empty(120, 40)
    replay.show(saved)
    _ = replay.show(savedRun: number)
    #expect(replay.screen == VotesScreen.id)
    #expect(replay.votes.standings == shown)
  }

  @Test func whatCannotBeReadIsSaid() async throws {
    let folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let driver = Driver(120, 40)
    await driver.start()
    await importing(try file("{}", in: folder), driver)
    #expect(driver.state.session.message?.text.contains("no samples") == true)
    #expect(driver.state.screen == DecodeScreen.id)
    await importing(try file("nonsense", Self.lines[0], in: folder), driver)
    await driver.wait { $0.screen == VotesScreen.id }
    #expect(driver.state.session.message?.text.contains("1 bad line, the first is 1") == true)
    await driver.finish()
  }

  // MARK: Texts that are scored

  @Test func aPastedTextIsScoredAndCanBeTakenBack() async throws {
    let driver = Driver(80, 24)
    await driver.start()
    let start = driver.state.cursor
    driver.send(.paste(" 5 The answer is 8"))
    // Nothing is done before it is confirmed.
    #expect(driver.state.decode.insertion?.text == " 5 The answer is 8")
    #expect(driver.state.cursor == start)
    #expect(driver.draw().textSnapshot().contains("score"))
    driver.press(Self.enter)
    await driver.wait { !$0.decode.isScoring && $0.decode.hasCurrentTable }
    let said = driver.state.decode.line.generated
    #expect(said.map(\.text) == [" 5", " The answer is", " 8"])
    #expect(said.allSatisfy { $0.origin == .injected })
    for (token, p) in zip(said, [0.34, 1, 0.08]) {
      #expect(abs((token.probability ?? 0) - p) < 1e-6)
    }
    #expect(driver.draw().textSnapshot().contains("scored, not chosen"))
    driver.type("u")
    await driver.settle()
    #expect(driver.state.cursor == start)
    driver.type("r")
    await driver.settle()
    #expect(driver.state.decode.line.generated.map(\.text) == said.map(\.text))
    await driver.finish()
  }

  @Test func aPasteCanBeLeft() async {
    let driver = Driver(80, 24)
    await driver.start()
    let before = driver.effects.count
    driver.send(.paste("q"))
    driver.press(KeyEvent(.escape))
    #expect(driver.state.decode.insertion == nil)
    #expect(driver.effects.count == before)
    #expect(!driver.state.isQuitting)
    // What is typed next is put in as ever.
    driver.type("i")
    #expect(!driver.state.decode.isInsertionScored)
    await driver.finish()
  }

  @Test func theCommandLineScoresATextToo() async {
    let driver = Driver(80, 24)
    await driver.start()
    driver.send(.key(KeyEvent(":")))
    driver.type("score My dad has 3 + 2 = 5 apples.")
    driver.press(Self.enter)
    await driver.wait { !$0.decode.line.generated.isEmpty && !$0.decode.isScoring }
    #expect(driver.state.decode.line.generated.allSatisfy { $0.probability != nil })
    await driver.finish()
  }

  @Test func whatWasScoredIsInTheTrace() throws {
    let injection = Injection(
      role: .user, path: 0, parent: .root, end: NodeID.root.appending(contentsOf: [1, 2]),
      tokens: [Token(id: 1, bytes: [65]), Token(id: 2, bytes: [66])],
      logProbabilities: [-0.5, -.infinity])
    let record = TraceRecord(run: 1, .injected(injection))
    let line = try TraceCoding.line(record)
    #expect(try TraceCoding.record(fromLine: line) == record)
    let run = try #require(Trace([record]).runs[1])
    #expect(run.nodes[.root.appending(1)]?.logProbability == -0.5)
    #expect(run.nodes[.root.appending(1)]?.origin == .injected)
    let short = String(decoding: line, as: UTF8.self).replacing(
      #"[-0.5,"-Infinity"]"#, with: "[-0.5]")
    #expect(throws: (any Error).self) { try TraceCoding.record(fromLine: Data(short.utf8)) }
  }
}
