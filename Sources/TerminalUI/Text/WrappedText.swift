/// A styled text laid out in lines of at most `width` columns, which remembers where each cell
/// came from.
///
/// Lines break after spaces, between wide characters and at line feeds; a word longer than a line
/// is broken where the line is full. A number is kept whole wherever a line holds it, spaces between
/// its groups of digits included. The lines' sources, in order, cover the text exactly. Spaces
/// at a break stay in the source of their line but take no column.
public struct WrappedText: Hashable, Sendable {
  /// A cluster with its place on its line.
  public struct Placed: Hashable, Sendable {
    public let cluster: DisplayCluster
    public let column: Int
    /// The index of the run in the styled text.
    public let run: Int
  }

  public struct Line: Hashable, Sendable {
    /// The UTF-8 offsets of the line in the text.
    public let source: Range<Int>
    public let clusters: [Placed]
    /// The columns in use.
    public var width: Int { clusters.last.map { $0.column + $0.cluster.width } ?? 0 }
  }

  public let text: StyledText
  public let width: Int
  public let lines: [Line]

  /// Lays out `text`. With `showsNewlines` each line feed is drawn as `␊` at the end of its line.
  public init(_ text: StyledText, width: Int, showsNewlines: Bool = false) {
    self.text = text
    self.width = max(1, width)
    var breaker = LineBreaker(width: self.width, showsNewlines: showsNewlines)
    var numbers = NumberSpans.ranges(in: text.text)[...]
    for (cluster, run) in text.clusters() {
      let start = cluster.source.lowerBound
      while let number = numbers.first, number.upperBound <= start { numbers.removeFirst() }
      let isInNumber = numbers.first.map { $0.lowerBound < start } ?? false
      breaker.add(cluster, run: run, isInNumber: isInNumber)
    }
    self.lines = breaker.finish()
  }

  /// Draws the lines from `firstLine` on into `rect`.
  public func draw(in rect: Rect, firstLine: Int = 0, on buffer: inout CellBuffer) {
    buffer.clipped(to: rect) { buffer in
      for row in 0..<rect.height {
        guard lines.indices.contains(firstLine + row) else { continue }
        for placed in lines[firstLine + row].clusters {
          buffer.put(
            placed.cluster, x: rect.x + placed.column, y: rect.y + row,
            style: text.runs[placed.run].style)
        }
      }
    }
  }

  /// The tag of the run drawn at a cell, counted from the top left of the laid-out text.
  public func tag(at point: Point) -> Int? {
    guard lines.indices.contains(point.y) else { return nil }
    let placed = lines[point.y].clusters.first {
      ($0.column..<$0.column + $0.cluster.width).contains(point.x)
    }
    return placed.flatMap { text.runs[$0.run].tag }
  }

  /// Where the text at a UTF-8 offset is drawn, or would be if it took a column. The offset after
  /// the last byte gives the place where more text would appear.
  public func position(ofOffset offset: Int) -> Point {
    guard let y = lines.lastIndex(where: { $0.source.lowerBound <= offset }) ?? lines.indices.first
    else { return Point(x: 0, y: 0) }
    let line = lines[y]
    let x = line.clusters.first { $0.cluster.source.upperBound > offset }?.column ?? line.width
    return Point(x: min(x, width - 1), y: y)
  }

  /// The lines on which any cluster of a run with this tag is drawn.
  public func lines(withTag tag: Int) -> ClosedRange<Int>? {
    let found = lines.indices.filter { index in
      lines[index].clusters.contains { text.runs[$0.run].tag == tag }
    }
    guard let first = found.first, let last = found.last else { return nil }
    return first...last
  }
}

/// Breaks a stream of clusters into lines.
private struct LineBreaker {
  let width: Int
  let showsNewlines: Bool
  var lines: [WrappedText.Line] = []
  /// The line in the making; a break would keep `pending[..<breakIndex]`, and where a word is longer
  /// than the line `pending[..<splitIndex]`.
  var pending: [WrappedText.Placed] = []
  var breakIndex = 0
  var splitIndex = 0
  var column = 0
  /// Where the line in the making starts in the source, and how much has been read.
  var lineStart = 0
  var offset = 0

  /// - Parameter isInNumber: whether the cluster goes on with a number.
  mutating func add(_ cluster: DisplayCluster, run: Int, isInNumber: Bool) {
    let isSpace = cluster.text == " " && !isInNumber
    if cluster.isNewline {
      if showsNewlines, column < width { place(cluster, run: run) }
      offset = cluster.source.upperBound
      endLine(at: pending.count)
    } else if isSpace, column == width {
      // A space past the edge hangs there unseen; the line ends before the next word.
      offset = cluster.source.upperBound
      breakIndex = pending.count
    } else {
      if !isInNumber {
        splitIndex = pending.count
        if cluster.width == 2 || pending.last?.cluster.width == 2 { breakIndex = pending.count }
      }
      if column + cluster.width > width, !pending.isEmpty {
        endLine(at: [breakIndex, splitIndex].first { $0 > 0 } ?? pending.count)
      }
      if cluster.width <= width { place(cluster, run: run) }
      offset = cluster.source.upperBound
      if isSpace { breakIndex = pending.count }
    }
  }

  mutating func finish() -> [WrappedText.Line] {
    lines.append(WrappedText.Line(source: lineStart..<offset, clusters: pending))
    return lines
  }

  private mutating func place(_ cluster: DisplayCluster, run: Int) {
    pending.append(WrappedText.Placed(cluster: cluster, column: column, run: run))
    column += cluster.width
  }

  /// Ends the line before `pending[index]` and carries the rest over to the next one.
  private mutating func endLine(at index: Int) {
    let carried = pending[index...]
    let end = carried.first?.cluster.source.lowerBound ?? offset
    let shift = carried.first?.column ?? column
    lines.append(WrappedText.Line(source: lineStart..<end, clusters: Array(pending[..<index])))
    pending = carried.map {
      WrappedText.Placed(cluster: $0.cluster, column: $0.column - shift, run: $0.run)
    }
    lineStart = end
    column -= shift
    breakIndex = 0
    splitIndex = max(0, splitIndex - index)
  }
}
