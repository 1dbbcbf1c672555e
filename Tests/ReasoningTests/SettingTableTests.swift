import Decoding
import Foundation
import Reasoning
import StrategyFixtures
import Testing

@testable import DecodingFixtures
@testable import Problems
@testable import Traces

@Suite struct SettingTableTests {
  private static let table = SettingTable.standard + [SettingTexts.courage]

  @Test func rowsHaveNamesOfTheirOwnAndAPlainLineOfHelp() {
    #expect(Set(SettingTable.standard.map(\.name)).count == SettingTable.standard.count)
    for row in SettingTable.standard {
      #expect(row.help.count <= 70 && !row.help.hasSuffix("."), "\(row.name)")
      #expect(SettingTable.standard[row.name] == row)
    }
    for strategy in StrategyRegistry.all.map({ $0.description }) {
      #expect(Set(strategy.settings).isSubset(of: SettingTable.standard), "\(strategy.name)")
    }
  }

  @Test(arguments: table) func aValueReadsBackAsItIsWritten(row: Setting) throws {
    for text in SettingTexts.of(row) {
      guard case .success(let settings) = SettingTexts.result(row, text) else { continue }
      if row.isDefault(settings) { continue }
      let again = SettingTexts.result(row, row.text(of: settings))
      #expect(again == .success(settings), "\(row.name) \(text)")
      #expect(SettingTexts.result(row, "default") == .success(RunSettings()))
    }
  }

  @Test(arguments: table) func whatIsRefusedChangesNothingAndSaysWhatWouldDo(row: Setting) {
    for text in SettingTexts.of(row) {
      guard case .failure(let error) = SettingTexts.result(row, text) else { continue }
      #expect(error.description == "\(row.name) must be \(row.expected), not “\(text)”")
      var settings = RunSettings()
      try? row.set(text, in: &settings)
      #expect(settings == RunSettings())
    }
  }

  // MARK: Steps

  @Test func theTemperatureGoesOnFromWhereverItIs() {
    for (from, steps, to) in [
      (5, 1, 5.1), (0.7, 1, 0.8), (0.7, -1, 0.6), (0.75, 1, 0.8), (0.75, -1, 0.7), (0, -1, 0),
      (1000, 1, 1000), (0.1, 20, 2.1), (2, -20, 0),
    ] {
      var settings = RunSettings(temperature: from)
      Setting.temperature.step(&settings, by: steps)
      #expect(settings.temperature == to)
    }
  }

  /// Up never lowers a value, down never raises it, and both stay among the values.
  @Test(arguments: table) func stepsGoTheirWayFromEveryValue(row: Setting) {
    for text in SettingTexts.of(row) {
      guard case .success(let settings) = SettingTexts.result(row, text) else { continue }
      for steps in [1, -1] {
        var stepped = settings
        row.step(&stepped, by: steps)
        let now = row.text(of: stepped)
        if !row.isDefault(stepped) {
          #expect(SettingTexts.result(row, now) == .success(stepped), "\(row.name) \(text)")
        }
        guard case .whole = row.form, let before = Double(row.text(of: settings)),
          let after = Double(now)
        else { continue }
        #expect(steps > 0 ? after >= before : after <= before, "\(row.name) \(text)")
      }
    }
  }

  // MARK: Traces

  private func line(settings: Any) throws -> Data {
    let start = RunStart(
      strategy: "greedy", model: EveryTable.model().identity, seed: 1,
      question: Question(text: "1?"), settings: RunSettings())
    let line = try TraceCoding.line(TraceRecord(.run(start)))
    var object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
    object["settings"] = settings
    return try JSONSerialization.data(withJSONObject: object)
  }

  private func read(_ data: Data) -> RunSettings? {
    guard
      case .run(let start)? = try? TraceCoding.record(fromLine: data, settings: Self.table).event
    else { return nil }
    return start.settings
  }

