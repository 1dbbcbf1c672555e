import Engine
import Foundation
import Synchronization
import Testing

@testable import ModelStores

/// A download ends with the right file or with none, whatever the server does.
@Suite struct FileDownloadTests {
  private let content = Content(bytes: noise(300_000), tag: "one")

  private func digest(_ bytes: [UInt8]) -> String {
    var digest = SHA256()
    digest.update(bytes)
    return digest.hexadecimal()
  }

  /// Fetches a file that should be `content`.
  ///
  /// - Returns: what lies at its place then.
  @discardableResult
  private func fetch(
    _ server: FakeServer, into folder: URL, _ waits: Waits = Waits(), silent: FakeServer? = nil,
    size: Int?? = nil, sha256: String?? = nil, headers: [String: String] = [:], path: String = "/m",
    freeSpace: @escaping @Sendable (URL) -> Int? = { _ in nil },
    observer: @escaping @Sendable (DownloadProgress) -> Void = { _ in }
  ) async throws -> [UInt8]? {
    let url = try #require(URL(string: server.address + path))
    let place = folder.appending(path: "model")
    let download = FileDownload(
      client: HTTPClient(patience: waits.patience(silent)),
      file: RemoteFile(
        name: "model.gguf", url: url, size: size ?? content.bytes.count,
        sha256: sha256 ?? digest(content.bytes)),
      destination: place, headers: headers, freeSpace: freeSpace, observer: observer)
    try await download.run()
    return (try? Data(contentsOf: place)).map(Array.init)
  }

  private func names(_ folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  @Test("A file comes whole, and what it takes on the way is gone")
  func whole() async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    try await withFolder { folder in
      let seen = Mutex<[DownloadProgress]>([])
      let bytes = try await fetch(
        server, into: folder, observer: { progress in seen.withLock { $0.append(progress) } })
      #expect(bytes == content.bytes)
      #expect(names(folder) == ["model"])
      let all = seen.withLock { $0 }
      #expect(all.last?.bytes == content.bytes.count)
      #expect(all.allSatisfy { $0.totalBytes == content.bytes.count })
      #expect(zip(all, all.dropFirst()).allSatisfy { $0.bytes <= $1.bytes })
      // What is here is not asked for again.
      try await fetch(server, into: folder)
      #expect(server.requests.count == 1)
    }
  }

  @Test("A connection that is cut goes on where it ended", arguments: [1, 1000, 299_999])
  func cut(_ length: Int) async throws {
    let server = try FakeServer { [content] request in
      content.reply(to: request).ending(
        request.rangeStart == nil ? .cut(after: length) : .whole)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let waits = Waits()
      let fetched = try await fetch(server, into: folder, waits)
      #expect(fetched == content.bytes)
      #expect(server.requests.map(\.rangeStart) == [nil, length])
      #expect(server.requests.last?.headers["if-range"] == "\"one\"")
      #expect(waits.noted == [.seconds(2)])
    }
  }

