import Engine
import Foundation
import Synchronization
import Testing

@testable import ModelStores

/// A pull from a hub leaves what every program of that hub finds.
@Suite struct HubPullTests {
  private static let commit = String(repeating: "c", count: 40)

  /// A hub with one repository, and the server that its large files lie on.
  private final class FakeHub: Sendable {
    let server: FakeServer
    let storage: FakeServer

    /// - Parameters:
    ///   - files: of the repository, by path.
    ///   - listed: what the list of files says where it is not the truth.
    ///   - token: without which nothing is told.
    ///   - pageLength: entries on a page of the list.
    init(
      _ files: [String: [UInt8]], listed: [String]? = nil, token: String? = nil,
      pageLength: Int = 1000
    ) throws {
      storage = try FakeServer { request in
        let digest = String(request.path.dropFirst())
        guard let bytes = files.values.first(where: { FakeHub.digest($0) == digest }) else {
          return FakeServer.Reply(status: 404)
        }
        return Content(bytes: bytes, tag: "storage-\(digest)").reply(to: request)
      }
      let address = storage.address
      server = try FakeServer { request in
        if let token, request.headers["authorization"] != "Bearer \(token)" {
          return FakeServer.Reply(status: 401)
        }
        let api = "/api/models/user/repo"
        if request.path == "\(api)/refs" {
          return FakeServer.Reply(
            body: Array(
              #"{"branches":[{"name":"dev","targetCommit":"\#(String(repeating: "d", count: 40))"},{"name":"main","targetCommit":"\#(commit)"}]}"#
                .utf8))
        }
        if request.path.hasPrefix("\(api)/tree/\(commit)?recursive=true") {
          let page = request.path.split(separator: "page=").last.flatMap { Int($0) } ?? 0
          let paths = (listed ?? files.keys.sorted()).dropFirst(page * pageLength)
          let entries = paths.prefix(pageLength).map { path in
            let bytes = files[path] ?? []
            return
              #"{"type":"file","path":"\#(path)","size":\#(bytes.count),"oid":"\#(String(repeating: "e", count: 40))","lfs":{"oid":"\#(FakeHub.digest(bytes))","size":\#(bytes.count)}}"#
          }
          var reply = FakeServer.Reply(
            body: Array("[{\"type\":\"directory\",\"path\":\"x\",\"oid\":\"1\"}".utf8)
              + Array(entries.map { "," + $0 }.joined().utf8) + Array("]".utf8))
          if paths.count > pageLength {
            reply.headers["Link"] =
              "<\(api)/tree/\(commit)?recursive=true&page=\(page + 1)>; rel=\"next\""
          }
          return reply
        }
        let resolve = "/user/repo/resolve/\(commit)/"
        if request.path.hasPrefix(resolve),
          let bytes = files[String(request.path.dropFirst(resolve.count))]
        {
          return FakeServer.Reply(
            status: 302,
            headers: [
              "Location": "\(address)/\(FakeHub.digest(bytes))",
              "X-Linked-Etag": "\"\(FakeHub.digest(bytes))\"", "X-Linked-Size": "\(bytes.count)",
            ])
        }
        return FakeServer.Reply(status: 404)
      }
    }

    static func digest(_ bytes: [UInt8]) -> String {
      var digest = SHA256()
      digest.update(bytes)
      return digest.hexadecimal()
    }

    func stop() {
      server.stop()
      storage.stop()
    }
  }

  private func environment(
    _ hub: FakeHub, _ folder: URL, _ more: [String: String] = [:]
  ) -> LocalStores {
    LocalStores(
      environment: [
        "HF_HOME": folder.path, "HOME": folder.path, "HF_ENDPOINT": hub.server.address + "/",
      ].merging(more) { $1 })
  }

  private func pull(
    _ name: String, _ stores: LocalStores, folder: URL, observer: PullObserver = PullObserver(),
    freeSpace: @escaping @Sendable (URL) -> Int? = { _ in nil }
  ) async throws -> String {
    let reference = try #require(try ModelReference(name))
    var pull = ModelPull(
      stores, client: HTTPClient(patience: Waits().patience(tries: 2)),
      ownFolder: folder.appending(path: "own"))
    pull.freeSpace = freeSpace
    return try await pull.run(reference, observer: observer)
  }

