import Foundation
import Testing

/// What the playground starts with is shown, with what is wrong in it.
@Suite struct ConfigCommandTests {
  private func with(
    _ config: String?, _ work: (_ folder: URL, _ environment: [String: String]) throws -> Void
  ) throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "config-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let place = folder.appending(path: ".config/ponder")
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    try config?.write(to: place.appending(path: "config"), atomically: true, encoding: .utf8)
    try work(folder, ["HOME": folder.path, "XDG_CONFIG_HOME": ""])
  }

  @Test func theFileOfTheHomeFolderIsShown() throws {
    try with("theme = nord  # dark\nsamples = 20\n") { folder, environment in
      let result = try Program.run(["config"], environment: environment)
      #expect(result.status == 0)
      #expect(
        result.output
          == "\(folder.path)/.config/ponder/config\ntheme = nord\nsamples = 20\n")
    }
  }

  @Test func aFileThatIsNotThereIsNoError() throws {
    try with(nil) { folder, environment in
      let result = try Program.run(["config", "--keys"], environment: environment)
      #expect(result.status == 0)
      #expect(result.output.hasPrefix("\(folder.path)/.config/ponder/config (not there yet)\n"))
      #expect(result.output.contains("key.votes.run"))
    }
  }

  @Test func whatIsWrongHasItsLineAndAStatus() throws {
    try with("samples = 20\nsmaples = 3\n") { _, environment in
      let result = try Program.run(["config", "--format", "json"], environment: environment)
      #expect(result.status == 65)
      #expect(
        result.output.contains("line 2: there is no setting “smaples”; did you mean samples?"))
    }
  }
}
