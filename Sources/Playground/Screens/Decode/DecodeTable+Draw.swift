import Decoding
import TerminalUI

/// Draws the next-token table with the rest's row, the sampler's settings, and on tall terminals
/// what is known of the selected token.
struct DecodeTableView {
  let decode: DecodeScreen
  let session: SessionState
  let layout: DecodeLayout
  let view: PlaygroundView

  func draw(on buffer: inout CellBuffer) {
    drawKnobs(&buffer)
    guard let table = decode.table else { return tell(notice, &buffer) }
    // A lesson asks for a bet; the figures come after it.
    guard !session.isGuessing else {
      return tell("Bet first: press the number of a choice.", &buffer)
    }
    drawHeading(table, &buffer)
    let visible = ListPosition(selected: decode.selectedRow).visible(
      count: table.rows.count, height: layout.visibleRows)
    drawRows(table, visible, &buffer)
    drawRest(table, visible, &buffer)
    if !layout.detail.isEmpty { drawDetail(table, &buffer) }
    if !decode.hasCurrentTable, !decode.isStreaming {
      var area = layout.table
      area.height += layout.rest.height
      buffer.restyle(area) { $0.adding(.dim) }
    }
  }

  /// Says something in place of the table.
  private func tell(_ text: String, _ buffer: inout CellBuffer) {
    WrappedText(StyledText(text, style: view.style(.dim)), width: layout.table.width - 2)
      .draw(in: layout.table.inset(horizontal: 1, vertical: 1), on: &buffer)
  }

  private var notice: String {
    switch session.model {
    case .ready where session.showsAnotherModel: "The trace keeps no distribution here."
    case .ready:
      if decode.fetches[decode.place] != nil {
        "computing …"
      } else if session.exploring != nil || decode.line.tokens.isEmpty {
        ""
      } else {
        decode.failure.flatMap { failure in
          failure.node == decode.place ? "There is no table here: \(failure.why)" : nil
        } ?? "No distribution is known here."
      }
    case .loading, .failed: ""
    case .none:
      decode.explored.isEmpty
        ? "The trace ends here. To go on, load the model with m."
        : "The trace keeps no distribution here."
    }
  }

  // MARK: Rows

  private func drawHeading(_ table: CandidateTable, _ buffer: inout CellBuffer) {
    let style = view.style(.dim)
    let columns = CandidateColumns(layout.table.row(0))
    buffer.put("token", x: columns.label.x, y: columns.label.y, style: style)
    if let beside = decode.beside {
      let own = session.readyModel?.identity.shortName ?? "p"
      put(PathText.head(own, columns: columns.raw.width), in: columns.raw, style, &buffer)
      put(
        PathText.head(beside.name, columns: columns.shaped.width - 1), in: columns.shaped, style,
        &buffer)
      let bars = columns.bars
      buffer.put(own, x: bars.own.x, y: bars.own.y, style: style, width: bars.own.width)
      buffer.put(
        beside.name, x: bars.other.x, y: bars.other.y, style: style, width: bars.other.width)
      return
    }
    put("p", in: columns.raw, style, &buffer)
    let x = columns.shaped.x + 2
    let heading = Self.heading(table.settings, width: columns.bar.right - x)
    let end = buffer.put(
      heading, x: x, y: columns.shaped.y, style: style, width: columns.bar.right - x)
    let legend = "▒ more ░ less"
    if end + 2 + legend.count <= columns.bar.right {
      buffer.put(legend, x: columns.bar.right - legend.count, y: columns.bar.y, style: style)
    }
  }

  /// What the second column shows: `after T, top-p`, in fewer letters where there is no room.
  static func heading(_ settings: SamplingSettings, width: Int) -> String {
    let used = SamplerKnob.allCases.filter { $0 == .temperature || $0.text(settings) != nil }
    let long = "after " + used.map(\.title).joined(separator: ", ")
    if long.count <= width { return long }
    let short = used.map(\.title).joined(separator: ", ")
    if short.count <= width { return short }
    return used.map { String($0.title.suffix(1)) }.joined(separator: ",")
  }

  private func drawRows(
    _ table: CandidateTable, _ visible: Range<Int>,
    _ buffer: inout CellBuffer
  ) {
    for index in visible {
      let line = layout.table.row(1 + index - visible.lowerBound)
      drawRow(table.rows[index], isSelected: index == decode.selectedRow, table, line, &buffer)
    }
    if visible.count < table.rows.count {
      Scrollbar.draw(
        visible: visible, count: table.rows.count,
        in: Rect(
          x: layout.table.right - 1, y: layout.table.y + 1, width: 1, height: layout.visibleRows),
        style: view.style(.border), on: &buffer)
    }
  }

