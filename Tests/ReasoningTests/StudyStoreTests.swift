import Decoding
import Foundation
import Synchronization
import Testing

@testable import DecodingFixtures
@testable import Measuring
@testable import Problems
@testable import Reasoning
@testable import Traces

@Suite struct StudyStoreTests {
  private func study(
    seed: UInt64 = 1, count: Int = 8, change: (inout Study) -> Void = { _ in }
  ) throws -> Study {
    var study = try StudyBench.study(
      .strategies, .apples, gold: "8", count: count,
      settings: RunSettings(seed: seed, samples: 4), strategies: ["sample", "self-consistency"])
    change(&study)
    return study
  }

  /// Where a study is stopped does not show in what comes of it.
  @Test(.timeLimit(.minutes(10)), arguments: [1, 7, 20])
  func aStoppedStudyGoesOnWhereItWas(stop: Int) async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let study = try study()
    let store = StudyStore(folder: folder)
    let runner = StudyBench.runner { .apples }
    let whole = try await runner.run(StudyResults(study))

    let task = Mutex<Task<StudyResults, any Error>?>(nil)
    let (started, go) = AsyncStream<Void>.makeStream()
    let work = Task {
      for await _ in started { break }
      let found = Mutex(0)
      return try await runner.run(study, in: store) { event in
        guard case .found = event else { return }
        let count = found.withLock {
          $0 += 1
          return $0
        }
        if count == stop { task.withLock { $0 }?.cancel() }
      }
    }
    task.withLock { $0 = work }
    go.yield()
    let stopped = try await work.value
    #expect(stopped.done >= stop)
    #expect(stopped.done < study.total)
    #expect(try store.results(of: study) == stopped)
    for (arm, records) in stopped.records.enumerated() {
      for (problem, record) in records { #expect(record == whole.records[arm][problem]) }
    }

    let fresh = Mutex(0)
    let begun = Mutex<StudyResults?>(nil)
    let ended = try await runner.run(study, in: store) { event in
      switch event {
      case .began(let results): begun.withLock { $0 = results }
      case .found: fresh.withLock { $0 += 1 }
      case .notice(let text): Issue.record("\(text)")
      }
    }
    #expect(begun.withLock { $0 } == stopped)
    #expect(fresh.withLock { $0 } == study.total - stopped.done)
    #expect(ended == whole)
    #expect(try store.results(of: study) == whole)
  }

  @Test func aSecondLookOpensNoModel() async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (study, store) = (try study(count: 2), StudyStore(folder: folder))
    let first = try await StudyBench.runner { .apples }.run(study, in: store) { _ in }
    let closed = StudyRunner(prompts: PromptLibrary(directory: "")) { _ in
      throw StudyError.noModel
    }
    let second = try await closed.run(study, in: store) { _ in }
    #expect(second == first)
    #expect(second.isComplete)
  }

  @Test func whateverMattersMakesAnotherFile() throws {
    let store = StudyStore(folder: URL(fileURLWithPath: "/nowhere"))
    let first = try study()
    #expect(store.url(of: first) == store.url(of: try study()))
    let others = [
      try study(seed: 2), try study(count: 7), try study { $0.models[0].identity.hash = "other" },
      try study { $0.models[0].identity.isa = "other" }, try study { $0.models[0].kvFormat = "q" },
      try study { $0.texts = "edited" }, try study { $0.arms[0].settings.maxTokens = 9 },
      try study { $0.problems[0].question.gold = "9" },
    ]
    #expect(Set(([first] + others).map { store.url(of: $0).path }).count == others.count + 1)
  }

  /// Templates are a user's to edit: another text is another study.
  @Test func editedTemplatesMakeAnotherStudy() throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    func texts() throws -> String {
      try StudyPlan(kind: .samples, families: []).study(
        of: StudyBench.problems(.apples, gold: "8"), models: [StudyBench.model(.apples)],
        library: PromptLibrary(directory: folder.path)
      ).texts
    }
    let empty = try texts()
    try Data("a".utf8).write(to: folder.appending(path: "think.txt"))
    let one = try texts()
    try Data("b".utf8).write(to: folder.appending(path: "think.txt"))
    #expect(Set([empty, one, try texts()]).count == 3)
  }

  @Test(arguments: ["", "{", "{\"format\":\"ponder-study\",\"version\":1}", "later version"])
  func damagedFilesAreToldAndDoneAnew(content: String) async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (study, store) = (try study(count: 1), StudyStore(folder: folder))
    let runner = StudyBench.runner { .apples }
    let whole = try await runner.run(study, in: store) { _ in }
    let url = store.url(of: study)
    let kept = try String(contentsOf: url, encoding: .utf8)
    let damaged =
      content == "later version"
      ? kept.replacing("\"version\":\(StudyStore.version)", with: "\"version\":99") : content
    #expect(damaged != kept)
    try Data(damaged.utf8).write(to: url)
    #expect(throws: StudyStoreError.damaged(url.path)) { try store.results(of: study) }
    let notices = Mutex<[String]>([])
    let again = try await runner.run(study, in: store) { event in
      if case .notice(let text) = event { notices.withLock { $0.append(text) } }
    }
    #expect(again == whole)
    #expect(notices.withLock { $0.count } == 1)
    #expect(try store.results(of: study) == whole)
  }

  /// A file whose records do not fit its own study is damaged as well.
  @Test func recordsOfNoProblemAreDamage() async throws {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    let (study, store) = (try study(count: 1), StudyStore(folder: folder))
    try await StudyBench.runner { .apples }.run(study, in: store) { _ in }
    let url = store.url(of: study)
    let text = try String(contentsOf: url, encoding: .utf8)
    try Data(text.replacing("{\"0\":", with: "{\"7\":").utf8).write(to: url)
    #expect(throws: StudyStoreError.damaged(url.path)) { try store.results(of: study) }
  }

  // MARK: Reports

  @Test func theReportSaysWhatTheCurvesSay() async throws {
    let study = try study(count: 2) { $0.subject = "a, \"b\"" }
    let results = try await StudyBench.runner { .apples }.run(StudyResults(study))
    let curves = StudyTally(results).curves
    let report = StudyReport(results, curves)
    let lines = report.csv.split(separator: "\n").map(String.init)
    #expect(lines.count == 1 + curves.reduce(0) { $0 + $1.points.count })
    let columns = lines[0].split(separator: ",").count
    for (line, point) in zip(lines.dropFirst(), curves.flatMap(\.points)) {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      #expect(fields.count == columns)
      #expect(Double(fields[8]) == point.tokens?.value)
      #expect(Double(fields[12]) == point.accuracy?.value)
      #expect(Double(fields[13]) == point.accuracy?.interval?.lowerBound)
    }
    let data = try JSONEncoder().encode(report)
    let json = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(json["done"] as? Int == study.total)
    #expect(json["subject"] as? String == "a, \"b\"")
    let encoded = try #require(json["curves"] as? [[String: Any]])
    #expect(encoded.map { $0["curve"] as? String } == curves.map(\.name))
  }
}
