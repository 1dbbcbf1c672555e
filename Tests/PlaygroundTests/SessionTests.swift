import Decoding
import Foundation
import Problems
import Reasoning
import Synchronization
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Traces

/// Nothing is lost of what was shown, whatever the disk does and whoever else writes.
@MainActor @Suite(.timeLimit(.minutes(10))) struct SessionTests {
  private let folder = SessionFolder(
    FileManager.default.temporaryDirectory.appending(path: "sessions-\(UUID().uuidString)"))

  private func tearDown() { try? FileManager.default.removeItem(at: folder.url) }

  private func place(_ name: String) -> URL { folder.url.appending(path: "\(name).jsonl") }

  /// A playground that keeps its session under a name; with a disk that can be full.
  private func driver(_ name: String, disk: Disk = Disk()) -> Driver {
    let file = place(name)
    return Driver(
      100, 30, keep: { try disk.journal(at: $0 ?? file) }, sessions: folder)
  }

  /// A session of an exploration, as somebody left it.
  private func save(_ name: String) async throws {
    let driver = driver(name)
    await driver.start()
    await step(driver)
    #expect(await driver.finish() == nil)
  }

  private func step(_ driver: Driver) async {
    driver.press(KeyEvent(.right))
    await driver.settle()
  }

  private func type(_ line: String, _ driver: Driver) {
    driver.type(":" + line)
    driver.press(.enter)
  }

  private func open(_ name: String, _ driver: Driver) async {
    type("open \(place(name).path)", driver)
    await driver.wait { $0.message?.text.contains("Opened") == true }
    await driver.settle()
  }

  private func kept(_ name: String) throws -> [Int: RunTrace] {
    Trace(try TraceFile.read(place(name)).records).runs
  }

  // MARK: Two playgrounds

  @Test func theSecondGoesOnInACopy() async throws {
    defer { tearDown() }
    try await save("shared")
    let (first, second) = (driver("a"), driver("b"))
    for driver in [first, second] { await driver.start() }
    await open("shared", first)
    #expect(first.state.message?.kind == .notice)
    await open("shared", second)
    #expect(second.state.message?.kind == .warning)
    #expect(second.state.message?.text.contains("Another Ponder is writing it") == true)
    // Only looking at it makes no copy.
    #expect(Set(folder.files().map(\.name)) == ["shared"])
    await step(first)
    await step(second)
    await second.wait { $0.message?.text.contains("goes on in") == true }
    #expect(second.state.message?.text.contains("shared-2.jsonl") == true)
    await step(first)
    #expect(await first.finish() == nil)
    #expect(await second.finish() == nil)
    #expect(try kept("shared") == first.state.trace.runs)
    #expect(try kept("shared-2") == second.state.trace.runs)
    #expect(try kept("shared") != (try kept("shared-2")))
  }

  @Test func whatRunsEndsInItsOwnSession() async throws {
    defer { tearDown() }
    try await save("saved")
    let driver = driver("mine")
    await driver.start()
    await step(driver)
    driver.press("3", " ")
    let before = driver.state.trace
    await open("saved", driver)
    #expect(driver.state.activities.isEmpty)
    #expect(await driver.finish() == nil)
    #expect(try kept("saved") == driver.state.trace.runs)
    #expect(Set(try kept("mine").keys).isSuperset(of: before.runs.keys))
  }

  @Test func damagedLinesAreCounted() async throws {
    defer { tearDown() }
    try await save("torn")
    let whole = try Data(contentsOf: place("torn"))
    var lines = whole.split(separator: 0x0A, omittingEmptySubsequences: false)
    lines.insert(contentsOf: [Data("{\"event\":\"no".utf8), Data("{}".utf8)], at: lines.count - 2)
    try Data(lines.joined(separator: [0x0A])).write(to: place("torn"))
    let driver = driver("x")
    await driver.start()
    await open("torn", driver)
    #expect(driver.state.message?.text.contains("2 lines are damaged and were skipped") == true)
    await step(driver)
    #expect(await driver.finish() == nil)
    #expect(try kept("torn") == driver.state.trace.runs)
  }

  // MARK: What cannot be kept

  @Test func whatIsNotKeptStaysInSightAndIsAskedAbout() async throws {
    defer { tearDown() }
    let disk = Disk()
    disk.isReadOnly = true
    let driver = driver("home", disk: disk)
    await driver.start()
    await step(driver)
    await driver.wait { $0.unkept != nil }
    #expect(driver.state.message?.text.contains("read-only") == true)
    driver.press("e")
    #expect(driver.text.contains("events are not on disk"))
    driver.press("q")
    #expect(driver.text.contains("read-only"))
    for hint in ["r retry", "s save elsewhere", "q quit without them", "Esc go back"] {
      #expect(driver.text.contains(hint))
    }
    driver.press(.escape)
    #expect(!driver.state.isQuitting)
    // It can be gone on with.
    await step(driver)
    driver.press("q", "r")
    await driver.wait { $0.message?.text.contains("not on disk") == true }
    #expect(!driver.state.isQuitting)
    disk.isReadOnly = false
    driver.press("r")
    await driver.wait { $0.isQuitting }
    #expect(driver.quits)
    #expect(await driver.finish() == nil)
    #expect(try kept("home") == driver.state.trace.runs)
  }

  @Test func aSessionThatIsNotKeptIsSavedElsewhereAndGoesOnThere() async throws {
    defer { tearDown() }
    let disk = Disk()
    disk.isReadOnly = true
    let driver = driver("home", disk: disk)
    await driver.start()
    await step(driver)
    await driver.wait { $0.unkept != nil }
    disk.isReadOnly = false
    type("save \(place("elsewhere").path)", driver)
    await driver.wait { $0.message?.text.contains("Saved as") == true }
    await driver.wait { $0.unkept == nil }
    await step(driver)
    #expect(await driver.finish() == nil)
    let name = folder.files().map(\.name)
    #expect(name.contains("elsewhere"))
    #expect(try kept("elsewhere").keys == driver.state.trace.runs.keys)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDiskIsAskedAboutOnlyWhenQuitting() async throws {
    defer { tearDown() }
    let driver = Driver(
      100, 30, keep: { try TraceJournal(at: $0 ?? URL(fileURLWithPath: "/dev/full")) },
      sessions: folder)
    await driver.start()
    await step(driver)
    await driver.wait { $0.unkept != nil }
    #expect(driver.state.message?.text.contains("No space left on device") == true)
    try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)
    driver.press("q", "s")
    for character in place("elsewhere").path { driver.press(KeyEvent(character)) }
    driver.press(.enter)
    await driver.wait { $0.isQuitting }
    #expect(driver.quits)
    #expect(await driver.finish() == nil)
    #expect(try kept("elsewhere") == driver.state.trace.runs)
  }

  @Test func quittingWithoutThem() async throws {
    let disk = Disk()
    disk.isReadOnly = true
    let driver = driver("home", disk: disk)
    await driver.start()
    await step(driver)
    await driver.wait { $0.unkept != nil }
    driver.press("q", "q")
    #expect(driver.quits)
    // It is told once more.
    #expect(await driver.finish() is Unkept)
  }

  /// Where all is well nobody is asked, and it is said that something is done.
  @Test func quittingSaysWhatItWaitsFor() {
    var play = Play(80, 24)
    play.type("q")
    #expect(play.text.contains("saving the session"))
    play.send(.shell(.settled(nil)))
    guard case .shell(.leave) = play.effects.last else {
      Issue.record("does not quit")
      return
    }
    // The disk may have filled up with the last of it.
    play = Play(80, 24)
    play.type("q")
    play.send(.shell(.settled(Unkept(events: 12, why: "The disk is full."))))
    #expect(play.text.contains("12 events are not on disk: The disk is full."))
    #expect(!play.state.isQuitting)
    // A signal asks nobody.
    play.send(.terminate)
    guard case .shell(.leave) = play.effects.last else {
      Issue.record("does not quit")
      return
    }
  }

  @Test func anotherSessionIsNotOpenedOverWhatIsNotKept() async throws {
    defer { tearDown() }
    try await save("other")
    let disk = Disk()
    let driver = driver("home", disk: disk)
    await driver.start()
    disk.isReadOnly = true
    await step(driver)
    await driver.wait { $0.unkept != nil }
    type("open \(place("other").path)", driver)
    await driver.wait { $0.message?.text.contains("saves it elsewhere") == true }
    disk.isReadOnly = false
    #expect(await driver.finish() == nil)
    #expect(try kept("home") == driver.state.trace.runs)
  }

  // MARK: Opening

  @Test func openingTellsHowFarItIsAndStops() {
    var play = Play(80, 24)
    play.send(
      .file(.opening(FileProgress(path: "a/b.jsonl", bytes: 3_000_000, totalBytes: 12_000_000))))
    #expect(play.text.contains("opening b 3.0 MB of 12.0 MB"))
    play.press(.escape)
    guard case .file(.stopOpening) = play.effects.last else {
      Issue.record("is not stopped")
      return
    }
    play.send(.file(.opened("a/b.jsonl", .cancelled)))
    #expect(!play.text.contains("opening b"))
    #expect(play.text.contains("a/b.jsonl is not opened"))
  }
}

