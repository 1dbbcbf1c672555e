import Foundation
import Problems
import Reasoning
import Testing
import Traces

@testable import Learning

/// The guide has a page for each recipe beside those of the strategies, and no others.
@Suite struct RecipeGuideTests {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Samples/Guide")

  private func page(_ name: String) throws -> String {
    try TextFile.read(Self.folder.appending(path: "\(name).md").path)
  }

  @Test(arguments: RecipeRegistry.names)
  func aPageBeginsWithItsNameAndCitesItsPapers(name: String) throws {
    let description = try #require(RecipeRegistry.description(of: name))
    let page = try page(name)
    #expect(page.hasPrefix("# \(name): \(description.title)\n"))
    for match in description.paper.matches(of: /arXiv \d{4}\.\d{5}/) {
      #expect(page.contains(match.output), "\(match.output) is not cited")
    }
  }

  /// A setting that the recipe does not use would be read as one that does something.
  @Test(arguments: RecipeRegistry.names) func aPageNamesOnlyItsOwnSettings(name: String) throws {
    let description = try #require(RecipeRegistry.description(of: name))
    let page = try page(name)
    #expect(page.contains("ponder train --recipe \(name) "))
    for match in page.matches(of: /--([a-z][a-z-]*)/) {
      // Pages of judges say how they are read with afterwards.
      guard let setting = SettingTable.training[String(match.output.1)], setting != .verifierModel
      else { continue }
      #expect(description.settings.contains(setting), "\(name) does not use \(match.output.0)")
    }
  }

  /// The terminal it is printed on may be narrow.
  @Test(arguments: RecipeRegistry.names) func aPageFitsATerminal(name: String) throws {
    let lines = try page(name).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.count < 80 })
    #expect(lines.count <= 52)
  }

  @Test func everyPageIsOfAStrategyOrRecipeAndListed() throws {
    let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path)
    let pages = Set(files).subtracting(["README.md"])
    // What all recipes do to the bundled models is measured on one page, and labels of steps are
    // explained on another. Layers is no strategy.
    let names =
      StrategyRegistry.names + RecipeRegistry.names + ["training", "step-labels", "layers"]
    #expect(pages == Set(names.map { "\($0).md" }))
    let list = try page("README")
    for page in pages { #expect(list.contains("](\(page))")) }
  }
}
