import Decoding
import DecodingFixtures
import Foundation
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct SessionFolderTests {
  private let folder = SessionFolder(
    FileManager.default.temporaryDirectory.appending(path: "ponder-\(UUID().uuidString)"))

  private func tearDown() { try? FileManager.default.removeItem(at: folder.url) }

  private func place(_ name: String) -> URL { folder.url.appending(path: "\(name).jsonl") }

  /// Saves a session of one run.
  @discardableResult
  private func save(
    _ name: String, _ strategy: any Strategy = SelfConsistency(), isCut: Bool = false
  ) async throws -> URL {
    var records = await records(of: strategy, settings: RunSettings(samples: 5))
    if isCut { records.removeAll { if case .finished = $0.event { true } else { false } } }
    let journal = try TraceJournal(at: place(name), header: nil)
    journal.append(records)
    try journal.close()
    return place(name)
  }

  @Test func sessionsTellWhatIsInThem() async throws {
    defer { tearDown() }
    try await save("first")
    try await save("cut", isCut: true)
    try Data("hello\n".utf8).write(to: place("other"))
    let sessions = folder.sessions()
    #expect(Set(sessions.map(\.name)) == ["first", "cut", "other"])
    #expect(sessions.map(\.modified) == sessions.map(\.modified).sorted(by: >))
    for name in ["first", "cut"] {
      let entry = try #require(sessions.first { $0.name == name })
      let summary = try #require(entry.summary)
      #expect(summary.runs == 1)
      #expect(summary.questions == 1)
      #expect(summary.question.contains("3 apples"))
      #expect(summary.models.map(\.name) == [TableLanguageModel.apples.identity.name])
      #expect(summary.answer == "8")
      #expect(summary.isCorrect == true)
      #expect(entry.bytes == (try Data(contentsOf: place(name)).count))
    }
    #expect(sessions.first { $0.name == "other" }?.summary == nil)
  }

  @Test func theListGrowsAsItIsRead() async throws {
    defer { tearDown() }
    for name in ["a", "b", "c"] { try await save(name) }
    var known: [Int] = []
    _ = folder.sessions { sessions in
      known.append(sessions.count { $0.summary != nil })
      return true
    }
    #expect(known == [0, 1, 2, 3])
    // What was read once is known at once.
    known = []
    _ = folder.sessions { sessions in
      known.append(sessions.count { $0.summary != nil })
      return true
    }
    #expect(known == [3])
  }

  @Test func theListCanBeLeft() async throws {
    defer { tearDown() }
    for name in ["a", "b", "c"] { try await save(name) }
    let sessions = folder.sessions { $0.count { $0.summary != nil } < 1 }
    #expect(sessions.count { $0.summary != nil } == 1)
  }

  /// What is kept of earlier lists never tells more than the files.
  @Test(arguments: [#"{"first":3}"#, "nonsense", ""])
  func anIndexThatIsOutOfDateDoesNoHarm(index: String) async throws {
    defer { tearDown() }
    try await save("first")
    _ = folder.sessions()
    // The session goes on; another has gone.
    let journal = try TraceJournal(at: place("first"))
    journal.append(await records(of: Greedy()).dropFirst().map { TraceRecord(run: 2, $0.event) })
    try journal.close()
    #expect(folder.sessions().first?.summary?.runs == 2)
    try Data(index.utf8).write(to: folder.url.appending(path: ".sessions.json"))
    #expect(folder.sessions().first?.summary?.runs == 2)
    try folder.delete(place("first").path)
    #expect(folder.sessions().isEmpty)
  }

  @Test func sessionsAreNamedAndDeleted() async throws {
    defer { tearDown() }
    let first = try await save("first")
    try await save("second")
    let named = try folder.rename(first.path, to: " apples, three ")
    #expect(named == place("apples, three"))
    #expect(Set(folder.files().map(\.name)) == ["apples, three", "second"])
    #expect(throws: SessionError.exists("second.jsonl")) {
      try folder.rename(named.path, to: "second")
    }
    for name in ["", " ", "a/b", "..", ".hidden"] {
      #expect(throws: SessionError.self) { try folder.rename(named.path, to: name) }
    }
    #expect(throws: TraceError.self) { try folder.rename("/nowhere/x.jsonl", to: "x") }
    try folder.delete(named.path)
    #expect(folder.files().map(\.name) == ["second"])
  }

  @Test func whatIsBeingWrittenIsLeftAlone() async throws {
    defer { tearDown() }
    let url = try await save("first")
    let journal = try TraceJournal(at: url)
    #expect(folder.sessions().first?.isInUse == true)
    #expect(throws: TraceError.inUse(url.path)) { try folder.delete(url.path) }
    #expect(throws: TraceError.inUse(url.path)) { try folder.rename(url.path, to: "x") }
    // Whoever writes it can name it, and goes on.
    try journal.move(to: place("mine"))
    journal.append(await records(of: Greedy()).dropFirst().map { TraceRecord(run: 2, $0.event) })
    try journal.close()
    #expect(folder.sessions().map(\.name) == ["mine"])
    #expect(Trace(try TraceFile.read(place("mine")).records).runs.count == 2)
    #expect(folder.sessions().first?.isInUse == false)
  }

  @Test func copiesGetNamesThatAreFree() async throws {
    defer { tearDown() }
    let url = try await save("first")
    #expect(folder.placeForCopy(of: url) == place("first-2"))
    try await save("first-2")
    #expect(folder.placeForCopy(of: url) == place("first-3"))
    let length = try Data(contentsOf: url).count
    let journal = try folder.journal(inCopyOf: url, length: length)
    journal.append(await records(of: Greedy()).dropFirst().map { TraceRecord(run: 2, $0.event) })
    try journal.close()
    #expect(try Data(contentsOf: place("first-3")).starts(with: try Data(contentsOf: url)))
    #expect(Trace(try TraceFile.read(place("first-3")).records).runs.count == 2)
  }
}

@Suite struct UserFolderTests {
  @Test func theEnvironmentComesFirst() {
    let home = ["HOME": "/h"]
    #expect(UserFolder.home(home).path == "/h")
    #expect(UserFolder.state(home).path == "/h/.local/state")
    #expect(UserFolder.configuration(home).path == "/h/.config")
    #expect(UserFolder.data(home).path == "/h/.local/share")
    #expect(UserFolder.expanded("~/x", home) == "/h/x")
    #expect(UserFolder.expanded("~", home) == "/h")
    #expect(UserFolder.expanded("a~/x", home) == "a~/x")
    let xdg = ["HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CONFIG_HOME": "relative"]
    #expect(UserFolder.state(xdg).path == "/s")
    #expect(UserFolder.configuration(xdg).path == "/h/.config")
    #expect(UserFolder.home([:]).path.hasPrefix("/"))
  }
}
