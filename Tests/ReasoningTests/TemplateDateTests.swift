import Decoding
import Foundation
import Problems
import Synchronization
import Testing

@testable import DecodingFixtures
@testable import Reasoning
@testable import Traces

/// The day that a chat template is told: a part of a run's settings.
@Suite struct TemplateDateTests {
  private static let question = "user: 2 + 2?"

  /// A model that says "4".
  private static func model(_ template: String?) -> TableLanguageModel {
    let letters = (32..<127).compactMap { Unicode.Scalar($0).map { String($0) } }
    return TableLanguageModel(
      name: "dated", pieces: ["<end>"] + letters, end: 0, chatTemplate: template,
      next: { prefix in prefix.last == 21 ? [0: 1] : [21: 1] })
  }

  private static let asking =
    "{{ strftime_now('%d %b %Y %H:%M') }} {% for m in messages %}{{ m.role }}: {{ m.content }}"
    + "{% endfor %}"
  private static let silent = "{% for m in messages %}{{ m.role }}: {{ m.content }}{% endfor %}"

  /// A run's `run` event and the text that the model was given.
  private func run(
    _ template: String?, _ settings: RunSettings = RunSettings(maxTokens: 2),
    question: Question = Question(text: "2 + 2?"), previous: RunTrace? = nil,
    peers: [String] = []
  ) async throws -> (start: RunStart, prompt: String, trace: RunTrace) {
    let trace = Mutex(Trace())
    await Greedy().run(
      question, settings: settings, decoder: Decoder(model: Self.model(template), slots: 1),
      library: PromptLibrary(
        directory: PromptTemplateTests.samples.appendingPathComponent("Prompts").path),
      previous: previous,
      peers: peers.map { Decoder(model: Self.model($0), slots: 1) }
    ) { record in trace.withLock { $0.apply(record) } }
    let run = try #require(trace.withLock { $0.runs[1] })
    let start = try #require(run.start)
    #expect(run.end?.message == nil)
    let path = try #require(run.pathNumbers.first.flatMap { run.paths[$0]?.tip })
    let ids = run.tokens(to: path).map(\.id)
    return (start, ids.prefix { $0 != 0 }.map { Self.text($0) }.joined(), run)
  }

  private static func text(_ token: TokenID) -> String {
    Unicode.Scalar(UInt32(token) + 31).map { String($0) } ?? ""
  }

  @Test func aRunKeepsTheDayItWasMadeOn() async throws {
    let before = CalendarDay.today
    let (start, prompt, _) = try await run(Self.asking)
    let day = try #require(start.settings.date)
    #expect([before, .today].contains(day))
    #expect(start.used?.date == day)
    #expect(prompt.contains(" \(day.year) 12:00 \(Self.question)"))
  }

  /// Whatever the day is, the recorded settings give the same text again.
  @Test(arguments: ["2024-02-29", "1999-12-31", "2031-07-04"])
  func aRunIsMadeAgainToTheByte(text: String) async throws {
    let settings = RunSettings(date: try #require(CalendarDay(text)), maxTokens: 2)
    let first = try await run(Self.asking, settings)
    let again = try await run(Self.asking, first.start.settings)
    #expect(first.start.settings.date?.description == text)
    #expect(first.prompt == again.prompt)
    #expect(first.prompt.contains(" \(text.prefix(4)) 12:00 \(Self.question)"))
  }

  @Test func whatIsTakenUpAgainHasItsOwnDay() async throws {
    let day = try #require(CalendarDay("2024-02-29"))
    let first = try await run(Self.asking, RunSettings(date: day, maxTokens: 2))
    let later = try await run(Self.asking, previous: first.trace)
    #expect(later.start.settings.date == day)
    #expect(later.prompt == first.prompt)
  }

  /// A day that nobody is told is none of the settings that a run used.
  @Test func aTemplateThatDoesNotAskIsToldNone() async throws {
    let day = RunSettings(date: CalendarDay("2024-02-29"), maxTokens: 2)
    #expect(try await run(Self.silent).start.settings.date == nil)
    #expect(try await run(Self.silent, day).start.settings.date == nil)
    #expect(try await run(nil, day).start.settings.date == nil)
    let raw = Question(text: "2 + 2?", isRaw: true)
    #expect(try await run(Self.asking, question: raw).start.settings.date == nil)
  }

  @Test func oneModelOfSeveralMayAsk() async throws {
    let found = try await run(Self.silent, peers: [Self.silent, Self.asking])
    #expect(found.start.settings.date != nil)
  }

  @Test func templatesOfFilesAndFamiliesCount() throws {
    let asked = RunSettings(template: "none").dated(forTemplates: [Self.asking])
    #expect(asked.date == nil)
    #expect(RunSettings(template: "chatml").dated(forTemplates: [Self.asking]).date == nil)
    #expect(RunSettings().dated(forTemplates: [Self.asking]).date != nil)
    #expect(RunSettings().dated(forTemplates: ["{% broken"]).date == nil)
  }

  // MARK: Days

  @Test func daysReadBackAsTheyAreWritten() {
    for year in [1, 1900, 1999, 2000, 2023, 2024, 9999] {
      for month in 0...13 {
        for day in 0...32 {
          let text = [(year, 4), (month, 2), (day, 2)].map { number, width in
            String(repeating: "0", count: width - String(number).count) + String(number)
          }.joined(separator: "-")
          let thirty = [4, 6, 9, 11].contains(month)
          let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
          let last = month == 2 ? (isLeap ? 29 : 28) : thirty ? 30 : 31
          let isDay = (1...12).contains(month) && (1...last).contains(day)
          #expect(CalendarDay(text)?.description == (isDay ? text : nil))
        }
      }
    }
  }

  @Test(arguments: [
    "", "2024", "2024-2-29", "2024-02-29 ", "24-02-29", "02024-02-29", "2024/02/29", "-024-02-29",
    "0000-01-01", "２０２４-02-29",
  ])
  func whatIsWrittenOtherwiseIsNoDay(text: String) { #expect(CalendarDay(text) == nil) }
}