  private static let files: [String: [UInt8]] = [
    "README.md": noise(10), "a-Q2_K.gguf": noise(2000, seed: 2),
    "a-Q4_K_M.gguf": noise(3000, seed: 3),
    "a-Q8_0.gguf": noise(4000, seed: 4), "mmproj-F16.gguf": noise(50, seed: 5),
    "big/a-F16-00001-of-00002.gguf": noise(5000, seed: 6),
    "big/a-F16-00002-of-00002.gguf": noise(6000, seed: 7),
  ]

  @Test("A pulled model lies in the cache as Hugging Face's own programs put it")
  func layout() async throws {
    let hub = try FakeHub(Self.files)
    defer { hub.stop() }
    try await withFolder { folder in
      let stores = environment(hub, folder)
      let plans = Mutex<[PullPlan]>([])
      var observer = PullObserver()
      observer.planned = { plan in plans.withLock { $0.append(plan) } }
      let path = try await pull("hf:user/repo", stores, folder: folder, observer: observer)
      let repository = folder.appending(path: "hub/models--user--repo")
      #expect(
        path == repository.appending(path: "snapshots/\(Self.commit)/a-Q4_K_M.gguf").path)
      let digest = FakeHub.digest(Self.files["a-Q4_K_M.gguf"] ?? [])
      #expect(
        try FileManager.default.destinationOfSymbolicLink(atPath: path) == "../../blobs/\(digest)")
      #expect(try Data(contentsOf: URL(fileURLWithPath: path)).count == 3000)
      #expect(
        try String(contentsOf: repository.appending(path: "refs/main"), encoding: .utf8)
          == Self.commit)
      #expect(
        plans.withLock { $0 }
          == [PullPlan(name: "hf:user/repo", files: ["a-Q4_K_M.gguf"], bytes: 3000)])
      #expect(stores.models().map(\.name) == ["hf:user/repo:Q4_K_M"])
      #expect(try stores.model(#require(try ModelReference("hf:user/repo"))).path == path)
      // A second time only the lists are asked for.
      let before = hub.storage.requests.count
      #expect(try await pull("hf:user/repo", stores, folder: folder) == path)
      #expect(hub.storage.requests.count == before)
    }
  }

  @Test("All parts of a split model come, and progress counts them together")
  func split() async throws {
    let hub = try FakeHub(Self.files)
    defer { hub.stop() }
    try await withFolder { folder in
      let last = Mutex<DownloadProgress?>(nil)
      var observer = PullObserver()
      observer.progress = { progress in last.withLock { $0 = progress } }
      let stores = environment(hub, folder)
      let path = try await pull("hf:user/repo:f16", stores, folder: folder, observer: observer)
      #expect(path.hasSuffix("big/a-F16-00001-of-00002.gguf"))
      #expect(stores.models().map(\.bytes) == [11_000])
      #expect(stores.models().map(\.missingPart) == [nil])
      #expect(last.withLock { $0?.bytes } == 11_000)
      #expect(last.withLock { $0?.totalBytes } == 11_000)
    }
  }

  @Test("The token goes to the hub alone, and is in no message")
  func token() async throws {
    let hub = try FakeHub(Self.files, token: "hf_secret")
    defer { hub.stop() }
    try await withFolder { folder in
      let without = await #expect(throws: DownloadError.self) {
        _ = try await pull("hf:user/repo", environment(hub, folder), folder: folder)
      }
      #expect(without == .needsToken(what: "user/repo", hasToken: false))
      let wrong = await #expect(throws: DownloadError.self) {
        _ = try await pull(
          "hf:user/repo", environment(hub, folder, ["HF_TOKEN": "hf_wrong"]), folder: folder)
      }
      #expect(wrong.map { "\($0)".contains("hf_wrong") } == false)
      let stores = environment(hub, folder, ["HF_TOKEN": "hf_secret"])
      _ = try await pull("hf:user/repo", stores, folder: folder)
      #expect(hub.storage.requests.allSatisfy { $0.headers["authorization"] == nil })
      #expect(hub.storage.requests.count == 1)
      // What `hf auth login` has kept serves as well.
      try Data("hf_secret\n".utf8).write(to: folder.appending(path: "token"))
      _ = try await pull("hf:user/repo:Q8_0", environment(hub, folder), folder: folder)
    }
  }

  @Test("A long list comes in pages")
  func pages() async throws {
    let hub = try FakeHub(Self.files, pageLength: 2)
    defer { hub.stop() }
    try await withFolder { folder in
      let path = try await pull("hf:user/repo:Q8_0", environment(hub, folder), folder: folder)
      #expect(path.hasSuffix("a-Q8_0.gguf"))
      #expect(hub.server.requests.count { $0.path.contains("/tree/") } == 4)
    }
  }

  @Test(
    "A file that would lie outside its folder stops the pull",
    arguments: ["../../evil.gguf", "/etc/evil.gguf", "a/../../../evil.gguf"])
  func unsafePaths(_ path: String) async throws {
    let hub = try FakeHub([path: noise(10)])
    defer { hub.stop() }
    try await withFolder { folder in
      await #expect(throws: DownloadError.unsafePath(path, in: "user/repo")) {
        _ = try await pull("hf:user/repo", environment(hub, folder), folder: folder)
      }
    }
  }

  @Test("What is not there is told with what is")
  func absent() async throws {
    let hub = try FakeHub(Self.files)
    defer { hub.stop() }
    try await withFolder { folder in
      let stores = environment(hub, folder)
      let quantization = await #expect(throws: DownloadError.self) {
        _ = try await pull("hf:user/repo:Q5_K_M", stores, folder: folder)
      }
      #expect(
        quantization
          == .noSuchFile("Q5_K_M", in: "user/repo", there: ["Q2_K", "Q4_K_M", "Q8_0", "F16"]))
      await #expect(throws: DownloadError.noSuchRepository("user/none", hub: "127.0.0.1")) {
        _ = try await pull("hf:user/none", stores, folder: folder)
      }
    }
    let weights = try FakeHub(["model.safetensors": noise(10)])
    defer { weights.stop() }
    try await withFolder { folder in
      await #expect(
        throws: DownloadError.noModel(in: "user/repo", found: ["model.safetensors"])
      ) { _ = try await pull("hf:user/repo", environment(weights, folder), folder: folder) }
    }
    let half = try FakeHub(["a-00001-of-00002.gguf": noise(10)])
    defer { half.stop() }
    try await withFolder { folder in
      await #expect(
        throws: DownloadError.noSuchFile(
          "a-00002-of-00002.gguf", in: "user/repo", there: ["a-00001-of-00002.gguf"])
      ) { _ = try await pull("hf:user/repo", environment(half, folder), folder: folder) }
    }
  }

  @Test("Room for all parts is asked for before the first is begun")
  func space() async throws {
    let hub = try FakeHub(Self.files)
    defer { hub.stop() }
    try await withFolder { folder in
      let error = await #expect(throws: DownloadError.self) {
        _ = try await pull(
          "hf:user/repo:F16", environment(hub, folder), folder: folder, freeSpace: { _ in 10_999 })
      }
      guard case .noSpace(_, needed: 11_000, free: 10_999)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(hub.storage.requests.isEmpty)
    }
  }

  @Test("An address that is none is told with its variable")
  func badAddress() async throws {
    let hub = try FakeHub(Self.files)
    defer { hub.stop() }
    try await withFolder { folder in
      let stores = environment(hub, folder, ["MODEL_ENDPOINT": "hub"])
      await #expect(throws: DownloadError.badAddress(variable: "MODEL_ENDPOINT", value: "hub")) {
        _ = try await pull("hf:user/repo", stores, folder: folder)
      }
    }
  }
}
