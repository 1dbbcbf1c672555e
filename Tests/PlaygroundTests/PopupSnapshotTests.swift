import TerminalUI
import Testing

@testable import Playground

/// Pictures of every popup at the usual and at the smallest size.
@Suite struct PopupSnapshotTests {
  static let sizes = [(80, 24), (60, 16)]

  private func check(
    _ name: String, _ size: (Int, Int), sourceLocation: SourceLocation = #_sourceLocation,
    _ act: (inout Play) -> Void
  ) {
    var play = Play(size.0, size.1)
    act(&play)
    Snapshot.check(
      Fixtures.draw(play.state), named: "popup-\(name)-\(size.0)x\(size.1)",
      sourceLocation: sourceLocation)
  }

  @Test(arguments: sizes) func help(size: (Int, Int)) {
    check("help", size) { $0.type("?") }
  }

  @Test func helpInTwoColumns() {
    check("help", (120, 40)) { $0.type("?") }
  }

  @Test(arguments: sizes) func commandLine(size: (Int, Int)) {
    check("command-line", size) {
      $0.type(":t")
      $0.press(.tab)
    }
    check("command-error", size) {
      $0.type(":temprature 1")
      $0.press(.enter)
    }
  }

  @Test(arguments: sizes) func settings(size: (Int, Int)) {
    check("settings", size) {
      $0.type("s")
      $0.press(.right, .down)
    }
    check("settings-value", size) {
      $0.type("sj")
      $0.press(.enter)
      $0.type("0")
      $0.press(.enter)
    }
  }

  @Test(arguments: sizes) func problems(size: (Int, Int)) {
    check("problems", size) {
      $0.type("p")
      $0.press(.right)
    }
    check("problems-family", size) {
      $0.type("pcompare")
      $0.press(.enter, .down, .down, .down)
    }
    check("problems-template", size) {
      $0.type("p")
      $0.press(.tab, .tab)
    }
    check("problems-own", size) {
      $0.type("p")
      // It is the last entry, however many families there are.
      for _ in 0..<($0.picker?.rows.count ?? 0) { $0.press(.down) }
      $0.press(.enter)
      $0.type("How many piano tuners are there in a city of three million people?")
    }
  }

  @Test(arguments: sizes) func models(size: (Int, Int)) {
    check("models", size) { $0.type("m") }
    check("models-typing", size) {
      $0.type("m/m")
      $0.send(.file(.listed("/m", .done(["/models/", "/mnt/", "/my.gguf"]))))
    }
  }

  @Test(arguments: sizes) func choosers(size: (Int, Int)) {
    check("themes", size) { $0.type("C") }
    check("lessons", size) { $0.type("L") }
    check("sessions", size) { $0.type("O") }
  }
}
