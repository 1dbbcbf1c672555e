/// A 4 × 4 grid of the digits 1 to 4, 0 where a cell is empty, in rows from the top.
struct LatinGrid: Sendable, Hashable {
  static let side = 4
  var cells: [Int]

  /// Reads 16 cells, digits or `_`; spaces, commas and brackets between them are left out. nil for
  /// anything else.
  init?(_ text: some StringProtocol) {
    var cells: [Int] = []
    for character in text where !character.isWhitespace && !",;|/[](){}".contains(character) {
      if character == "_" {
        cells.append(0)
      } else if let digit = character.wholeNumberValue, (1...Self.side).contains(digit) {
        cells.append(digit)
      } else {
        return nil
      }
    }
    guard cells.count == Self.side * Self.side else { return nil }
    self.cells = cells
  }

  private init(cells: [Int]) { self.cells = cells }

  static let empty = LatinGrid(cells: Array(repeating: 0, count: side * side))

  /// All cells in one word, `_` for an empty one.
  var text: String { cells.map { $0 == 0 ? "_" : String($0) }.joined() }

  /// The rows with spaces between them.
  var rows: String {
    (0..<Self.side).map { row in
      cells[(row * Self.side)..<((row + 1) * Self.side)].map { $0 == 0 ? "_" : String($0) }.joined()
    }.joined(separator: " ")
  }

  /// The cells of every row and column, and of the four boxes of a sudoku.
  static func lines(hasBoxes: Bool) -> [(name: String, cells: [Int])] {
    let range = 0..<side
    var lines = range.map { row in (name: "row \(row + 1)", cells: range.map { row * side + $0 }) }
    lines += range.map { column in
      (name: "column \(column + 1)", cells: range.map { $0 * side + column })
    }
    guard hasBoxes else { return lines }
    return lines
      + range.map { box in
        let corner = (box / 2) * 2 * side + (box % 2) * 2
        return (name: "box \(box + 1)", cells: [0, 1, side, side + 1].map { corner + $0 })
      }
  }

  static func place(_ cell: Int) -> String { "row \(cell / side + 1) column \(cell % side + 1)" }

  /// Completes the grid cell by cell, the smallest digit first: the first `limit` completions, and
  /// how many digits were put in.
  func completions(hasBoxes: Bool = false, limit: Int) -> (grids: [LatinGrid], visited: Int) {
    var grids: [LatinGrid] = []
    var visited = 0
    var grid = self
    let lines = Self.lines(hasBoxes: hasBoxes).map(\.cells)
    func isFree(_ digit: Int, _ cell: Int) -> Bool {
      !lines.contains { line in line.contains(cell) && line.contains { grid.cells[$0] == digit } }
    }
    func fill(_ start: Int) {
      guard let cell = grid.cells[start...].firstIndex(of: 0) else { return grids.append(grid) }
      for digit in 1...Self.side where grids.count < limit && isFree(digit, cell) {
        visited += 1
        grid.cells[cell] = digit
        fill(cell + 1)
        grid.cells[cell] = 0
      }
    }
    if limit > 0 { fill(0) }
    return (grids, visited)
  }

  /// Checks a full grid against the cells that this one gives; also how many cells were compared.
  func check(_ full: LatinGrid) -> (verdict: AnswerVerdict, operations: Int) {
    var operations = 0
    for (cell, digit) in full.cells.enumerated() {
      operations += 1
      if digit == 0 { return (.wrong("\(Self.place(cell)) is empty"), operations) }
      if cells[cell] != 0, cells[cell] != digit {
        return (.wrong("\(Self.place(cell)) is \(cells[cell]), not \(digit)"), operations)
      }
    }
    for line in Self.lines(hasBoxes: false) {
      var seen: Set<Int> = []
      for cell in line.cells {
        operations += 1
        let digit = full.cells[cell]
        if !seen.insert(digit).inserted {
          return (.wrong("\(line.name) has \(digit) twice"), operations)
        }
      }
    }
    return (.right, operations)
  }
}
