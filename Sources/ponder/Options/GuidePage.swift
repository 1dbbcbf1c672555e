import Foundation
import Problems

/// The pages of the guide, in Samples/Guide: one on each strategy and each recipe.
enum GuidePage {
  /// The page of a name that is known.
  ///
  /// - Throws: whatever keeps it from being read.
  static func text(on name: String) throws -> String {
    let file = try Resources.folder("Samples/Guide").appending(path: "\(name).md")
    let text = try TextFile.read(file.path)
    // The line that is written ends by itself.
    return text.hasSuffix("\n") ? String(text.dropLast()) : text
  }
}
