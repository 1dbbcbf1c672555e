/// What must be drawn to turn one picture into another.
public struct CellDifference: Hashable, Sendable {
  /// Neighbouring cells of one row.
  public struct Run: Hashable, Sendable {
    public let x: Int
    public let y: Int
    public let cells: [Cell]
  }

  /// The size of the picture that results.
  public let size: Size
  /// Whether the runs start from a blank screen instead of the old picture.
  public let isFull: Bool
  /// In reading order, without overlaps. A wide cluster is never cut.
  public let runs: [Run]

  public var isEmpty: Bool { runs.isEmpty && !isFull }

  /// The cells in which `new` differs from `old`. Pictures of different sizes differ everywhere.
  public init(from old: CellBuffer, to new: CellBuffer) {
    size = new.size
    isFull = old.size != new.size
    let base = isFull ? CellBuffer(size: new.size) : old
    var runs: [Run] = []
    let width = new.size.width
    for y in 0..<new.size.height {
      let row = y * width
      var x = 0
      while x < width {
        guard base.cells[row + x] != new.cells[row + x] else {
          x += 1
          continue
        }
        // A continuation cell means nothing without its lead.
        let start = new.cells[row + x].isContinuation && x > 0 ? x - 1 : x
        var end = x + 1
        while end < width,
          base.cells[row + end] != new.cells[row + end] || new.cells[row + end].isContinuation
        { end += 1 }
        runs.append(Run(x: start, y: y, cells: Array(new.cells[row + start..<row + end])))
        x = end
      }
    }
    self.runs = runs
  }
}
