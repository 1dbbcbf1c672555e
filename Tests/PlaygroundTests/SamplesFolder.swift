import Foundation

/// The samples that come with the program.
enum SamplesFolder {
  static func path(_ name: String) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Samples/\(name)").path
  }
}
