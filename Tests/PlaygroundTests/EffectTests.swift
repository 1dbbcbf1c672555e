import Decoding
import Foundation
import Reasoning
import TerminalUI
import Testing

@testable import Playground
@testable import TerminalFixtures
@testable import Traces

/// Every effect ends in exactly one action, however it ends.
@Suite(.timeLimit(.minutes(10))) @MainActor struct EffectEndingTests {
  /// Does something with a session at work, ends it, and gives what came of it.
  private func bench(
    isStarted: Bool = true, _ act: (EffectBench) async throws -> Void
  ) async throws -> [EffectEnd] {
    let bench = try await EffectBench()
    defer { bench.remove() }
    if isStarted { await bench.start() }
    try await act(bench)
    await bench.finish()
    return bench.ends
  }

  @Test(arguments: EffectKind.allCases) func whenDone(kind: EffectKind) async throws {
    let ends = try await bench { bench in
      #expect(EffectKind(of: bench.effect(kind)) == kind)
      bench.session.perform(bench.effect(kind))
      await bench.wait(for: kind)
    }
    #expect(ends == [EffectEnd(kind, .done)])
  }

  @Test(arguments: EffectKind.allCases) func whenItFails(kind: EffectKind) async throws {
    var fails = true
    let ends = try await bench { bench in
      let effect = bench.failing(kind)
      fails = effect != nil
      bench.session.perform(effect ?? bench.effect(kind))
      await bench.wait(for: kind)
    }
    #expect(ends == [EffectEnd(kind, fails ? .failed : .done)])
  }

  @Test(arguments: EffectKind.allCases) func withoutAModel(kind: EffectKind) async throws {
    let ends = try await bench(isStarted: false) { bench in
      bench.session.perform(bench.effect(kind))
      await bench.wait(for: kind)
    }
    #expect(ends.map(\.kind) == [kind])
    let needsModel = EffectKind.onTheModel + [.explore, .resume, .insert, .train]
    #expect((ends.first?.how == .failed) == needsModel.contains(kind))
  }

  @Test(arguments: EffectKind.onTheModel + [.load])
  func whenCancelledByQuitting(kind: EffectKind) async throws {
    let ends = try await bench { bench in
      bench.temper.mood = .hangs
      bench.session.perform(bench.effect(kind))
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(ends == [EffectEnd(kind, .cancelled)])
  }

  @Test(arguments: EffectKind.onTheModel)
  func whenAnotherModelTakesOver(kind: EffectKind) async throws {
    let ends = try await bench { bench in
      bench.temper.mood = .hangs
      bench.session.perform(bench.effect(kind))
      try await Task.sleep(for: .milliseconds(10))
      bench.session.perform(.model(.load(path: "apples")))
      await bench.wait(for: .load)
    }
    // What ran on the old model has ended when the new one is there.
    #expect(ends == [EffectEnd(kind, .cancelled), EffectEnd(.load, .done)])
  }

  @Test(
    arguments: zip(
      [EffectKind.stream, .run, .ask, .study, .train, .look],
      [EffectKind.stopStream, .cancelRun, .stopReview, .stopStudy, .stopTraining, .stopLooking]))
  func whenStopped(kind: EffectKind, stop: EffectKind) async throws {
    let ends = try await bench { bench in
      bench.temper.mood = .hangs
      bench.session.perform(bench.effect(kind))
      try await Task.sleep(for: .milliseconds(10))
      bench.session.perform(bench.effect(stop))
      await bench.wait(for: kind)
    }
    #expect(Set(ends) == [EffectEnd(kind, .cancelled), EffectEnd(stop, .done)])
    #expect(ends.count == 2)
  }

  /// Also the older of two ends, be it overtaken or not.
  @Test(arguments: EffectKind.allCases) func whenAskedForTwice(kind: EffectKind) async throws {
    let ends = try await bench { bench in
      bench.temper.mood = .hangs
      bench.session.perform(bench.effect(kind))
      bench.session.perform(bench.effect(kind))
      bench.temper.mood = .answers
      await bench.wait(for: kind, count: 2)
    }
    #expect(ends.map(\.kind) == [kind, kind])
    #expect(ends.contains { $0.how == .done })
  }

  @Test(arguments: EffectKind.allCases) func afterTheEnd(kind: EffectKind) async throws {
    let bench = try await EffectBench()
    defer { bench.remove() }
    await bench.start()
    await bench.finish()
    bench.session.perform(bench.effect(kind))
    bench.takeNews()
    #expect(bench.ends.map(\.kind) == [kind])
  }
}

/// What was shown is in the file, and what could not be written is told.
@Suite(.timeLimit(.minutes(10))) @MainActor struct KeepingTests {
  @Test(arguments: EffectKind.allCases, [0, 2, 10])
  func quittingInTheMidst(of kind: EffectKind, milliseconds: Int) async throws {
    let bench = try await EffectBench()
    defer { bench.remove() }
    await bench.start(keepingNews: true)
    let before = bench.ends.count { $0.kind == kind }
    bench.session.perform(bench.effect(kind))
    if milliseconds > 0 { try await Task.sleep(for: .milliseconds(milliseconds)) }
    #expect(await bench.finish() == nil)
    #expect(bench.ends.count { $0.kind == kind } == before + 1)
    let kept = Trace(try TraceFile.read(bench.journal).records)
    #expect(kept.runs == Trace(bench.records).runs)
    for case .file(.saved(let path, .done)) in bench.actions {
      let copy = Trace(try TraceFile.read(URL(fileURLWithPath: path)).records)
      #expect(copy.runs == kept.runs)
    }
  }

  private func driver(_ journal: String) -> Driver {
    Driver(keep: { try TraceJournal(at: $0 ?? URL(fileURLWithPath: journal)) })
  }

  private static let temporary = FileManager.default.temporaryDirectory
  /// A file that is always full.
  nonisolated private static let full = "/dev/full"

  @Test func whatCannotBeSavedIsNotSaid() async throws {
    let journal = Self.temporary.appending(path: "\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: journal) }
    let driver = driver(journal.path)
    await driver.start()
    for path in ["/nowhere/session.jsonl", "/dev/null/session.jsonl", "/proc/session.jsonl"] {
      driver.type(":save \(path)")
      driver.press(KeyEvent(.enter))
      await driver.wait { $0.message != nil }
      #expect(driver.state.message?.kind == .error)
      #expect(driver.state.message?.text.contains("cannot be saved as “\(path)”") == true)
    }
    await driver.finish()
  }

  @Test func aSessionThatIsOpenedInItselfGoesOn() async throws {
    let journal = Self.temporary.appending(path: "\(UUID().uuidString).jsonl")
    defer { try? FileManager.default.removeItem(at: journal) }
    let driver = driver(journal.path)
    await driver.start()
    driver.press(KeyEvent(.right))
    await driver.settle()
    let before = try #require(driver.state.trace.runs[1]?.nodes.count)
    driver.type(":open \(journal.path)")
    driver.press(KeyEvent(.enter))
    await driver.wait { $0.message?.text.contains("Opened") == true }
    await driver.settle()
    driver.press(KeyEvent(.right))
    await driver.settle()
    #expect(await driver.finish() == nil)
    let kept = Trace(try TraceFile.read(journal).records)
    #expect(kept.runs == driver.state.trace.runs)
    #expect(kept.runs[1]?.nodes.count == before + 1)
  }

  @Test(.enabled(if: FileManager.default.fileExists(atPath: full)))
  func aFullDiskIsTold() async throws {
    let driver = driver(Self.full)
    await driver.start()
    driver.press(KeyEvent(.right))
    // In its own time, without anything being saved.
    await driver.wait { $0.message?.kind == .error }
    let told = driver.state.message?.text ?? ""
    #expect(told.contains("/dev/full cannot be written"))
    await driver.settle()
    let copy = Self.temporary.appending(path: "\(UUID().uuidString).jsonl")
    driver.type(":save \(copy.path)")
    driver.press(KeyEvent(.enter))
    await driver.wait { $0.message?.text.contains("Saved as") == true }
    defer { try? FileManager.default.removeItem(at: copy) }
    // Elsewhere there is room, and the session goes on there.
    #expect(driver.state.message?.text.contains("goes on there") == true)
    #expect(await driver.finish() == nil)
    #expect(Trace(try TraceFile.read(copy).records).runs == driver.state.trace.runs)
  }
}

/// What the main loop carries out itself. It blocks its thread, as in the program: the main one.
@Suite @MainActor struct ShellEffectTests {
  @Test(arguments: [true, false]) func aThemeIsShownOrWhyNot(fails: Bool) {
    let inbox = ActionInbox()
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: TemperedOpener(temper: Temper()), prompts: PromptLibrary(directory: ""), keep: nil),
      inbox: inbox)
    var state = Fixtures.ready(80, 24)
    state.message = Message(.notice, "as it was")
    let shell = PlaygroundShell(
      state: state, view: Fixtures.view, session: session, inbox: inbox,
      loadTheme: { _ in
        if fails { throw Temper.Failure() }
        return .plain
      })
    let terminal = TestTerminal(size: state.size)
    _ = shell.run(on: terminal, opening: [.shell(.loadTheme("other"))])
    #expect(terminal.screen.textSnapshot().contains("told to fail") == fails)
    #expect(shell.failure == nil)
  }
}