  private func drawRow(
    _ row: CandidateTable.Row, isSelected: Bool, _ table: CandidateTable, _ line: Rect,
    _ buffer: inout CellBuffer
  ) {
    let columns = CandidateColumns(line)
    let plain = view.style(row.cut == nil ? .text : .dim)
    let base = isSelected ? plain.overlaid(by: view.theme[.selection]) : plain
    func on(_ role: Role) -> Style { base.overlaid(by: view.theme[role]).on(base.background) }
    if isSelected { buffer.fill(columns.row, style: base) }
    let mark = row.cut != nil ? "✂" : row.isExplored ? "•" : " "
    buffer.put(isSelected ? "▸" : " ", x: columns.marks.x, y: line.y, style: base)
    buffer.put(
      mark, x: columns.marks.x + 1, y: line.y, style: row.cut != nil ? base : on(.nodeBest))
    buffer.put(
      row.label, x: columns.label.x, y: line.y,
      style: row.token.bytes.isEmpty ? on(.tokenEnd) : base, width: columns.label.width)
    put(Format.smallProbability(row.raw), in: columns.raw, base, &buffer)
    if decode.beside != nil {
      let other = decode.besideDistribution?.probability(of: row.token.id)
      return drawBeside(row.raw, other, columns, base, on(.barRaw), on(.barShaped), &buffer)
    }
    let after = row.cut.map { "✂ " + cutName($0, isShort: columns.isNarrow) }
    put(after ?? shaped(row.shaped, table), in: columns.shaped, base, &buffer)
    drawBar(
      row.raw, row.cut == nil ? row.shaped : 0, columns.bar,
      BarStyles(
        both: on(.barRaw), more: on(.barShaped), less: on(row.cut == nil ? .barRaw : .barCut)),
      &buffer)
  }

  private func cutName(_ reason: CutReason, isShort: Bool = false) -> String {
    switch reason {
    case .greedy: isShort ? "T" : "T 0"
    default: isShort ? String(reason.rawValue.suffix(1)) : reason.rawValue
    }
  }

  /// A probability after the settings: `≈` where it is interpolated, `—` where it cannot be told.
  private func shaped(_ value: Double?, _ table: CandidateTable) -> String {
    guard let value else { return "—" }
    return (table.isApproximate ? "≈" : "") + Format.smallProbability(value)
  }

  /// The tokens that do not show, all together.
  private func drawRest(
    _ table: CandidateTable, _ visible: Range<Int>, _ buffer: inout CellBuffer
  ) {
    let rest = table.rest(outside: visible)
    guard rest.count > 0 else { return }
    let style = view.style(.dim)
    let columns = CandidateColumns(layout.rest)
    buffer.put(
      "rest \(Format.count(rest.count))", x: columns.label.x, y: layout.rest.y, style: style,
      width: columns.label.width)
    put(Format.smallProbability(rest.raw), in: columns.raw, style, &buffer)
    if decode.beside != nil {
      let other = decode.besideDistribution.map { distribution in
        1 - table.rows[visible].reduce(0) { $0 + distribution.probability(of: $1.token.id) }
      }
      return drawBeside(
        rest.raw, other.map { max(0, $0) }, columns, style, view.style(.barRaw),
        view.style(.barShaped), &buffer)
    }
    let isCut = rest.shaped == 0 && table.cutsRest
    put(isCut ? "✂" : shaped(rest.shaped, table), in: columns.shaped, style, &buffer)
    drawBar(
      rest.raw, rest.shaped, columns.bar,
      BarStyles(
        both: view.style(.barRaw), more: view.style(.barShaped),
        less: view.style(isCut ? .barCut : .barRaw)), &buffer)
  }

  /// The other model's probability beside the model's own, on one scale.
  private func drawBeside(
    _ own: Double, _ other: Double?, _ columns: CandidateColumns, _ style: Style, _ ownBar: Style,
    _ otherBar: Style, _ buffer: inout CellBuffer
  ) {
    put(other.map(Format.smallProbability) ?? "—", in: columns.shaped, style, &buffer)
    let bars = columns.bars
    buffer.put(Bar.text(own, width: bars.own.width), x: bars.own.x, y: bars.own.y, style: ownBar)
    guard let other else { return }
    buffer.put(
      Bar.text(other, width: bars.other.width), x: bars.other.x, y: bars.other.y, style: otherBar)
  }

  private struct BarStyles {
    var both: Style
    var more: Style
    var less: Style
  }

