import ArgumentParser
import Decoding
import Engine
import Foundation
import Learning
import Problems
import Reasoning
import Traces

/// `ponder sample`: a model's own solutions of many problems, to learn to judge from.
struct SampleCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sample", abstract: "Sample a model's solutions of many problems to a file.",
    discussion: """
      Each line of the file is a problem with what the model said to it: "problem" (its id), \
      "question", "answer", "completions", whether each is right ("correct") and Σ log p of its tokens \
      ("log_probabilities"). 'ponder curriculum --recipe judging --candidates FILE' takes such a file.

      What is done is kept in FILE.part: after an interruption, give the same command again.
      """)

  @OptionGroup var source: ProblemOptions

  @Option(help: "How many problems per family.")
  var count = 100

  @Option(help: "Which problems: train, dev or heldout.")
  var split: ProblemSplit = .train

  @Option(help: "One level only.")
  var level: Int?

  @Option(help: ArgumentHelp("Where to write: JSON Lines.", valueName: "file"))
  var output: String

  @OptionGroup var model: ModelOptions
  @OptionGroup var asked: SettingOptions<SampleSettings>

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be 1 or more.") }
    if source.problems != nil, level != nil {
      throw ValidationError("Problems from a file have no levels: use --family.")
    }
  }

  func run() async throws {
    let problems = try problemsAsked()
    let place = URL(fileURLWithPath: output)
    guard !FileManager.default.fileExists(atPath: place.path) else {
      throw UserError.usage("\(output) is there already: remove it, or give another --output.")
    }
    let sampler = SolutionSampler(
      model: try model.decoder(parallel: 1).model, library: try .bundled(),
      settings: asked.settings)
    let file = try PartialLines(place)
    let before = try done(file, of: problems, by: sampler)
    let (done, signal) = try await cancellingOnSignal {
      try await sample(problems, from: before, with: sampler, to: file)
    }
    if let signal {
      StandardError.tell(
        "stopped after \(done) of \(problems.count) problems; the same command goes on from there.")
      throw ExitCode.interrupted(by: signal)
    }
    try file.complete()
    StandardError.tell("\(problems.count) problems, \(sampler.samples) solutions each: \(output)")
  }

  private func problemsAsked() throws -> [Problem] {
    if let problems = try source.ofFile(count: count) { return problems }
    return try source.families().flatMap {
      try ProblemLibrary.problems(
        family: $0.name, split: split, level: level, count: count, seed: asked.settings.seed)
    }
  }

  /// How many problems are done already.
  private func done(
    _ file: PartialLines, of problems: [Problem], by sampler: SolutionSampler
  ) throws -> Int {
    for (index, line) in file.lines.enumerated() {
      let read = try? JSONDecoder().decode(SampledSolutions.self, from: line)
      guard index < problems.count, let read, sampler.made(read, of: problems[index]) else {
        throw UserError.usage(
          "\(file.part.path) has the beginning of other samples: remove it, or give another --output."
        )
      }
    }
    return file.lines.count
  }

  /// Samples the rest, a few problems at a time, and returns how many are done in all.
  private func sample(
    _ problems: [Problem], from before: Int, with sampler: SolutionSampler, to file: PartialLines
  ) async throws -> Int {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let progress = ProgressLine()
    defer { progress.clear() }
    let size = max(1, Self.paths / sampler.samples)
    var done = before
    while done < problems.count, !Task.isCancelled {
      progress.show("sampling", done: done, of: problems.count, before: before)
      let batch = Array(problems[done..<min(problems.count, done + size)])
      do {
        for line in try await sampler.sample(batch, first: done) {
          try file.append(try encoder.encode(line))
        }
      } catch is CancellationError {
        break
      }
      done += batch.count
    }
    return done
  }

  /// About how many paths are sampled at once.
  private static let paths = 256
}

/// Lines that are written beside their file's place until all are there.
private final class PartialLines: Sendable {
  private let place: URL
  let part: URL
  /// What was there when it was opened. A line that was cut off is left out.
  let lines: [Data]

  init(_ place: URL) throws {
    self.place = place
    part = place.appendingPathExtension("part")
    let found = (try? Data(contentsOf: part)) ?? Data()
    let whole = found.prefix((found.lastIndex(of: 0x0A) ?? -1) + 1)
    lines = whole.split(separator: 0x0A).map { Data($0) }
    if FileManager.default.fileExists(atPath: part.path) {
      let file = try FileHandle(forWritingTo: part)
      defer { try? file.close() }
      try file.truncate(atOffset: UInt64(whole.count))
    } else {
      try Data().write(to: part, options: .withoutOverwriting)
    }
  }

  func append(_ line: Data) throws {
    let file = try FileHandle(forWritingTo: part)
    defer { try? file.close() }
    try file.seekToEnd()
    try file.write(contentsOf: line + [0x0A])
  }

  func complete() throws {
    let file = try FileHandle(forWritingTo: part)
    try file.synchronize()
    try file.close()
    guard rename(part.path, place.path) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }
}
