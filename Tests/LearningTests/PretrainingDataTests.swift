import Decoding
import Engine
import EngineFixtures
import Foundation
import Problems
import Testing
import Training

@testable import Learning

/// Token files, the batches made of them, and vocabularies.
@Suite struct PretrainingDataTests {
  // MARK: Token files

  @Test("a token file says what was written")
  func tokenFile() throws {
    let file = try PretrainingTests.tokens()
    #expect(file.documentCount == PretrainingTests.documents.count)
    let vocabulary = try #require(PretrainingTests.vocabulary).vocabulary()
    for (document, range) in zip(PretrainingTests.documents, file.documents) {
      let inner = file.ids[range].dropFirst().dropLast().map { TokenID($0) }
      #expect(String(decoding: vocabulary.bytes(of: inner), as: UTF8.self) == document.text)
      #expect(file.weights[range.upperBound] == 10)
    }
  }

  @Test("damaged token files are refused")
  func damaged() throws {
    let data = try PretrainingTests.tokenData()
    for length in Array(0..<40) + Array(stride(from: 40, to: data.count, by: 991)) {
      #expect(throws: TokenFileError.self, "\(length) bytes") {
        try TokenFile(data.prefix(length), path: "tokens")
      }
    }
    #expect(throws: TokenFileError.tooLong(path: "tokens")) {
      try TokenFile(data + [0], path: "tokens")
    }
    for byte in 0..<16 {
      var damaged = data
      damaged[byte] ^= 0x80
      #expect(throws: TokenFileError.self, "byte \(byte)") {
        try TokenFile(damaged, path: "tokens")
      }
    }
    var open = data
    open[16] ^= 1
    #expect(throws: TokenFileError.noDocuments(path: "tokens")) {
      try TokenFile(open, path: "tokens")
    }
    #expect(throws: TokenFileError.self) { try TokenFile(path: "/nowhere/tokens.bin") }
  }

  @Test("tokens of another vocabulary are refused")
  func otherVocabulary() throws {
    var training = VocabularyTraining()
    training.read(CurriculumGenerator(seed: 1).document(0))
    let smaller = try GGUFFile(bytes: training.file(size: 340).encoded()).vocabulary()
    let file = try PretrainingTests.tokens()
    #expect(throws: TokenFileError.self) { try file.check(against: smaller, path: "tokens") }
    let own = try #require(PretrainingTests.vocabulary).vocabulary()
    #expect(throws: Never.self) { try file.check(against: own, path: "tokens") }
  }

  // MARK: Batches

  static func batches(seed: UInt64 = 1) throws -> PretrainingBatches {
    PretrainingBatches(
      try PretrainingTests.tokens(), lengths: [64, 128, 256], batchTokens: 512, seed: seed)
  }

  @Test("rows hold whole documents, none of them twice in a pass")
  func rows() throws {
    var batches = try Self.batches()
    var seen: Set<ClosedRange<Int>> = []
    var lengths: Set<Int> = []
    let first = try batches.next()
    var batch = first
    repeat {
      lengths.insert(batch.rowLength)
      #expect(batch.tokenCount == 512)
      for row in batch.rows {
        #expect(row.reduce(0) { $0 + $1.count - 1 } <= batch.rowLength)
        for document in row { #expect(seen.insert(document).inserted) }
      }
      batch = try batches.next()
      // Another pass has begun once a document comes again.
    } while !batch.rows.contains { $0.contains(where: seen.contains) }
    #expect(lengths.isSuperset(of: [128, 256]))
    #expect(seen.count > 30)
  }

  @Test("skipped batches are those that would have come", arguments: [0, 1, 5, 30])
  func skipping(_ count: Int) throws {
    var (walked, skipped) = (try Self.batches(), try Self.batches())
    for _ in 0..<count { _ = try walked.next() }
    try skipped.skip(count)
    for _ in 0..<10 { #expect(try walked.next().rows == skipped.next().rows) }
  }

  @Test("another seed, and another pass, have another order")
  func order() throws {
    var (one, two) = (try Self.batches(), try Self.batches(seed: 2))
    let first = try (0..<8).map { _ in try one.next().rows }
    #expect(try (0..<8).map { _ in try two.next().rows } != first)
    var later: [[[ClosedRange<Int>]]] = []
    for _ in 0..<40 { later.append(try one.next().rows) }
    #expect(!(0...32).contains { Array(later[$0..<$0 + 8]) == first })
  }

  @Test("too few documents are an error, not an endless search")
  func tooFew() throws {
    var batches = PretrainingBatches(
      try PretrainingTests.tokens(), lengths: [4096], batchTokens: 1 << 20, seed: 1)
    #expect(throws: TokenFileError.tooFewDocuments) { try batches.next() }
  }

  @Test("every token that counts is asked once, after all that stands before it in its row")
  func packing() throws {
    var batches = try Self.batches()
    let file = try PretrainingTests.tokens()
    let configuration = ModelConfiguration.tiny(
      layers: 1, heads: 1, kvHeads: 1, headSize: 8, width: 8, feedForward: 8, vocabulary: 400)
    let pass = try TrainingPass(
      configuration, copying: InMemoryWeightStore.llama(configuration, format: .f32),
      name: "tiny", threads: 1)
    let batch = try batches.next()
    let (rows, weights) = batches.packed(batch)
    let told = try pass.forward(rows).logProbabilities
    var expected: (weights: [Float], logs: [Float]) = ([], [])
    for row in batch.rows {
      let places = row.flatMap { $0.dropFirst() }
      var whole = PackedRows()
      whole.add(prompt: [file.end], continuations: [places.map { TokenID(file.ids[$0]) }])
      let logs = try pass.forward(whole).logProbabilities
      for (place, log) in zip(places, logs) where file.weights[place] > 0 {
        expected.weights.append(Float(file.weights[place]) / 10)
        expected.logs.append(log)
      }
    }
    #expect(weights == expected.weights)
    #expect(told == expected.logs)
    #expect(rows.count < batch.tokenCount, "room that is left over takes no row")
  }

  // MARK: Vocabularies

  @Test("a vocabulary spells any text, and digits one by one")
  func vocabulary() throws {
    let vocabulary = try #require(PretrainingTests.vocabulary).vocabulary()
    #expect(vocabulary.count == 400)
    func pieces(_ text: String) -> [String] {
      vocabulary.tokenize(text, special: .parse).filter { !vocabulary.endOfText.contains($0) }
        .map { String(decoding: vocabulary.bytes(of: [$0]), as: UTF8.self) }
    }
    func text(_ tokens: [TokenID]) -> String {
      let tokens = tokens.filter { !vocabulary.endOfText.contains($0) }
      return String(decoding: vocabulary.bytes(of: tokens), as: UTF8.self)
    }
    for example in ["Q: 12 + 345 = ?\nA:", "übermäßig 🦊", " \"answer\"", "<think>a</think>"] {
      #expect(text(vocabulary.tokenize(example, special: .parse)) == example)
    }
    #expect(pieces(" 5") == [" 5"])
    #expect(pieces(" 12") == [" 1", "2"])
    #expect(pieces(" the") == [" the"])
    #expect(pieces("the").count == 3)
    #expect(pieces("<think>") == ["<think>"])
  }

  @Test("the same documents make the same vocabulary, in any order")
  func determinism() throws {
    var (forward, backward) = (VocabularyTraining(), VocabularyTraining())
    PretrainingTests.documents.forEach { forward.read($0) }
    PretrainingTests.documents.reversed().forEach { backward.read($0) }
    #expect(forward.file(size: 500).encoded() == backward.file(size: 500).encoded())
  }

  @Test("the most frequent word is joined first")
  func frequency() throws {
    var training = VocabularyTraining()
    training.read(" zebra zebra zebra apple apple \"zoo\" 99 zebra")
    let vocabulary = try GGUFFile(bytes: training.file(size: 334).encoded()).vocabulary()
    func count(_ text: String) -> Int {
      vocabulary.tokenize(text, special: .parse).filter { !vocabulary.endOfText.contains($0) }
        .count
    }
    #expect(count(" zebra") == 1)
    #expect(count(" apple") == 5)
  }
}
