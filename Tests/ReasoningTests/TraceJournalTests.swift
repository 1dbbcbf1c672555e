import Decoding
import Foundation
import Synchronization
import Testing

@testable import Reasoning
@testable import Traces

@Suite struct TraceJournalTests {
  private let url = FileManager.default.temporaryDirectory
    .appending(path: "ponder-journal-\(UUID().uuidString)/session.jsonl")

  private var folder: URL { url.deletingLastPathComponent() }

  private func tearDown() { try? FileManager.default.removeItem(at: folder) }

  private func run(_ number: Int = 1) async -> [TraceRecord] {
    await records(of: Greedy()).dropFirst().map { TraceRecord(run: number, $0.event) }
  }

  @Test func whatWasFlushedIsThereAndATornTailIsDropped() async throws {
    defer { tearDown() }
    let journal = try TraceJournal(at: url)
    let run = await run()
    journal.append(run)
    try journal.flush()
    // As after a kill: the file as it stands, cut in the middle of a line.
    let whole = try Data(contentsOf: url)
    for cut in [2, 10, 25] {
      let torn = try TraceFile.parse(whole.dropLast(cut), name: "t")
      #expect(torn.tornBytes > 0)
      #expect(!torn.isClosed)
      #expect(torn.records.count == run.count)
    }
    try journal.close()
    #expect(try TraceFile.read(url).records.count == run.count + 1)
  }

