import Foundation

/// Asks a hub that speaks the protocol of Hugging Face what it has.
struct HubClient: Sendable {
  let client: HTTPClient
  /// Such as `https://huggingface.co`, without a slash at its end.
  let endpoint: URL
  private let token: String?

  /// - Throws: `DownloadError.badAddress`.
  init(_ client: HTTPClient, _ stores: LocalStores) throws(DownloadError) {
    self.client = client
    endpoint = try Self.endpoint(stores)
    token = stores.hubToken
  }

  /// The hub of the environment: `MODEL_ENDPOINT`, `HF_ENDPOINT`, or Hugging Face.
  private static func endpoint(_ stores: LocalStores) throws(DownloadError) -> URL {
    for variable in ["MODEL_ENDPOINT", "HF_ENDPOINT"] {
      guard var value = stores.variables[variable], !value.isEmpty else { continue }
      while value.hasSuffix("/") { value.removeLast() }
      guard let url = URL(string: value), ["http", "https"].contains(url.scheme), url.host() != nil
      else { throw .badAddress(variable: variable, value: value) }
      return url
    }
    guard let url = URL(string: "https://huggingface.co") else {
      throw .badAddress(variable: "HF_ENDPOINT", value: "")
    }
    return url
  }

  /// What every request has. The token goes to the hub and to nobody it leads to.
  var headers: [String: String] { token.map { ["Authorization": "Bearer \($0)"] } ?? [:] }

  private struct References: Decodable {
    struct Branch: Decodable {
      var name: String
      var targetCommit: String
    }
    var branches: [Branch]
  }

  /// The commit that a repository's branch `main` is at now.
  func commit(of repository: HubRepository) async throws -> String {
    let url = endpoint.appending(path: "api/models/\(repository)/refs")
    let body = try await ask(url, about: repository).body
    guard let references = try? JSONDecoder().decode(References.self, from: body),
      let main = references.branches.first(where: { $0.name == "main" })
        ?? references.branches.first,
      HubRepository.isCommit(main.targetCommit)
    else {
      throw DownloadError.badAnswer(url: HTTPClient.shown(url), what: "it names no commit")
    }
    return main.targetCommit
  }

  private struct Entry: Decodable {
    struct LargeFile: Decodable {
      var oid: String
      var size: Int?
    }
    var type: String
    var path: String
    var size: Int?
    var oid: String
    var lfs: LargeFile?
  }

  /// All files of a commit. Long lists come in several pages.
  func files(of repository: HubRepository, at commit: String) async throws -> [HubFile] {
    var files: [HubFile] = []
    var next: URL? = endpoint.appending(path: "api/models/\(repository)/tree/\(commit)")
      .appending(queryItems: [URLQueryItem(name: "recursive", value: "true")])
    var pages = 0
    while let url = next {
      pages += 1
      let (head, body) = try await ask(url, about: repository)
      guard pages <= 1000, let entries = try? JSONDecoder().decode([Entry].self, from: body) else {
        throw DownloadError.badAnswer(url: HTTPClient.shown(url), what: "no list of files")
      }
      for entry in entries where entry.type == "file" {
        files.append(try file(entry, of: repository))
      }
      next = Self.nextPage(head, after: url)
      if let page = next, !HTTPClient.isSameServer(page, endpoint) {
        throw DownloadError.unsafeRedirect(
          from: HTTPClient.shown(url), to: HTTPClient.shown(page))
      }
    }
    return files
  }

  private func file(_ entry: Entry, of repository: HubRepository) throws(DownloadError) -> HubFile {
    guard HubRepository.isSafe(path: entry.path) else {
      throw .unsafePath(entry.path, in: "\(repository)")
    }
    // Newer hubs put the kind of digest before it.
    let digest = (entry.lfs?.oid ?? entry.oid).replacing("sha256:", with: "")
    guard HubRepository.isHexadecimal(digest, count: entry.lfs == nil ? 40 : 64),
      let size = entry.lfs?.size ?? entry.size, size >= 0
    else {
      throw .badAnswer(
        url: HTTPClient.shown(endpoint), what: "\(entry.path) has no digest or no size")
    }
    return HubFile(
      path: entry.path, size: size, digest: digest, sha256: entry.lfs == nil ? nil : digest)
  }

  /// Where a file's content is.
  func address(of file: HubFile, in repository: HubRepository, at commit: String) -> URL {
    endpoint.appending(path: "\(repository)/resolve/\(commit)/\(file.path)")
  }

  private func ask(
    _ url: URL, about repository: HubRepository
  ) async throws -> (head: HTTPHead, body: Data) {
    do {
      return try await client.fetch(HTTPRequest(url, headers: headers))
    } catch DownloadError.refused(_, 404) {
      throw DownloadError.noSuchRepository("\(repository)", hub: endpoint.host() ?? "the hub")
    } catch DownloadError.refused(_, let status) where status == 401 || status == 403 {
      throw DownloadError.needsToken(what: "\(repository)", hasToken: token != nil)
    }
  }

  /// `Link: <…>; rel="next"` (RFC 8288).
  private static func nextPage(_ head: HTTPHead, after url: URL) -> URL? {
    guard let header = head["link"] else { return nil }
    for link in header.split(separator: ",") {
      let parts = link.split(separator: ";").map { $0.trimmingCharacters(in: .whitespaces) }
      guard let target = parts.first, target.hasPrefix("<"), target.hasSuffix(">"),
        parts.dropFirst().contains(where: { $0 == "rel=\"next\"" || $0 == "rel=next" })
      else { continue }
      return URL(string: String(target.dropFirst().dropLast()), relativeTo: url)?.absoluteURL
    }
    return nil
  }
}

extension LocalStores {
  /// The user's token for the hub: `HF_TOKEN`, else what `hf auth login` has kept.
  var hubToken: String? {
    func token(_ text: String?) -> String? {
      guard let text = text?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty,
        text.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
      else { return nil }
      return text
    }
    if let given = variables["HF_TOKEN"], !given.isEmpty { return token(given) }
    let file =
      folder("HF_TOKEN_PATH")
      ?? (folder("HF_HOME") ?? home.appending(path: ".cache/huggingface")).appending(path: "token")
    return token(try? String(contentsOf: file, encoding: .utf8))
  }
}
