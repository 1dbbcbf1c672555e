public import ArgumentParser
import Decoding
import Engine
import Foundation
import Learning
public import Problems

/// `ponder curriculum`: the training documents of the bundled models, as text or as tokens.
struct CurriculumCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "curriculum", abstract: "Write the documents that the bundled models learn from.")

  @Option(help: "How many documents.")
  var documents = 1000

  @Option(help: "The number of the first document.")
  var first = 0

  @Option(help: "The seed that the documents are drawn from.")
  var seed: UInt64 = 1

  @Option(
    help: ArgumentHelp(
      "What the documents are for: base (pre-training), judging (its end) or thinking "
        + "(fine-tuning)."))
  var recipe = CurriculumRecipe.base

  @Option(
    help: ArgumentHelp(
      "Solutions to problems of the training split, as 'ponder sample' writes them: half of the "
        + "candidates that are judged are taken from them.", valueName: "file"))
  var candidates: String?

  @Option(help: "A GGUF file whose vocabulary turns the documents into a token file.")
  var tokenizer: String?

  @Option(help: "With --tokenizer: stop after the document that reaches this many tokens.")
  var tokens: Int?

  @Option(
    help: ArgumentHelp(
      "Writes no documents but a vocabulary of so many tokens, made of their words.",
      valueName: "size"))
  var vocabulary: Int?

  @Option(help: "Where to write; standard output if not given (JSON Lines only).")
  var output: String?

  func validate() throws {
    guard documents >= 0, first >= 0 else {
      throw ValidationError("--documents and --first must not be negative")
    }
    guard tokenizer != nil || tokens == nil else {
      throw ValidationError("--tokens needs a tokenizer: add --tokenizer FILE")
    }
    guard tokenizer == nil || output != nil else {
      throw ValidationError("--tokenizer writes a binary file: add --output FILE")
    }
    if let vocabulary {
      guard VocabularyTraining.sizes.contains(vocabulary) else {
        let sizes = VocabularyTraining.sizes
        throw ValidationError(
          "--vocabulary must be from \(sizes.lowerBound) to \(sizes.upperBound)")
      }
      guard candidates == nil else {
        throw ValidationError("--vocabulary judges nothing: leave --candidates out")
      }
      guard tokenizer == nil else {
        throw ValidationError("--vocabulary makes a tokenizer: leave --tokenizer out")
      }
      guard output != nil else {
        throw ValidationError("--vocabulary writes a binary file: add --output FILE")
      }
    }
  }

  func run() throws {
    let generator = CurriculumGenerator(
      seed: seed, recipe: recipe, candidates: try candidates.map(read))
    if let vocabulary, let output {
      var training = VocabularyTraining()
      for number in first..<(first + documents) { training.read(generator.document(number)) }
      try training.file(size: vocabulary).write(to: output)
    } else if let tokenizer, let output {
      try writeTokens(of: generator, tokenizer: tokenizer, to: output)
    } else {
      try writeText(of: generator)
    }
  }

  private func read(_ path: String) throws -> SampledCandidates {
    do {
      let candidates = try SampledCandidates(try TextFile.read(path))
      StandardError.tell("\(path): \(candidates.summary).")
      return candidates
    } catch let failure as SampledCandidates.Failure {
      throw UserError.badData("\(path), \(failure)")
    }
  }

  private func file(_ path: String) throws -> FileHandle {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw ValidationError("cannot write to \(path)") }
    return file
  }

  private func writeText(of generator: CurriculumGenerator) throws {
    let numbers = first..<(first + documents)
    guard let output else {
      for number in numbers { try StandardOutput.writeJSON(generator.document(number)) }
      return
    }
    let file = try file(output)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var buffer = Data()
    for number in numbers {
      buffer.append(try encoder.encode(generator.document(number)))
      buffer.append(0x0A)
      if buffer.count > 1 << 20 {
        try file.write(contentsOf: buffer)
        buffer.removeAll(keepingCapacity: true)
      }
    }
    try file.write(contentsOf: buffer)
  }

  private func writeTokens(
    of generator: CurriculumGenerator, tokenizer: String, to path: String
  ) throws {
    let vocabulary = try GGUFFile(path: tokenizer).vocabulary()
    guard let end = vocabulary.endOfText.first, vocabulary.count <= 1 << 16 else {
      throw ValidationError("\(tokenizer) has no end-of-text token, or more than 65536 tokens")
    }
    var tokenFile = CurriculumTokens(end: end) { vocabulary.tokenize($0, special: .parse) }
    var number = first
    while tokens.map({ tokenFile.count < $0 }) ?? (number < first + documents) {
      tokenFile.append(generator.document(number))
      number += 1
    }
    try file(path).write(contentsOf: tokenFile.data)
    StandardError.write("\(tokenFile.count) tokens from \(number - first) documents\n")
  }
}

extension CurriculumRecipe: ExpressibleByArgument {}
