import Foundation

/// Ollama's models: `manifests/<host>/<namespace>/<model>/<tag>` are JSON that names layers by their
/// digests; the layer of the model is a GGUF file in `blobs/`.
struct OllamaModels {
  private let roots: [URL]

  private static let standardHost = "registry.ollama.ai"
  private static let standardNamespace = "library"
  private static let modelType = "application/vnd.ollama.image.model"
  /// Larger files are no manifests.
  private static let largestManifest = 1 << 20

  init(_ stores: LocalStores) {
    if let folder = stores.folder("OLLAMA_MODELS") {
      roots = [folder]
    } else {
      // The second is where the service keeps them that Ollama's installer sets up.
      roots = [
        stores.home.appending(path: ".ollama/models"),
        URL(fileURLWithPath: "/usr/share/ollama/.ollama/models"),
      ]
    }
  }

  private struct Manifest: Decodable {
    struct Layer: Decodable {
      var mediaType: String
      var digest: String
    }
    var layers: [Layer]
  }

  /// Each file once: several names may stand for one.
  func models() -> [FoundModel] { named().uniqued() }

  private func named() -> [FoundModel] {
    roots.flatMap { root in
      manifests(below: root.appending(path: "manifests"), depth: 5).compactMap { path in
        model(path, in: root)
      }
    }
  }

  /// - Parameter name: with or without a tag, `latest` unless it is stated.
  func models(named name: String) -> [FoundModel] {
    let parts = name.split(separator: "/").last ?? ""
    let full = parts.contains(":") ? name : name + ":latest"
    return named().filter { $0.reference == .ollama(full) }
  }

  /// The paths of manifests, relative to their folder.
  private func manifests(below folder: URL, depth: Int) -> [String] {
    FileFacts.names(in: folder).filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
      let url = folder.appending(path: name)
      guard FileFacts.isFolder(url) else { return [name] }
      return depth > 0 ? manifests(below: url, depth: depth - 1).map { "\(name)/\($0)" } : []
    }
  }

  private func model(_ path: String, in root: URL) -> FoundModel? {
    let file = root.appending(path: "manifests").appending(path: path)
    guard let size = FileFacts.size(file.path), size <= Self.largestManifest,
      let data = try? Data(contentsOf: file),
      let manifest = try? JSONDecoder().decode(Manifest.self, from: data),
      let layer = manifest.layers.first(where: { $0.mediaType == Self.modelType }),
      let name = Self.name(ofManifest: path), let blob = Self.blobName(layer.digest)
    else { return nil }
    let place = root.appending(path: "blobs").appending(path: blob).path
    guard let bytes = FileFacts.size(place) else { return nil }
    return FoundModel(store: .ollama, reference: .ollama(name), path: place, bytes: bytes)
  }

  /// As Ollama calls it: without the host and the namespace where they are the standard ones.
  private static func name(ofManifest path: String) -> String? {
    var parts = path.split(separator: "/").map(String.init)
    guard parts.count >= 3, let tag = parts.popLast() else { return nil }
    if parts.first == standardHost {
      parts.removeFirst()
      if parts.first == standardNamespace { parts.removeFirst() }
    }
    return parts.isEmpty ? nil : parts.joined(separator: "/") + ":" + tag
  }

  /// The name of a digest's file; nil for what is none, since it becomes part of a path.
  private static func blobName(_ digest: String) -> String? {
    let prefix = "sha256:"
    guard digest.hasPrefix(prefix) else { return nil }
    let digits = String(digest.dropFirst(prefix.count))
    return HubRepository.isHexadecimal(digits, count: 64) ? "sha256-\(digits)" : nil
  }
}
