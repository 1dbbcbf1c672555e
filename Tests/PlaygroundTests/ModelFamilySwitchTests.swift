import Decoding
import Foundation
import Reasoning
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

extension Play {
  /// Sizes of .1, .9 and 2 million weights, checkpoints and a think variant of the largest.
  static let family: ModelFamily = {
    func member(
      _ size: String, _ parameters: Int, _ stage: FamilyMember.Stage, _ millions: Int
    ) -> FamilyMember {
      let name = "\(stage.rawValue)-\(size.lowercased())-\(millions)"
      return FamilyMember(
        size: size, parameters: parameters, stage: stage, tokensSeen: millions * 1_000_000,
        fileType: "F16", bytes: parameters * 2, path: "Samples/Models/\(name).gguf")
    }
    let files =
      [
        member("0.1M", 107_000, .base, 39), member("0.9M", 902_000, .base, 39),
        member("2M", 2_090_000, .think, 42),
      ] + [8, 16, 24, 39].map { member("2M", 2_090_000, .base, $0) }
    return ModelFamily(files, standard: "Samples/Models/base-2m-39.gguf")
  }()

  /// With the family, one of which is loaded, and another model.
  init(_ width: Int, _ height: Int, loaded name: String) {
    self.init(width, height)
    state.catalog.family = Play.family
    state.catalog.models = [
      .init(name: "apples", path: "apples", detail: "toy table")
    ]
    load(name)
  }

  mutating func load(_ name: String) {
    var summary = Fixtures.summary
    summary.member = Play.family.member(named: name)
    summary.path = summary.member?.path ?? name
    state.model = .ready(summary)
  }

  /// The file of the model that was asked for last.
  var opened: String? {
    if case .model(.load(let path)) = effects.last { path } else { nil }
  }
}

@Suite struct ModelFamilySwitchTests {
  @Test(arguments: [(80, 24), (60, 16), (200, 60)]) func pictures(size: (Int, Int)) {
    func check(_ name: String, _ model: String, _ act: (inout Play) -> Void) {
      var play = Play(size.0, size.1, loaded: model)
      act(&play)
      Snapshot.check(
        Fixtures.draw(play.state), named: "popup-family-\(name)-\(size.0)x\(size.1)")
    }
    check("final", "2m") { $0.type("m") }
    check("checkpoint", "2m@16M") {
      $0.type("m")
      $0.press(.left)
    }
    check("think", "0.9m") {
      $0.type("m")
      $0.press(.down, .tab)
    }
    check("typed", "2m") { $0.type("m2m@8") }
  }

  @Test func popupMovesAlongTheAxes() {
    var play = Play(80, 24, loaded: "2m")
    play.type("m")
    play.press(.left, .left)
    #expect(play.models?.chosen(Play.family)?.tokens == "16M")
    // Another size has no such checkpoint; coming back finds it again.
    play.press(.up)
    #expect(play.models?.chosen(Play.family)?.title == "base 0.9M @39M tokens")
    play.press(.left)
    #expect(play.models?.chosen(Play.family)?.title == "base 0.9M @39M tokens")
    play.press(.down)
    #expect(play.models?.chosen(Play.family)?.tokens == "16M")
    play.press(.tab)
    #expect(play.models?.chosen(Play.family)?.stage == .think)
    play.press(.right, .tab, .left, .enter)
    #expect(play.opened == "Samples/Models/base-2m-24.gguf")
    #expect(play.models?.wanted == play.opened)
    // Behind the sizes come the other models, where the axes mean nothing.
    play.press(.down, .down, .tab, .left, .enter)
    #expect(play.opened == "apples")
  }

  @Test func namesAreTypedInThePopup() {
    var play = Play(80, 24, loaded: "0.9m")
    play.type("mthink")
    play.press(.enter)
    #expect(play.opened == "Samples/Models/think-2m-42.gguf")
    // An arrow moves in what is typed.
    play.type("m")
    play.press(.left)
    #expect(play.models?.field.text == "thinkm")
  }

