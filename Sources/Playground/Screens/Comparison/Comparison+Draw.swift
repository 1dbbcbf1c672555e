import Reasoning
import TerminalUI
import Traces

/// Two paths of one run side by side: what they share, where they part, what they could have
/// chosen there, and what became of them.
extension Comparison {
  func draw(_ digest: RunDigest, in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    guard let left = digest.paths[left], let right = digest.paths[right] else { return }
    let noun = digest.isByDelta ? "branch" : "path"
    let layout = layout(in: rect)
    Panel.header(
      StyledText("Two \(noun == "path" ? "paths" : "branches") compared", style: theme[.title]),
      StyledText(agreement(left, right), style: theme[.dim]), in: layout.header, on: &buffer)
    drawShared(left, in: layout.shared, theme: theme, on: &buffer)
    drawCandidates(noun: noun, in: layout.candidates, theme: theme, on: &buffer)
    drawTexts(digest, left, right, layout, noun: noun, theme: theme, on: &buffer)
  }

  private func layout(in rect: Rect) -> ComparisonLayout {
    ComparisonLayout(in: rect, candidates: candidates.count, hasShared: shared > 0)
  }

  /// The first line that shows when the texts are scrolled to their end.
  func lastLine(_ digest: RunDigest, in rect: Rect) -> Int {
    guard let left = digest.paths[left], let right = digest.paths[right] else { return 0 }
    let layout = layout(in: rect)
    let text = ComparisonText(self, left: left, right: right, width: layout.textWidth)
    return max(0, text.lines.count - layout.textHeight)
  }

  private func agreement(_ left: PathDigest, _ right: PathDigest) -> String {
    guard let a = left.answer, let b = right.answer else { return "" }
    return a == b ? "both answer \(a)" : "\(a) against \(b)"
  }

