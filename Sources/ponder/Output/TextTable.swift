import Foundation

/// A table as text: a line of headings, then a line for each row.
struct TextTable<Row> {
  /// A heading, how wide the column is, and what stands in it.
  struct Column {
    var heading: String
    /// In characters; nil makes it as wide as the widest of its cells.
    var width: Int?
    /// Whether its cells end below each other.
    var isNumber: Bool
    var cell: (Row) -> String

    init(
      _ heading: String, _ width: Int? = nil, isNumber: Bool = false,
      _ cell: @escaping (Row) -> String
    ) { (self.heading, self.width, self.isNumber, self.cell) = (heading, width, isNumber, cell) }
  }

  var columns: [Column]

  /// What stands in a row.
  func cells(of row: Row) -> [String] { columns.map { $0.cell(row) } }

  func text(_ rows: [Row]) -> String {
    let all = [columns.map(\.heading)] + rows.map(cells)
    let widths = columns.indices.map { column in
      columns[column].width ?? (all.map { $0[column].count }.max() ?? 0) + 2
    }
    return all.map { line($0, widths) }.joined()
  }

  /// The line of headings of a table whose columns have widths, for rows that come one by one.
  var heading: String { line(columns.map(\.heading), columns.map { $0.width ?? 0 }) }

  /// The line of a row below `heading`.
  func line(of row: Row) -> String { line(cells(of: row), columns.map { $0.width ?? 0 }) }

  private func line(_ cells: [String], _ widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      // A name that is too long for its column is still set off from the next one.
      line +=
        columns[index].isNumber
        ? cell.padded(to: widths[index] - 2, left: true) + "  "
        : "\(cell) ".padded(to: widths[index])
    }
    while line.last == " " { line.removeLast() }
    return line + "\n"
  }
}

extension String {
  /// Padded with spaces to a width in characters, on the right or, for numbers, on the left.
  func padded(to width: Int, left: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - count))
    return left ? padding + self : self + padding
  }
}

/// A share in three places, "—" where there is none.
func fixed(_ value: Double?) -> String { value.map { String(format: "%.3f", $0) } ?? "—" }

/// An interval in three places, "—" where there is none.
func fixed(_ interval: ClosedRange<Double>?) -> String {
  interval.map { String(format: "[%.3f, %.3f]", $0.lowerBound, $0.upperBound) } ?? "—"
}

extension String {
  /// The words on as many lines as they take; those after the first are indented.
  func wrapped(indent: Int = 2, width: Int = 80) -> [String] {
    let margin = String(repeating: " ", count: indent)
    return split(separator: " ").reduce(into: []) { lines, word in
      if let last = lines.last, last.count + word.count < width {
        lines[lines.count - 1] = last + " " + word
      } else {
        lines.append((lines.isEmpty ? "" : margin) + word)
      }
    }
  }
}

extension [String] {
  /// The texts with two spaces between, on as many indented lines as they take.
  func folded(indent: Int) -> [String] {
    let margin = String(repeating: " ", count: indent)
    return reduce(into: []) { lines, text in
      if let last = lines.last, last.count + text.count + 2 <= 78 {
        lines[lines.count - 1] = last + "  " + text
      } else {
        lines.append(margin + text)
      }
    }
  }
}
