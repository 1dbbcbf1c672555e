public import ArgumentParser
import Foundation
import Problems

/// Which problems are asked.
struct ProblemOptions: ParsableArguments {
  @Option(help: "Families of problems, separated by commas; all means every core family.")
  var family: String?

  @Option(help: ArgumentHelp("Problems as JSON Lines, Ponder's or GSM8K's.", valueName: "file"))
  var problems: String?

  func validate() throws {
    guard (family == nil) != (problems == nil) else {
      throw ValidationError("Give either --family NAME|all or --problems FILE.")
    }
  }

  /// The families that are named.
  ///
  /// - Throws: `ProblemError` for one that does not exist.
  func families() throws -> [any ProblemFamily] {
    guard family != "all" else { return ProblemLibrary.coreFamilies }
    return try (family ?? "").listed.map(ProblemLibrary.family)
  }

  /// The problems of the file, as many as are asked for; nil where none is given.
  func ofFile(count: Int?) throws -> [Problem]? {
    try problems.map { path in
      let all = try ProblemFile.read(path)
      return Array(all.prefix(count ?? all.count))
    }
  }
}

extension ProblemSplit: ExpressibleByArgument {}

extension String {
  /// The names in a list with commas between.
  var listed: [String] { split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) } }
}
