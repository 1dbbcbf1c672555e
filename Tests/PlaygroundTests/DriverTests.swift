import Decoding
import TerminalUI
import Testing

@testable import Playground

@Suite(.timeLimit(.minutes(1))) @MainActor struct DriverTests {
  @Test func theFixtureExploresARealModel() async {
    let driver = Driver()
    await driver.start()
    #expect(driver.state.decode.table?.rows.first?.token == 1)
  }
}
