/// Dots of braille to draw lines with: two columns and four rows of dots a cell. Each cell has the
/// style of what was drawn into it last.
struct BrailleCanvas {
  let width: Int
  let height: Int
  private var dots: [UInt8]
  private var owners: [Int]

  /// - Parameter size: in cells.
  init(_ size: Size) {
    width = size.width
    height = size.height
    dots = Array(repeating: 0, count: width * height)
    owners = Array(repeating: -1, count: dots.count)
  }

  /// The last column and row of dots.
  var right: Int { width * 2 - 1 }
  var bottom: Int { height * 4 - 1 }

  /// The dot at a place from 0 to 1, from the left and from the bottom; the nearest for a place
  /// outside.
  func dot(_ x: Double, _ y: Double) -> (x: Int, y: Int) {
    func place(_ share: Double, _ last: Int) -> Int {
      Int(((share.isFinite ? min(1, max(0, share)) : 0) * Double(max(0, last))).rounded())
    }
    return (place(x, right), max(0, bottom) - place(y, bottom))
  }

  /// Sets a dot for one of several things that are drawn; dots outside are left out.
  mutating func mark(_ x: Int, _ y: Int, owner: Int) {
    guard (0...max(0, right)).contains(x), (0...max(0, bottom)).contains(y), !dots.isEmpty else {
      return
    }
    let cell = y / 4 * width + x / 2
    dots[cell] |= Self.dot(x: x % 2, y: y % 4)
    owners[cell] = owner
  }

  /// Joins two dots by a straight line.
  mutating func join(_ a: (x: Int, y: Int), _ b: (x: Int, y: Int), owner: Int) {
    let steps = max(abs(b.x - a.x), abs(b.y - a.y))
    guard steps > 0 else { return mark(a.x, a.y, owner: owner) }
    for step in 0...steps {
      let t = Double(step) / Double(steps)
      mark(
        a.x + Int((Double(b.x - a.x) * t).rounded()), a.y + Int((Double(b.y - a.y) * t).rounded()),
        owner: owner)
    }
  }

  /// Draws all cells that have a dot.
  func draw(at origin: Point, on buffer: inout CellBuffer, style: (_ owner: Int) -> Style) {
    for cell in dots.indices where owners[cell] >= 0 {
      guard let scalar = Unicode.Scalar(0x2800 + UInt32(dots[cell])) else { continue }
      buffer.put(
        String(scalar), x: origin.x + cell % width, y: origin.y + cell / width,
        style: style(owners[cell]))
    }
  }

  /// Unicode numbers the dots of the upper three rows down each column, then the bottom row.
  private static func dot(x: Int, y: Int) -> UInt8 {
    y == 3 ? 0x40 << UInt8(x) : 1 << UInt8(y + 3 * x)
  }
}
