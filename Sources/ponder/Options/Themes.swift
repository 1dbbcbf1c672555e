import Foundation
import Problems
import TerminalUI
import Traces

/// Where themes are looked for.
enum Themes {
  /// The user's own folder, then the one that comes with the program.
  static func library() throws -> ThemeLibrary {
    ThemeLibrary(folders: [userFolder.path, try Resources.folder("Themes").path]) {
      Suggestion.remedy(for: $0, among: $1)
    }
  }

  /// `ponder/themes` in the user's configuration folder (XDG Base Directory Specification).
  private static var userFolder: URL {
    UserFolder.configuration().appending(path: "ponder/themes")
  }
}
