import Foundation

/// LM Studio's models: GGUF files in `<publisher>/<repository>/`.
struct LMStudioModels {
  private let roots: [URL]

  init(_ stores: LocalStores) {
    // The program writes there where its folder has been moved to.
    let pointer = stores.home.appending(path: ".lmstudio-home-pointer")
    let moved = (try? String(contentsOf: pointer, encoding: .utf8))
      .map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
      .flatMap { $0.hasPrefix("/") ? URL(fileURLWithPath: $0) : nil }
    let home = moved ?? stores.home.appending(path: ".lmstudio")
    roots = [
      home.appending(path: "models"),
      // Until 2025.
      stores.home.appending(path: ".cache/lm-studio/models"),
    ]
  }

  func models() -> [FoundModel] {
    roots.flatMap { root in
      FileFacts.models(below: root, depth: 3).compactMap { path -> FoundModel? in
        let place = root.appending(path: path).path
        guard let extent = FileFacts.extent(ofModel: place) else { return nil }
        return FoundModel(
          store: .lmStudio, reference: .lmStudio(String(path.dropLast(".gguf".count))),
          path: place, bytes: extent.bytes, missingPart: extent.missing)
      }
    }.uniqued()
  }

  /// - Parameter name: with or without the file's ending.
  func models(named name: String) -> [FoundModel] {
    let stem = name.lowercased().hasSuffix(".gguf") ? String(name.dropLast(5)) : name
    return models().filter { $0.reference == .lmStudio(stem) }
  }
}

/// The flat folder that llama.cpp downloaded to before it took to the cache of Hugging Face.
struct LlamaCppModels {
  private let root: URL

  init(_ stores: LocalStores) {
    root =
      stores.folder("LLAMA_CACHE")
      ?? stores.folder("XDG_CACHE_HOME")?.appending(path: "llama.cpp")
      ?? stores.home.appending(path: ".cache/llama.cpp")
  }

  func models() -> [FoundModel] {
    FileFacts.models(below: root, depth: 0).compactMap { name in
      let place = root.appending(path: name).path
      guard let extent = FileFacts.extent(ofModel: place) else { return nil }
      return FoundModel(
        store: .llamaCpp, reference: .llamaCpp(String(name.dropLast(".gguf".count))),
        path: place, bytes: extent.bytes, missingPart: extent.missing)
    }
  }

  /// - Parameter name: with or without the file's ending.
  func models(named name: String) -> [FoundModel] {
    let stem = name.lowercased().hasSuffix(".gguf") ? String(name.dropLast(5)) : name
    return models().filter { $0.reference == .llamaCpp(stem) }
  }
}
