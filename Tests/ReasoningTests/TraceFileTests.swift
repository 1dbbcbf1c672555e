import Decoding
import Foundation
import Testing

@testable import Reasoning
@testable import Traces

/// What a damaged file still holds is read, and the damage is counted.
@Suite struct TraceFileTests {
  private static let header = #"{"event":"header","format":1,"program":"p"}"#

  private func parse(_ text: String) throws -> TraceFile {
    try TraceFile.parse(Data(text.utf8), name: "t")
  }

  @Test func whatIsNoTraceIsNamed() throws {
    #expect(throws: TraceError.missing("/nowhere/x")) {
      try TraceFile.read(URL(fileURLWithPath: "/nowhere/x"))
    }
    #expect(throws: TraceError.isFolder("/tmp")) {
      try TraceFile.read(URL(fileURLWithPath: "/tmp"))
    }
    #expect(throws: TraceError.notATrace("/dev/zero")) {
      try TraceFile.read(URL(fileURLWithPath: "/dev/zero"))
    }
    for text in [
      #"{"event":"edit","action":"undo","node":"0000000000000001"}"#, "hello\n", "", "\n\n",
      String(repeating: "no\n", count: 2000) + Self.header,
    ] { #expect(throws: TraceError.notATrace("t")) { try parse(text) } }
    #expect(throws: TraceError.tooNew("t", format: 9)) {
      try parse(#"{"event":"header","format":9,"program":"p"}"# + "\n")
    }
  }

  @Test func badLinesAreSkippedAndCounted() throws {
    let edit = #"{"action":"undo","event":"edit","node":"0000000000000001"}"#
    let file = try parse(
      [Self.header, "{}", edit, #"{"event":"no"#, "", edit, ""].joined(separator: "\n"))
    #expect(file.records.count == 3)
    #expect(file.badLines == 2)
    #expect(file.firstBadLine == 2)
    #expect(file.tornBytes == 0)
    // Where the header is lost, what follows it is not.
    let beheaded = try parse("{\"event\":\"hea\n\(edit)\n")
    #expect(beheaded.records.count == 1)
    #expect(beheaded.badLines == 1)
  }

  /// Whatever happens to some lines, all others are read as they were.
  @Test func damagedLinesHarmNoOthers() async throws {
    let records = await records(of: CoTDecoding(), settings: RunSettings(branches: 3, detail: 5))
    let lines = try records.map { try TraceCoding.line($0) }
    var random = SplitMix64(state: 11)
    for _ in 0..<100 {
      var data = Data()
      var expected: [TraceRecord] = []
      var damaged = 0
      for (line, record) in zip(lines, records) {
        var line = line
        let isDamaged = !expected.isEmpty && Int.random(in: 0..<8, using: &random) == 0
        if isDamaged {
          // No line is whole without its end, nor with a second beginning.
          if Bool.random(using: &random) {
            line = line.prefix(Int.random(in: 1..<line.count, using: &random))
          } else {
            line = [0x7B] + line
          }
          damaged += 1
        } else {
          expected.append(record)
        }
        data += line + [0x0A]
      }
      let file = try TraceFile.parse(data, name: "t")
      #expect(file.records == expected)
      #expect(file.badLines == damaged)
    }
  }

  /// However the reading of a file is cut into pieces.
  @Test func everyCutGivesWhatCameBefore() async throws {
    let records = await records(of: Greedy())
    let whole = try TraceCoding.lines(records)
    for cut in 1..<whole.count {
      guard let file = try? TraceFile.parse(whole.prefix(cut), name: "t") else {
        // Not even the header.
        #expect(cut < whole.firstIndex(of: 0x0A) ?? 0)
        continue
      }
      #expect(file.records == Array(records.prefix(file.records.count)))
      #expect(file.badLines == 0)
      #expect(file.length + file.tornBytes == cut)
    }
  }

  @Test func anyBytesAreRead() async throws {
    var random = SplitMix64(state: 5)
    let data = try TraceCoding.lines(
      await records(of: CoTDecoding(), settings: RunSettings(branches: 3, detail: 9)))
    for round in 0..<400 {
      var changed =
        round % 2 == 0 ? data : Data((0..<400).map { _ in .random(in: 0...255, using: &random) })
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let at = changed.index(
          changed.startIndex, offsetBy: Int.random(in: 0..<changed.count, using: &random))
        changed[at] = UInt8.random(in: 0...255, using: &random)
      }
      let file = try? TraceFile.parse(changed, name: "t")
      for run in Trace(file?.records ?? []).runs.values {
        for path in run.pathNumbers { _ = run.text(ofPath: path) }
      }
    }
  }

  @Test func readingTellsHowFarItIsAndCanBeEnded() async throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: url) }
    let records = await records(of: Greedy())
    try TraceJournal.write(records, to: url)
    let size = try Data(contentsOf: url).count
    var told: [Int] = []
    _ = try TraceFile.read(url) { bytes, total in
      #expect(total == size)
      told.append(bytes)
    }
    #expect(told.first == 0)
    #expect(told.last == size)
    #expect(throws: CancellationError.self) {
      try TraceFile.read(url) { _, _ in throw CancellationError() }
    }
  }
}

