package import TerminalUI

extension CellBuffer {
  /// The picture as text: one line a row, blanks at the end of a row left out.
  package func textSnapshot() -> String {
    rows().map { row in
      var line = row.map(\.text).joined()
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// The styles as text: a map with a letter for each cell's style (`.` for plain), then what the
  /// letters stand for.
  package func styleSnapshot() -> String {
    let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    var names: [Style: Character] = [.plain: "."]
    var legend: [String] = []
    let map = rows().map { row in
      String(
        row.map { cell in
          if let name = names[cell.style] { return name }
          let name = legend.count < letters.count ? letters[legend.count] : "?"
          legend.append("\(name) \(cell.style.words)")
          names[cell.style] = name
          return name
        })
    }
    return (map + legend).map { $0 + "\n" }.joined()
  }
}

extension Style {
  /// The style in words: `#rrggbb on #rrggbb bold`.
  fileprivate var words: String {
    var words = [Style.name(foreground)]
    if background != .default { words += ["on", Style.name(background)] }
    words += Attributes.names.filter { attributes.contains($0.attribute) }.map(\.name)
    return words.joined(separator: " ")
  }

  private static func name(_ color: Color) -> String {
    switch color {
    case .default: "default"
    case .indexed(let index): "color\(index)"
    case .rgb: color.hex ?? "default"
    }
  }
}
