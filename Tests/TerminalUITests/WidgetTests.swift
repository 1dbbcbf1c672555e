import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@Suite struct WidgetTests {
  @Test(arguments: [
    (0.0, ""), (1.0, "████████"), (0.5, "████"), (0.0001, "▏"), (1.0 / 64, "▏"), (0.3, "██▍"),
    (2.0, "████████"), (-1.0, ""), (.nan, ""), (.infinity, "████████"),
  ])
  func bars(fraction: Double, text: String) {
    #expect(Bar.text(fraction, width: 8) == text)
  }

  /// A longer bar never stands for a smaller value.
  @Test func barsAreMonotone() {
    let ranks = (0...1000).map { step -> Int in
      let text = Bar.text(Double(step) / 1000, width: 7)
      return text.unicodeScalars.reduce(0) { $0 + Int(0x2590 - $1.value) }
    }
    #expect(ranks == ranks.sorted())
    #expect(ranks.last == 7 * 8)
  }

  /// Two values on one scale: a cell more or less is the same amount, whichever of them has it.
  @Test(arguments: [
    (0.5, 0.5, "████"), (0.5, 0.75, "████▒▒"), (0.5, 0.25, "██░░"), (0, 0.5, "▒▒▒▒"),
    (1, 0, "░░░░░░░░"), (0, 0, ""), (0.3, 0.3, "██▍"), (0.3, 0.5, "██▍▒"), (2, 0.5, "████░░░░"),
  ])
  func overlaidBars(first: Double, second: Double, text: String) {
    var buffer = CellBuffer(size: Size(width: 10, height: 1))
    Bar.draw(
      first, overlay: second, in: Rect(x: 1, y: 0, width: 8, height: 1), style: .plain,
      more: .plain,
      less: .plain, on: &buffer)
    let drawn = (0..<10).map { buffer[$0, 0].text }.joined()
    #expect(drawn == (" " + text).padding(toLength: 10, withPad: " ", startingAt: 0))
  }

  /// The thumb keeps clear of a full bar that ends before it.
  @Test func theThumbIsNoPartOfABar() {
    var buffer = CellBuffer(size: Size(width: 6, height: 4))
    let table = Table(
      columns: [.init("", .fill)], styles: .init(theme: .plain), showsHeading: false)
    table.draw(
      rows: (0..<9).map { _ in [StyledText(Bar.text(1, width: 4))] }, position: ListPosition(),
      in: buffer.bounds, on: &buffer)
    let column = (0..<4).map { buffer[5, $0].text }
    #expect(column.contains("▐"))
    #expect(!column.contains("█"))
  }

  @Test(arguments: 0..<200) func widgetsTakeAnyRectangle(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let size = Size(width: 12, height: 5)
    let blank = CellBuffer(size: size)
    var buffer = blank
    let rect = random.rect(in: size)
    let theme = Theme.plain
    let value = Double.random(in: -0.5...1.5, using: &random)
    Bar.draw(value, in: rect, style: .plain, on: &buffer)
    Bar.draw(
      value, interval: min(value, 0.2)...max(value, 0.9), in: rect, style: .plain,
      whiskerStyle: .plain, on: &buffer)
    Bar.draw(
      value, overlay: 1 - value, in: rect, style: .plain, more: .plain, less: .plain, on: &buffer)
    Sparkline.draw([0, 1, nil, .nan, 7, -3], in: rect, on: &buffer) { _ in .plain }
    LineChart(
      series: [
        .init(values: [0, nil, 1, .nan, 2, -1], style: .plain), .init(values: [], style: .plain),
      ]
    ).draw(in: rect, gridStyle: .plain, on: &buffer)
    let table = Table(
      columns: [.init("a", .fixed(3)), .init("b", .fill, .right)], styles: .init(theme: theme))
    table.draw(
      rows: (0..<9).map { [StyledText("\($0)"), StyledText("世界")] },
      position: ListPosition(selected: Int(seed) % 9), in: rect, on: &buffer)
    let tabs = TabBar.layout([("1", "One"), ("2", "Two")], in: rect)
    TabBar.draw(tabs, active: 1, theme: theme, on: &buffer)
    KeyHints.draw([("a", "b")], in: rect, keyStyle: .plain, labelStyle: .plain, on: &buffer)
    Popup.draw(title: "t", width: 9, height: 4, in: rect, theme: theme, on: &buffer)
    _ = TextField("some text").draw(in: rect, style: .plain, on: &buffer)
    WrappedText(StyledText("some words"), width: rect.width).draw(in: rect, on: &buffer)
    #expect(buffer.size == size)
  }

  @Test(arguments: 0..<200) func aListAlwaysShowsItsSelection(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var position = ListPosition()
    for _ in 0..<30 {
      let count = Int.random(in: 1...30, using: &random)
      let height = Int.random(in: 1...10, using: &random)
      position.move(by: Int.random(in: -9...9, using: &random), count: count)
      let rows = position.reveal(count: count, height: height)
      #expect(rows.contains(position.selected))
      #expect(rows.count == min(count, height))
      #expect(rows.lowerBound >= 0)
      #expect(rows.upperBound <= count)
    }
    #expect(position.visible(count: 0, height: 5).isEmpty)
  }

  @Test func aTable() throws {
    var buffer = CellBuffer(size: Size(width: 24, height: 5))
    let table = Table(
      columns: [.init("token", .fill), .init("p", .fixed(5), .right)],
      styles: .init(theme: .plain))
    let rows = ["\" 5\"", "\" My\"", "世界世界世界世界世", "d", "e"].enumerated().map {
      [StyledText($1), StyledText(".\($0)00")]
    }
    let position = ListPosition(selected: 2)
    table.draw(rows: rows, position: position, in: buffer.bounds, on: &buffer)
    try buffer.verifySnapshot("table")
    let item = table.item(
      at: Point(x: 3, y: 2), in: buffer.bounds, count: 5, position: position)
    #expect(item == 1)
  }

  @Test func charts() throws {
    var buffer = CellBuffer(size: Size(width: 40, height: 12))
    let rows = buffer.bounds.splitRows([.fixed(1), .fixed(1), .fixed(1), .fill])
    let theme = Theme.plain
    Bar.draw(0.53, in: rows[0], style: theme[.barShaped], on: &buffer)
    Bar.draw(
      0.5, interval: 0.3...0.75, in: rows[1], style: theme[.barShaped], whiskerStyle: theme[.text],
      on: &buffer)
    Sparkline.draw(
      (0..<40).map { Double($0 % 10) / 9 }, in: rows[2], on: &buffer
    ) { _ in theme[.chartLine] }
    LineChart(
      series: [
        .init(values: (0..<40).map { Double($0) / 39 }, style: theme[.chartLine]),
        .init(values: [1, 0.5, nil, 0.5, 0], style: theme.series(1)),
      ], capacity: 40
    ).draw(in: rows[3], gridStyle: theme[.chartGrid], on: &buffer)
    try buffer.verifySnapshot("charts")
  }

  @Test func aTextFieldEditsAsShellsDo() {
    var field = TextField("one two")
    for key in [
      KeyEvent(.character("w"), .control), KeyEvent("世"), KeyEvent(.left), KeyEvent("é"),
      KeyEvent(.home), KeyEvent(.delete), KeyEvent(.right, .control), KeyEvent("!"),
    ] {
      let isEdit = field.handle(key)
      #expect(isEdit, "\(key)")
    }
    #expect(field.text == "ne! é世")
    let isEnter = field.handle(KeyEvent(.enter))
    let isUp = field.handle(KeyEvent(.up))
    #expect(!isEnter)
    #expect(!isUp)
    var buffer = CellBuffer(size: Size(width: 4, height: 1))
    _ = field.handle(KeyEvent(.end))
    let cursor = field.draw(in: buffer.bounds, style: .plain, on: &buffer)
    #expect(cursor == Point(x: 3, y: 0))
    #expect(buffer.textSnapshot() == "é世\n")
  }

  @Test(arguments: 0..<100) func splitsFillExactly(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let rect = Rect(
      x: 2, y: 3, width: Int.random(in: 0...40, using: &random),
      height: Int.random(in: 0...40, using: &random))
    let lengths: [Length] = (0..<5).map { _ in
      switch Int.random(in: 0..<3, using: &random) {
      case 0: .fixed(Int.random(in: 0...12, using: &random))
      case 1: .fraction(Double.random(in: 0...0.4, using: &random))
      default: .fill(weight: Int.random(in: 1...3, using: &random), minimum: 2)
      }
    }
    let rows = rect.splitRows(lengths + [.fill])
    #expect(rows.reduce(0) { $0 + $1.height } == rect.height)
    var top = rect.y
    for row in rows {
      #expect(row.y == top)
      top += row.height
    }
    for column in rect.splitColumns(lengths, gap: 1) where !column.isEmpty {
      #expect(rect.intersection(column) == column)
    }
  }
}