/// A disk that takes no more files when it is told so.
private final class Disk: Sendable {
  private let readOnly = Mutex(false)

  var isReadOnly: Bool {
    get { readOnly.withLock { $0 } }
    set { readOnly.withLock { $0 = newValue } }
  }

  func journal(at url: URL) throws -> TraceJournal {
    if isReadOnly { throw TraceError.unwritable(url.path, reason: "it is read-only.") }
    return try TraceJournal(at: url)
  }
}

extension Driver {
  fileprivate var text: String { draw().textSnapshot() }

  /// Whether the loop was told to end, or to settle and end.
  fileprivate var quits: Bool {
    effects.contains { effect in
      switch effect {
      case .shell(.quit), .shell(.leave): true
      default: false
      }
    }
  }
}

/// A session of several models: each run is shown under its own.
@Suite struct ModelsOfASessionTests {
  /// Greedy runs of some models on one question, which come to the same places with other numbers.
  private func session(_ names: [String]) async throws -> [TraceRecord] {
    var records = [TraceRecord(.header(TraceHeader()))]
    for (index, name) in names.enumerated() {
      for record in try await Fixtures.records(of: "greedy", number: index + 1) {
        var record = record
        switch record.event {
        case .run(var start):
          (start.model.name, start.model.hash) = (name, "table-\(name)")
          record.event = .run(start)
        case .node(var node):
          node.logProbability = -Double(index + 1)
          record.event = .node(node)
        default: break
        }
        records.append(record)
      }
    }
    return records
  }

