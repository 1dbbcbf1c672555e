import Decoding
import Foundation
import Reasoning
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground

/// A model on its way: what the screens tell of it, and that the last one asked for wins.
@Suite struct ModelLoadTests {
  @Test("The status line tells how far a load is, and what memory a model takes")
  func statusLine() {
    var play = Play(100, 24)
    play.send(.model(.loading(ModelLoad(name: "qwen"))))
    #expect(StatusLine.parts(play.state) == ["loading qwen"])
    play.send(
      .model(.loading(ModelLoad(name: "qwen", bytes: 430_000_000, totalBytes: 1_000_000_000))))
    let line = Fixtures.draw(play.state).textSnapshot().split(separator: "\n")[23]
    #expect(line.hasPrefix(" loading qwen "))
    #expect(line.hasSuffix(" 430 MB of 1.0 GB"))
    play.send(.model(.ready(Fixtures.summary, Fixtures.model.vocabulary)))
    var pace = Pace()
    pace.cachedTokens = 960
    pace.cacheCapacity = 65_536
    pace.memoryBytes = 1_240_000_000
    play.send(.pace(pace))
    let parts = StatusLine.parts(play.state)
    #expect(parts[1...2] == ["KV 960/66k", "memory 1.2 GB"])
  }

  /// Opens nothing but `apples`; loading anything else takes as long as it is let.
  private struct Opener: ModelOpening {
    struct Stopped: Error {}

    func open(
      path: String, observer: @escaping OpeningObserver
    ) throws -> (model: any LanguageModel, summary: ModelSummary) {
      guard path != "apples" else { return (Fixtures.model, Fixtures.summary) }
      var bytes = 0
      while observer(bytes, 1000) {
        bytes = (bytes + 1) % 1000
        // Slower than whoever listens, or the news would pile up without end.
        Thread.sleep(forTimeInterval: 0.005)
      }
      throw Stopped()
    }
  }

  @Test(
    "A load that is overtaken by another is stopped and heard of no more", .timeLimit(.minutes(10)))
  func overtaken() async {
    let inbox = ActionInbox()
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: Opener(), prompts: PromptLibrary(directory: ""), keep: nil), inbox: inbox)
    var state = Fixtures.empty(80, 24)
    func wait(until isReached: (PlaygroundState) -> Bool) async {
      while !isReached(state), !Task.isCancelled {
        for action in inbox.drain() { _ = Reducer().reduce(&state, action) }
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
    session.perform(.model(.load(path: "endless")))
    await wait { if case .loading(let load) = $0.model { load.bytes > 0 } else { false } }
    session.perform(.model(.load(path: "apples")))
    await wait { if case .ready = $0.model { true } else { false } }
    session.perform(.model(.load(path: "endless")))
    await session.finish()
    for action in inbox.drain() { _ = Reducer().reduce(&state, action) }
    if case .failed(_, let why) = state.model { Issue.record("\(why)") }
  }
}