  @Test func keysSwitchAtOnce() {
    var play = Play(80, 24, loaded: "2m@16M")
    play.type("<")
    #expect(play.opened == "Samples/Models/base-2m-8.gguf")
    play.type(">")
    #expect(play.opened == "Samples/Models/base-2m-24.gguf")
    play.type("B")
    #expect(play.opened == "Samples/Models/think-2m-42.gguf")
    play.type("M")
    #expect(play.opened == "Samples/Models/base-0.1m-39.gguf")
    #expect(play.state.question == Fixtures.question, "the prompt stays")
    play.load("0.1m")
    for (key, fragment) in [
      ("<", "no earlier checkpoint than base 0.1M"), (">", "no later checkpoint"),
      ("B", "no other stage"),
    ] {
      let before = play.effects.count
      play.type(key)
      #expect(play.effects.count == before)
      #expect(play.state.message?.text.contains(fragment) == true)
    }
    play.load("apples")
    play.type("M")
    #expect(play.state.message?.text.contains("no other sizes") == true)
    play.state.model = .none
    play.type("M")
    #expect(play.state.message?.text.contains("press m") == true)
  }

  @Test(arguments: [
    ("0.9m", "Samples/Models/base-0.9m-39.gguf"), ("2m@8M", "Samples/Models/base-2m-8.gguf"),
    ("2M@24", "Samples/Models/base-2m-24.gguf"), ("think", "Samples/Models/think-2m-42.gguf"),
    ("base-2m-16", "Samples/Models/base-2m-16.gguf"), ("apples", "apples"),
    ("./2m", "./2m"), ("mine.gguf", "mine.gguf"), ("~/mine", "~/mine"),
  ])
  func commandLine(name: String, path: String) {
    var play = Play(80, 24, loaded: "2m")
    play.type(":model \(name)")
    play.press(.enter)
    #expect(play.opened == path)
    #expect(play.state.popups.isEmpty)
  }

  @Test func unknownNamesAreToldWithTheKnownOnes() {
    var play = Play(80, 24, loaded: "2m")
    play.type(":model 5m")
    play.press(.enter)
    #expect(play.opened == nil)
    #expect(
      play.line?.error == "there is no model “5m”; give a path, or one of 0.1m, 0.9m, 2m, "
        + "2m@8M, 2m@16M, 2m@24M, 2m-think, think")
    var other = Play(80, 24)
    other.type(":model 5m")
    other.press(.enter)
    #expect(other.opened == "5m", "without a family anything is a path")
  }

  @Test func namesAreCompleted() {
    var play = Play(80, 24, loaded: "2m")
    play.type(":model 2m@")
    #expect(play.line?.completion.candidates.map(\.title) == ["2m@8M", "2m@16M", "2m@24M"])
    play.press(.tab, .tab, .enter)
    #expect(play.opened == "Samples/Models/base-2m-16.gguf")
    play.type(":model th")
    play.press(.tab, .enter)
    #expect(play.opened == "Samples/Models/think-2m-42.gguf")
  }

  @Test func statusLineTellsThePlaceInTheFamily() {
    let play = Play(80, 24, loaded: "2m@8M")
    #expect(play.text.contains(" base 2M @8M tokens  2 threads"))
  }
}

/// What a session leaves on disk.
@MainActor @Suite struct SessionKeepingTests {
  private let file = FileManager.default.temporaryDirectory
    .appending(path: "\(UUID().uuidString).jsonl")

  private func driver() -> Driver {
    let file = file
    return Driver(keep: { try TraceJournal(at: $0 ?? file) })
  }

  private var isThere: Bool { FileManager.default.fileExists(atPath: file.path) }

  @Test(.timeLimit(.minutes(10))) func openingAndClosingLeavesNoFile() async {
    let driver = driver()
    await driver.start()
    await driver.finish()
    #expect(!isThere)
  }

  @Test(.timeLimit(.minutes(10))) func whatCameFirstIsKeptWithWhatFollows() async throws {
    defer { try? FileManager.default.removeItem(at: file) }
    let driver = driver()
    await driver.start()
    driver.press(KeyEvent(.right))
    await driver.settle()
    await driver.finish()
    let trace = Trace(try TraceFile.read(file).records)
    #expect(trace.runs == driver.state.trace.runs)
    #expect(trace.runs[1]?.start?.strategy == Exploration.strategyName)
    #expect(trace.runs[1]?.promptEnd == driver.state.decode.promptEnd)
  }

  @Test(.timeLimit(.minutes(10))) func savingKeepsTheBeginning() async throws {
    let copy = file.appendingPathExtension("copy")
    defer { for url in [file, copy] { try? FileManager.default.removeItem(at: url) } }
    let driver = driver()
    await driver.start()
    driver.type(":save \(copy.path)")
    driver.press(KeyEvent(.enter))
    await driver.wait { $0.message?.text.contains("Saved") == true }
    await driver.finish()
    #expect(Trace(try TraceFile.read(copy).records).runs.count == 1)
  }
}