  /// A trace takes the values that every other door takes, and no others.
  @Test(arguments: table) func tracesTakeTheSameValues(row: Setting) throws {
    let key = row.name.replacingOccurrences(of: "-", with: "_")
    for text in SettingTexts.of(row) where !["off", "default", "auto"].contains(text) {
      let value: Any
      switch row.form {
      case .whole, .number:
        guard text.wholeMatch(of: /-?[0-9]{1,15}(\.[0-9]+)?/) != nil, let number = Double(text)
        else { continue }
        value = Int(exactly: number).map { $0 as Any } ?? number
      case .onOff:
        guard text == "on" else { continue }
        value = true
      default: value = text
      }
      let found = read(try line(settings: [key: value]))
      #expect(found == (try? SettingTexts.result(row, text).get()), "\(row.name) \(text)")
      guard let found else { continue }
      let kept = try TraceCoding.line(
        TraceRecord(
          .run(
            RunStart(
              strategy: "greedy", model: EveryTable.model().identity, seed: 1,
              question: Question(text: "1?"), settings: found))))
      #expect(read(kept) == found, "\(row.name) \(text)")
    }
  }

  @Test func whatALaterVersionSavesIsKept() throws {
    let settings = try #require(read(try line(settings: ["size": 3, "words": ["a"]])))
    #expect(settings.extra == ["size": .number(3), "words": .array([.string("a")])])
    let data = try JSONEncoder().encode(settings)
    #expect(try JSONDecoder().decode(RunSettings.self, from: data) == settings)
  }

  // MARK: A row more

  @Test func aRowMoreIsFoundInLessonsAndTraces() throws {
    let text =
      "---\ntitle: t\nsummary: s\nproblem: apples\n---\n## a\nx\n```ponder\nset courage 4\n```"
    let lesson = try Lesson.parse(text, path: "l.md", settings: Self.table)
    #expect(lesson.steps[0].commands == [.set(SettingTexts.courage, value: "4")])
    #expect {
      try Lesson.parse(
        text.replacingOccurrences(of: "courage 4", with: "courage 10"), path: "l.md",
        settings: Self.table)
    } throws: {
      "\($0)".contains("courage must be a whole number from 1 to 9, not “10”")
    }
    var settings = RunSettings()
    try SettingTexts.courage.set("4", in: &settings)
    let json = String(decoding: try JSONEncoder().encode(settings), as: UTF8.self)
    #expect(json.contains(#""courage":4"#))
  }

  // MARK: What a run used

  @Test func aTraceWithoutTheKeyReadsAsItsStrategyIsToday() throws {
    guard case .run(let start) = try TraceCoding.record(fromLine: line(settings: [:])).event else {
      return
    }
    #expect(start.used == nil)
    #expect(start.temperature == 0)
    #expect(start.samples == 1)
    var votes = start
    votes.strategy = "self-consistency"
    #expect(votes.samples == 40)
    #expect(votes.temperature == 0.7)
    #expect(votes.verifier == nil)
    votes.strategy = "mcts"
    #expect(votes.verifier == .prm)
    #expect(votes.aggregate == .last)
    #expect(votes.vote == .weighted)
    votes.strategy = "ensemble"
    votes.settings.samples = 2
    #expect(votes.temperature == 0.7)
  }

  @Test func aTraceWithOtherDefaultsShowsItsOwn() throws {
    var start = RunStart(
      strategy: "mcts", model: EveryTable.model().identity, seed: 1,
      question: Question(text: "1?"), settings: RunSettings())
    start.used = RunSettings(
      prompting: "plain", samples: 7, branches: 3, temperature: 0.3, aggregate: .prod,
      verifier: .orm, vote: .top)
    let line = try TraceCoding.line(TraceRecord(.run(start)))
    guard case .run(let read) = try TraceCoding.record(fromLine: line).event else { return }
    #expect(read == start)
    #expect(read.samples == 7)
    #expect(read.branches == 3)
    #expect(read.temperature == 0.3)
    #expect(read.verifier == .orm)
    #expect(read.aggregate == .prod)
    #expect(read.vote == .top)
  }

  @Test(arguments: StrategyRegistry.names) func aRunSaysWhatItUsed(name: String) async throws {
    let description = try #require(StrategyRegistry.description(of: name))
    let records = try await EveryStrategy(name: name).run().records
    let starts = records.compactMap { record in
      if case .run(let start) = record.event { start } else { nil }
    }
    let start = try #require(starts.first)
    #expect(start.used == description.effective(start.settings))
    var old = start
    old.used = nil
    #expect(old.effective == start.effective)
    // A member of an ensemble samples as the ensemble does.
    for member in starts.dropFirst() {
      #expect(member.temperature == start.temperature)
      #expect(member.samples == start.samples)
    }
  }
}