/// Errors are their owner's: they end nobody else's waiting.
@Suite struct FailureTests {
  private static let others: [Action] = [
    .file(.saved("x", .failed("no"))), .file(.opened("x", .failed("no"))),
    .file(.unkept(Unkept(events: 1, why: "no"))),
    .run(.ended(run: 9, .failed("no"))), .study(.exported(.failed("no"))),
    .model(.failed(name: "x", why: "no")), .shell(.theme("x", .failed("no"))),
    .review(.ended(run: 1, .answerOverTime(path: 0), .failed("no"))),
    .decode(run: 8, .answered(.failed("no"))),
  ]

  @Test func decodeWaitsOnWhenOthersFail() {
    for action in Self.others {
      var play = waiting()
      play.send(action)
      #expect(play.state.decode.isAsking)
      #expect(play.state.decode.arriving == NodeID.root.appending(1))
      #expect(play.state.decode.pendingTakes == 2)
      #expect(play.state.lesson?.isWorking == true)
      if case .decode = action { continue }
      #expect(play.state.message?.text.hasSuffix("no") == true)
    }
  }

  @Test func decodeStopsWaitingForWhatFailed() {
    for ending in [Ending<Void>.failed("no"), .cancelled] {
      var play = waiting()
      play.send(.decode(run: 1, .taken(NodeID.root.appending(1), ending)))
      #expect(play.state.decode.arriving == nil)
      #expect(play.state.decode.pendingTakes == 0)
      #expect(play.state.decode.isAsking)
      play.send(.decode(run: 1, .waited(ending)))
      #expect(!play.state.decode.isAsking)
    }
  }

