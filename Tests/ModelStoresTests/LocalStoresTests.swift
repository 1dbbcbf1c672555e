import Foundation
import Testing

@testable import ModelStores

/// Models of other programs are found where those keep them, and nothing else is.
@Suite struct LocalStoresTests {
  private static let commits = (1...3).map { String(repeating: "\($0)", count: 40) }

  private func write(_ count: Int, to folder: URL, _ path: String) throws {
    let url = folder.appending(path: path)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(repeating: 0, count: count).write(to: url)
  }

  private func write(_ text: String, to folder: URL, _ path: String) throws {
    try write(0, to: folder, path)
    try Data(text.utf8).write(to: folder.appending(path: path))
  }

  /// A file in a snapshot, as a link to its content.
  private func add(
    _ path: String, _ count: Int?, to repository: URL, commit: String, blob: String
  ) throws {
    if let count { try write(count, to: repository, "blobs/\(blob)") }
    let link = repository.appending(path: "snapshots/\(commit)/\(path)")
    try FileManager.default.createDirectory(
      at: link.deletingLastPathComponent(), withIntermediateDirectories: true)
    let up = String(repeating: "../", count: 2 + path.count { $0 == "/" })
    try FileManager.default.createSymbolicLink(
      atPath: link.path, withDestinationPath: "\(up)blobs/\(blob)")
  }

  private func names(_ models: [FoundModel]) -> [String] { models.map(\.name) }

  @Test("The cache of Hugging Face")
  func huggingFace() async throws {
    try await withFolder { folder in
      let repository = folder.appending(path: "hub/models--user--my--repo")
      try add("a-Q4_K_M.gguf", 100, to: repository, commit: Self.commits[0], blob: "one")
      try add("a-Q8_0.gguf", 200, to: repository, commit: Self.commits[1], blob: "two")
      try add("a-Q4_K_M.gguf", 101, to: repository, commit: Self.commits[1], blob: "three")
      try add("big/b-00001-of-00002.gguf", 10, to: repository, commit: Self.commits[1], blob: "p1")
      try add("big/b-00002-of-00002.gguf", 20, to: repository, commit: Self.commits[1], blob: "p2")
      try add("half-00001-of-00002.gguf", 10, to: repository, commit: Self.commits[1], blob: "h1")
      // No models: what sees, what is gone, what is of another kind.
      try add("mmproj-F16.gguf", 5, to: repository, commit: Self.commits[1], blob: "four")
      try add("gone-Q6_K.gguf", nil, to: repository, commit: Self.commits[1], blob: "gone")
      try add("README.md", 5, to: repository, commit: Self.commits[1], blob: "five")
      try write(9, to: folder, "hub/models--user--my--repo/blobs/six.incomplete")
      try write(9, to: folder, "hub/datasets--user--data/snapshots/x/a.gguf")
      try write(9, to: folder, "hub/models--evil--../snapshots/x/a.gguf")
      try write(Self.commits[1], to: repository, "refs/main")

      let stores = LocalStores(environment: ["HF_HOME": folder.path, "HOME": folder.path])
      let models = stores.models()
      #expect(
        names(models) == [
          "hf:user/my--repo:Q4_K_M", "hf:user/my--repo:Q8_0",
          "hf:user/my--repo/big/b-00001-of-00002.gguf",
          "hf:user/my--repo/half-00001-of-00002.gguf",
        ])
      #expect(models.map(\.bytes) == [101, 200, 30, 10])
      #expect(models.map(\.missingPart) == [nil, nil, nil, "half-00002-of-00002.gguf"])

      func path(_ name: String) throws -> String {
        try stores.model(#require(try ModelReference(name))).path
      }
      #expect(try path("hf:user/my--repo") == models[0].path)
      #expect(try path("hf:user/my--repo:q8_0") == models[1].path)
      for model in models.prefix(3) { #expect(try path(model.name) == model.path) }
      #expect(
        throws: ReferenceError.incomplete(models[3].name, missing: "half-00002-of-00002.gguf")
      ) { try path(models[3].name) }
      let absent = #expect(throws: ReferenceError.self) { try path("hf:user/my--repo:Q6_K") }
      #expect(absent.map { "\($0)" }?.contains("ponder pull hf:user/my--repo:Q6_K") == true)
      #expect(absent.map { "\($0)" }?.contains("hf:user/my--repo:Q8_0") == true)
    }
  }

  @Test("Two files of one quantisation are told apart by their names")
  func alike() async throws {
    try await withFolder { folder in
      let repository = folder.appending(path: "models--user--repo")
      try add("a-Q8_0.gguf", 1, to: repository, commit: Self.commits[0], blob: "one")
      try add("b-Q8_0.gguf", 2, to: repository, commit: Self.commits[0], blob: "two")
      let stores = LocalStores(environment: ["HF_HUB_CACHE": folder.path, "HOME": folder.path])
      #expect(names(stores.models()) == ["hf:user/repo/a-Q8_0.gguf", "hf:user/repo/b-Q8_0.gguf"])
    }
  }