  /// What the settings make of a probability as a bar over that of the probability; left out where
  /// both are below what the table writes.
  private func drawBar(
    _ raw: Double, _ shaped: Double?, _ rect: Rect, _ styles: BarStyles,
    _ buffer: inout CellBuffer
  ) {
    func shown(_ value: Double) -> Double { value >= 0.0005 ? value : 0 }
    Bar.draw(
      shown(raw), overlay: shown(shaped ?? raw), in: rect, style: styles.both, more: styles.more,
      less: styles.less, on: &buffer)
  }

  private func put(_ text: String, in cell: Rect, _ style: Style, _ buffer: inout CellBuffer) {
    Table.put(StyledText(text, style: style), in: cell, alignment: .right, on: &buffer)
  }

  // MARK: Settings

  private func drawKnobs(_ buffer: inout CellBuffer) {
    let texts = decode.knobTexts(session, width: layout.knobs.width)
    for (knob, (text, rect)) in zip(SamplerKnob.allCases, zip(texts, layout.knobRects(texts))) {
      let isOn = knob == .temperature || knob.text(session.sampling) != nil
      let plain = view.style(isOn ? .text : .dim)
      let isChosen = knob == decode.knob
      let style = isChosen ? plain.overlaid(by: view.theme[.selection]) : plain
      buffer.put(isChosen ? "‹" : " ", x: rect.x - 1, y: rect.y, style: view.style(.key))
      let end = buffer.put(text, x: rect.x, y: rect.y, style: style, width: rect.width)
      if isChosen { buffer.put("›", x: end, y: rect.y, style: view.style(.key)) }
    }
  }

  // MARK: The selected token

  private func drawDetail(_ table: CandidateTable, _ buffer: inout CellBuffer) {
    guard table.rows.indices.contains(decode.selectedRow) else { return }
    let row = table.rows[decode.selectedRow]
    let area = layout.detail
    buffer.horizontalLine(
      x: area.x - 1, y: area.y, width: area.width + 2,
      style: view.borderStyle(of: DecodeScreen.id, session))
    buffer.caption(
      area.row(0), title: "selected \(row.label)", style: view.style(.title),
      lineStyle: view.style(.dim))
    let after = row.cut.map { "cut by \(cutName($0))" } ?? shaped(row.shaped, table)
    let bytes = row.token.bytes.isEmpty ? "none" : TokenText.spelled(row.token.bytes)
    let facts: [(String, String)] = [
      ("id", "\(row.token.id)"), ("bytes", bytes),
      ("rank", "\(decode.selectedRow + 1) of \(table.tokenCount)"),
      ("logit", Format.fixed(Double(row.logit), 3)), ("log p", Format.fixed(row.logProbability, 3)),
      ("p", "\(Format.smallProbability(row.raw)) → \(after)"),
    ]
    for (index, fact) in facts.enumerated() where index + 1 < area.height {
      let line = area.row(index + 1)
      buffer.put(fact.0, x: line.x + 2, y: line.y, style: view.style(.dim))
      buffer.put(fact.1, x: line.x + 9, y: line.y, style: view.style(.text), width: line.width - 10)
    }
  }
}

/// The parts of a row of the table from left to right, and the column for the scrollbar that is
/// kept free behind them.
private struct CandidateColumns {
  /// The row without the scrollbar's column.
  let row: Rect
  let marks: Rect
  let label: Rect
  /// p before the settings.
  let raw: Rect
  /// p after the settings, or what cut the token.
  let shaped: Rect
  /// Both on one scale.
  let bar: Rect

  /// The place of the bar halved, for two models side by side.
  var bars: (own: Rect, other: Rect) {
    let half = max(0, (bar.width - 1) / 2)
    return (
      Rect(x: bar.x, y: bar.y, width: half, height: bar.height),
      Rect(x: bar.x + half + 1, y: bar.y, width: half, height: bar.height)
    )
  }

  /// Whether there is no room for the whole name of a setting.
  var isNarrow: Bool { shaped.width < 8 }

  init(_ line: Rect) {
    row = Rect(x: line.x, y: line.y, width: max(0, line.width - 1), height: line.height)
    let bar = max(4, (row.width - 20) / 2)
    let parts = row.splitColumns(
      [
        .fixed(2), .fill(minimum: 8), .fixed(5), .fixed(row.width < 46 ? 6 : 8), .fixed(bar + 1),
      ], gap: 0)
    (marks, raw, shaped) = (parts[0], parts[2], parts[3])
    label = Rect(x: parts[1].x, y: row.y, width: parts[1].width - 1, height: row.height)
    self.bar = Rect(x: parts[4].x + 1, y: row.y, width: parts[4].width - 1, height: row.height)
  }
}