  private func drawShared(
    _ path: PathDigest, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard shared > 0 else {
      Panel.draw(
        "they part at the first token after the prompt", in: rect, theme: theme, on: &buffer)
      return
    }
    let inside = Panel.draw(
      "they share \(Panel.count(shared, "token"))", in: rect, theme: theme, on: &buffer)
    let end = path.ends[shared - 1]
    let text = WrappedText(
      StyledText(
        PathText.tail(
          PathText.oneLine(path.bytes[..<end]), columns: inside.height * (inside.width - 2)),
        style: theme[.dim]), width: inside.width - 2)
    text.draw(
      in: Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height),
      firstLine: max(0, text.lines.count - inside.height), on: &buffer)
  }

  private func drawCandidates(
    noun: String, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let inside = Panel.draw(
      "what could come next there", note: "p at T = 1", in: rect, theme: theme, on: &buffer)
    var rows = candidates
    while rows.count > inside.height, let index = rows.lastIndex(where: { $0.taker == .nobody }) {
      rows.remove(at: index)
    }
    if rows.isEmpty {
      buffer.put(
        "One path is the beginning of the other.", x: inside.x + 1, y: inside.y,
        style: theme[.dim], width: inside.width - 1)
    }
    func role(_ row: Candidate) -> Role { row.taker == .nobody ? .dim : .text }
    let columns: [ItemColumn<Candidate>] = [
      .init("", .fixed(3), .right) { $1.text($0.rank.map { "\($0)" } ?? "·", .dim) },
      .init("", .fixed(14)) {
        $1.text(PathText.head(PathText.quoted($0.bytes), columns: $1.width), role($0))
      },
      .init("", .fixed(5), .right) {
        $1.text($0.probability.map(Format.probability) ?? "—", role($0))
      },
      .init("", .fill) {
        $1.bar($0.probability ?? 0, theme[$0.taker == .nobody ? .barCut : .barRaw])
      },
      .init("", .fixed(18)) { row, cell in
        switch row.taker {
        case .left: cell.text("◀ \(noun) \(left + 1)", .notice)
        case .right: cell.text("▶ \(noun) \(right + 1)", .notice)
        case .nobody: nil
        }
      },
    ]
    rows.draw(columns, in: inside, theme: theme, on: &buffer)
  }

  private func drawTexts(
    _ digest: RunDigest, _ left: PathDigest, _ right: PathDigest, _ layout: ComparisonLayout,
    noun: String, theme: Theme, on buffer: inout CellBuffer
  ) {
    let text = ComparisonText(self, left: left, right: right, width: layout.textWidth)
    let first = min(scroll, max(0, text.lines.count - layout.textHeight))
    for (path, rect, side) in [
      (left, layout.left, \ComparisonText.Line.left), (right, layout.right, \.right),
    ] {
      let inside = Panel.draw(
        "\(noun) \(path.number + 1)", note: summary(path, digest), in: rect, theme: theme,
        on: &buffer)
      for row in 0..<inside.height where text.lines.indices.contains(first + row) {
        buffer.put(
          styled(text.lines[first + row][keyPath: side], path, theme: theme),
          x: inside.x + 1, y: inside.y + row, width: inside.width - 1)
      }
    }
    guard text.lines.count > layout.textHeight, layout.textHeight > 0 else { return }
    Scrollbar.draw(
      visible: first..<first + layout.textHeight, count: text.lines.count,
      in: Rect(
        x: layout.right.right - 1, y: layout.right.y + 1, width: 1, height: layout.textHeight),
      style: theme[.dim], on: &buffer)
  }

  private func summary(_ path: PathDigest, _ digest: RunDigest) -> String {
    guard let answer = path.answer else { return path.isGrowing ? "grows" : "no answer" }
    let mark = digest.isCorrect(answer).map { $0 ? "✓" : "✗" } ?? ""
    let delta = path.delta.map { " Δ \(Format.probability($0))" } ?? ""
    return "\(PathText.oneLine(answer.utf8))\(mark)\(delta)"
  }

  private func styled(
    _ pieces: [ComparisonText.Piece], _ path: PathDigest, theme: Theme
  ) -> StyledText {
    var text = StyledText()
    for (index, piece) in pieces.enumerated() {
      let isAnswer = path.answerTokens?.contains(piece.token) ?? false
      let role: Role =
        isAnswer ? .answerSpan : piece.token == shared ? .notice : piece.isSame ? .dim : .text
      let word = piece.text.drop { $0 == " " }
      // A line never starts with the space of its first word, and an answer not with its own.
      if index > 0 { text.append(String(piece.text.prefix { $0 == " " }), style: theme[.text]) }
      text.append(String(word), style: theme[role])
    }
    return text
  }
}

/// Where the parts of a comparison lie.
private struct ComparisonLayout {
  var header: Rect
  /// What both paths share, under a line with a title.
  var shared: Rect
  /// What could have been chosen where they part, under a line with a title.
  var candidates: Rect
  /// The two paths from there on, each under a line with a title.
  var left: Rect
  var right: Rect