  @Test("The environment says where the cache is, in the order in which others read it")
  func order() {
    func root(_ environment: [String: String]) -> String {
      LocalStores(environment: environment).huggingFaceCache.root.path
    }
    var environment = ["HOME": "/h"]
    #expect(root(environment) == "/h/.cache/huggingface/hub")
    environment["XDG_CACHE_HOME"] = "/x"
    #expect(root(environment) == "/x/huggingface/hub")
    environment["HF_HOME"] = "~/hf"
    #expect(root(environment) == "/h/hf/hub")
    environment["HUGGINGFACE_HUB_CACHE"] = "/old"
    #expect(root(environment) == "/old")
    environment["HF_HUB_CACHE"] = "/new"
    #expect(root(environment) == "/new")
    environment["HF_HUB_CACHE"] = ""
    #expect(root(environment) == "/old")
  }

  @Test("Ollama's manifests lead to their blobs")
  func ollama() async throws {
    try await withFolder { folder in
      let digest = String(repeating: "a", count: 64)
      func manifest(_ digest: String) -> String {
        """
        {"schemaVersion":2,"layers":[
        {"mediaType":"application/vnd.ollama.image.projector","digest":"sha256:\(digest)"},
        {"mediaType":"application/vnd.ollama.image.model","digest":"\(digest)","size":7}]}
        """
      }
      try write(7, to: folder, "blobs/sha256-\(digest)")
      let place = "manifests/registry.ollama.ai"
      try write(manifest("sha256:\(digest)"), to: folder, "\(place)/library/qwen3/8b")
      try write(manifest("sha256:\(digest)"), to: folder, "\(place)/library/gemma3/latest")
      try write(manifest("sha256:\(digest)"), to: folder, "\(place)/me/own/v1")
      try write(manifest("sha256:\(digest)"), to: folder, "manifests/hf.co/user/repo/Q8_0")
      // Broken ones: a blob that is gone, a digest that is a path, no JSON.
      let gone = String(repeating: "b", count: 64)
      try write(manifest("sha256:\(gone)"), to: folder, "\(place)/library/gone/latest")
      try write(manifest("sha256:../../x"), to: folder, "\(place)/library/evil/latest")
      try write("{", to: folder, "\(place)/library/torn/latest")
      let stores = LocalStores(environment: ["OLLAMA_MODELS": folder.path, "HOME": folder.path])
      let found = stores.models()
      // All of them are one file: it is listed once.
      #expect(found.count == 1)
      let blob = folder.appending(path: "blobs/sha256-\(digest)").path
      #expect(found.first?.bytes == 7)
      for name in [
        "ollama:qwen3:8b", "ollama:gemma3", "ollama:gemma3:latest", "ollama:me/own:v1",
        "ollama:hf.co/user/repo:Q8_0",
      ] {
        let reference = try #require(try ModelReference(name))
        #expect(try stores.model(reference).path == blob)
      }
      for name in ["ollama:gone", "ollama:evil", "ollama:torn", "ollama:qwen3"] {
        let reference = try #require(try ModelReference(name))
        #expect(throws: ReferenceError.self) { try stores.model(reference) }
      }
    }
  }

  @Test("LM Studio's folders, the old one and one that was moved")
  func lmStudio() async throws {
    try await withFolder { folder in
      try write(3, to: folder, ".lmstudio/models/pub/repo/a-Q4_0.gguf")
      try write(4, to: folder, ".lmstudio/models/pub/repo/mmproj-a.gguf")
      try write(5, to: folder, ".cache/lm-studio/models/pub/old/b.gguf")
      let stores = LocalStores(environment: ["HOME": folder.path])
      #expect(names(stores.models()) == ["lmstudio:pub/repo/a-Q4_0", "lmstudio:pub/old/b"])
      for name in ["lmstudio:pub/repo/a-Q4_0", "lmstudio:pub/repo/a-Q4_0.gguf"] {
        let reference = try #require(try ModelReference(name))
        #expect(try stores.model(reference).bytes == 3)
      }
      try write(6, to: folder, "moved/models/pub/new/c.gguf")
      try write(folder.appending(path: "moved").path + "\n", to: folder, ".lmstudio-home-pointer")
      #expect(names(stores.models()) == ["lmstudio:pub/new/c", "lmstudio:pub/old/b"])
    }
  }

  @Test("llama.cpp's old folder, and its new one")
  func llamaCpp() async throws {
    try await withFolder { folder in
      try write(3, to: folder, ".cache/llama.cpp/user_repo_a-Q4_0.gguf")
      try write("{}", to: folder, ".cache/llama.cpp/user_repo_a-Q4_0.gguf.json")
      let stores = LocalStores(environment: ["HOME": folder.path])
      #expect(names(stores.models()) == ["llama.cpp:user_repo_a-Q4_0"])
      let repository = folder.appending(path: "other/models--user--repo")
      try add("a-Q8_0.gguf", 1, to: repository, commit: Self.commits[0], blob: "one")
      let other = LocalStores(environment: [
        "HOME": folder.path, "LLAMA_CACHE": folder.appending(path: "other").path,
      ])
      #expect(names(other.models()) == ["hf:user/repo:Q8_0"])
    }
  }

  @Test("Without any store there is nothing, and no error")
  func nothing() async throws {
    try await withFolder { folder in
      let stores = LocalStores(environment: [
        "HOME": folder.path, "OLLAMA_MODELS": folder.appending(path: "none").path,
      ])
      #expect(stores.models().isEmpty)
    }
  }
}