  @Test func aLessonGivesUpWhatWillNotCome() {
    var play = waiting()
    play.send(.decode(run: 1, .fetched(NodeID.root.appending(9), .failed("no"))))
    #expect(play.state.lesson?.isWorking == true)
    play.send(.decode(run: 1, .answered(.failed("no"))))
    #expect(play.state.lesson?.isWorking == false)
  }

  @Test func anOlderQuestionDoesNotEndANewerOne() {
    var play = Play(80, 24)
    play.state.steps.asking = StepsScreen.Asking(run: 2, question: .answerOverTime(path: 1))
    play.send(.review(.ended(run: 2, .answerOverTime(path: 0), .cancelled)))
    #expect(play.state.steps.asking != nil)
    play.send(.review(.ended(run: 2, .answerOverTime(path: 1), .cancelled)))
    #expect(play.state.steps.asking == nil)
  }

  /// Decode has a token on its way and asks for the answer, for a lesson.
  private func waiting() -> Play {
    var play = Play(80, 24)
    play.state.explored = 1
    play.state.decode.arriving = NodeID.root.appending(1)
    play.state.decode.pendingTakes = 2
    play.state.decode.isAsking = true
    if let lesson = try? Lesson.parse(LessonPlayerTests.text, path: "test") {
      play.state.lesson = LessonState(lesson, name: "test", settings: play.state.settings)
    }
    play.state.lesson?.isWorking = true
    play.state.lesson?.wait = .answer
    return play
  }
}
