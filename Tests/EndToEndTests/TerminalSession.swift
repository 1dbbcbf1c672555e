import Foundation
import Testing

/// A real terminal with a shell in it, made by tmux on a socket of its own, in which the program
/// runs as users run it.
///
/// Nothing waits for a fixed time: `wait` looks until what it looks for is there.
final class TerminalSession {
  /// Empty at first: the working folder of the shell and the home of everything the program keeps.
  let folder: URL
  /// How long something may take on a machine that is busy with all the other tests.
  static let patience: TimeInterval = 120
  static let prompt = "shell>"

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  /// Opens a terminal, and closes it whatever happens.
  static func with(
    columns: Int = 80, rows: Int = 24, _ body: (TerminalSession) async throws -> Void
  ) async throws {
    let session = try TerminalSession(columns: columns, rows: rows)
    defer { session.close() }
    _ = try await session.wait("the shell") { $0.text.hasPrefix(prompt) }
    try await body(session)
  }

  private init(columns: Int, rows: Int) throws {
    folder = try Program.temporaryFolder()
    try FileManager.default.createDirectory(
      at: folder.appending(path: "state"), withIntermediateDirectories: true)
    let shell = "exec env -u TMUX PS1='\(Self.prompt) ' sh -i"
    try tmux(
      "new-session", "-d", "-x", "\(columns)", "-y", "\(rows)", "-c", folder.path, shell, ";",
      "set-option", "-g", "status", "off", ";", "set-option", "-g", "window-size", "manual", ";",
      "resize-window", "-x", "\(columns)", "-y", "\(rows)")
  }

  private func close() {
    let server = (try? variable("pid")).flatMap { pid_t($0) }
    _ = try? tmux("kill-server")
    if let server { kill(server, SIGKILL) }
    if let program = try? program(), kill(program, 0) == 0 { kill(program, SIGKILL) }
    try? FileManager.default.removeItem(at: folder)
  }

  // MARK: Looking

  /// What the terminal shows.
  func screen() throws -> TerminalPicture { TerminalPicture(try tmux("capture-pane", "-p")) }

  /// What the terminal shows, with the escape sequences for its colours and attributes.
  func coloredScreen() throws -> String { try tmux("capture-pane", "-p", "-e") }

  /// A variable of the terminal, such as `alternate_on`.
  func variable(_ name: String) throws -> String {
    try tmux("display-message", "-p", "#{\(name)}")
      .trimmingCharacters(in: .whitespacesAndNewlines)
  }