  init(in rect: Rect, candidates count: Int, hasShared: Bool) {
    header = rect.row(0)
    let rows = max(2, min(count, rect.height / 4))
    let parts = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1
    ).splitRows([
      .fixed(hasShared ? 1 + (rect.height < 17 ? 1 : 2) : 1), .fixed(rows + 1), .fill,
    ])
    (shared, candidates) = (parts[0], parts[1])
    let columns = parts[2].splitColumns([.fill, .fill], gap: 2)
    (left, right) = (columns[0], columns[1])
  }

  /// The columns of a side's text.
  var textWidth: Int { max(0, min(left.width, right.width) - 2) }
  /// The lines of text that show.
  var textHeight: Int { max(0, left.height - 1) }
}

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

  /// What stands side by side and is not torn apart: tokens that both paths have, or a word or a
  /// whole number of one in place of what the other has.
  private struct Row {
    var left: [Piece] = []
    var right: [Piece] = []
    /// Whether a number goes on here, so that no line may begin with it.
    var isInNumber = false

    /// Whether a word begins here on either side.
    var startsWord: Bool { [left.first, right.first].contains { $0?.text.first == " " } }
    var endsLine: Bool { [left.last, right.last].contains { $0?.text.hasSuffix("⏎") == true } }
  }

  private(set) var lines: [Line] = []
  private let width: Int
  /// The line in the making, with the index before which a word begins, and the one before which at
  /// least no number goes on.
  private var open: [Row] = []
  private var breakIndex = 0
  private var splitIndex = 0

  /// - Parameter width: the columns of each side.
  init(_ comparison: Comparison, left: PathDigest, right: PathDigest, width: Int) {
    self.width = max(4, width)
    let insideLeft = Self.insideNumbers(left, comparison.pairs.compactMap(\.left))
    let insideRight = Self.insideNumbers(right, comparison.pairs.compactMap(\.right))
    /// The tokens of one side in units, each a token with those that go on with its number.
    func units(_ path: PathDigest, _ tokens: [Int], _ inside: Set<Int>, isSame: Bool) -> [[Piece]] {
      tokens.reduce(into: []) { units, token in
        let piece = Piece(text: Self.text(path, token), token: token, isSame: isSame)
        if inside.contains(token), !units.isEmpty {
          units[units.count - 1].append(piece)
        } else {
          units.append([piece])
        }
      }
    }
    func isInside(_ unit: [Piece], _ inside: Set<Int>) -> Bool {
      unit.first.map { inside.contains($0.token) } ?? false
    }
    var pairs = comparison.pairs[...]
    while let first = pairs.first {
      let run = first.isSame ? pairs.prefix(1) : pairs.prefix { !$0.isSame }
      pairs = pairs.dropFirst(run.count)
      let lefts = units(left, run.compactMap(\.left), insideLeft, isSame: first.isSame)
      let rights = units(right, run.compactMap(\.right), insideRight, isSame: first.isSame)
      for index in 0..<max(lefts.count, rights.count) {
        var row = Row()
        if index < lefts.count { row.left = lefts[index] }
        if index < rights.count { row.right = rights[index] }
        row.isInNumber = isInside(row.left, insideLeft) || isInside(row.right, insideRight)
        add(row)
      }
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

  /// The tokens that go on with a number, so that no line may begin with them.
  private static func insideNumbers(_ path: PathDigest, _ tokens: [Int]) -> Set<Int> {
    let texts = tokens.map { text(path, $0) }
    var numbers = NumberSpans.ranges(in: texts.joined())[...]
    var inside: Set<Int> = []
    var start = 0
    for (token, text) in zip(tokens, texts) {
      while let number = numbers.first, number.upperBound <= start { numbers.removeFirst() }
      if let number = numbers.first, number.lowerBound < start { inside.insert(token) }
      start += text.utf8.count
    }
    return inside
  }

  private mutating func add(_ row: Row) {
    if !row.isInNumber {
      splitIndex = open.count
      if row.startsWord { breakIndex = open.count }
    }
    open.append(row)
    if columns(\.left) > width || columns(\.right) > width, open.count > 1 {
      endLine(at: [breakIndex, splitIndex].first { $0 > 0 } ?? open.count - 1)
    }
    if row.endsLine { endLine(at: open.count) }
  }

  private func columns(_ side: KeyPath<Row, [Piece]>) -> Int {
    open.reduce(0) { sum, row in
      row[keyPath: side].reduce(sum) { $0 + DisplayWidth.of($1.text) }
    }
  }

  private mutating func endLine(at index: Int) {
    guard index > 0 else { return }
    var line = Line()
    for row in open[..<index] {
      line.left += row.left
      line.right += row.right
    }
    lines.append(line)
    open.removeFirst(index)
    breakIndex = 0
    splitIndex = max(0, splitIndex - index)
  }
}
