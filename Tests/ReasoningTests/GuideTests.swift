import Foundation
import Reasoning
import Testing

@testable import Problems
@testable import Traces

/// The guide has a page for each strategy. `RecipeGuideTests` look that there are no others than
/// those of strategies and recipes.
@Suite struct GuideTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Samples/Guide")

  private func page(_ name: String) throws -> String {
    try TextFile.read(Self.folder.appending(path: "\(name).md").path)
  }

  @Test(arguments: StrategyRegistry.names)
  func aPageBeginsWithItsNameAndCitesItsPapers(name: String) throws {
    let description = try #require(StrategyRegistry.description(of: name))
    let page = try page(name)
    #expect(page.hasPrefix("# \(name): \(description.title)\n"))
    for match in description.paper.matches(of: /arXiv \d{4}\.\d{5}/) {
      #expect(page.contains(match.output), "\(match.output) is not cited")
    }
  }

  /// A setting that the strategy does not use would be read as one that does something.
  @Test(arguments: StrategyRegistry.names) func aPageNamesOnlyItsOwnSettings(name: String) throws {
    let description = try #require(StrategyRegistry.description(of: name))
    let page = try page(name)
    #expect(page.contains("ponder run --strategy \(name) "))
    for match in page.matches(of: /--([a-z][a-z-]*)/) {
      guard let setting = SettingTable.standard[String(match.output.1)] else {
        continue
      }
      // Every path can be asked for its answer early.
      #expect(
        description.settings.contains(setting) || setting == .answerOverTime,
        "\(name) does not use \(match.output.0)")
    }
  }

  /// The terminal it is printed on may be narrow.
  @Test(arguments: StrategyRegistry.names) func aPageFitsATerminal(name: String) throws {
    let lines = try page(name).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.count < 80 })
    #expect(lines.count <= 48)
  }
}
