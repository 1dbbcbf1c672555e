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
    case .ready: "computing …"
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
    let columns = layout.columns(layout.table.row(0))
    buffer.put("token", x: columns.label.x, y: columns.label.y, style: style)
    put("p", in: columns.raw, style, &buffer)
    let right = Rect(
      x: columns.shaped.x, y: columns.shaped.y,
      width: columns.shapedBar.right - columns.shaped.x, height: 1)
    buffer.put(
      Self.heading(table.settings, width: right.width - 2), x: right.x + 2, y: right.y,
      style: style, width: right.width - 2)
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
          x: layout.frame.right - 1, y: layout.table.y + 1, width: 1, height: layout.visibleRows),
        style: view.style(.border), on: &buffer)
    }
  }

  private func drawRow(
    _ row: CandidateTable.Row, isSelected: Bool, _ table: CandidateTable, _ line: Rect,
    _ buffer: inout CellBuffer
  ) {
    let columns = layout.columns(line)
    let plain = view.style(row.cut == nil ? .text : .dim)
    let base = isSelected ? plain.overlaid(by: view.theme[.selection]) : plain
    func on(_ role: Role) -> Style { base.overlaid(by: view.theme[role]).on(base.background) }
    if isSelected { buffer.fill(line, style: base) }
    let mark = row.cut != nil ? "✂" : row.isExplored ? "•" : " "
    buffer.put(isSelected ? "▸" : " ", x: columns.marks.x, y: line.y, style: base)
    buffer.put(
      mark, x: columns.marks.x + 1, y: line.y, style: row.cut != nil ? base : on(.nodeBest))
    buffer.put(
      row.label, x: columns.label.x, y: line.y,
      style: row.token.bytes.isEmpty ? on(.tokenEnd) : base, width: columns.label.width)
    put(Format.smallProbability(row.raw), in: columns.raw, base, &buffer)
    drawBar(row.raw, columns.rawBar, on(row.cut == nil ? .barRaw : .barCut), &buffer)
    if let cut = row.cut {
      buffer.put(
        "✂ " + cutName(cut), x: columns.shaped.x + 1, y: line.y, style: base,
        width: columns.shapedBar.right - columns.shaped.x - 1)
    } else {
      put(shaped(row.shaped, table), in: columns.shaped, base, &buffer)
      drawBar(row.shaped ?? 0, columns.shapedBar, on(.barShaped), &buffer)
    }
  }

  private func cutName(_ reason: CutReason) -> String {
    reason == .greedy ? "T 0" : reason.rawValue
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
    let columns = layout.columns(layout.rest)
    buffer.put(
      "rest \(Format.count(rest.count))", x: columns.label.x, y: layout.rest.y, style: style,
      width: columns.label.width)
    put(Format.smallProbability(rest.raw), in: columns.raw, style, &buffer)
    drawBar(rest.raw, columns.rawBar, view.style(.barRaw), &buffer)
    if rest.shaped == 0, table.cutsRest {
      buffer.put("✂", x: columns.shaped.x + 1, y: layout.rest.y, style: style)
    } else {
      put(shaped(rest.shaped, table), in: columns.shaped, style, &buffer)
      drawBar(rest.shaped ?? 0, columns.shapedBar, view.style(.barShaped), &buffer)
    }
  }

  /// A bar, left out where its number is below what the table writes.
  private func drawBar(_ value: Double, _ rect: Rect, _ style: Style, _ buffer: inout CellBuffer) {
    if value >= 0.0005 { Bar.draw(value, in: rect, style: style, on: &buffer) }
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