  @Test(arguments: ["", #"{"event":"no"#])
  func aSessionThatIsOpenedAgainGoesOn(tail: String) async throws {
    defer { tearDown() }
    var journal = try TraceJournal(at: url)
    journal.append(await run())
    try journal.close()
    // Neither a torn line from a kill nor a missing line feed may swallow what comes after.
    let whole = try Data(contentsOf: url)
    try (tail.isEmpty ? whole.dropLast() : whole + Data(tail.utf8)).write(to: url)
    journal = try TraceJournal(at: url)
    journal.append(await run(2))
    try journal.close()
    let file = try TraceFile.read(url)
    #expect(file.badLines == 0)
    let trace = Trace(file.records)
    #expect(trace.runs.keys.sorted() == [1, 2])
    #expect(trace.runs[1] == trace.runs[2])
  }

  /// Damaged lines and what a later version wrote stay where they are.
  @Test func whatIsNotUnderstoodIsLeftAlone() async throws {
    defer { tearDown() }
    var journal = try TraceJournal(at: url)
    journal.append(await run())
    try journal.close()
    let strange = Data("{\"event\":\"trained\",\"loss\":[1,2.5]}\nnonsense\n".utf8)
    try (try Data(contentsOf: url) + strange).write(to: url)
    let before = try Data(contentsOf: url)
    let (again, file) = try TraceJournal.resume(at: url)
    journal = again
    #expect(file.badLines == 1)
    journal.append(await run(2))
    try journal.close()
    #expect(try Data(contentsOf: url).starts(with: before))
  }

  // MARK: One writer

  @Test func nobodyElseWritesTheFile() async throws {
    defer { tearDown() }
    let first = try TraceJournal(at: url)
    #expect(throws: TraceError.inUse(url.path)) { try TraceJournal(at: url) }
    #expect(throws: TraceError.inUse(url.path)) { try TraceJournal.recording(for: url) }
    #expect(FileLock.isTaken(url.path))
    first.append(await run())
    try first.close()
    #expect(!FileLock.isTaken(url.path))
    let second = try TraceJournal(at: url)
    try second.close()
    #expect(Trace(try TraceFile.read(url).records).runs.count == 1)
  }

  @Test func aJournalThatIsLetGoOfGivesTheFileBack() throws {
    defer { tearDown() }
    _ = try TraceJournal(at: url)
    #expect(!FileLock.isTaken(url.path))
  }

  // MARK: Size

  /// Paths that share a beginning do not say the same over and over.
  @Test func distributionsAreWrittenOnce() async throws {
    defer { tearDown() }
    let run = Array(
      await records(of: SelfConsistency(), settings: RunSettings(samples: 10, detail: 64))
        .dropFirst())
    let journal = try TraceJournal(at: url)
    // As they come, and over an end of the program.
    for record in run.prefix(run.count / 2) {
      journal.append([record])
      try journal.flush()
    }
    try journal.close()
    let again = try TraceJournal(at: url)
    again.append(Array(run.dropFirst(run.count / 2)))
    try again.flush()
    let streamed = try TraceFile.read(url)
    try again.close()
    let places = streamed.records.compactMap { record in
      if case .node(let node) = record.event, node.candidates != nil { node.parent } else { nil }
    }
    #expect(!places.isEmpty)
    #expect(Set(places).count == places.count)
    #expect(Trace(streamed.records).runs == Trace(run).runs)
    let file = try Data(contentsOf: url)
    #expect(file.count < (try TraceCoding.lines(run)).count)
    #expect(try TraceFile.parse(file, name: "t").records == streamed.records)
  }

  /// What is taken up again in more detail is kept so.
  @Test func moreDetailIsWritten() async throws {
    defer { tearDown() }
    let few = await records(of: Greedy(), settings: RunSettings(detail: 2)).dropFirst()
    let many = await records(of: Greedy(), settings: RunSettings(detail: 64)).dropFirst()
    let journal = try TraceJournal(at: url)
    journal.append(Array(few))
    journal.append(Array(many))
    journal.append(Array(few))
    try journal.close()
    let trace = Trace(try TraceFile.read(url).records)
    #expect(trace.runs[1]?.distributions == Trace(many).runs[1]?.distributions)
  }

  // MARK: Copies

  @Test func copiesAreWholeOrNotThere() async throws {
    defer { tearDown() }
    let journal = try TraceJournal(at: url)
    let run = await run()
    journal.append(run)
    let copy = url.appendingPathExtension("copy")
    try journal.copy(to: copy)
    #expect(try TraceFile.read(copy).records.count == run.count + 1)
    let inFile = url.appending(path: "copy")
    #expect(throws: TraceError.self) { try journal.copy(to: inFile) }
    // Nothing is left of what was tried.
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(Set(files) == [url.lastPathComponent, copy.lastPathComponent])
    try journal.close()
  }

  @Test func linksStayLinks() async throws {
    defer { tearDown() }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let link = folder.appending(path: "link")
    try FileManager.default.createSymbolicLink(
      atPath: link.path, withDestinationPath: "session.jsonl")
    let journal = try TraceJournal(at: link)
    journal.append(await run())
    try journal.close()
    #expect(Trace(try TraceFile.read(url).records).runs.count == 1)
    try WholeFile.write(Data("new".utf8), to: link)
    #expect(try String(contentsOf: url, encoding: .utf8) == "new")
    #expect(
      try FileManager.default.destinationOfSymbolicLink(atPath: link.path) == "session.jsonl")
  }

  // MARK: What cannot be written

  /// A device that is always full stands for a disk that is.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func aFullDiskIsTold() async throws {
    defer { tearDown() }
    let full = URL(fileURLWithPath: "/dev/full")
    let journal = try TraceJournal(at: full)
    let run = await run()
    journal.append(run)
    let told = AsyncStream<TraceJournal.Unwritten>.makeStream()
    journal.onChange { if let unwritten = $0 { told.continuation.yield(unwritten) } }
    for await unwritten in told.stream {
      #expect(
        unwritten.why.description.hasSuffix("/dev/full cannot be written: No space left on device.")
      )
      #expect(unwritten.events == run.count + 1)
      break
    }
    #expect(throws: TraceError.self) { try journal.flush() }
    // Elsewhere there is room.
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try journal.copy(to: url)
    #expect(try TraceFile.read(url).records.dropFirst() == run[...])
    #expect(throws: TraceError.self) { try journal.close() }
    #expect(throws: TraceError.notATrace("/dev/full")) { try TraceFile.read(full) }
    #expect(throws: TraceError.self) {
      try TraceJournal.write([], to: URL(fileURLWithPath: "/nowhere/session.jsonl"))
    }
  }

  /// A pipe that nobody empties stands for a disk that fills up: what was written of the last line
  /// is not written again when there is room.
  @Test func whatDidNotFitComesLater() async throws {
    defer { tearDown() }
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    #expect(mkfifo(url.path, 0o600) == 0)
    #expect(throws: TraceError.self) { try TraceJournal(at: url) }
    let reader = open(url.path, O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    let journal = try TraceJournal(at: url)
    let changes = Mutex<[Int?]>([])
    journal.onChange { unwritten in changes.withLock { $0.append(unwritten?.events) } }
    let run = await records(
      of: SelfConsistency(), settings: RunSettings(samples: 300, detail: 64)
    ).dropFirst()
    journal.append(Array(run))
    let left = try #require(journal.settle())
    #expect((1..<run.count).contains(left.events))
    var data = Data()
    var piece = [UInt8](repeating: 0, count: 1 << 16)
    while journal.settle() != nil || data.last != 0x0A {
      let count = read(reader, &piece, piece.count)
      if count > 0 { data += piece[..<count] } else { break }
    }
    while case let count = read(reader, &piece, piece.count), count > 0 { data += piece[..<count] }
    #expect(changes.withLock { $0.last ?? 0 } == nil)
    #expect(Trace(try TraceFile.parse(data, name: "t").records).runs == Trace(run).runs)
    let copy = folder.appending(path: "copy")
    try journal.copy(to: copy)
    #expect(try Data(contentsOf: copy) == data)
    try journal.close()
  }
}
