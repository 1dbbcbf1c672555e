import Engine
import Foundation

extension LocalStores {
  /// The cache that the Hugging Face Hub's own programs use; downloads go there.
  var huggingFaceCache: HuggingFaceCache {
    let root =
      folder("HF_HUB_CACHE") ?? folder("HUGGINGFACE_HUB_CACHE")
      ?? folder("HF_HOME")?.appending(path: "hub")
      ?? folder("XDG_CACHE_HOME")?.appending(path: "huggingface/hub")
      ?? home.appending(path: ".cache/huggingface/hub")
    return HuggingFaceCache(root: root)
  }

  /// That one, and the one that llama.cpp prefers where it is told another.
  func huggingFaceCaches() -> [HuggingFaceCache] {
    let own = huggingFaceCache
    guard let other = folder("LLAMA_CACHE"), other.path != own.root.path else { return [own] }
    return [own, HuggingFaceCache(root: other)]
  }
}

/// A cache in the layout of huggingface_hub: `models--owner--name/` with the contents in `blobs/`
/// under their digests, and for each commit a folder `snapshots/<commit>/` of links to them.
/// `refs/main` holds the commit that the branch was at when it was last asked for.
struct HuggingFaceCache {
  let root: URL

  /// Folders within a repository: some have one for each quantisation.
  private static let depth = 3

  func folder(of repository: HubRepository) -> URL { root.appending(path: repository.folderName) }

  /// Of all repositories.
  func models() -> [FoundModel] {
    FileFacts.names(in: root).compactMap(HubRepository.init(folderName:)).flatMap(models(of:))
  }

  /// The models of a repository: of the newest commit that was asked for, then what only others
  /// have. Links to nothing, as deleted contents leave, are left out.
  func models(of repository: HubRepository) -> [FoundModel] {
    let snapshots = folder(of: repository).appending(path: "snapshots")
    var commits = FileFacts.names(in: snapshots)
    if let main = commit(of: repository), let index = commits.firstIndex(of: main) {
      commits.insert(commits.remove(at: index), at: 0)
    }
    var files: [(path: String, url: URL)] = []
    for commit in commits {
      let snapshot = snapshots.appending(path: commit)
      for path in FileFacts.models(below: snapshot, depth: Self.depth)
      where !files.contains(where: { $0.path == path }) {
        files.append((path, snapshot.appending(path: path)))
      }
    }
    let present = files.compactMap { file in
      FileFacts.extent(ofModel: file.url.path).map { (file: file, extent: $0) }
    }
    return present.map { item in
      let quantization = Quantization.name(ofFile: item.file.path)
      let alike = present.filter { Quantization.name(ofFile: $0.file.path) == quantization }
      let selection: HubSelection =
        quantization.flatMap { alike.count == 1 ? .quantization($0) : nil }
        ?? .file(item.file.path)
      return FoundModel(
        store: .huggingFace, reference: .hub(repository, selection), path: item.file.url.path,
        bytes: item.extent.bytes, missingPart: item.extent.missing)
    }
  }

  /// The commit that `refs/main` names.
  func commit(of repository: HubRepository) -> String? {
    let file = folder(of: repository).appending(path: "refs/main")
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return nil }
    let commit = text.trimmingCharacters(in: .whitespacesAndNewlines)
    return HubRepository.isCommit(commit) ? commit : nil
  }

  /// What a selection means among the models of one repository, the best first.
  static func choose(_ selection: HubSelection, among models: [FoundModel]) -> [FoundModel] {
    func quantization(_ model: FoundModel) -> String? { Quantization.name(ofFile: model.path) }
    switch selection {
    case .file(let path): return models.filter { $0.path.hasSuffix("/" + path) }
    case .quantization(let name):
      let exact = models.filter { quantization($0) == name.uppercased() }
      return exact + models.filter { Quantization.matches(name, quantization($0)) }
    case .standard:
      for usual in HubFiles.usual {
        let found = models.filter { Quantization.matches(usual, quantization($0)) }
        if !found.isEmpty { return found }
      }
      return models
    }
  }
}
