/// Why a remote model cannot be used, or could not answer.
public enum RemoteError: Error, Sendable, Hashable, CustomStringConvertible {
  case badAddress(String)
  case secretInAddress
  /// A key would go over a connection that others can read.
  case keyInTheOpen(host: String)
  case unreachable(server: String, why: String)
  case timedOut(server: String)
  /// The server's own words.
  case refused(server: String, status: Int, message: String)
  /// The account has no money left: asking again does not help.
  case quota(server: String, message: String)
  /// What is answered is not what such a server answers.
  case badAnswer(server: String, what: String)
  case noSuchModel(server: String, name: String, known: [String])
  /// What the server does not give, and what therefore does not work.
  case lacks(server: String, what: String)
  /// The vocabulary that was given is another one.
  case otherVocabulary(server: String, count: Int, given: Int)
  case encryptionMissing
  /// Nobody wants the answer any more.
  case abandoned

  public var description: String {
    switch self {
    case .badAddress(let text):
      "“\(text)” is no address of a server; one looks like http://127.0.0.1:8080/v1#name."
    case .secretInAddress:
      "An address must hold no password; give a key in the environment as PONDER_API_KEY."
    case .keyInTheOpen(let host):
      "The key would go to \(host) over a connection that is not encrypted; use https, unset the key, or "
        + "give --insecure-key."
    case .unreachable(let server, let why): "\(server) cannot be reached: \(why)."
    case .timedOut(let server): "\(server) does not answer."
    case .refused(let server, let status, let message):
      "\(server) refuses (\(status)): \(Self.sentence(message))"
    case .quota(let server, let message): "\(server) has no quota left: \(Self.sentence(message))"
    case .badAnswer(let server, let what):
      "\(server) answers what cannot be right: \(Self.sentence(what))"
    case .noSuchModel(let server, let name, let known):
      "\(server) has no model “\(name)”; it has \(known.isEmpty ? "none" : known.joined(separator: ", "))."
    case .lacks(let server, let what): "\(server) does not tell \(Self.sentence(what))"
    case .otherVocabulary(let server, let count, let given):
      "The tokenizer that was given has \(given) tokens, but the model of \(server) has \(count)."
    case .encryptionMissing:
      "https needs libcurl, which is not on this machine; use http, or a proxy on this machine."
    case .abandoned: "The request was given up."
    }
  }

  private static func sentence(_ text: String) -> String {
    [".", "?", "!"].contains { text.hasSuffix($0) } ? text : text + "."
  }
}
