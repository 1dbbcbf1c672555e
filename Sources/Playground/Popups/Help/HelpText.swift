import TerminalUI
import Traces

/// The lines of the help overlay: keys from the key map, the legend of the screen, and the settings
/// from their table, so that none of it can be wrong.
struct HelpText {
  enum Line: Hashable {
    case heading(String)
    /// Keys with what they do; what does not fit on a line goes on without keys.
    case binding(keys: String, help: String)
    /// A symbol, a column or a setting with what it means.
    case entry(LegendRow)
    case blank
  }

  static let width = 168
  /// The narrowest column where there is more than one.
  static let minimumColumn = 46

  /// The lines of each column.
  private let columnLines: [[Line]]
  let columns: Int
  let columnWidth: Int
  let keyWidth = 18

  /// A part of the text, under a heading.
  private struct Section {
    var title: String
    var rows: [LegendRow]
    var areKeys: Bool

    /// The rows that hold all of some words, in the heading or in themselves.
    func filtered(by words: [String]) -> Section {
      var section = self
      section.rows = rows.filter { row in
        let text = "\(title) \(row.symbol) \(row.meaning)".lowercased()
        return words.allSatisfy(text.contains)
      }
      return section
    }
  }

  /// - Parameters:
  ///   - contexts: where the user is, the nearest first; these come first.
  ///   - legend: what the screen's symbols mean.
  ///   - settings: the settings there are, with their values.
  ///   - filter: words that rows must hold; empty shows all.
  init(
    _ keyMap: KeyMap, contexts: [KeyContext], legend: [LegendRow] = [],
    settings: [LegendRow] = [], filter: String = "", width: Int
  ) {
    columns = min(3, max(1, (width + 2) / (Self.minimumColumn + 2)))
    columnWidth = max(10, (width - (columns - 1) * 2) / columns)
    func keys(_ contexts: [KeyContext]) -> [Section] {
      contexts.map { context in
        let rows = Self.merged(keyMap.bindings[context] ?? []).map { binding in
          LegendRow(
            binding.keys.map(\.description).joined(separator: " "), .key, binding.help)
        }
        return Section(title: context.title, rows: rows, areKeys: true)
      }
    }
    let own = keys(contexts.filter { $0 != .global })
    let everywhere = keys(contexts.filter { $0 == .global })
    let others = keys(keyMap.contexts.filter { !contexts.contains($0) })
    let symbols = [Section(title: "Symbols and columns", rows: legend, areKeys: false)]
    let meanings = [Section(title: "What the settings mean", rows: settings, areKeys: false)]
    // What is on screen comes first, in every column.
    let parts: [[Section]] =
      switch columns {
      case 1: [own + symbols + everywhere + meanings + others]
      case 2: [own + everywhere + others, symbols + meanings]
      default: [own + everywhere, symbols + meanings, others]
      }
    let words = filter.lowercased().split(separator: " ").map { String($0) }
    let textWidth = columnWidth - keyWidth - 1
    columnLines = parts.map { sections in
      Self.lines(sections.map { $0.filtered(by: words) }, textWidth)
    }.filter { !$0.isEmpty || words.isEmpty }
  }

  private static func lines(_ sections: [Section], _ width: Int) -> [Line] {
    var lines: [Line] = []
    for section in sections where !section.rows.isEmpty {
      if !lines.isEmpty { lines.append(.blank) }
      lines.append(.heading(section.title))
      for row in section.rows { lines += Self.lines(row, section, width) }
    }
    return lines
  }

  /// The bindings with those that say the same in one.
  private static func merged(_ bindings: [KeyBinding]) -> [KeyBinding] {
    bindings.reduce(into: []) { merged, binding in
      if merged.last?.help == binding.help {
        merged[merged.count - 1].keys += binding.keys
      } else if !binding.keys.isEmpty {
        merged.append(binding)
      }
    }
  }

  private static func lines(_ row: LegendRow, _ section: Section, _ width: Int) -> [Line] {
    let wrapped = WrappedText(StyledText(row.meaning), width: max(8, width))
    return wrapped.lines.enumerated().map { index, line in
      let text = line.clusters.map(\.cluster.text).joined()
      let label = index == 0 ? row.symbol : ""
      return section.areKeys
        ? .binding(keys: label, help: text) : .entry(LegendRow(label, row.role, text))
    }
  }

  /// All lines, column after column.
  var lines: [Line] { columnLines.flatMap { $0 } }

  /// The rows that the lines take.
  var rows: Int { columnLines.map(\.count).max() ?? 0 }

  func line(row: Int, column: Int) -> Line? {
    guard columnLines.indices.contains(column) else { return nil }
    return columnLines[column].indices.contains(row) ? columnLines[column][row] : nil
  }
}
