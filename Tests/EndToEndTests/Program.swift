import Foundation
import Testing

/// The built program, run as users run it.
enum Program {
  struct Result {
    var status: Int32
    var output: String
    var errors: String

    /// The output as JSON, whose keys are in snake_case.
    func json<T: Decodable>(_ type: T.Type) throws -> T {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      return try decoder.decode(type, from: Data(output.utf8))
    }
  }

  /// Built into the folder of the test bundle.
  static var url: URL {
    let bundle = Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0])
    return bundle.resolvingSymlinksInPath().deletingLastPathComponent().appending(path: "ponder")
  }

  static var fixtures: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Fixtures")
  }

  /// The path of a tiny model with random weights.
  static func model(_ name: String) -> String {
    fixtures.appending(path: "Models/\(name).gguf").path
  }

  /// Runs the program to its end.
  static func run(
    _ arguments: [String], input: Data = Data(), environment: [String: String] = [:]
  ) throws -> Result {
    let folder = try temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    // Files, not pipes: neither side can wait for the other.
    let files = try ["input", "output", "errors"].map { name in
      let file = folder.appending(path: name)
      try (name == "input" ? input : Data()).write(to: file)
      return file
    }
    let process = Process()
    process.executableURL = url
    process.arguments = arguments
    // What other programs keep on this machine is no part of a test, and nothing is fetched.
    let stores = ["HF_HUB_CACHE": folder.path, "OLLAMA_MODELS": folder.path, "HF_HUB_OFFLINE": "1"]
    process.environment = ProcessInfo.processInfo.environment
      .merging(stores) { _, new in new }.merging(environment) { _, new in new }
    process.standardInput = try FileHandle(forReadingFrom: files[0])
    process.standardOutput = try FileHandle(forWritingTo: files[1])
    process.standardError = try FileHandle(forWritingTo: files[2])
    try process.run()
    process.waitUntilExit()
    #expect(process.terminationReason == .exit, "ended by signal \(process.terminationStatus)")
    return Result(
      status: process.terminationStatus,
      output: String(decoding: try Data(contentsOf: files[1]), as: UTF8.self),
      errors: String(decoding: try Data(contentsOf: files[2]), as: UTF8.self))
  }

  static func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  /// Expects a failure as users are promised it: one line on standard error, nothing on standard
  /// output, a certain exit status.
  static func expectFailure(
    _ arguments: [String], status: Int32, saying fragment: String,
    environment: [String: String] = [:], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let result = try run(arguments, environment: environment)
    #expect(result.status == status, sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("ponder: "), sourceLocation: sourceLocation)
    #expect(result.errors.hasSuffix("\n"), sourceLocation: sourceLocation)
    #expect(
      result.errors.filter { $0 == "\n" }.count == 1, "\(result.errors)",
      sourceLocation: sourceLocation)
    #expect(
      result.errors.contains(fragment), "\(result.errors)", sourceLocation: sourceLocation)
  }
}
