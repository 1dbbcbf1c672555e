import Decoding
import Foundation
import TerminalUI
import Testing

@testable import Playground
@testable import Problems
@testable import Traces

@Suite struct RunDigestTests {
  /// What is kept up to date event by event is what a look at the whole trace gives, after every
  /// single event.
  @Test(arguments: ["cot-decoding", "self-consistency", "cot"])
  func theDigestIsThatOfTheWholeTraceAtAnyTime(strategy: String) async throws {
    var settings = Fixtures.settings
    settings.samples = 12
    settings.branches = 5
    let records = try await Fixtures.records(of: strategy, settings: settings)
    var trace = RunTrace()
    var digest = RunDigest(1, trace)
    for record in records {
      trace.apply(record.event)
      digest.apply(record.event, trace)
      #expect(digest == RunDigest(1, trace))
    }
    #expect(digest.end?.reason == .completed)
    #expect(digest.growing.isEmpty)
    #expect(digest.latest(3).map(\.number) == Array(digest.numbers.reversed().prefix(3)))
    // The second call of zero-shot chain of thought replaces the end of the first.
    if strategy != "cot" { #expect(digest.generated == digest.end?.tokens.generated) }
  }

  @Test func aPathThatIsStartedAgainForgetsItsFirstTry() async throws {
    var settings = Fixtures.settings
    settings.samples = 3
    let records = try await Fixtures.records(of: "self-consistency", settings: settings)
    var trace = RunTrace()
    var digest = RunDigest(1, trace)
    // The run is killed after a few tokens and begins again from its first path.
    let cut = records.prefix(9)
    for record in cut + records {
      trace.apply(record.event)
      digest.apply(record.event, trace)
    }
    #expect(digest == RunDigest(1, trace))
    var whole = RunTrace()
    for record in records { whole.apply(record.event) }
    #expect(digest == RunDigest(1, whole))
  }

  @Test func theLeastSureTokensStandBesideTheirRivals() async throws {
    var settings = Fixtures.settings
    settings.branches = 2
    let records = try await Fixtures.records(of: "cot-decoding", settings: settings)
    let run = try #require(Trace(records).runs[1])
    // The opener is taken with .165 where " 5" has .34.
    let second = try #require(PathDigest(number: 1, in: run).hesitations.first)
    #expect(second.token == 0)
    #expect(second.other?.text == " 5")
    #expect(abs(second.probability - 0.165) < 1e-6)
    #expect(abs((second.otherProbability ?? 0) - 0.34) < 1e-6)
    let first = PathDigest(number: 0, in: run).hesitations
    #expect(first.map(\.token) == [0, 2])
    #expect(abs((first.last?.probability ?? 0) - 0.80) < 1e-6)
    #expect(abs((first.last?.otherProbability ?? 0) - 0.12) < 1e-6)
  }

  @Test func rowsFollowTheWinnersRule() {
    let tally = Tally(
      method: .majority, votes: ["a": 2, "b": 5, "c": 5], unparsed: 3, order: ["a", "c", "b"])
    let rows = Standing.rows(tally)
    #expect(rows.map(\.answer) == ["c", "b", "a", nil])
    #expect(rows.first?.answer == tally.winner)
    let shares: [Double] = [5, 5, 2, 3]
    #expect(rows.map(\.share) == shares.map { $0 / 15 })
    for row in rows { #expect(row.interval?.contains(row.share) == true) }
    let weighed = Standing.rows(
      Tally(method: .likelihood, votes: ["a": 0, "b": 0], unparsed: 1, order: ["a", "b"]))
    #expect(weighed.allSatisfy { $0.share == 0 && $0.interval == nil })
  }

  @Test func anAnswerThatComesLateHadNoShareBefore() {
    var history = ShareHistory()
    history.append([Standing(answer: "a", weight: 1, share: 1)])
    history.append([
      Standing(answer: "a", weight: 1, share: 0.5), Standing(answer: "b", weight: 1, share: 0.5),
    ])
    #expect(history["a"] == [1, 0.5])
    #expect(history["b"] == [0, 0.5])
    #expect(history["c"] == [])
  }
}

@Suite struct PathTextTests {
  static func path(_ pieces: [String], answer: ClosedRange<Int>? = nil) -> PathDigest {
    var run = RunTrace()
    var node = NodeID.root
    var nodes: [NodeID] = []
    for (index, piece) in pieces.enumerated() {
      let child = node.appending(TokenID(index))
      run.apply(
        .node(
          NodeEvent(
            id: child, parent: node, path: 0,
            token: Token(id: TokenID(index), bytes: Array(piece.utf8)), logProbability: -1)))
      nodes.append(child)
      node = child
    }
    if let answer {
      run.apply(
        .span(
          Span(
            kind: .answer, path: 0, first: nodes[answer.lowerBound],
            last: nodes[answer.upperBound], value: "x")))
      run.apply(
        .pathFinished(
          PathEnd(path: 0, end: node, reason: "stop", answer: "x", generated: pieces.count)))
    }
    return PathDigest(number: 0, in: run)
  }

  static let styles = PathText.Styles(theme: .plain, base: .plain)

  static func line(_ path: PathDigest, _ columns: Int) -> String {
    PathText.line(path, columns: columns, styles: styles).text
  }

  @Test func theAnswerStandsInBracketsWithoutItsSpace() {
    let path = Self.path([" The", " answer", " is", " 4", "8", ".", "\n"], answer: 3...4)
    #expect(Self.line(path, 40) == "The answer is [48].⏎")
    #expect(
      PathText.whole(path, styles: Self.styles) { _ in .plain }.text == "The answer is [48].\n")
  }

  @Test func aLongPathShowsItsBeginningAndItsAnswer() {
    let words = "First, my dad has 3 + 2 = 5. Then the total is 3 + 5 = 8. The answer is"
    let path = Self.path(
      words.split(separator: " ").map { " " + $0 } + [" 8", "."],
      answer: words.split(separator: " ").count...words.split(separator: " ").count)
    #expect(Self.line(path, 34) == "First, my dad … answer is [8].")
    for columns in 0..<90 {
      let text = Self.line(path, columns)
      #expect(DisplayWidth.of(text) <= max(columns, 0))
      if columns >= 5 { #expect(text.contains("[8]")) }
    }
  }

  @Test func aGrowingPathShowsItsEnd() {
    let path = Self.path([" one", " two", " three", " four"])
    #expect(Self.line(path, 40) == "one two three four▌")
    #expect(Self.line(path, 12) == "…three four▌")
  }

  @Test func widthIsKeptWhateverTheScalars() {
    let path = Self.path([" 三", "个苹果", "，爸爸", "多两个", "。答案是", "八", "。"], answer: 5...5)
    for columns in 0..<40 { #expect(DisplayWidth.of(Self.line(path, columns)) <= columns) }
    #expect(Self.line(path, 40).contains("[八]"))
  }

  @Test func aCharacterSpreadOverTokensIsWrittenOnce() {
    var run = RunTrace()
    var node = NodeID.root
    for (index, byte) in Array("é!".utf8).enumerated() {
      let child = node.appending(TokenID(index))
      run.apply(
        .node(
          NodeEvent(
            id: child, parent: node, path: 0, token: Token(id: TokenID(index), bytes: [byte]),
            logProbability: -1)))
      node = child
    }
    let path = PathDigest(number: 0, in: run)
    #expect(PathText.whole(path, styles: Self.styles) { _ in .plain }.text == "é!▌")
  }
}

@Suite struct ComparisonTests {
  @Test func alignmentKeepsBothSequencesAndALongestCommonOne() {
    var random = SplitMix64(state: 4)
    for _ in 0..<300 {
      func sequence() -> [TokenID] {
        (0..<Int.random(in: 0...12, using: &random)).map { _ in
          TokenID.random(in: 0...3, using: &random)
        }
      }
      let (a, b) = (sequence(), sequence())
      let pairs = Comparison.align(a, b)
      #expect(pairs.compactMap(\.left) == Array(a.indices))
      #expect(pairs.compactMap(\.right) == Array(b.indices))
      for pair in pairs {
        #expect(pair.left != nil || pair.right != nil)
        if pair.isSame, let i = pair.left, let j = pair.right { #expect(a[i] == b[j]) }
      }
      #expect(pairs.count { $0.isSame } == Self.longestCommon(a[...], b[...]))
    }
  }

  /// By brute force.
  static func longestCommon(_ a: ArraySlice<TokenID>, _ b: ArraySlice<TokenID>) -> Int {
    guard let first = a.first, !b.isEmpty else { return 0 }
    let without = longestCommon(a.dropFirst(), b)
    guard let match = b.firstIndex(of: first) else { return without }
    return max(without, 1 + longestCommon(a.dropFirst(), b[(match + 1)...]))
  }

  @Test func theTwoTokensAtThePartingHaveTheirProbabilities() async throws {
    var settings = Fixtures.settings
    settings.branches = 5
    let records = try await Fixtures.records(of: "cot-decoding", settings: settings)
    let run = try #require(Trace(records).runs[1])
    let comparison = Comparison(run: 1, left: 0, right: 3, run)
    #expect(comparison.shared == 0)
    #expect(comparison.parting == run.promptEnd)
    let taken = comparison.candidates.filter { $0.taker != .nobody }
    #expect(taken.map(\.rank) == [1, 4])
    #expect(taken.map(\.taker) == [.left, .right])
    #expect(abs((taken[0].probability ?? 0) - 0.34) < 1e-6)
    #expect(abs((taken[1].probability ?? 0) - 0.165) < 1e-6)
    // Both say " The answer is", but not the same number.
    let same = comparison.pairs.filter(\.isSame).compactMap { pair in
      pair.left.flatMap { run.paths[0]?.nodes[$0] }.flatMap { run.nodes[$0]?.token.text }
    }
    #expect(same == [" The answer is", ".", ""])
  }

  @Test func pathsWithACommonBeginningPartAfterIt() async throws {
    let records = try await Fixtures.records(of: "self-consistency")
    let run = try #require(Trace(records).runs[1])
    // Two paths that start alike but answer differently.
    let numbers = run.pathNumbers
    let pair = numbers.lazy.flatMap { a in numbers.lazy.map { (a, $0) } }.first { a, b in
      run.paths[a]?.nodes.first == run.paths[b]?.nodes.first
        && run.paths[a]?.answer != run.paths[b]?.answer
    }
    let (a, b) = try #require(pair)
    let comparison = Comparison(run: 1, left: a, right: b, run)
    #expect(comparison.shared == 2)
    #expect(comparison.parting == run.paths[a]?.nodes[1])
    #expect(comparison.candidates.count { $0.taker != .nobody } == 2)
  }
}

extension ComparisonTests {
  /// Two paths of tokens as they are spelled, after a prompt.
  private static func run(_ paths: [[String]]) -> RunTrace {
    let prompt = NodeID.root.appending(1000)
    var trace = Trace([
      TraceRecord(
        .injected(
          Injection(
            role: .prompt, path: nil, parent: .root, end: prompt,
            tokens: [Token(id: 1000, bytes: Array("Q".utf8))])))
    ])
    var ids: [String: TokenID] = [:]
    for (path, pieces) in paths.enumerated() {
      var node = prompt
      for piece in pieces {
        let id = ids[piece] ?? TokenID(ids.count)
        ids[piece] = id
        let child = node.appending(id)
        trace.apply(
          TraceRecord(
            .node(
              NodeEvent(
                id: child, parent: node, path: path, token: Token(id: id, bytes: Array(piece.utf8)),
                logProbability: -1))))
        node = child
      }
    }
    return trace.runs[1] ?? RunTrace()
  }

  /// Models spell numbers digit by digit, and the other side has words at the same place; still no
  /// line ends inside one.
  @Test(arguments: 0..<100) func linesDoNotEndInsideANumber(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    func pieces() -> [String] {
      (0..<8).flatMap { _ -> [String] in
        switch Int.random(in: 0..<5, using: &random) {
        case 0: [" 1", "2", ",", "3", "4", "5"]
        case 1: [" 1", " 2", "3", "4", ".", "5"]
        case 2: [" −", "3", ".", "5", "%"]
        case 3: [" 3", "/", "4"]
        default: [" apples", " so"]
        }
      }
    }
    let words = (0..<40).map { _ in [" a", "b", " dad"].randomElement(using: &random) ?? "" }
    let run = Self.run(seed % 2 == 0 ? [pieces(), words] : [words, pieces()])
    let (left, right) = (PathDigest(number: 0, in: run), PathDigest(number: 1, in: run))
    let comparison = Comparison(run: 1, left: 0, right: 1, run)
    for width in 9...24 {
      let lines = ComparisonText(comparison, left: left, right: right, width: width).lines
      for (path, side) in [(left, \ComparisonText.Line.left), (right, \.right)] {
        let texts = lines.map { $0[keyPath: side].map(\.text).joined() }
        let whole = texts.joined()
        let numbers = NumberSpans.ranges(in: whole)
        var end = 0
        for text in texts.dropLast() {
          end += text.utf8.count
          #expect(!numbers.contains { $0.lowerBound < end && end < $0.upperBound }, "\(texts)")
        }
        #expect(Array(whole.utf8) == Array(path.bytes.suffix(whole.utf8.count)))
      }
    }
  }
}

/// Traces come from anywhere: whatever a reader lets through can be shown.
@Suite struct HostileTraceTests {
  @Test(arguments: ["cot-decoding", "self-consistency"])
  func changedDigitsAndBytesNeverTrap(strategy: String) async throws {
    var settings = Fixtures.settings
    settings.samples = 6
    settings.branches = 4
    settings.detail = 3
    let records = try await Fixtures.records(of: strategy, settings: settings)
    let data = try TraceCoding.lines([TraceRecord(.header(TraceHeader()))] + records)
    let digits = data.indices.filter { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(data[$0]) }
    let keys = [
      KeyEvent(.end), KeyEvent("v"), KeyEvent(.up), KeyEvent("v"), KeyEvent(.down),
      KeyEvent(.escape), KeyEvent("w"), KeyEvent(.enter), KeyEvent("v"), KeyEvent(.down),
      KeyEvent("v"), KeyEvent(.enter), KeyEvent("+"), KeyEvent("o"),
    ]
    var random = SplitMix64(state: 21)
    var shown = 0
    for round in 0..<60 {
      var changed = data
      for _ in 0..<Int.random(in: 1...6, using: &random) {
        // Mostly digits, so that most lines stay readable; now and then a number grows long.
        let at =
          round % 5 == 0
          ? changed.index(
            changed.startIndex, offsetBy: Int.random(in: 0..<changed.count, using: &random))
          : digits[Int.random(in: 0..<digits.count, using: &random)]
        guard changed.indices.contains(at) else { continue }
        switch round % 3 {
        case 0: changed[at] = UInt8.random(in: 0x30...0x39, using: &random)
        case 1: changed.replaceSubrange(at...at, with: Data("9223372036854775807".utf8))
        default: changed.replaceSubrange(at...at, with: Data("-1".utf8))
        }
      }
      // The lines that can be read, as if the others had never been written.
      let lines = changed.split(separator: UInt8(ascii: "\n"))
      let read = lines.compactMap { try? TraceCoding.record(fromLine: Data($0)) }
      var state = Fixtures.empty(80, 24)
      state.show(Trace(read))
      for screen in [ScreenID.branches, .votes] {
        state.screen = screen
        for key in keys {
          _ = Reducer().reduce(&state, .key(key))
          state.screen = screen
        }
        _ = Fixtures.draw(state)
      }
      shown += read.count
    }
    #expect(shown > 0)
  }
}
