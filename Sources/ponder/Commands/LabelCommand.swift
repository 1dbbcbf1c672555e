public import ArgumentParser
import Decoding
import Engine
import Foundation
public import Learning
import Problems
import Reasoning
import Traces

/// `ponder label`: samples solutions, and shows what machines make of their steps.
struct LabelCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "label", abstract: "Label the steps of a model's solutions by machine.",
    discussion: """
      A step is right or wrong for the step checker (exact), by completions from behind it \
      (shepherd: c of N come to the right answer), and by binary search for the first wrong step \
      (omega). With --reference each step's chance of success is estimated by many more \
      completions, and the labels are compared with it. 'ponder recipes prm' trains on such labels.

      Try: ponder label --problem letters/2
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, jsonl }

  @Option(help: ArgumentHelp("A library problem (see 'ponder problems').", valueName: "id"))
  var problem: String?

  @Option(help: "Families of problems, separated by commas; all means every core family.")
  var family: String?

  @Option(help: ArgumentHelp("Problems as JSON Lines, Ponder's or GSM8K's.", valueName: "file"))
  var problems: String?

  @Option(help: "How many problems, of each family.") var count = 10

  @Option(help: "Which problems of families: train, dev or heldout.")
  var split: ProblemSplit = .train

  @Option(help: "\(StepLabeller.Method.names)") var method: StepLabeller.Method = .all

  @Option(
    help: ArgumentHelp(
      "How many completions estimate each step's chance of success; 0 for none.", valueName: "n"))
  var reference = 0

  @Option(help: "\(Format.names)") var format: Format = .text

  @OptionGroup var model: ModelOptions
  @OptionGroup var asked: SettingOptions<LabelSettings>

  func validate() throws {
    guard [problem, family, problems].count(where: { $0 != nil }) == 1 else {
      throw ValidationError("Give one of --problem ID, --family NAME|all and --problems FILE.")
    }
    guard (1...100_000).contains(count) else {
      throw ValidationError("--count must be from 1 to 100000.")
    }
    guard (0...100_000).contains(reference) else {
      throw ValidationError("--reference must be from 0 to 100000.")
    }
  }

  func run() async throws {
    let problems = try chosen()
    guard !problems.isEmpty else { throw UserError.badData("There are no problems to label.") }
    let opened = try model.open()
    let labeller = StepLabeller(
      model: opened, library: try PromptLibrary.bundled(), settings: asked.settings,
      method: method, reference: reference)
    let line = ProgressLine()
    let (result, signal) = try await cancellingOnSignal { () async -> Result<Void, any Error> in
      do {
        try await show(problems, labeller, line)
        return .success(())
      } catch {
        return .failure(error)
      }
    }
    line.clear()
    if case .failure(let error) = result {
      throw error is CancellationError ? ExitCode.interrupted(by: signal ?? SIGINT) : error
    }
  }

  private func chosen() throws -> [Problem] {
    if let problem { return [try ProblemLibrary.problem(id: problem)] }
    if let problems { return Array(try ProblemFile.read(problems).prefix(count)) }
    let families =
      family == "all"
      ? ProblemLibrary.coreFamilies : try (family ?? "").listed.map(ProblemLibrary.family)
    return try families.flatMap { family in
      try (0..<count).map {
        try ProblemLibrary.problem(
          ProblemID(
            family: family.name, split: split, level: nil, seed: asked.settings.seed,
            index: UInt64($0)))
      }
    }
  }

  private func show(
    _ problems: [Problem], _ labeller: StepLabeller, _ line: ProgressLine
  ) async throws {
    let start = ContinuousClock.now
    var calibration = StepCalibration()
    line.show("label", done: 0, of: problems.count)
    let spent = try await labeller.label(problems) { done, spent in
      line.show("label", done: done, of: problems.count, tokens: spent.all)
    } body: { labelled in
      line.clear()
      for problem in labelled {
        calibration.add(problem)
        switch format {
        case .jsonl: try StandardOutput.writeJSON(problem)
        case .text: try StandardOutput.write(LabelText.text(problem))
        }
      }
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    switch format {
    case .jsonl:
      try StandardOutput.writeJSON(Summary(spent: spent, calibration: calibration))
    case .text:
      try StandardOutput.write(LabelText.text(calibration, reference: reference))
      try StandardOutput.write(LabelText.text(spent))
      StandardError.tell(
        String(format: "%.1f s, %.0f tokens/s", seconds, Double(spent.all) / max(seconds, 1e-9)))
    }
  }

  private struct Summary: Encodable {
    var spent: StepLabeller.Spent
    var calibration: StepCalibration
  }
}

extension StepLabeller.Method: ExpressibleByArgument {}

/// Labels as text.
private enum LabelText {
  static func text(_ problem: LabelledProblem) -> String {
    var text = "\(problem.problem)  \(problem.question)  → \(problem.gold)\n"
    for (number, solution) in problem.solutions.enumerated() {
      text += "\nsolution \(number + 1): \(solution.isRight ? "right" : "wrong"), "
      text += "\(solution.tokens) tokens\n"
      text += table(solution.steps).text(solution.steps)
    }
    return text + "\n"
  }

  private static func table(_ steps: [LabelledStep]) -> TextTable<LabelledStep> {
    func mark(_ label: Double?) -> String { label.map { $0 > 0 ? "+" : "-" } ?? "" }
    var columns: [TextTable<LabelledStep>.Column] = [
      .init("exact", 7) { mark($0.exact.map { $0 ? 1 : 0 }) }
    ]
    if steps.contains(where: { $0.completions != nil }) {
      columns += [
        .init("c/N", 9) { step in
          step.completions.map { $0 > 0 ? "\(step.right ?? 0)/\($0)" : "" } ?? ""
        }, .init("soft", 7) { $0.soft.map { String(format: "%.2f", $0) } ?? "" },
        .init("hard", 6) { mark($0.hard) },
      ]
    }
    if steps.contains(where: { $0.omega != nil }) {
      columns.append(.init("omega", 7) { mark($0.omega) })
    }
    if steps.contains(where: { $0.reference != nil }) {
      columns.append(.init("chance", 8) { $0.reference.map { String(format: "%.3f", $0) } ?? "" })
    }
    columns.append(.init("step") { $0.text })
    return TextTable(columns: columns)
  }

  static func text(_ calibration: StepCalibration, reference: Int) -> String {
    var text = ""
    let bins = calibration.bins.filter { $0.steps > 0 }
    if !bins.isEmpty {
      text += "Labels against the chance of success by \(reference) completions:\n"
      text +=
        TextTable<StepCalibration.Bin>(columns: [
          .init("chance", 13) { bin in
            bin.high == 0 ? "0" : String(format: "%.2f – %.2f", bin.low, bin.high)
          }, .init("steps", 9, isNumber: true) { "\($0.steps)" },
          .init("mean", 9, isNumber: true) { fixed($0.chance) },
          .init("soft", 9, isNumber: true) { fixed($0.soft) },
          .init("hard", 9, isNumber: true) { fixed($0.hard) },
          .init("1-(1-p)^N", 11, isNumber: true) { fixed($0.expectedHard) },
        ]).text(bins) + "\n"
    }
    if calibration.firstErrors > 0 {
      text += "first wrong steps from behind which the right answer is still reached: "
      text += "\(calibration.recovered) of \(calibration.firstErrors)\n"
    }
    if calibration.pairs > 0 {
      text += "steps at which the chance rises from 0: \(calibration.risen) of "
      text += "\(calibration.pairs)\n"
    }
    if calibration.searched > 0 {
      text += "wrong solutions in which binary search finds the checker's step: "
      text += "\(calibration.agreed) of \(calibration.searched), a later one in "
      text += "\(calibration.later)\n"
    }
    return text
  }

  static func text(_ spent: StepLabeller.Spent) -> String {
    let parts = [
      ("solutions", spent.solutions), ("shepherd", spent.shepherd), ("omega", spent.omega),
      ("reference", spent.reference),
    ].filter { $0.1 > 0 }
    return "tokens sampled: " + parts.map { "\($0.1) for \($0.0)" }.joined(separator: ", ") + "\n"
  }
}
