public import Decoding
public import Foundation
import Problems

/// What a list of sessions says of one.
public struct SessionSummary: Sendable, Hashable, Codable {
  /// The question asked last, in its own words.
  public var question = ""
  /// How many different questions were asked.
  public var questions = 0
  public var runs = 0
  /// The models that ran, each once, in the order in which they came.
  public var models: [ModelIdentity] = []
  /// The newest answer that was right, else the newest; nil where there is none.
  public var answer: String?
  /// Whether that is right; nil when the right one is unknown.
  public var isCorrect: Bool?

  public init() {}
}

extension SessionSummary {
  /// Reads what a list says of a session. Most lines are passed over unread, so that this takes
  /// about as long as it takes to read the bytes.
  ///
  /// - Parameter isWanted: asked now and then whether to go on.
  /// - Returns: nil where nothing of a trace is found, or it is not wanted any more.
  public static func read(_ url: URL, isWanted: () -> Bool = { true }) -> SessionSummary? {
    guard FileKind(ofFile: url.path) == .regular, let file = try? FileHandle(forReadingFrom: url)
    else { return nil }
    defer { try? file.close() }
    var skimmer = Skimmer()
    while isWanted() {
      let piece: Data?
      do { piece = try file.read(upToCount: 1 << 20) } catch { return nil }
      guard let piece, !piece.isEmpty else { return skimmer.summary }
      skimmer.take(piece)
    }
    return nil
  }

  /// Picks the few lines that matter from pieces of a file.
  private struct Skimmer {
    private let reader = TraceCoding.LineReader()
    private var rest = Data()
    private var starts: [Int: RunStart] = [:]
    private var questions: [String] = []
    private var models: [ModelIdentity] = []
    /// The answer of each run, the newest last, and whether it is right.
    private var answers: [(run: Int, text: String, isCorrect: Bool?)] = []
    /// The last tally of each run that has not ended: it may have been cut short.
    private var tallies: [Int: Tally] = [:]
    private var isTrace = false

    /// The kinds of event that matter.
    private static let kinds = ["run", "finished", "tally"].map { Array($0.utf8) }

    mutating func take(_ piece: Data) {
      let known = rest + piece
      let used = known.withUnsafeBytes { bytes -> Int in
        guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return 0 }
        skim(UnsafeRawBufferPointer(rebasing: bytes[...end]))
        return end + 1
      }
      // No line of what matters is so long.
      rest = used == 0 && known.count > 64 << 20 ? Data() : Data(known.dropFirst(used))
    }

    /// Reads the lines that matter among whole ones.
    private mutating func skim(_ lines: UnsafeRawBufferPointer) {
      var from = 0
      while let name = Self.kind(in: lines, from: from) {
        isTrace = true
        from = name.upperBound
        guard Self.kinds.contains(where: { lines[name].elementsEqual($0) }) else { continue }
        let start = lines[..<name.lowerBound].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let end = lines[name.upperBound...].firstIndex(of: UInt8(ascii: "\n")) ?? lines.count
        if let record = try? reader.record(Data(lines[start..<end])) { take(record) }
        from = end
      }
    }

    /// What stands before the name of an event's kind; inside a text the quotation marks would be
    /// escaped.
    private static let mark = Array("\"event\":\"".utf8)

    /// Where the next name of a kind stands.
    private static func kind(in bytes: UnsafeRawBufferPointer, from: Int) -> Range<Int>? {
      guard let base = bytes.baseAddress else { return nil }
      var from = from
      // Neither identifiers nor figures have a v.
      while from < bytes.count, let hit = memchr(base + from, 0x76, bytes.count - from) {
        let start = base.distance(to: UnsafeRawPointer(hit)) - 2
        from = start + 3
        guard start >= 0, bytes[start...].starts(with: mark) else { continue }
        let name = start + mark.count
        let end = bytes[name...].firstIndex(of: UInt8(ascii: "\"")) ?? bytes.count
        return name..<end
      }
      return nil
    }

    private mutating func take(_ record: TraceRecord) {
      switch record.event {
      case .run(let start):
        starts[record.run] = start
        questions.removeAll { $0 == start.question.text }
        questions.append(start.question.text)
        if !models.contains(start.model) { models.append(start.model) }
      case .tally(let tally): tallies[record.run] = tally
      case .finished(let end):
        tallies[record.run] = nil
        guard let answer = end.answer else { return }
        answers.append((record.run, answer, end.correct))
      default: break
      }
    }

    var summary: SessionSummary? {
      guard isTrace else { return nil }
      var answers = answers
      for (run, tally) in tallies.sorted(by: { $0.key < $1.key }) {
        let leader = tally.order.max { (tally.votes[$0] ?? 0) < (tally.votes[$1] ?? 0) }
        guard let leader else { continue }
        answers.append((run, leader, starts[run]?.question.isCorrect(leader)))
      }
      var summary = SessionSummary()
      summary.question = questions.last ?? ""
      summary.questions = questions.count
      summary.runs = starts.count
      summary.models = models
      let best = answers.last { $0.isCorrect == true } ?? answers.last
      summary.answer = best?.text
      summary.isCorrect = best?.isCorrect
      return summary
    }
  }
}
