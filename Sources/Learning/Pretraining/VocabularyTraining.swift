public import Engine
import Foundation
public import Problems

/// Makes the vocabulary of the bundled models from documents: byte-level BPE of the gpt2 type (Sennrich
/// et al. 2016, algorithm 1, with merges of one kind only).
///
/// Every merge joins a piece that begins with a space to one more character. So a frequent word is one
/// token where it stands in a sentence, a word in quotation marks is always spelled letter by letter,
/// and digits never join each other. All 256 bytes are tokens, so that any text has tokens; the last
/// three are `<think>`, `</think>` and the end of text.
public struct VocabularyTraining: Sendable {
  /// How often each word stands behind a space, without the space.
  private var words: [[UInt8]: Int] = [:]

  /// What is joined to a space in any case.
  private static let singles = Array(
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-*=<>(|\"".utf8)
  private static let controls = ["<think>", "</think>", "<|endoftext|>"]

  /// The sizes that a vocabulary can have: token files have room for no more.
  public static let sizes = 256 + singles.count + controls.count...1 << 16

  public init() {}

  /// Counts the words of a document, segment by segment, as they are tokenised.
  public mutating func read(_ document: CurriculumDocument) {
    for segment in document.segments { read(segment.text) }
  }

  mutating func read(_ text: String) {
    var word: [UInt8]?
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    for byte in text.utf8 {
      if word != nil, isLetter(byte) {
        word?.append(byte)
      } else {
        if let word, !word.isEmpty { words[word, default: 0] += 1 }
        word = byte == 0x20 ? [] : nil
      }
    }
    if let word, !word.isEmpty { words[word, default: 0] += 1 }
  }

  /// Pieces behind a space, each with what it is joined to, in the order in which they are joined.
  private func merges(_ count: Int) -> [(left: [UInt8], right: UInt8)] {
    var merges: [(left: [UInt8], right: UInt8)] = Self.singles.map { ([], $0) }
    var counts: [[UInt8]: Int] = [:]
    var continuations: [[UInt8]: Set<UInt8>] = [:]
    for (word, number) in words {
      for length in 1..<max(1, word.count) {
        let piece = Array(word.prefix(length))
        continuations[piece, default: []].insert(word[length])
        counts[piece + [word[length]], default: 0] += number
      }
    }
    var open: [(left: [UInt8], right: UInt8, count: Int)] = []
    func follow(_ piece: [UInt8]) {
      for right in continuations[piece] ?? [] {
        open.append((piece, right, counts[piece + [right]] ?? 0))
      }
    }
    for single in Self.singles { follow([single]) }
    /// Of equally frequent ones the last in the alphabet.
    func precedes(
      _ a: (left: [UInt8], right: UInt8, count: Int), _ b: (left: [UInt8], right: UInt8, count: Int)
    ) -> Bool {
      if a.count != b.count { return a.count < b.count }
      if a.left != b.left { return a.left.lexicographicallyPrecedes(b.left) }
      return a.right < b.right
    }
    while merges.count < count, let best = open.indices.max(by: { precedes(open[$0], open[$1]) }) {
      let next = open.remove(at: best)
      merges.append((next.left, next.right))
      follow(next.left + [next.right])
    }
    return merges
  }

  /// A file that holds the vocabulary alone.
  ///
  /// - Parameter size: how many tokens it has at most; one of `sizes`.
  public func file(size: Int) -> GGUFWriter {
    let bytes = ByteAlphabet.spellings.map { String(decoding: $0, as: UTF8.self) }
    let merges = merges(size - 256 - Self.controls.count)
    let spelled = merges.map { merge in
      (
        left: ([0x20] + merge.left).map { bytes[Int($0)] }.joined(),
        right: bytes[Int(merge.right)]
      )
    }
    let tokens = bytes + spelled.map { $0.left + $0.right } + Self.controls
    let end = UInt32(tokens.count - 1)
    // GGUF's numbers: the tags of thinking are text that a user sees, the end of text is not.
    let (normal, control, userDefined): (Int32, Int32, Int32) = (1, 3, 4)
    let kinds =
      Array(repeating: normal, count: tokens.count - Self.controls.count)
      + [userDefined, userDefined, control]
    var writer = GGUFWriter()
    writer.set("general.architecture", to: .string("llama"))
    writer.set("tokenizer.ggml.model", to: .string("gpt2"))
    writer.set("tokenizer.ggml.pre", to: .string("gpt-2"))
    writer.set("tokenizer.ggml.tokens", to: .array(tokens))
    writer.set("tokenizer.ggml.token_type", to: .array(kinds))
    writer.set("tokenizer.ggml.merges", to: .array(spelled.map { "\($0.left) \($0.right)" }))
    writer.set("tokenizer.ggml.bos_token_id", to: .uint32(end))
    writer.set("tokenizer.ggml.eos_token_id", to: .uint32(end))
    writer.set("tokenizer.ggml.add_bos_token", to: .bool(true))
    writer.set("tokenizer.ggml.add_eos_token", to: .bool(false))
    return writer
  }
}
