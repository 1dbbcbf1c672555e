import ArgumentParser
import Engine
import Foundation
import Learning
import Testing
import Training

@testable import Traces
@testable import ponder

/// `ponder train` as people use it, and all that can come between.
@Suite struct TrainTests {
  /// A training that takes a second or two.
  static let small = [
    "train", "--model", "0.2m", "--family", "compare,coin", "--batch", "4", "--samples", "4",
    "--max-completion-length", "24", "--evaluate-problems", "2", "--votes", "2", "--vote-problems",
    "1", "--heldout", "0", "--rate", "0.001",
  ]

  /// A folder of its own, and a training in it.
  private final class Place {
    let folder: URL
    var output: String { folder.appending(path: "tuned.gguf").path }
    var training: String { output + ".training" }

    init() throws { folder = try Program.temporaryFolder() }
    deinit { try? FileManager.default.removeItem(at: folder) }

    func train(_ more: String..., steps: Int = 4) throws -> Program.Result {
      try Program.run(arguments(more, steps: steps))
    }

    func arguments(_ more: [String], steps: Int = 4) -> [String] {
      TrainTests.small + ["--steps", "\(steps)", "--output", output] + more
    }

    /// Starts the training, waits until it has told of a step, and stops it by a signal.
    ///
    /// - Returns: its exit status, or the signal that ended it.
    func stop(
      by signal: Int32, afterStep step: Int, _ more: String...
    ) throws -> (status: Int32, errors: String) {
      let process = try RunningProgram(arguments(more), in: folder)
      try process.wait { $0.contains("\"step\":\(step),") }
      process.send(signal)
      return process.end()
    }

    var bytes: Data { get throws { try Data(contentsOf: URL(fileURLWithPath: output)) } }
    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
  }

  private func rows(_ result: Program.Result) throws -> [[String: Any]] {
    try result.output.split(separator: "\n").map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
  }

  private static let parent = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Samples/Models/ponder-base-0.2m.F16.gguf").path

  // MARK: What comes out

  @Test func aLineForEachStepAndAModel() throws {
    let place = try Place()
    let result = try place.train(steps: 3)
    try #require(result.status == 0, "\(result.errors)")
    let rows = try rows(result)
    #expect(rows.map { $0["step"] as? Int } == [0, 1, 2, 3, nil])
    for row in rows[1...3] {
      for name in ["loss", "grad_norm", "learning_rate", "reward", "reward_std", "step_time"] {
        #expect(row[name] is Double, "\(name)")
      }
    }
    // Before the first step, then every two steps and at the end.
    #expect(rows.map { $0["eval/accuracy"] is Double } == [true, false, true, true, false])
    #expect((rows[0]["eval/accuracy/ci95"] as? [Double])?.count == 2)
    #expect(rows[0]["eval/think/accuracy"] is Double)
    #expect(rows[0]["eval/coin"] is Double)
    #expect(rows.map { $0["eval/pass@2"] is Double } == [true, false, false, true, false])
    #expect(rows[4]["output"] as? String == place.output)
    #expect(rows[4]["name"] as? String == "0.2m+grpo@3")
    #expect(result.errors.contains("ponder run --model \(place.output)"))
    #expect(!place.exists(place.training))
  }

  /// The table of a training is that of its trace, but for the time that steps took.
  @Test func aTableForPeople() throws {
    let place = try Place()
    let trace = place.folder.appending(path: "t.jsonl").path
    let result = try place.train(
      "--format", "table", "--trace", trace, "--reward", "planted", "--beta", "0.1", steps: 2)
    try #require(result.status == 0, "\(result.errors)")
    let lines = result.output.split(separator: "\n").map(String.init)
    #expect(lines.first?.contains("0.2m on compare, coin, 2 steps, seed 1") == true)
    #expect(lines.allSatisfy { $0.count <= 80 })
    let heading = try #require(lines.first { $0.hasPrefix("step ") })
    for name in ["accuracy", "reasoned", "reward", "exact", "entropy", "dead", "kl"] {
      #expect(heading.contains(name))
    }
    let rows = lines.filter { $0.first == " " && $0.prefix(4).contains(where: \.isNumber) }
    #expect(rows.map { $0.split(separator: " ").first } == ["0", "1", "2"])
    let replayed = try Program.run(["replay", trace]).output.split(separator: "\n")
    #expect(replayed.count == lines.count)
    for (line, replayed) in zip(lines, replayed) { #expect(line.hasPrefix(replayed)) }
  }

  /// What other programs read of the file is what they read of the parent's.
  @Test func theModelIsWrittenLikeItsParent() throws {
    let place = try Place()
    try #require(try place.train(steps: 1).status == 0)
    let (model, parent) = (try GGUFFile(path: place.output), try GGUFFile(path: Self.parent))
    let lineage = try #require(Lineage(model.metadata))
    #expect(lineage.name == "0.2m+grpo@1")
    #expect(lineage.parentHash == parent.identity())
    #expect(try model.metadata.text("general.name") == "0.2m+grpo@1")
    for key in parent.metadata.keys where key != "general.name" {
      #expect(model.metadata[key] == parent.metadata[key], "\(key)")
    }
    #expect(
      Set(model.metadata.keys).subtracting(parent.metadata.keys).allSatisfy {
        $0.hasPrefix("ponder.training.")
      })
    #expect(model.fileType == parent.fileType)
    #expect(model.parameterCount == parent.parameterCount)
  }

