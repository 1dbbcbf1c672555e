import Decoding
import DecodingFixtures
import Foundation
import Synchronization
import Testing

@testable import Problems
@testable import Reasoning
@testable import Traces

private let prompts = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Samples/Prompts").path

@Suite struct BM25Tests {
  /// The formula, written out for one passage and one query.
  private static func score(_ query: [String], _ passage: [String], _ all: [[String]]) -> Double {
    let mean = Double(all.reduce(0) { $0 + $1.count }) / Double(all.count)
    var sum = 0.0
    for word in Set(query) {
      let n = Double(all.count { $0.contains(word) })
      let f = Double(passage.count { $0 == word })
      guard f > 0 else { continue }
      let idf = log(1 + (Double(all.count) - n + 0.5) / (n + 0.5))
      let length = 0.25 + 0.75 * Double(passage.count) / mean
      sum += idf * f * 2.2 / (f + 1.2 * length)
    }
    return sum
  }

  @Test func theBestAreThoseOfABruteForceSearch() {
    var random = SplitMix64(state: 7)
    let words = (0..<12).map { "w\($0)" }
    func text(_ length: Int) -> [String] {
      (0..<length).map { _ in words[Int(random.next() % UInt64(words.count))] }
    }
    for _ in 0..<60 {
      let all = (0..<15).map { _ in text(1 + Int(random.next() % 20)) }
      let query = text(4)
      let found = BM25(all.map { $0.joined(separator: " ") }).best(
        5, for: query.joined(separator: ", "))
      let scores = all.map { Self.score(query, $0, all) }
      var brute: [(passage: Int, score: Double)] = []
      for (passage, score) in scores.enumerated() where score > 0 { brute.append((passage, score)) }
      brute.sort { a, b in a.score == b.score ? a.passage < b.passage : a.score > b.score }
      #expect(found.count == min(5, brute.count))
      for (a, b) in zip(found, brute) { #expect(abs(a.score - b.score) < 1e-9) }
      // Where scores are told apart, the passages are the same.
      for (a, b) in zip(found, brute)
      where brute.count(where: { abs($0.score - b.score) < 1e-9 }) == 1 {
        #expect(a.passage == b.passage)
      }
    }
  }

  @Test func aNameThatTheQueryRepeatsCountsOnce() {
    let index = BM25(["Leo sings.", "Mia buys pens and pays coins.", "Ann runs."])
    let query = "Leo buys pens. Leo pays. Leo asks Leo how many coins Leo has."
    #expect(index.best(1, for: query).first?.passage == 1)
    let once = "Leo buys pens. pays. asks how many coins has."
    #expect(index.best(9, for: query).map(\.score) == index.best(9, for: once).map(\.score))
  }

  @Test func rareWordsCountMoreAndWordsOfNoneNothing() {
    let index = BM25(["the red pear", "the blue plum", "the green fig", "the the the"])
    #expect(index.best(1, for: "the pear").first?.passage == 0)
    #expect(index.best(9, for: "zebra").isEmpty)
    #expect(BM25([]).best(3, for: "a").isEmpty)
  }
}

@Suite struct PassageCorpusTests {
  @Test func everyPassageResolvesToItsBytes() throws {
    let folder = prompts + "/few-shot"
    let corpus = try PassageCorpus.read(folder)
    #expect(corpus.passages.count > 50)
    for passage in corpus.passages {
      let file = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(passage.source)"))
      #expect(Array(file)[passage.bytes].elementsEqual(passage.text.utf8))
    }
  }

  @Test(arguments: [
    ("a b\nc\n\n\nd", ["a b\nc", "d"]), ("# Title\none\n# two\nthree\n", ["one", "three"]),
    ("x \r\ny\r\n\r\nz", ["x \r\ny", "z"]), ("", []), ("\n \n", []), ("é\n\nü", ["é", "ü"]),
  ])
  func passagesStandBetweenBlankLines(text: String, expected: [String]) throws {
    let bytes = Array(text.utf8)
    let passages = try PassageCorpus.passages(of: bytes, source: "s", path: "p")
    #expect(passages.map(\.text) == expected)
    #expect(passages.allSatisfy { bytes[$0.bytes].elementsEqual($0.text.utf8) })
  }

