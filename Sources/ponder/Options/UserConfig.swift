import Foundation
import Playground
import Traces

/// Where the user's own files are, by the XDG Base Directory Specification.
enum UserConfig {
  /// The folder `ponder` in `$XDG_CONFIG_HOME`, by default in `~/.config`.
  static var folder: URL { UserFolder.configuration().appending(path: "ponder") }

  /// What is kept for every start of the playground.
  static var file: URL { folder.appending(path: "config") }

  /// The file as it stands; nil where there is none.
  ///
  /// - Throws: `UserError.badData` for one that is there and cannot be read.
  static func read() throws -> ConfigFile? {
    guard FileManager.default.fileExists(atPath: file.path) else { return nil }
    do {
      return ConfigFile(try String(contentsOf: file, encoding: .utf8))
    } catch {
      throw UserError.badData("\(file.path) cannot be read as text.")
    }
  }

  /// What the user prefers. A file that cannot be read is one of its problems.
  static func preferences() -> Preferences {
    do {
      return try read().map { Preferences($0) } ?? Preferences()
    } catch {
      var preferences = Preferences()
      preferences.note("\(error)")
      return preferences
    }
  }
}
