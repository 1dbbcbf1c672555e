import Foundation
import Testing

/// The program while it runs.
final class RunningProgram {
  private let process = Process()
  private let output: URL
  private let errors: URL

  convenience init(
    _ arguments: [String], in folder: URL, environment: [String: String] = [:]
  ) throws {
    try self.init(executable: Program.url, arguments, in: folder, environment: environment)
  }

  /// Runs it by a shell, whose `$0` is the program.
  convenience init(shell: String, _ arguments: [String], in folder: URL) throws {
    try self.init(
      executable: URL(fileURLWithPath: "/bin/sh"), ["-c", shell, Program.url.path] + arguments,
      in: folder)
  }

  private init(
    executable: URL, _ arguments: [String], in folder: URL, environment: [String: String] = [:]
  ) throws {
    output = folder.appending(path: "output-\(UUID().uuidString)")
    errors = folder.appending(path: "errors-\(UUID().uuidString)")
    for file in [output, errors] { try Data().write(to: file) }
    process.executableURL = executable
    process.arguments = arguments
    process.environment = ProcessInfo.processInfo.environment
      .merging(environment) { _, new in new }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = try FileHandle(forWritingTo: output)
    process.standardError = try FileHandle(forWritingTo: errors)
    try process.run()
  }

  deinit { if process.isRunning { kill(process.processIdentifier, SIGKILL) } }

  /// Waits until the output is as expected, or the program has ended.
  func wait(until isThere: (String) -> Bool) throws {
    while process.isRunning {
      if isThere(String(decoding: try Data(contentsOf: output), as: UTF8.self)) { return }
      usleep(5000)
    }
    let text = String(decoding: try Data(contentsOf: errors), as: UTF8.self)
    #expect(isThere(String(decoding: try Data(contentsOf: output), as: UTF8.self)), "\(text)")
  }

  func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

  /// Waits for the end.
  ///
  /// - Returns: the exit status, or the signal that ended it.
  func end() -> (status: Int32, errors: String) {
    process.waitUntilExit()
    let text = (try? Data(contentsOf: errors)).map { String(decoding: $0, as: UTF8.self) } ?? ""
    return (process.terminationStatus, text)
  }
}
