public import ArgumentParser
import Decoding
import Foundation
public import Playground
import Problems
import TerminalUI
import Traces

struct ReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay", abstract: "Print a saved trace, without a model.",
    discussion: """
      'ponder play --replay FILE' shows it on the screens. With --screen a picture of that screen \
      is printed: coloured text for a terminal, or SVG.
      """)

  enum Format: String, CaseIterable, ExpressibleByArgument { case text, jsonl, svg }

  @Argument(help: "A trace written by --trace or saved by the playground.")
  var trace: String

  @Option(help: "\(Format.names)") var format: Format = .text

  @Option(
    help: ArgumentHelp(
      "Print a picture of a screen.",
      valueName: ScreenList.standard.ids.map(\.name).joined(separator: "|"))) var screen: ScreenID?

  @Option(help: ArgumentHelp("The picture's size in cells.", valueName: "WxH"))
  var size = "100x30"

  @Option(help: "The picture's theme.")
  var theme = ThemeLibrary.defaultName

  func run() throws {
    let file = try TraceFile.read(URL(fileURLWithPath: trace))
    if screen != nil || format == .svg {
      try StandardOutput.writeLine(try picture(of: Trace(file.records)))
    } else if format == .jsonl {
      try StandardOutput.write(String(decoding: TraceCoding.lines(file.records), as: UTF8.self))
    } else {
      try printText(file.records)
    }
    if let first = file.firstBadLine {
      StandardError.tell(
        file.badLines == 1
          ? "line \(first) is damaged and was skipped."
          : "\(file.badLines) lines are damaged and were skipped, the first is line \(first).")
    }
    if file.tornBytes > 0 {
      StandardError.tell("the last \(file.tornBytes) bytes were torn off and are left out.")
    }
  }

  private func printText(_ records: [TraceRecord]) throws {
    var text = TraceText()
    for record in records {
      if case .run(let start) = record.event {
        try StandardOutput.writeLine(
          "run \(record.run): \(start.strategy), \(start.model.name)·\(start.model.fileType)")
      }
      try StandardOutput.write(text.text(for: record))
    }
  }

  private func picture(of trace: Trace) throws -> String {
    let sides = size.split(separator: "x").compactMap { Int($0) }
    guard sides.count == 2, sides.allSatisfy({ (20...500).contains($0) }) else {
      throw UserError.usage("--size is WIDTHxHEIGHT in cells, such as 100x30.")
    }
    let size = Size(width: sides[0], height: sides[1])
    var state = PlaygroundState(
      size: size, question: Question(text: ""), settings: RunSettings(), themeName: theme)
    state.show(trace)
    state.open(screen)
    let depth: ColorDepth = format == .svg || isatty(STDOUT_FILENO) == 1 ? .trueColor : .none
    let theme = try Themes.library().theme(theme, depth: depth)
    var buffer = CellBuffer(size: size)
    _ = PlaygroundView(theme: theme, glyphs: .unicode).draw(state, on: &buffer)
    return format == .svg
      ? buffer.svg(title: "Ponder", style: theme[.text])
      : buffer.ansiText(depth: depth, glyphs: .unicode)
  }
}

extension ScreenID: ExpressibleByArgument {
  public init?(argument: String) {
    guard let screen = ScreenList.standard.id(named: argument) else { return nil }
    self = screen
  }
}