  @Test func theModelIsUsedLikeAnyOther() throws {
    let place = try Place()
    try #require(try place.train(steps: 1).status == 0)
    let model = ["--model", place.output]
    let run = try Program.run(["run", "--problem", "apples", "--max-tokens", "4"] + model)
    #expect(run.status == 0, "\(run.errors)")
    let eval = try Program.run(
      ["eval", "--family", "coin", "--count", "1", "--format", "json"] + model)
    #expect(eval.status == 0, "\(eval.errors)")
    let info = try Program.run(["info", place.output])
    #expect(info.output.contains("trained          grpo, 1 step from 0.2m\n"))
    for told in ["on compare, coin", "reward exact", "rate 0.001", "seed 1"] {
      #expect(info.output.contains(told))
    }
    let listed = try Program.run(["models", place.output])
    #expect(listed.output.contains("0.2m+grpo@1 "))
    #expect(listed.output.contains("grpo, 1 step from 0.2m"))
  }

  /// Without a place to write to, the model goes where it is found by its name.
  @Test func trainedModelsAreFoundByTheirNames() throws {
    let data = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: data) }
    let environment = ["XDG_DATA_HOME": data.path]
    func run(_ arguments: String...) throws -> Program.Result {
      try Program.run(arguments, environment: environment)
    }
    let first = try Program.run(Self.small + ["--steps", "1"], environment: environment)
    #expect(first.status == 0, "\(first.errors)")
    #expect(first.errors.contains("ponder run --model 0.2m+grpo@1"))
    let file = data.appending(path: "ponder/models/0.2m+grpo@1.gguf").path
    #expect(FileManager.default.fileExists(atPath: file))
    #expect(
      try run("run", "--model", "0.2m+grpo@1", "--prompt", "a", "--max-tokens", "1").status == 0)
    // A model that was trained can be trained, and says so.
    let second = try Program.run(
      ["train", "--model", "0.2m+grpo@1"] + Self.small.dropFirst(3)
        + ["--steps", "1", "--output", "mine"], environment: environment)
    #expect(second.status == 0, "\(second.errors)")
    let list = try run("models").output
    #expect(list.contains("0.2m+grpo@1+grpo@1 "))
    #expect(list.contains("grpo, 1 step from 0.2m+grpo@1\n"))
    #expect(try run("info", "mine").status == 0)
    let unknown = try run("info", "0.2m+grpo@2")
    #expect(unknown.status == 66)
    #expect(unknown.errors.contains("did you mean 0.2m+grpo@1?"))
    // Two that were trained alike are told apart by their files.
    try FileManager.default.copyItem(
      atPath: file, toPath: data.appending(path: "ponder/models/again.gguf").path)
    let names = try run("models").output
    #expect(names.contains(" again "))
    #expect(try run("info", "again").output.contains("again.gguf"))
  }

  /// What is stopped on its way does not lie in a file that is called after the last step.
  @Test func whatIsStoppedIsNamedByItsStep() throws {
    let data = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: data) }
    let environment = ["XDG_DATA_HOME": data.path]
    let arguments = Self.small + ["--steps", "40"]
    let process = try RunningProgram(arguments, in: data, environment: environment)
    try process.wait { $0.contains("\"step\":1,") }
    process.send(SIGINT)
    #expect(process.end().status == 130)
    let models = data.appending(path: "ponder/models")
    let files = try FileManager.default.contentsOfDirectory(atPath: models.path).filter {
      $0.hasSuffix(".gguf")
    }
    let file = try #require(files.first)
    #expect(files.count == 1)
    let lineage = try #require(
      Lineage(try GGUFFile(path: models.appending(path: file).path).metadata))
    #expect(file == "\(lineage.name).gguf")
    #expect(lineage.steps < 40)
    // Found by the names by which info and run find it.
    let listed = try Program.run(["models", lineage.name], environment: environment)
    #expect(listed.output.contains("\(lineage.name) "), "\(listed.errors)")
    #expect(try Program.run(arguments, environment: environment).status == 0)
    #expect(
      FileManager.default.fileExists(
        atPath: models.appending(path: "0.2m+grpo@40.gguf").path))
  }

  @Test func aFileThatIsThereIsKept() throws {
    let place = try Place()
    try Data("mine".utf8).write(to: URL(fileURLWithPath: place.output))
    try Program.expectFailure(place.arguments([]), status: 64, saying: "--anew")
    #expect(try place.bytes == Data("mine".utf8))
    #expect(try place.train("--anew", steps: 1).status == 0)
    #expect(try GGUFFile(path: place.output).fileType == "F16")
  }

  // MARK: What comes between

  /// However often it is killed, and on however many threads it goes on.
  @Test func aKilledTrainingGoesOnToTheSameBytes() throws {
    let (place, whole) = (try Place(), try Place())
    try #require(try whole.train("--threads", "1").status == 0)
    for step in [0, 1, 3] {
      let killed = try place.stop(by: SIGKILL, afterStep: step)
      #expect(killed.status == SIGKILL)
    }
    let result = try place.train()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try place.bytes == whole.bytes)
    #expect(!place.exists(place.training))
  }

  @Test func aStoppedTrainingKeepsWhatThereIsAndGoesOn() throws {
    let (place, whole) = (try Place(), try Place())
    try #require(try whole.train(steps: 40).status == 0)
    let stopped = try RunningProgram(place.arguments([], steps: 40), in: place.folder)
    try stopped.wait { $0.contains("\"step\":1,") }
    stopped.send(SIGINT)
    let end = stopped.end()
    #expect(end.status == 130)
    #expect(end.errors.contains("The same command goes on from there."))
    let lineage = try #require(Lineage(try GGUFFile(path: place.output).metadata))
    #expect((1..<40).contains(lineage.steps))
    #expect(end.errors.contains("stopped after step \(lineage.steps) of 40"))
    // Not in silence with other settings.
    try Program.expectFailure(
      place.arguments(["--beta", "0.1"], steps: 40), status: 64, saying: "beta was 0 and is 0.1")
    let result = try place.train(steps: 40)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try rows(result).first?["step"] as? Int == lineage.steps + 1)
    #expect(try place.bytes == whole.bytes)
  }

  @Test func aTrainingCanBeginAnew() throws {
    let (place, whole) = (try Place(), try Place())
    try #require(try whole.train().status == 0)
    _ = try place.stop(by: SIGKILL, afterStep: 1, "--seed", "7")
    let result = try place.train("--anew")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try rows(result).first?["step"] as? Int == 0)
    #expect(try place.bytes == whole.bytes)
  }

  /// A file that may not grow stands for a disk that is full.
  @Test func aFullDiskLeavesTheLastCheckpoint() throws {
    let (place, whole) = (try Place(), try Place())
    try #require(try whole.train().status == 0)
    _ = try place.stop(by: SIGKILL, afterStep: 1)
    let full = try RunningProgram(
      shell: "ulimit -f 100; exec \"$0\" \"$@\"", place.arguments([]), in: place.folder)
    let end = full.end()
    #expect(end.status == 1)
    #expect(end.errors.contains("File too large"), "\(end.errors)")
    #expect(end.errors.contains("goes on from"), "\(end.errors)")
    let result = try place.train()
    #expect(result.status == 0, "\(result.errors)")
    #expect(try place.bytes == whole.bytes)
  }

  /// A rate that breaks everything: a clear end, and the weights before that.
  @Test(arguments: ["1e3", "1e9"]) func whatIsNoNumberStopsTraining(rate: String) throws {
    let place = try Place()
    let result = try place.train("--rate", rate, steps: 20)
    #expect(result.status == 1)
    #expect(result.errors.contains("numbers any more"), "\(result.errors)")
    let last = try rows(result).compactMap { $0["step"] as? Int }.last
    if let last, last > 0 {
      #expect(result.errors.contains("The model after step \(last)"), "\(result.errors)")
      #expect(try Program.run(["info", place.output]).status == 0)
    } else {
      #expect(!place.exists(place.output))
    }
  }

  @Test func aTraceGoesOnWithItsTraining() throws {
    let place = try Place()
    let trace = place.folder.appending(path: "t.jsonl").path
    _ = try place.stop(by: SIGKILL, afterStep: 1, "--trace", trace)
    let result = try place.train("--trace", trace)
    #expect(result.status == 0, "\(result.errors)")
    let read = try TraceFile.read(URL(fileURLWithPath: trace))
    let training = try #require(Trace(read.records).trainings[1])
    #expect(training.steps.keys.sorted() == [1, 2, 3, 4])
    #expect(training.evaluations.map(\.step) == [0, 0, 2, 4])
    #expect(training.end?.reason == .completed)
    // The weights that the trace names are kept.
    for weights in training.weights.values {
      #expect(FileManager.default.fileExists(atPath: weights.path), "\(weights.path)")
    }
    let text = try Program.run(["replay", trace])
    #expect(text.status == 0)
    #expect(text.output.contains("grpo"))
    #expect(text.output.contains("with the think prompt"))
  }

  @Test func twoTrainingsOfOneFileAreRefused() throws {
    let place = try Place()
    let first = try RunningProgram(place.arguments([], steps: 400), in: place.folder)
    try first.wait { $0.contains("\"step\":1,") }
    try Program.expectFailure(
      place.arguments([], steps: 400), status: 1, saying: "Another process trains")
    first.send(SIGKILL)
    _ = first.end()
  }

  // MARK: Odd problems

  /// Where no answer is ever right, nothing is learned, and nothing breaks.
  @Test func aConstantRewardChangesNothing() throws {
    let place = try Place()
    let problems = place.folder.appending(path: "one.jsonl")
    try Data(#"{"question": "What is 1 + 1?", "answer": "123456789"}"#.utf8).write(to: problems)
    let result = try Program.run(
      ["train", "--model", "0.2m", "--problems", problems.path]
        + Self.small.dropFirst(5) + ["--steps", "2", "--output", place.output])
    try #require(result.status == 0, "\(result.errors)")
    // One question is too few to keep any of it back.
    #expect(try rows(result).first?["train/accuracy"] is Double)
    #expect(try rows(result).allSatisfy { !$0.keys.contains { $0.hasPrefix("eval/") } })
    let rows = try rows(result).filter { $0["reward"] != nil }
    #expect(rows.map { $0["frac_reward_zero_std"] as? Double } == [1, 1])
    #expect(rows.map { $0["grad_norm"] as? Double } == [0, 0])
    let (trained, parent) = (
      ModelLoader.store(try GGUFFile(path: place.output)),
      ModelLoader.store(try GGUFFile(path: Self.parent))
    )
    #expect(trained.tensorNames.sorted() == parent.tensorNames.sorted())
    for name in parent.tensorNames {
      let tensors = [trained, parent].map { $0.tensor(named: name) }
      let bytes = tensors.map { tensor in
        tensor.map { Data(bytes: $0.data, count: $0.byteCount) } ?? Data()
      }
      #expect(bytes[0] == bytes[1], "\(name)")
    }
  }

  // MARK: What is refused

  @Test(arguments: [
    ("--recipe gpro", 64, "did you mean grpo?"), ("--family compre", 64, "did you mean compare?"),
    ("--family compare --level 9", 64, "its levels are 1 to 4"), ("--level x", 64, "--level"),
    ("--family coin --problems x", 64, "--problems"), ("--problems /no/such", 66, "/no/such"),
    ("--problems x --level 1", 64, "no levels"), ("--steps 0", 64, "--steps"),
    ("--rate x", 64, "rate must be"), ("--heldout -1", 64, "--heldout"),
    ("--top-k 5", 64, "that would be another"), ("--temperature 0", 64, "above 0"),
    ("--recipe star --iterations 2", 64, "2 iterations need at least 2 steps"),
    ("--hints", 64, "does not use --hints"), ("--output /dev/null/x.gguf", 1, "cannot be written"),
    ("--output /", 64, "is a folder"), ("--model 7m", 66, "“7m”"),
    ("--trace /dev/null/x", 1, "/dev/null/x"), ("--samples 1", 64, "2 samples or more"),
    ("--reward exact:0", 64, "0 whatever a sample says"),
  ])
  func whatMakesNoSenseIsRefused(line: String, status: Int32, saying: String) throws {
    let place = try Place()
    let words = line.split(separator: " ").map(String.init)
    let output = words.contains("--output") ? [] : ["--output", place.output]
    try Program.expectFailure(
      ["train", "--model", "0.2m", "--steps", "1"] + words + output, status: status, saying: saying)
    #expect(try FileManager.default.contentsOfDirectory(atPath: place.folder.path).isEmpty)
  }

  @Test(arguments: [
    ("q8_0-gqa-tied", "quantised (Q8_0)"), ("gemma2", "the architecture gemma2"),
    ("llama-experts", "a mixture of experts"),
  ])
  func whatCannotBeTrainedIsRefused(model: String, saying: String) throws {
    let place = try Place()
    try Program.expectFailure(
      ["train", "--model", Program.model(model), "--output", place.output], status: 65,
      saying: saying)
  }

  @Test func aModelIsNotTrainedOverItself() throws {
    let place = try Place()
    try FileManager.default.copyItem(atPath: Self.parent, toPath: place.output)
    try Program.expectFailure(
      ["train", "--model", place.output, "--output", place.output, "--anew"], status: 64,
      saying: "training begins with")
    #expect(try place.bytes == Data(contentsOf: URL(fileURLWithPath: Self.parent)))
  }

  @Test func aModelThatIsTooLargeIsRefused() throws {
    func check(passes: Int = 1000, hasReference: Bool = false, machine: Int = 29_000) throws {
      try TrainingMemory.check(
        parameters: 1000, passes: passes, hasReference: hasReference, name: "m", machine: machine)
    }
    #expect(throws: Never.self) { try check() }
    #expect(throws: UserError.self) { try check(passes: 1001) }
    #expect(throws: UserError.self) { try check(hasReference: true) }
    let error = #expect(throws: UserError.self) { try check(machine: 28_999) }
    #expect(error?.description.contains("29") == true)
    let most = TrainingMemory.bytes(parameters: .max, passes: 1, hasReference: false)
    #expect(most == .max)
  }

  // MARK: Pairs and teachers

  @Test func pairsAndTeachersThatAreNotThereAreToldBeforeTraining() throws {
    let folder = FileManager.default.temporaryDirectory.appending(
      path: "pairs-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let pairs = folder.appending(path: "pairs.jsonl").path
    try "{\"prompt\": \"a\", \"chosen\": \"b\"}\n".write(
      toFile: pairs, atomically: true, encoding: .utf8)
    let output = folder.appending(path: "model.gguf").path
    func train(_ more: String...) -> [String] { ["train", "--output", output] + more }
    try Program.expectFailure(
      train("--recipe", "dpo", "--pairs", pairs), status: 65,
      saying: "pairs.jsonl:1: “rejected” is missing")
    try Program.expectFailure(
      train("--recipe", "tdpo", "--pairs", pairs + "x"), status: 66, saying: "no file")
    try Program.expectFailure(
      train("--recipe", "distill"), status: 64, saying: "learns from a teacher")
    try Program.expectFailure(
      train("--recipe", "distill", "--teacher", "nobody"), status: 66, saying: "“nobody”")
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  // MARK: Recipes

  @Test func recipes() throws {
    let text = try Program.run(["recipes"])
    #expect(text.status == 0)
    #expect(text.errors == "")
    let rows = try #require(
      try JSONSerialization.jsonObject(
        with: Data(try Program.run(["recipes", "--format", "json"]).output.utf8))
        as? [[String: Any]])
    #expect(rows.compactMap { $0["name"] as? String } == RecipeRegistry.names)
    for recipe in RecipeRegistry.all.map({ $0.description }) {
      #expect(text.output.contains(recipe.paper))
      let page = try Program.run(["recipes", recipe.name])
      #expect(page.status == 0, "\(page.errors)")
      #expect(page.output.hasPrefix("# "))
    }
    try Program.expectFailure(["recipes", "gpro"], status: 64, saying: "did you mean grpo?")
    try Program.expectFailure(
      ["recipes", "grpo", "--format", "json"], status: 64, saying: "page is text")
  }

  /// Every setting of a training is an option with its help.
  @Test(arguments: SettingTable.training)
  func everySettingIsAnOption(setting: Setting) {
    let help = SettingOptions<RecipeSettings>.helpMessage(columns: 200)
    #expect(help.contains("--\(setting.name) ") || help.contains("--\(setting.name)\n"))
  }
}
