import Decoding
import Reasoning
import StrategyFixtures
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Every strategy, started by typing its name.
@MainActor
@Suite struct PlaygroundStrategyTests {
  private func started(_ name: String) async -> Driver {
    let driver = Driver(
      model: EveryTable.model(), others: [EveryTable.model("second", salt: 5)],
      prompts: SamplesFolder.path("Prompts"))
    await driver.start()
    for line in ["question How many?", "samples 6", "branches 3", "max-tokens 24", "rationales 2"] {
      driver.type(":\(line)")
      driver.press(KeyEvent(.enter))
    }
    await driver.settle()
    driver.type(":strategy \(name)")
    driver.press(KeyEvent(.enter))
    return driver
  }

  private func ending(of name: String, _ state: PlaygroundState) -> RunEnd? {
    state.trace.runs.values.first { $0.start?.strategy == name }?.end
  }

  @Test(.timeLimit(.minutes(10)), arguments: StrategyRegistry.names)
  func itRunsAndIsShown(name: String) async throws {
    let driver = await started(name)
    await driver.wait { ending(of: name, $0) != nil && $0.activities.isEmpty }
    let end = try #require(ending(of: name, driver.state))
    #expect(end.reason == .completed && end.answer != nil, "\(end.message ?? "")")
    // Its own screen, and every other one, can be drawn with it.
    let own = driver.draw()
    #expect(own == driver.draw())
    for screen in ScreenID.allCases {
      driver.type(":\(screen.title.lowercased())")
      driver.press(KeyEvent(.enter))
      #expect(driver.state.screen == screen)
      let text = driver.draw().textSnapshot()
      #expect(!text.isEmpty)
      #expect(driver.state.message?.kind != .error)
    }
    await driver.finish()
  }

  @Test(.timeLimit(.minutes(10)), arguments: StrategyRegistry.names)
  func itIsStoppedAndTheNextOneRuns(name: String) async throws {
    let driver = await started(name)
    // As soon as anything is known of it; some are done by then.
    await driver.wait { state in
      state.trace.runs.values.contains { $0.start?.strategy == name }
    }
    driver.send(.command(.stop))
    await driver.wait { ending(of: name, $0) != nil && $0.activities.isEmpty }
    let end = try #require(ending(of: name, driver.state))
    #expect(end.reason != .failed, "\(end.message ?? "")")
    driver.type(":strategy greedy")
    driver.press(KeyEvent(.enter))
    let before = driver.state.trace.runs.count
    await driver.wait { $0.trace.runs.count > before && $0.activities.isEmpty }
    #expect(
      driver.state.trace.runs.values.allSatisfy { $0.start == nil || $0.end?.reason != .failed })
    await driver.finish()
  }
}