/// Node events are read straight from their bytes. It must make no difference.
@Suite struct NodeLineTests {
  private func fast(_ line: Data) -> TraceRecord? {
    line.withUnsafeBytes { TraceRecord(nodeIn: $0.assumingMemoryBound(to: UInt8.self)) }
  }

  private func slow(_ line: Data) -> TraceRecord? {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return try? decoder.decode(TraceRecord.self, from: line)
  }

  private func node(_ random: inout SplitMix64) -> TraceRecord {
    func bytes(_ random: inout SplitMix64) -> [UInt8] {
      let texts = [" the", "é", "日本", "\n", "\"", "\\", "/", "\u{1}", "\u{7F}", "🦆", ""]
      if Bool.random(using: &random) {
        return Array(texts.randomElement(using: &random)?.utf8 ?? "".utf8)
      }
      return (0..<Int.random(in: 0...5, using: &random)).map { _ in
        .random(in: 0...255, using: &random)
      }
    }
    func number(_ random: inout SplitMix64) -> Double {
      let value = Double(bitPattern: random.next())
      return value.isNormal ? value : -0.25
    }
    let parent = NodeID(rawValue: random.next())
    let token = TokenID.random(in: 0...TokenID.max, using: &random)
    let count = Int.random(in: 0...4, using: &random)
    let candidates = Candidates(
      summary: DistributionSummary(
        tokens: (0..<count).map { TokenID($0) },
        logits: (0..<count).map { _ in Float.random(in: -30...30, using: &random) }, tailCount: 7,
        tailLogSumExp: (0..<count).map { _ in number(&random) }, logSumExp: number(&random),
        entropy: number(&random)),
      bytes: (0..<count).map { _ in bytes(&random) })
    return TraceRecord(
      run: Int.random(in: 1...3, using: &random),
      .node(
        NodeEvent(
          id: parent.appending(token), parent: parent, path: .random(in: 0...9, using: &random),
          token: Token(id: token, bytes: bytes(&random)),
          logProbability: Bool.random(using: &random) ? number(&random) : nil,
          why: Bool.random(using: &random) ? nil : "not computed\t“é”",
          candidates: Bool.random(using: &random) ? candidates : nil)))
  }

  @Test func whatIsWrittenIsReadQuickly() throws {
    var random = SplitMix64(state: 3)
    for _ in 0..<500 {
      let record = node(&random)
      let line = try TraceCoding.line(record)
      #expect(fast(line) == record)
    }
  }

  @Test func whatIsReadQuicklyIsWhatAnybodyWouldRead() throws {
    var random = SplitMix64(state: 4)
    for _ in 0..<3000 {
      var line = try TraceCoding.line(node(&random))
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let at = line.index(
          line.startIndex, offsetBy: Int.random(in: 0..<line.count, using: &random))
        switch Int.random(in: 0..<3, using: &random) {
        case 0: line[at] = line.randomElement(using: &random) ?? 0
        case 1: line.remove(at: at)
        default: line.insert(UInt8.random(in: 0x20...0x7E, using: &random), at: at)
        }
        if line.isEmpty { break }
      }
      if let record = fast(line) {
        #expect(slow(line) == record, "\(String(decoding: line, as: UTF8.self))")
      }
    }
  }
}
