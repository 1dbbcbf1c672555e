import Decoding
import TerminalUI
import Traces

/// Draws what surrounds the screens: the title, the line of keys or of a message, the status line.
enum ChromeView {
  static func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) {
    TitleLines.draw(state, view: view, on: &buffer)
    if let message = state.message {
      drawMessage(message, state.size, view, &buffer)
    } else if state.popups.isEmpty {
      // A popup has its keys in its own frame.
      drawHints(state, view, &buffer)
    }
    drawStatus(state, view, &buffer)
  }

  // MARK: Keys and messages

  private static func drawHints(
    _ state: PlaygroundState, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let line = Chrome.hintLine(state.size)
    KeyHints.draw(
      state.hints, in: line.inset(horizontal: 1, vertical: 0), keyStyle: view.style(.key),
      labelStyle: view.style(.dim), on: &buffer)
  }

  /// A message takes the line of keys, and lines above it when it is long.
  private static func drawMessage(
    _ message: Message, _ size: Size, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let (mark, role): (String, Role) =
      switch message.kind {
      case .notice: ("•", .notice)
      case .warning: ("⚠", .warning)
      case .error: ("✗", .error)
      }
    let style = view.style(role)
    let text = WrappedText(StyledText(message.text, style: style), width: size.width - 4)
    let height = min(text.lines.count, 4)
    let line = Chrome.hintLine(size)
    let rect = Rect(x: 0, y: line.bottom - height, width: size.width, height: height)
    buffer.fill(rect, style: view.style(.text))
    buffer.put(mark, x: 1, y: rect.y, style: style)
    text.draw(in: Rect(x: 3, y: rect.y, width: rect.width - 4, height: height), on: &buffer)
  }

  // MARK: Status

  private static func drawStatus(
    _ state: PlaygroundState, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let line = Chrome.statusLine(state.size)
    let style = view.style(.status)
    buffer.fill(line, style: style)
    // What is under way comes first, with the model's name at its left.
    let activity = StatusLine.work(state)?.text(width: line.width - 2) ?? ""
    let width = DisplayWidth.of(activity)
    let right = max(line.x, line.right - width - 1)
    if width > 0 {
      buffer.put(activity, x: right, y: line.y, style: style.adding(.bold), width: line.right - 1)
    }
    var x = line.x + 1
    for part in StatusLine.parts(state) {
      let gap = x == line.x + 1 ? 0 : 2
      guard x + gap + DisplayWidth.of(part) < right else { break }
      x = buffer.put(part, x: x + gap, y: line.y, style: style)
    }
  }
}

/// What the status line says.
enum StatusLine {
  /// From the left, the most important first; what finds no room is left out.
  static func parts(_ state: PlaygroundState) -> [String] {
    (state.unkept.map { ["✗ \($0.title)"] } ?? []) + modelParts(state)
  }

  private static func modelParts(_ state: PlaygroundState) -> [String] {
    switch state.model {
    case .none:
      return [state.isReplay ? "saved trace, no model" : "no model: press m to choose one"]
    case .loading(let load): return ["loading \(load.name)"]
    case .failed(let name, _): return ["\(name) could not be loaded: press m to choose another"]
    case .ready(let summary):
      var parts = [summary.member?.title ?? summary.identity.title]
      if let used = state.pace.cachedTokens {
        let room = state.pace.cacheCapacity.map { "/\(Format.count($0))" } ?? ""
        parts.append("KV \(Format.count(used))\(room)")
      }
      if let bytes = state.pace.memoryBytes { parts.append("memory \(Format.bytes(bytes))") }
      // A model of a server computes elsewhere.
      if summary.threads > 0 {
        parts.append("\(summary.threads) \(summary.threads == 1 ? "thread" : "threads")")
      }
      parts.append(summary.identity.isa)
      if summary.parameters > 0 { parts.append("\(Format.count(summary.parameters)) parameters") }
      parts.append("context \(Format.count(summary.contextLength))")
      return parts
    }
  }

  /// What is under way: a model that loads, the newest run, or what a screen does by itself. Its
  /// rate is that of the work: nothing that has stopped has one.
  static func work(_ state: PlaygroundState) -> Progress? {
    if state.isQuitting { return Progress("saving the session …") }
    if case .loading(let load) = state.model { return load.progress }
    if let opening = state.opening { return opening.progress }
    let newest = state.activities.keys.max()
    if let run = state.runHere ?? newest { return state.session.progress(of: run) }
    guard var work = state.screens.lazy.compactMap(\.work).first else { return nil }
    // What counts steps has no rate in tokens.
    if work.unit != .steps { work.rate = work.rate ?? state.pace.tokensPerSecond }
    return work
  }
}

extension ModelIdentity {
  /// The name and the type of the weights, as `base-0.9m·F16`.
  var title: String { fileType.isEmpty ? name : "\(name)·\(fileType)" }
}
