import TerminalUI

/// Two aligned paths laid out in lines: the same tokens stand on the same line on both sides.
struct ComparisonText {
  /// A token as it is written on a line.
  struct Piece: Hashable {
    var text: String
    /// The token's index in its path.
    var token: Int
    var isSame: Bool
  }

  struct Line: Hashable {
    var left: [Piece] = []
    var right: [Piece] = []
  }

  private(set) var lines: [Line] = []
  private let width: Int
  /// The pairs on the line in the making, with the index before which it may be broken.
  private var open: [(left: Piece?, right: Piece?)] = []
  private var breakIndex = 0

  /// - Parameter width: the columns of each side.
  init(_ comparison: Comparison, left: PathDigest, right: PathDigest, width: Int) {
    self.width = max(4, width)
    for pair in comparison.pairs {
      let a = pair.left.map { Piece(text: Self.text(left, $0), token: $0, isSame: pair.isSame) }
      let b = pair.right.map { Piece(text: Self.text(right, $0), token: $0, isSame: pair.isSame) }
      add(a, b)
    }
    if !open.isEmpty { endLine(at: open.count) }
  }

  /// The token's text; the answer's first and last token carry its brackets.
  private static func text(_ path: PathDigest, _ index: Int) -> String {
    var text = PathText.oneLine(path.bytes(ofToken: index))
    guard let answer = path.answerTokens, answer.contains(index) else { return text }
    if index == answer.lowerBound {
      let space = text.prefix { $0 == " " }
      text = space + "[" + text.dropFirst(space.count)
    }
    return index == answer.upperBound ? text + "]" : text
  }

  private mutating func add(_ left: Piece?, _ right: Piece?) {
    let startsWord = [left, right].compactMap { $0?.text.first }.contains { $0 == " " }
    if startsWord { breakIndex = open.count }
    open.append((left, right))
    if columns(\.left) > width || columns(\.right) > width, open.count > 1 {
      endLine(at: breakIndex > 0 ? breakIndex : open.count - 1)
    }
    if [left, right].compactMap({ $0 }).contains(where: { $0.text.hasSuffix("⏎") }) {
      endLine(at: open.count)
    }
  }

  private func columns(_ side: KeyPath<(left: Piece?, right: Piece?), Piece?>) -> Int {
    open.reduce(0) { $0 + ($1[keyPath: side].map { DisplayWidth.of($0.text) } ?? 0) }
  }

  private mutating func endLine(at index: Int) {
    guard index > 0 else { return }
    var line = Line()
    for (left, right) in open[..<index] {
      if let left { line.left.append(left) }
      if let right { line.right.append(right) }
    }
    lines.append(line)
    open.removeFirst(index)
    breakIndex = 0
  }
}