  /// Whether the terminal is as a shell needs it.
  func expectGivenBack(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for (name, value) in [
      ("alternate_on", "0"), ("cursor_flag", "1"), ("mouse_any_flag", "0"),
      ("keypad_cursor_flag", "0"),
    ] {
      #expect(
        try variable(name) == value, "\(name) is left wrong", sourceLocation: sourceLocation)
    }
  }

  /// Looks at the screen until it shows what is expected.
  @discardableResult
  func wait(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    until isThere: (TerminalPicture) throws -> Bool
  ) async throws -> TerminalPicture {
    try await poll(what, sourceLocation: sourceLocation) {
      let picture = try screen()
      return try isThere(picture) ? picture : nil
    }
  }

  /// Looks until the screen shows what is expected and is wholly drawn: it is the same twice.
  func waitForStillness(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    until isThere: (TerminalPicture) throws -> Bool
  ) async throws -> TerminalPicture {
    var last: TerminalPicture?
    return try await wait(what, sourceLocation: sourceLocation) { picture in
      defer { last = picture }
      return try isThere(picture) && picture == last
    }
  }

  /// Asks until there is an answer; fails with what the screen shows.
  func poll<T>(
    _ what: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ ask: () throws -> T?
  ) async throws -> T {
    let deadline = Date(timeIntervalSinceNow: Self.patience)
    while true {
      if let answer = try ask() { return answer }
      guard Date() < deadline else {
        Issue.record(
          "waited in vain for \(what):\n\(try screen().text)", sourceLocation: sourceLocation)
        throw Failure(description: "waited in vain for \(what)")
      }
      try await Task.sleep(for: .milliseconds(40))
    }
  }

  // MARK: Acting

  /// Presses keys by tmux's names, such as `Right`, `C-c` or `x`.
  func press(_ keys: String...) throws { try tmux(["send-keys"] + keys) }

  /// Types text as it is.
  func type(_ text: String) throws { try send(Array(text.utf8)) }

  /// Sends bytes as if the terminal's keyboard had.
  func send(_ bytes: [UInt8]) throws {
    try tmux(["send-keys", "-H"] + bytes.map { String($0, radix: 16) })
  }

  /// Gives the shell a command.
  func command(_ line: String) throws {
    try type(line)
    try press("Enter")
  }

  func resize(columns: Int, rows: Int) throws {
    try tmux("resize-window", "-x", "\(columns)", "-y", "\(rows)")
  }

  // MARK: The program

  /// Starts the program in the shell.
  ///
  /// - Parameters:
  ///   - environment: what differs from a colour terminal that knows UTF-8.
  ///   - before: a shell command that comes first.
  func start(
    _ arguments: [String], environment: [String: String] = [:], before: String = ":"
  ) throws {
    var variables = [
      "HOME": folder.path, "XDG_STATE_HOME": folder.appending(path: "state").path,
      "XDG_CONFIG_HOME": folder.appending(path: "config").path, "LC_ALL": "C.UTF-8",
      "TERM": "screen-256color",
    ]
    variables.merge(environment) { _, new in new }
    let assignments = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    let words =
      ["env", "-u", "PONDER_HOME", "-u", "NO_COLOR", "-u", "COLORTERM"] + assignments
      + [Program.url.path] + arguments
    let script = "echo $$ >pid\n\(before)\nexec \(words.map(Self.quoted).joined(separator: " "))\n"
    try script.write(
      to: folder.appending(path: "ponder"), atomically: true, encoding: .utf8)
    try? FileManager.default.removeItem(at: folder.appending(path: "pid"))
    try command("sh ponder")
  }

  /// Starts the playground on a model with random weights and waits until Decode is complete.
  func startPlayground(
    _ arguments: [String] = [], environment: [String: String] = [:], before: String = ":"
  ) async throws -> TerminalPicture {
    let model = try PlaygroundModel.write(to: folder)
    try start(["play", "--model", model] + arguments, environment: environment, before: before)
    return try await waitForStillness("the table of Decode") {
      $0.text.contains("Decode") && $0.text.contains("next token") && $0.text.contains("rest ")
    }
  }

  /// The program's process, when it has been started.
  func program() throws -> pid_t? {
    (try? String(contentsOf: folder.appending(path: "pid"), encoding: .utf8))
      .flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
  }

  func signal(_ number: Int32) throws {
    let program = try #require(try program())
    try #require(kill(program, number) == 0)
  }

  /// Waits for the program's end.
  /// - Returns: the status that the shell sees.
  func exitStatus(sourceLocation: SourceLocation = #_sourceLocation) async throws -> Int32 {
    _ = try await poll("the program's end", sourceLocation: sourceLocation) {
      try program().flatMap { kill($0, 0) != 0 ? true : nil }
    }
    return try await lastStatus(sourceLocation: sourceLocation)
  }

  /// The exit status of the shell's last command.
  private func lastStatus(sourceLocation: SourceLocation) async throws -> Int32 {
    let file = folder.appending(path: "status")
    try? FileManager.default.removeItem(at: file)
    try command("echo $? >status")
    return try await poll("the shell", sourceLocation: sourceLocation) {
      guard let text = try? String(contentsOf: file, encoding: .utf8), text.hasSuffix("\n") else {
        return nil
      }
      return Int32(text.dropLast())
    }
  }

  /// The line settings of the terminal, as `stty` tells them.
  func lineSettings() async throws -> String {
    let file = folder.appending(path: "stty")
    try? FileManager.default.removeItem(at: file)
    try command("stty -a >stty.part && mv stty.part stty")
    let text = try await poll("stty") { try? String(contentsOf: file, encoding: .utf8) }
    // The first line tells the size, which tmux passes on in its own time.
    return text.split(separator: "\n").dropFirst().joined(separator: "\n")
  }

  /// The sessions that the program has kept.
  func journals() throws -> [URL] {
    let kept = folder.appending(path: "state/ponder")
    guard FileManager.default.fileExists(atPath: kept.path) else { return [] }
    return try FileManager.default.contentsOfDirectory(at: kept, includingPropertiesForKeys: nil)
      .filter { $0.pathExtension == "jsonl" }
  }

  /// The only session that has been kept.
  func journal() throws -> URL {
    let all = try journals()
    try #require(all.count == 1)
    return all[0]
  }

  // MARK: tmux

  @discardableResult
  private func tmux(_ arguments: String...) throws -> String { try tmux(arguments) }

  /// Runs tmux and waits for it. Not as a `Process`: that one waits for all who inherit its
  /// socket, and tmux's server, which stays, would be one of them.
  @discardableResult
  private func tmux(_ arguments: [String]) throws -> String {
    let words =
      ["tmux", "-u", "-S", folder.appending(path: "tmux").path, "-f", "/dev/null"] + arguments
    var variables = ProcessInfo.processInfo.environment
    variables["TMUX"] = nil
    variables["LC_ALL"] = "C.UTF-8"
    variables["SHELL"] = "/bin/sh"
    let output = folder.appending(path: "tmux.output").path
    let errors = folder.appending(path: "tmux.errors").path
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    for (descriptor, path) in [(Int32(1), output), (2, errors)] {
      posix_spawn_file_actions_addopen(
        &actions, descriptor, path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    }
    // The threads of tests block signals; tmux, left so, would never see its shell end.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var noSignals = sigset_t()
    sigemptyset(&noSignals)
    posix_spawnattr_setsigmask(&attributes, &noSignals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var argv = words.map { strdup($0) } + [nil]
    var environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for text in argv + environment { free(text) } }
    var child = pid_t()
    guard posix_spawnp(&child, "tmux", &actions, &attributes, &argv, &environment) == 0 else {
      throw Failure(description: "tmux is missing; `make test` installs it")
    }
    var status: Int32 = 0
    while waitpid(child, &status, 0) < 0, errno == EINTR {}
    guard status == 0 else {
      throw Failure(description: "tmux: \(try String(contentsOfFile: errors, encoding: .utf8))")
    }
    return try String(contentsOfFile: output, encoding: .utf8)
  }

  private static func quoted(_ word: String) -> String {
    "'" + word.replacingOccurrences(of: "'", with: "'\\''") + "'"
  }
}

/// The characters that a terminal shows.
struct TerminalPicture: Equatable {
  let rows: [String]

  init(_ text: String) {
    var rows = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    if rows.last == "" { rows.removeLast() }
    self.rows = rows
  }

  var text: String { rows.joined(separator: "\n") }

  /// The rows without the title above, with its runs and tabs, and the two lines below: these tell of
  /// changing things. A low terminal has two lines of title.
  var content: [String] { Array(rows.dropFirst(rows.count < 20 ? 2 : 3).dropLast(2)) }
}
