import Decoding
import Foundation
import Reasoning
import Synchronization
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground

/// Models of other programs, and models that are not on this machine yet.
@Suite struct FoundModelTests {
  private static let found = [
    Catalog.ModelEntry(name: "hf:user/repo:Q4_K_M", path: "/cache/a.gguf", detail: "100 MB"),
    Catalog.ModelEntry(name: "ollama:qwen3:8b", path: "/ollama/b", detail: "5 GB"),
  ]

  private func searches(_ play: Play) -> Int {
    play.effects.count { if case .model(.find) = $0 { true } else { false } }
  }

  @Test("They are looked for when somebody chooses a model, and listed behind the others")
  func listing() {
    var play = Play(80, 24)
    let known = play.state.catalog.models.map(\.name)
    #expect(searches(play) == 0)
    play.type("m")
    #expect(searches(play) == 1)
    play.send(.model(.found(.done(Self.found))))
    #expect(play.state.catalog.models.map(\.name) == known + Self.found.map(\.name))
    let picture = Fixtures.draw(play.state).textSnapshot()
    #expect(picture.contains("hf:user/repo:Q4_K_M"))
    play.press(.down, .down, .down, .enter)
    #expect(play.opened == "/ollama/b")
    // Once is enough.
    play.press(.escape)
    play.type("m")
    #expect(searches(play) == 1)
    play.send(.model(.found(.done(Self.found))))
    #expect(play.state.catalog.models.count == known.count + 2)
  }

  @Test("A search that came to nothing is made again", arguments: [true, false])
  func failing(isCancelled: Bool) {
    var play = Play(80, 24)
    play.type("m")
    play.send(.model(.found(isCancelled ? .cancelled : .failed("no"))))
    play.press(.escape)
    play.type("m")
    #expect(searches(play) == 2)
  }

  private func fetched(_ play: Play) -> String? {
    if case .model(.fetch(let name)) = play.effects.last { name } else { nil }
  }

  @Test("What is not here is fetched when it is asked for once more, and only then")
  func asking() {
    var play = Play(80, 24)
    play.type("m")
    play.type("hf:user/repo")
    play.press(.enter)
    #expect(play.opened == "hf:user/repo")
    play.send(.model(.loading(ModelLoad(name: "repo"))))
    play.send(.model(.absent(asked: "hf:user/repo", why: "It is not here.")))
    #expect(Fixtures.draw(play.state).textSnapshot().contains("once more"))
    play.press(.enter)
    #expect(fetched(play) == "hf:user/repo")
    // While it comes, and after another was asked for, the question is a new one.
    play.send(.model(.loading(ModelLoad(name: "repo"))))
    play.press(.enter)
    #expect(play.opened == "hf:user/repo")
    play.send(.model(.absent(asked: "hf:user/repo", why: "It is not here.")))
    play.press(.escape)
    play.type(":model hf:user/other")
    play.press(.enter)
    #expect(play.opened == "hf:user/other")
  }

  /// Has nothing before it is fetched.
  private final class Opener: ModelOpening {
    let fetched = Mutex<[String]>([])

    func open(
      path: String, observer: @escaping OpeningObserver
    ) throws -> (model: any LanguageModel, summary: ModelSummary) {
      guard path == "/cache/repo.gguf" else { throw AbsentModel("\(path) is not here.") }
      return (Fixtures.model, Fixtures.summary)
    }

    func fetch(
      _ name: String, observer: @escaping @Sendable (_ bytes: Int, _ totalBytes: Int) -> Void
    ) async throws -> String {
      fetched.withLock { $0.append(name) }
      observer(5, 10)
      return "/cache/repo.gguf"
    }

    func otherModels(isWanted: () -> Bool) -> [Catalog.ModelEntry] { FoundModelTests.found }
  }

  @Test("The worker fetches, tells how far it is, and opens what has come")
  func worker() async {
    let inbox = ActionInbox()
    let opener = Opener()
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: opener, prompts: PromptLibrary(directory: ""), keep: nil), inbox: inbox)
    var state = Fixtures.empty(80, 24)
    var loads: [ModelLoad] = []
    func wait(until isReached: (PlaygroundState) -> Bool) async {
      while !isReached(state), !Task.isCancelled {
        for action in inbox.drain() {
          if case .model(.loading(let load)) = action { loads.append(load) }
          _ = Reducer().reduce(&state, action)
        }
        try? await Task.sleep(for: .milliseconds(2))
      }
    }
    session.perform(.model(.load(path: "hf:user/repo")))
    await wait { $0.absentModel != nil }
    #expect(opener.fetched.withLock { $0 } == [])
    session.perform(state.session.effect(opening: "hf:user/repo"))
    await wait { if case .ready = $0.model { true } else { false } }
    #expect(opener.fetched.withLock { $0 } == ["hf:user/repo"])
    #expect(loads.contains(ModelLoad(name: "repo", bytes: 5, totalBytes: 10)))
    session.perform(.model(.find))
    await wait { $0.catalog.models.contains { $0.name == "ollama:qwen3:8b" } }
    await session.finish()
  }
}