  @Test func eachRunIsLookedUpInItself() async throws {
    let records = try await session(["one", "two", "apples"])
    var state = Fixtures.empty(120, 40)
    state.show(Trace(records))
    for number in 1...3 {
      state.session.open(path: 0, of: number)
      _ = state.passRequests() + state.prepare()
      #expect(state.session.shownModel?.name == ["one", "two", "apples"][number - 1])
      let node = try #require(state.trace.runs[number]?.paths[0]?.nodes.first)
      #expect(state.trace.node(node)?.logProbability == -Double(number))
      #expect(
        Fixtures.draw(state).textSnapshot().contains(
          "\(state.session.shownModel?.name ?? "")·exact"))
    }
  }

  /// Nothing is asked of the loaded model about another model's places.
  @Test func theLoadedModelIsNotAskedAboutOthersPlaces() async throws {
    let records = try await session(["two", "one"])
    var play = Play(120, 40)
    play.send(.file(.opened("s", .done(OpenedSession(try parse(records))))))
    #expect(play.state.session.showsAnotherModel)
    for key: KeyEvent in [.left, .right, "G", " ", "a", "w", "f", "/", .end, .home, "i", .escape] {
      play.press(key)
      #expect(play.state.decode.table != nil || !play.text.contains("computing"))
    }
    for effect in play.effects {
      if case .decode = effect { Issue.record("asked of the loaded model: \(effect)") }
    }
    play.press(" ")
    #expect(
      play.state.message?.text.contains("This is by two; sampling needs that model") == true)
  }

  @MainActor @Test(.timeLimit(.minutes(10))) func itOpensWithAModelLoaded() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    let names = ["one", "apples", "two"]
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let url = folder.appending(path: "three.jsonl")
    try TraceJournal.write(try await session(names), to: url)
    let driver = Driver(120, 40, keep: { try TraceJournal(at: $0 ?? folder.appending(path: "x")) })
    await driver.start()
    driver.type(":open \(url.path)")
    driver.press(.enter)
    await driver.wait { $0.message?.text.contains("Opened") == true }
    #expect(driver.state.session.showsAnotherModel)
    #expect(driver.state.session.shownModel?.name == "one")
    // A model that is loaded goes on with the question.
    driver.type(":model apples")
    driver.press(.enter)
    await driver.wait { !$0.session.showsAnotherModel && $0.decode.hasCurrentTable }
    #expect(driver.state.message?.kind != .error)
    #expect(await driver.finish() == nil)
    #expect(Trace(try TraceFile.read(url).records).runs.count >= 3)
  }

  private func parse(_ records: [TraceRecord]) throws -> TraceFile {
    try TraceFile.parse(TraceCoding.lines(records), name: "s")
  }

  // MARK: What a trace says without its model

  @Test func tokensWithoutTextHaveTheirNames() async throws {
    let records = try await Fixtures.records(of: "greedy")
    var state = Fixtures.empty(120, 40)
    state.show(Trace(records))
    let vocabulary = Fixtures.model.vocabulary
    let end = try #require(vocabulary.endOfText.first)
    #expect(state.session.name(of: end) == vocabulary.name(of: end))
    // Older traces do not say them.
    var old = records
    if case .run(var start) = old[0].event {
      start.names = nil
      old[0].event = .run(start)
    }
    state.show(Trace(old))
    #expect(state.session.name(of: end) == "⟨token \(end)⟩")
  }

  /// What a short trace left out is computed when it is gone on with.
  @MainActor @Test(.timeLimit(.minutes(10))) func goingOnFromAShortTraceIsInFull() async throws {
    var settings = Fixtures.settings
    settings.detail = 5
    let records = try await Fixtures.records(of: "greedy", settings: settings)
    var state = Fixtures.empty(100, 30)
    state.show(Trace(records))
    #expect(state.settings.detail == DistributionSummary.savedDetail)
    #expect(state.decode.table?.rows.count ?? 0 <= 5)
    let start = try #require(state.trace.runs[1]?.start)
    // It is still known as what the run was made with.
    #expect(state.sampling.temperature == start.temperature)
  }
}