  @Test func whatCannotBeReadIsSaidInOneLine() throws {
    #expect(throws: TextFileError.missing(path: "/no/such")) {
      try PassageCorpus.read("/no/such")
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(throws: TextFileError.self) { try PassageCorpus.read(folder.path) }
    try Data([0xFF, 0xFE]).write(to: folder.appending(path: "a.txt"))
    #expect(throws: TextFileError.self) { try PassageCorpus.read(folder.path) }
  }
}

@Suite struct RetrievalTests {
  private static let question = "How many pears?"
  private static let gold = "There are eight pears."
  private static let other = "How blue a sky is."
  private static let pieces = [
    "Q: How many pears?\nA:", gold, other, "\n\n", " So.", " The answer is", " 8", " 5", ".",
    "<end>",
  ]

  /// Says 8 rather than 5 where the passage stands before the question that says so.
  private static func model() -> TableLanguageModel {
    TableLanguageModel(name: "reader", pieces: pieces, end: 9) { prefix in
      switch prefix.last {
      case 0: return [4: 1]
      case 4: return [5: 1]
      case 5: return prefix.contains(1) ? [6: 0.9, 7: 0.1] : [6: 0.3, 7: 0.7]
      case 6, 7: return [8: 1]
      default: return [9: 1]
      }
    }
  }

  private static func run(_ corpus: String) async throws -> RunTrace {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString + ".txt")
    try Data(corpus.utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let log = Mutex<[TraceRecord]>([])
    await Retrieve().run(
      Question(text: question, gold: "8", kind: .number),
      settings: RunSettings(corpus: file.path, passages: 2),
      decoder: Decoder(model: model(), slots: 4), library: PromptLibrary(directory: prompts)
    ) { record in log.withLock { $0.append(record) } }
    return try #require(Trace(log.withLock { $0 }).runs[1])
  }

  @Test func thePassageThatCountsIsFoundCitedAndMeasured() async throws {
    let corpus = "\(Self.other)\n\n\(Self.gold)\n"
    let run = try await Self.run(corpus)
    #expect(run.end?.answer == "8")
    let cited = run.retrievals.map { Array(corpus.utf8)[$0.start..<$0.end] }
    #expect(cited.map { String(decoding: $0, as: UTF8.self) } == [Self.gold, Self.other])
    #expect(run.retrievals.map(\.rank) == [1, 2])
    #expect(run.retrievals[0].score > run.retrievals[1].score)
    // Each is where it is said to be in the prompt.
    for (found, piece) in zip(run.retrievals, [TokenID(1), 2]) {
      let node = try #require(found.first.flatMap { run.nodes[$0] })
      #expect(node.token.id == piece)
      #expect(node.origin == .prompt)
      #expect(found.first == found.last)
    }
    let shift = try #require(run.paths[0]?.score(.contextShift))
    let difference = log(0.9 / 0.3)
    #expect(abs(shift.value - difference) < 1e-5)
    let terms = try #require(shift.terms)
    #expect(terms.count == 2)
    #expect(abs(terms[0] - difference) < 1e-5)
    #expect(abs(terms[1]) < 1e-6)
  }

  @Test func withoutThatPassageEvidenceAndAnswerAreOthers() async throws {
    let corpus = "\(Self.other)\n"
    let run = try await Self.run(corpus)
    #expect(run.end?.answer == "5")
    #expect(run.retrievals.count == 1)
    let shift = try #require(run.paths[0]?.score(.contextShift))
    #expect(abs(shift.value) < 1e-6)
  }

  @Test func aWorkedExampleOfTheQuestionItselfIsNotRetrieved() throws {
    let library = PromptLibrary(directory: prompts)
    let corpus = try PassageCorpus.read(prompts + "/few-shot")
    let example = try #require(corpus.passages.first { $0.text.hasPrefix("Q:") })
    let question = Exemplar(text: example.text).question
    let found = try library.retrieved(5, for: question, from: prompts + "/few-shot")
    #expect(found.count == 5)
    #expect(!found.contains { $0.passage == example })
    #expect(zip(found, found.dropFirst()).allSatisfy { $0.score >= $1.score })
  }
}
