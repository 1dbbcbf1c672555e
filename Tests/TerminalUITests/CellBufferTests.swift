import TerminalFixtures
import TerminalUI
import Testing

@Suite struct CellBufferTests {
  @Test(arguments: 0..<300) func applyingADifferenceGivesTheNewPicture(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let size = Size(width: 1 + Int(seed % 13), height: 1 + Int(seed % 5))
    let old = random.picture(seed % 7 == 0 ? Size(width: 4, height: 2) : size)
    var new = old.size == size && seed % 2 == 0 ? old : random.picture(size)
    random.scribble(on: &new)
    let difference = CellDifference(from: old, to: new)
    #expect(old.applying(difference).cells == new.cells)
    #expect(CellDifference(from: new, to: new).isEmpty)
    for run in difference.runs {
      #expect(run.cells.first?.isContinuation == false)
      #expect(run.cells.last?.width != 2)
    }
  }

  @Test(arguments: 0..<200) func wideClustersAlwaysKeepBothHalves(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let picture = random.picture(Size(width: 1 + Int(seed % 11), height: 3))
    for y in 0..<picture.size.height {
      for x in 0..<picture.size.width {
        let cell = picture[x, y]
        if cell.width == 2 {
          #expect(picture[x + 1, y] == .continuation(cell.style))
          #expect(x + 1 < picture.size.width)
        }
        if cell.isContinuation { #expect(x > 0 && picture[x - 1, y].width == 2) }
      }
    }
  }

  @Test(arguments: 0..<100) func drawingNeverLeavesTheClip(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let size = Size(width: 9, height: 4)
    let before = CellBuffer(size: size, style: Style(foreground: .indexed(200)))
    let clip = random.rect(in: size)
    var after = before
    after.clipped(to: clip) { buffer in
      for _ in 0..<6 { random.scribble(on: &buffer) }
    }
    for y in 0..<size.height {
      for x in 0..<size.width where !clip.contains(Point(x: x, y: y)) {
        #expect(after[x, y] == before[x, y])
      }
    }
  }

  @Test func aWideClusterIsBlankedWhenHalfOfItIsOverwritten() {
    var buffer = CellBuffer(size: Size(width: 6, height: 1))
    buffer.put("世界", x: 0, y: 0)
    buffer.put("x", x: 1, y: 0)
    #expect(buffer.textSnapshot() == " x界\n")
    buffer.put("界", x: 1, y: 0)
    #expect(buffer.textSnapshot() == " 界\n")
  }

  @Test func aWideClusterDoesNotFitIntoTheLastColumn() {
    var buffer = CellBuffer(size: Size(width: 3, height: 1))
    let end = buffer.put("世界", x: 0, y: 0)
    #expect(end == 4)
    #expect(buffer.textSnapshot() == "世\n")
  }

  @Test func longTextEndsInAnEllipsis() {
    var buffer = CellBuffer(size: Size(width: 10, height: 3))
    #expect(buffer.put("abcdef", x: 0, y: 0, width: 4) == 4)
    #expect(buffer.put("世界世", x: 0, y: 1, width: 4) == 3)
    #expect(buffer.put("abcd", x: 0, y: 2, width: 4) == 4)
    #expect(buffer.textSnapshot() == "abc…\n世…\nabcd\n")
  }

  @Test func boxesJoin() {
    var buffer = CellBuffer(size: Size(width: 14, height: 5))
    buffer.box(Rect(x: 0, y: 0, width: 7, height: 3), style: .plain, title: "a")
    buffer.box(Rect(x: 6, y: 0, width: 8, height: 5), style: .plain)
    buffer.box(Rect(x: 0, y: 2, width: 7, height: 3), style: .plain)
    buffer.horizontalLine(x: 6, y: 3, width: 8, style: .plain)
    #expect(
      buffer.textSnapshot() == """
        ┌ a ──┬──────┐
        │     │      │
        ├─────┤      │
        │     ├──────┤
        └─────┴──────┘

        """)
  }
}