/// The list of sessions.
@Suite struct SessionChooserTests {
  private static let names = ["2026-11-21T110946-1", "2026-11-20T080000-2", "apples"]

  private func entry(_ name: String, _ question: String, isInUse: Bool = false) -> SessionEntry {
    var summary = SessionSummary()
    (summary.question, summary.questions, summary.runs) = (question, 1, 3)
    (summary.answer, summary.isCorrect) = ("8", true)
    summary.models = [Fixtures.model.identity]
    return SessionEntry(
      path: "s/\(name).jsonl", name: name, bytes: 1_700_000,
      modified: Date(timeIntervalSince1970: 0), isInUse: isInUse, summary: summary)
  }

  private func play(own: String? = nil, inUse: String? = nil) -> Play {
    var play = Play(110, 30)
    play.type("O")
    let questions = ["How many apples?", "What is 17 + 25?", "How many coins?"]
    let entries = zip(Self.names, questions).map {
      entry($0, $1, isInUse: $0 == inUse || $0 == own)
    }
    play.send(.file(.sessionsRead(SessionList(entries, own: own.map { "s/\($0).jsonl" }))))
    return play
  }

  private func chooser(_ play: Play) -> SessionChooser? {
    play.state.popups.last as? SessionChooser
  }

  @Test func sessionsTellWhatIsInThem() {
    let play = play()
    guard case .file(.listSessions) = play.effects.first else {
      Issue.record("the sessions are not read")
      return
    }
    for text in [
      "2026-11-21 11:09:46", "How many apples?", "8 ✓", "1.7 MB", "3 runs",
      Fixtures.model.identity.title, "1970-01-01",
    ] { #expect(play.text.contains(text)) }
  }

  @Test func typingFinds() {
    var play = play()
    play.type("17")
    #expect(chooser(play)?.rows.map(\.name) == [Self.names[1]])
    play.press(.enter)
    guard case .file(.open("s/\(Self.names[1]).jsonl")) = play.effects.last else {
      Issue.record("another session is opened")
      return
    }
    #expect(play.state.popups.isEmpty)
  }

  @Test func theSelectionStaysAsTheListGrows() {
    var play = play()
    play.press(.down)
    var list = SessionList((0..<5).map { entry("\($0)", "?") } + [entry(Self.names[1], "?")])
    play.send(.file(.sessionsRead(list)))
    #expect(chooser(play)?.selected?.name == Self.names[1])
    list.sessions = []
    play.send(.file(.sessionsRead(list)))
    #expect(chooser(play)?.selected == nil)
    play.press(.enter, .tab, .delete)
    #expect(play.text.contains("None yet"))
  }

  @Test func deletingAsks() {
    var play = play()
    let before = play.effects.count
    play.press(.delete)
    #expect(play.text.contains("Delete 2026-11-21 11:09:46?"))
    play.press(.enter, "x", .escape)
    #expect(play.effects.count == before)
    play.press(.delete, "y")
    guard case .file(.delete("s/\(Self.names[0]).jsonl")) = play.effects.last else {
      Issue.record("it is not deleted")
      return
    }
    play.send(.file(.deleted("", .done(()))))
    guard case .file(.listSessions) = play.effects.last else {
      Issue.record("the list is not read anew")
      return
    }
  }

  @Test(arguments: [true, false]) func whatIsInUseIsNotDeleted(isOwn: Bool) {
    var play = play(own: isOwn ? Self.names[0] : nil, inUse: Self.names[0])
    let before = play.effects.count
    play.press(.delete, "y", .backspace)
    #expect(play.effects.count == before)
    #expect(play.state.popups.count == 1)
    play.press(.tab)
    // One's own can be named.
    #expect(play.text.contains("name:") == isOwn)
  }

  @Test func sessionsAreNamed() {
    var play = play()
    play.press(.tab)
    play.press(KeyEvent(.character("u"), .control))
    play.type("my apples")
    play.press(.enter)
    guard case .file(.rename("s/\(Self.names[0]).jsonl", "my apples")) = play.effects.last else {
      Issue.record("it is not named")
      return
    }
  }
}
