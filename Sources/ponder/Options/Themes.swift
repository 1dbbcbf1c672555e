import Foundation
import Problems
import TerminalUI
import Traces

/// Where themes are looked for.
enum Themes {
  /// The user's own folder, then the one that comes with the program.
  static func library() throws -> ThemeLibrary {
    ThemeLibrary(folders: [
      UserConfig.folder.appending(path: "themes").path, try Resources.folder("Themes").path,
    ]) {
      Suggestion.remedy(for: $0, among: $1)
    }
  }
}