  @Test("What an earlier process has left is used, and counted as here before")
  func resume() async throws {
    let isCut = Mutex(true)
    let server = try FakeServer { [content] request in
      content.reply(to: request).ending(
        isCut.withLock { $0 } ? .cut(after: request.rangeStart == nil ? 5000 : 0) : .whole)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let waits = Waits()
      let error = await #expect(throws: DownloadError.self) {
        try await fetch(server, into: folder, waits)
      }
      #expect(error.map { "\($0)" }?.contains("127.0.0.1") == true)
      #expect(names(folder) == ["model.incomplete", "model.incomplete.tag"])
      // Each wait is twice the one before.
      #expect(waits.noted == [2, 4, 8, 16].map { .seconds($0) })
      isCut.withLock { $0 = false }
      let before = Mutex<Set<Int>>([])
      let bytes = try await fetch(
        server, into: folder,
        observer: { progress in before.withLock { _ = $0.insert(progress.bytesBefore) } })
      #expect(bytes == content.bytes)
      #expect(before.withLock { $0 } == [5000])
      #expect(server.requests.last?.rangeStart == 5000)
    }
  }

  @Test("A connection that falls silent is given up and gone on with")
  func stall() async throws {
    let count = Mutex(0)
    let server = try FakeServer { [content] request in
      let isFirst = count.withLock { count in
        count += 1
        return count == 1
      }
      return content.reply(to: request).ending(isFirst ? .stall(after: 100_000) : .whole)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let fetched = try await fetch(server, into: folder, silent: server)
      #expect(fetched == content.bytes)
      #expect(server.requests.count > 1)
    }
  }

  @Test("A server without ranges sends the file again from its beginning")
  func noRanges() async throws {
    let count = Mutex(0)
    let server = try FakeServer { [content] request in
      let isFirst = count.withLock { count in
        count += 1
        return count == 1
      }
      return FakeServer.Reply(
        headers: ["ETag": "\"one\""], body: content.bytes,
        ending: isFirst ? .cut(after: 70_000) : .whole)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let fetched = try await fetch(server, into: folder)
      #expect(fetched == content.bytes)
      #expect(server.requests.map(\.rangeStart) == [nil, 70_000])
    }
  }

  @Test("Content that changes midway is fetched anew, never mixed")
  func change() async throws {
    let other = Content(bytes: noise(300_000, seed: 2), tag: "two")
    let server = try FakeServer { [content] request in
      // The first answer is of the old content, all later ones of the new.
      request.headers["range"] == nil
        ? content.reply(to: request).ending(.cut(after: 100_000)) : other.reply(to: request)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let bytes = try await fetch(
        server, into: folder, sha256: .some(digest(other.bytes)))
      #expect(bytes == other.bytes)
    }
  }

  @Test("A server that ignores If-Range and sends a part of other content is found out")
  func mixed() async throws {
    let other = Content(bytes: noise(300_000, seed: 2), tag: "two")
    let count = Mutex(0)
    let server = try FakeServer { [content] request in
      let number = count.withLock { count in
        count += 1
        return count
      }
      guard let start = request.rangeStart else {
        return number == 1
          ? content.reply(to: request).ending(.cut(after: 100_000)) : other.reply(to: request)
      }
      return FakeServer.Reply(
        status: 206,
        headers: [
          "ETag": "\"two\"", "Content-Range": "bytes \(start)-299999/300000",
        ], body: Array(other.bytes[start...]))
    }
    defer { server.stop() }
    try await withFolder { folder in
      let fetched = try await fetch(server, into: folder, sha256: .some(digest(other.bytes)))
      #expect(fetched == other.bytes)
    }
  }

  @Test("A wrong SHA-256 never becomes a file")
  func wrongDigest() async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    let expected = String(repeating: "0", count: 64)
    try await withFolder { folder in
      await #expect(
        throws: DownloadError.wrongDigest(
          file: "model.gguf", expected: expected, found: digest(content.bytes))
      ) { try await fetch(server, into: folder, sha256: .some(expected)) }
      #expect(FileFacts.size(folder.appending(path: "model").path) == nil)
      #expect(FileFacts.size(folder.appending(path: "model.incomplete").path) == 0)
      // It may have been an old part: it is fetched a second time, and no third.
      #expect(server.requests.count == 2)
    }
  }

  @Test("A server that lies about the size is found out", arguments: [299_999, 300_001, 5])
  func wrongSize(_ size: Int) async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    try await withFolder { folder in
      await #expect(
        throws: DownloadError.wrongSize(file: "model.gguf", expected: size, found: 300_000)
      ) { try await fetch(server, into: folder, size: .some(size)) }
      #expect(FileFacts.size(folder.appending(path: "model").path) == nil)
    }
  }

  @Test("A part that is not the one asked for is refused")
  func wrongRange() async throws {
    let server = try FakeServer { [content] request in
      guard let start = request.rangeStart else {
        return content.reply(to: request).ending(.cut(after: 1000))
      }
      return FakeServer.Reply(
        status: 206,
        headers: [
          "ETag": "\"one\"", "Content-Range": "bytes \(start + 1)-299999/300000",
        ], body: Array(content.bytes[(start + 1)...]))
    }
    defer { server.stop() }
    try await withFolder { folder in
      let error = await #expect(throws: DownloadError.self) {
        try await fetch(server, into: folder)
      }
      #expect(error.map { "\($0)" }?.contains("another part") == true)
      #expect(FileFacts.size(folder.appending(path: "model").path) == nil)
    }
  }

  @Test("A busy server is asked again after the wait it asks for", arguments: [429, 500, 503])
  func busy(_ status: Int) async throws {
    let count = Mutex(0)
    let server = try FakeServer { [content] request in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number <= 2
        ? FakeServer.Reply(status: status, headers: ["Retry-After": "9"])
        : content.reply(to: request)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let waits = Waits()
      let fetched = try await fetch(server, into: folder, waits)
      #expect(fetched == content.bytes)
      #expect(waits.noted == (status == 500 ? [2, 4] : [9, 9]).map { .seconds($0) })
    }
  }

  @Test("A refusal is no reason to ask again", arguments: [400, 404, 410])
  func refusal(_ status: Int) async throws {
    let server = try FakeServer { _ in FakeServer.Reply(status: status) }
    defer { server.stop() }
    try await withFolder { folder in
      await #expect(
        throws: DownloadError.refused(url: server.address + "/m", status: status)
      ) { try await fetch(server, into: folder) }
      #expect(server.requests.count == 1)
    }
  }

  @Test("A token goes to the server it is for, and to no other that this leads to")
  func redirects() async throws {
    let elsewhere = try FakeServer { [content] in content.reply(to: $0) }
    defer { elsewhere.stop() }
    let address = elsewhere.address
    let server = try FakeServer { request in
      request.path == "/m"
        ? FakeServer.Reply(status: 307, headers: ["Location": "/n"])
        : FakeServer.Reply(status: 302, headers: ["Location": "\(address)/signed?key=1"])
    }
    defer { server.stop() }
    try await withFolder { folder in
      let bytes = try await fetch(
        server, into: folder, headers: ["Authorization": "Bearer secret"])
      #expect(bytes == content.bytes)
      #expect(
        server.requests.map { $0.headers["authorization"] } == ["Bearer secret", "Bearer secret"])
      #expect(elsewhere.requests.map(\.path) == ["/signed?key=1"])
      #expect(elsewhere.requests.first?.headers["authorization"] == nil)
    }
  }

  @Test("A circle of redirects ends")
  func circle() async throws {
    let server = try FakeServer { _ in
      FakeServer.Reply(status: 302, headers: ["Location": "/m"])
    }
    defer { server.stop() }
    try await withFolder { folder in
      await #expect(throws: DownloadError.tooManyRedirects(url: server.address + "/m")) {
        try await fetch(server, into: folder)
      }
    }
  }

  @Test(
    "A redirect to anything but HTTP is not followed",
    arguments: ["file:///etc/passwd", "ftp://127.0.0.1/m", "http://", "javascript:1"])
  func unsafeRedirect(_ location: String) async throws {
    let server = try FakeServer { _ in
      FakeServer.Reply(status: 302, headers: ["Location": location])
    }
    defer { server.stop() }
    try await withFolder { folder in
      await #expect(throws: DownloadError.self) { try await fetch(server, into: folder) }
      #expect(FileFacts.size(folder.appending(path: "model").path) == nil)
    }
  }

  @Test("A hub that names other content than it listed is not believed")
  func linkedContent() async throws {
    let server = try FakeServer { [content] request in
      request.path == "/m"
        ? FakeServer.Reply(
          status: 302,
          headers: [
            "Location": "/n", "X-Linked-Size": "300000",
            "X-Linked-Etag": "\"\(String(repeating: "a", count: 64))\"",
          ]) : content.reply(to: request)
    }
    defer { server.stop() }
    try await withFolder { folder in
      await #expect(throws: DownloadError.self) { try await fetch(server, into: folder) }
    }
    let small = try FakeServer { [content] request in
      request.path == "/m"
        ? FakeServer.Reply(status: 302, headers: ["Location": "/n", "X-Linked-Size": "7"])
        : content.reply(to: request)
    }
    defer { small.stop() }
    try await withFolder { folder in
      await #expect(
        throws: DownloadError.wrongSize(file: "model.gguf", expected: 300_000, found: 7)
      ) { try await fetch(small, into: folder) }
    }
  }

  @Test("A disk without room is told before anything is fetched")
  func space() async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    try await withFolder { folder in
      let error = await #expect(throws: DownloadError.self) {
        try await fetch(server, into: folder, freeSpace: { _ in 1000 })
      }
      guard case .noSpace(_, _, free: 1000)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(FileFacts.size(folder.appending(path: "model.incomplete").path) == 0)
    }
  }

  @Test("Two downloads of one file do not write into each other")
  func lock() async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    try await withFolder { folder in
      let other = try PartialFile(
        folder.appending(path: "model.incomplete"),
        tagFile: folder.appending(path: "model.incomplete.tag"))
      await #expect(throws: DownloadError.isRunning(file: "model")) {
        try await fetch(server, into: folder)
      }
      #expect(other.length == 0)
      #expect(server.requests.isEmpty)
    }
  }

  @Test("Who cancels keeps what has come, and goes on from there")
  func cancelling() async throws {
    let stalls = Mutex(true)
    let server = try FakeServer { [content] request in
      content.reply(to: request).ending(stalls.withLock { $0 } ? .stall(after: 50_000) : .whole)
    }
    defer { server.stop() }
    try await withFolder { folder in
      let hasCome = Mutex(0)
      let task = Task {
        try await fetch(
          server, into: folder, observer: { progress in hasCome.withLock { $0 = progress.bytes } })
      }
      while hasCome.withLock({ $0 }) < 50_000 { try await Task.sleep(for: .milliseconds(2)) }
      task.cancel()
      await #expect(throws: CancellationError.self) { _ = try await task.value }
      #expect(FileFacts.size(folder.appending(path: "model.incomplete").path) == 50_000)
      stalls.withLock { $0 = false }
      let fetched = try await fetch(server, into: folder)
      #expect(fetched == content.bytes)
      #expect(server.requests.last?.rangeStart == 50_000)
    }
  }

  @Test("A part without its tag, or that is too long, is not gone on with")
  func strangePart() async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    for (length, tag) in [(1000, nil), (300_000, "one"), (400_000, "one"), (10, "other")] {
      try await withFolder { folder in
        let part = folder.appending(path: "model.incomplete")
        try Data(noise(length, seed: 5)).write(to: part)
        if let tag { try Data(tag.utf8).write(to: part.appendingPathExtension("tag")) }
        let fetched = try await fetch(server, into: folder)
        #expect(fetched == content.bytes)
      }
    }
  }

  @Test("A server nobody listens on is named")
  func unreachable() async throws {
    let server = try FakeServer { _ in FakeServer.Reply() }
    server.stop()
    try await withFolder { folder in
      let waits = Waits()
      let error = await #expect(throws: DownloadError.self) {
        try await fetch(server, into: folder, waits)
      }
      guard case .unreachable("127.0.0.1", _)? = error else {
        Issue.record("\(String(describing: error))")
        return
      }
      #expect(waits.noted.count == 4)
    }
  }

  @Test("Without a stated size or digest the server's own length counts")
  func unknownSize() async throws {
    let server = try FakeServer { [content] in content.reply(to: $0) }
    defer { server.stop() }
    try await withFolder { folder in
      let fetched = try await fetch(server, into: folder, size: .some(nil), sha256: .some(nil))
      #expect(fetched == content.bytes)
    }
  }
}
