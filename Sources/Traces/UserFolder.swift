public import Foundation

/// The user's own folders, by the environment first: `HOME` and the XDG Base Directory
/// Specification.
public enum UserFolder {
  public typealias Environment = [String: String]

  /// `HOME`, else what the system has on record.
  public static func home(_ environment: Environment = ProcessInfo.processInfo.environment) -> URL {
    absolute(environment["HOME"]) ?? FileManager.default.homeDirectoryForCurrentUser
  }

  /// Where sessions and studies are kept: `XDG_STATE_HOME`, by default `~/.local/state`.
  public static func state(
    _ environment: Environment = ProcessInfo.processInfo.environment
  ) -> URL {
    absolute(environment["XDG_STATE_HOME"]) ?? home(environment).appending(path: ".local/state")
  }

  /// Where people put their own themes: `XDG_CONFIG_HOME`, by default `~/.config`.
  public static func configuration(
    _ environment: Environment = ProcessInfo.processInfo.environment
  ) -> URL {
    absolute(environment["XDG_CONFIG_HOME"]) ?? home(environment).appending(path: ".config")
  }

  /// Where the user's own models are: `XDG_DATA_HOME`, by default `~/.local/share`.
  public static func data(_ environment: Environment = ProcessInfo.processInfo.environment) -> URL {
    absolute(environment["XDG_DATA_HOME"]) ?? home(environment).appending(path: ".local/share")
  }

  /// A path with a leading `~` replaced by the home folder.
  public static func expanded(
    _ path: String, _ environment: Environment = ProcessInfo.processInfo.environment
  ) -> String {
    guard path == "~" || path.hasPrefix("~/") else { return path }
    return home(environment).path + path.dropFirst()
  }

  /// The specification has relative paths ignored.
  private static func absolute(_ path: String?) -> URL? {
    guard let path, path.hasPrefix("/") else { return nil }
    return URL(fileURLWithPath: path, isDirectory: true)
  }
}
