import Decoding
import TerminalUI
import Traces

/// Draws Layers: the lens and the heads by layer at the left, the text with what the marked head
/// looks at beside it, and below what the marked parts do and what silencing has changed.
extension LayersScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    // What is written in place of all this is not drawn here.
    guard emptyText(session) == nil else { return nil }
    guard let reading else {
      Panel.header(header(session, view), in: rect.row(0), on: &buffer)
      return nil
    }
    let layout = LayersLayout(in: rect, reading, isNamed: named != nil)
    Panel.header(header(session, view), state(view), in: layout.header, on: &buffer)
    drawTable(reading, layout, session, view, &buffer)
    drawText(layout.text, view, &buffer)
    buffer.verticalLine(
      x: layout.text.x - 2, y: layout.text.y, height: layout.text.height,
      style: view.style(.border))
    drawTop(reading, in: layout.top, session, view, &buffer)
    drawHeads(reading, in: layout.heads, session, view, &buffer)
    let facts = LayersFacts(screen: self, reading: reading, session: session, view: view)
    let inside = Panel.draw(
      facts.title, note: facts.titleNote, in: layout.facts, theme: view.theme, on: &buffer)
    for (index, line) in facts.lines.enumerated() where index < inside.height {
      buffer.put(line, x: inside.x + 1, y: inside.y + index, width: inside.width - 2)
    }
    if let naming {
      let row = layout.note
      let x = buffer.put("follow token ", x: row.x + 1, y: row.y, style: view.style(.title))
      return naming.draw(
        in: Rect(x: x, y: row.y, width: max(1, row.right - x - 1), height: 1),
        style: view.style(.input), on: &buffer)
    }
    Panel.note(Self.note(rect.width), in: layout.note, theme: view.theme, on: &buffer)
    return nil
  }

  private static func note(_ width: Int) -> String {
    width >= 120
      ? "The lens reads each layer by the norm and projection of the last one. Early layers may "
        + "know more than it tells: it is not calibrated for them (tuned lens: Belrose et al. 2023)."
      : "The lens is made for the last layer: early ones may know more than it tells."
  }

  // MARK: Header

  /// What is looked at: ` after " =" comes " 5"`.
  private func header(_ session: SessionState, _ view: PlaygroundView) -> StyledText {
    var text = StyledText("after ", style: view.style(.dim))
    guard line.indices.contains(place) else { return text }
    text.append(session.label(of: line[place].token), style: view.style(.title))
    guard let reading, let vocabulary = session.vocabulary else { return text }
    let isOnLine = line.indices.contains(place + 1)
    text.append(isOnLine ? " comes " : " likeliest ", style: view.style(.dim))
    text.append(
      session.label(of: vocabulary.token(reading.chosen)), style: view.style(.tokenChosen))
    return text
  }

  private func state(_ view: PlaygroundView) -> StyledText {
    let token = "token \(place + 1) of \(line.count)"
    return isWaiting
      ? StyledText("reading …  \(token)", style: view.style(.notice))
      : StyledText(token, style: view.style(.dim))
  }

  // MARK: Layers

  private func drawTable(
    _ reading: LayerReading, _ layout: LayersLayout, _ session: SessionState,
    _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let theme = view.theme
    func label(_ token: TokenID, _ columns: Int) -> String {
      PathText.head(
        session.vocabulary.map { session.label(of: $0.token(token)) } ?? "\(token)",
        columns: columns)
    }
    // Where there is room with the next likeliest, too.
    func says(_ lens: LensReading, _ cell: Cell) -> StyledText {
      var text = StyledText()
      for (index, top) in lens.top.prefix(max(1, cell.width / 18)).enumerated() {
        let name = label(top.token, cell.width)
        let p = TokenDistribution.probability(ofLog: top.logProbability)
        text.append(index == 0 ? name : "   \(name)", style: cell.style(index == 0 ? .text : .dim))
        if index == 0, top.token == reading.chosen {
          text.runs[0].style = cell.style(.answerCorrect)
        }
        if index > 0 { text.append(" \(Format.smallProbability(p))", style: cell.style(.dim)) }
      }
      return text
    }
    var columns: [ItemColumn<Int>] = [
      ItemColumn("", .fixed(3), .right) { row, cell in
        cell.text(row == 0 ? "emb" : "\(row)", .dim)
      },
      ItemColumn("says", .fill) { row, cell in
        reading.lens(row).map { says($0, cell) }
      },
      ItemColumn("p", .fixed(5), .right) { row, cell in
        reading.lens(row)?.logProbabilities.first.map {
          StyledText(
            Format.smallProbability(TokenDistribution.probability(ofLog: $0)),
            style: cell.style(.text))
        }
      },
    ]
    if layout.showsBars {
      columns.append(
        ItemColumn("", .fixed(10)) { row, cell in
          reading.lens(row)?.logProbabilities.first.map {
            cell.bar(TokenDistribution.probability(ofLog: $0), cell.style(.barRaw))
          }
        })
    }
    if let named {
      columns.append(
        ItemColumn("p " + label(named, 6), .fixed(layout.showsBars ? 8 : 6), .right) {
          row, cell in
          guard let logs = reading.lens(row)?.logProbabilities, logs.count > 1 else { return nil }
          return cell.text(
            Format.smallProbability(TokenDistribution.probability(ofLog: logs[1])))
        })
    }
    columns.append(
      ItemColumn("H", .fixed(4), .right) { row, cell in
        reading.lens(row).map { cell.text(Format.fixed($0.entropy, 1), .dim) }
      })
    columns.append(
      ItemColumn("heads", .fixed(layout.headsWidth)) { row, cell in
        reading.layer(ofRow: row).map {
          heads(of: $0, reading, layout, cell)
        }
      })
    Table.draw(
      columns, count: reading.layerCount + 1,
      position: ListPosition(selected: selectedRow(reading)), in: layout.table, theme: theme,
      on: &buffer
    ) { $0 }
  }

  /// The heads of a layer, each as a sign for how much it moves the answer.
  private func heads(
    of layer: Int, _ reading: LayerReading, _ layout: LayersLayout, _ cell: Cell
  ) -> StyledText {
    var text = StyledText()
    let marked = selectedHead.flatMap { $0.layer == layer ? $0.head : nil }
    let first = layout.firstHead(of: reading.headCount(layer), marked)
    let isOff = silenced.contains(.attention(layer: layer))
    let isFeedForwardOff = silenced.contains(.feedForward(layer: layer))
    for head in first..<min(reading.headCount(layer), first + layout.headSlots) {
      let place = HeadPlace(layer: layer, head: head)
      let isSilent = isOff || silenced.contains(.head(layer: layer, head: head))
      let move = effects.probability(without: place).map { $0 - reading.probabilities.now }
      let level = move.map(HeatSign.level(ofMove:))
      let sign = isSilent ? "✂" : level.map { HeatSign.signs[$0] } ?? " "
      var style = cell.style(isSilent ? .nodePruned : level == 0 ? .dim : .notice)
      if head == marked { style = style.adding(.reverse) }
      text.append(sign, style: style)
      if layout.headPitch > 1 { text.append(" ", style: cell.style(.text)) }
    }
    if isFeedForwardOff { text.append("✂ff", style: cell.style(.nodePruned)) }
    return text
  }

  // MARK: Text

  func text(width: Int, view: PlaygroundView? = nil) -> LayersText {
    let weights = reading.flatMap { reading in selectedHead.flatMap(reading.attention) } ?? []
    let hidden = Set(
      silenced.compactMap { if case .token(let position) = $0 { position } else { nil } })
    let marked = selectedToken
    var text = StyledText()
    for (index, piece) in line.enumerated() {
      let level =
        index <= place && weights.indices.contains(index)
        ? HeatSign.level(ofAttention: weights[index]) : 0
      let style: Style =
        if let view {
          index > place
            ? view.style(.dim)
            : level > 0 ? view.theme.level(.tokenHeat, level) : view.style(.text)
        } else {
          .plain
        }
      let isMarked = index == marked
      let shown = piece.text.split(separator: "\n", omittingEmptySubsequences: false)
      text.append(
        shown.joined(separator: "⏎\n"), style: isMarked ? style.adding(.underline) : style,
        tag: index)
      var signs = level > 0 ? HeatSign.signs[level] : ""
      if hidden.contains(index) { signs += "✂" }
      if isMarked { signs += "◂" }
      if !signs.isEmpty { text.append(signs, style: style, tag: index) }
      if index == place { text.append("▌", style: view?.style(.tokenChosen) ?? .plain, tag: index) }
    }
    return LayersText(WrappedText(text, width: max(1, width)))
  }

  private func drawText(_ rect: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer) {
    let text = text(width: rect.width, view: view)
    text.wrapped.draw(in: rect, firstLine: text.firstLine(height: rect.height, place), on: &buffer)
  }

  // MARK: Below the layers

  /// A line for each head of the layer: what it does here, and where it looks most.
  private func drawHeads(
    _ reading: LayerReading, in rect: Rect, _ session: SessionState, _ view: PlaygroundView,
    _ buffer: inout CellBuffer
  ) {
    let row = selectedRow(reading)
    guard let layer = reading.layer(ofRow: row), reading.headCount(layer) > 0, rect.height > 1
    else { return }
    let inside = Panel.draw(
      "heads of layer \(row)", note: "p without each, and what it looks at", in: rect,
      theme: view.theme, on: &buffer)
    let marked = selectedHead?.head ?? 0
    let rows = ListPosition(selected: marked).visible(
      count: reading.headCount(layer), height: inside.height)
    for head in rows {
      let place = HeadPlace(layer: layer, head: head)
      let y = inside.y + head - rows.lowerBound
      var style = view.style(.text)
      if head == marked { style = style.adding(.reverse) }
      buffer.put(place.name, x: inside.x + 1, y: y, style: style)
      if let p = effects.probability(without: place) {
        buffer.put(Format.smallProbability(p), x: inside.x + 8, y: y, style: view.style(.text))
      }
      guard let weights = reading.attention(place) else { continue }
      let facts = LayersFacts(screen: self, reading: reading, session: session, view: view)
      buffer.put(
        facts.places(weights, most: 5), x: inside.x + 14, y: y, width: max(0, inside.width - 15))
    }
  }

  private func drawTop(
    _ reading: LayerReading, in rect: Rect, _ session: SessionState, _ view: PlaygroundView,
    _ buffer: inout CellBuffer
  ) {
    let row = selectedRow(reading)
    guard rect.height > 2, let lens = reading.lens(row) else { return }
    let title = row == 0 ? "the embedding would say" : "layer \(row) would say"
    let inside = Panel.draw(title, in: rect, theme: view.theme, on: &buffer)
    for (index, top) in lens.top.enumerated() where index < inside.height {
      let p = TokenDistribution.probability(ofLog: top.logProbability)
      let y = inside.y + index
      let label = session.vocabulary.map { session.label(of: $0.token(top.token)) } ?? ""
      buffer.put(
        PathText.head(label, columns: 18), x: inside.x + 1, y: y,
        style: view.style(top.token == reading.chosen ? .answerCorrect : .text))
      buffer.put(Format.smallProbability(p), x: inside.x + 21, y: y, style: view.style(.text))
      Bar.draw(
        p, in: Rect(x: inside.x + 28, y: y, width: min(40, inside.width - 30), height: 1),
        style: view.style(.barRaw), on: &buffer)
    }
  }
}

/// What the marked parts do, and what silencing has changed, in lines.
struct LayersFacts {
  let screen: LayersScreen
  let reading: LayerReading
  let session: SessionState
  let view: PlaygroundView

  var title: String {
    if let head = screen.selectedHead { return "head \(head.name)" }
    let row = screen.selectedRow(reading)
    return row == 0 ? "the embedding" : "layer \(row)"
  }

  /// What the head alone does to the answer.
  var titleNote: String? {
    guard let head = screen.selectedHead,
      let without = screen.effects.probability(without: head)
    else { return nil }
    let now = reading.probabilities.now
    return "without it here p \(Self.move(from: now, to: without))"
  }

  private static func move(from old: Double, to new: Double) -> String {
    let sign = abs(new - old) < 0.0005 ? "" : new > old ? " ▲" : " ▼"
    return "\(Format.smallProbability(old)) → \(Format.smallProbability(new))\(sign)"
  }

  var lines: [StyledText] { [looks, blocks, parts, change] }

  private var dim: Style { view.style(.dim) }
  private var plain: Style { view.style(.text) }

  private func label(_ token: TokenID) -> String {
    session.vocabulary.map { session.label(of: $0.token(token)) } ?? "\(token)"
  }

  private func label(position: Int) -> String {
    guard screen.line.indices.contains(position) else { return "token \(position + 1)" }
    return "\(session.label(of: screen.line[position].token))"
  }

  /// `looks at " dad" .62  " 3" .21`
  private var looks: StyledText {
    guard let head = screen.selectedHead, let weights = reading.attention(head) else {
      return StyledText(
        screen.selectedRow(reading) == 0
          ? "the last token alone, before any layer" : "this layer has no attention",
        style: dim)
    }
    var text = StyledText("looks at", style: dim)
    text.runs += places(weights, most: view.isWide(session) ? 8 : 4).runs
    return text
  }

  /// The tokens that a head looks at most: `" dad" .62  " 3" .21`.
  func places(_ weights: [Float], most: Int) -> StyledText {
    let order = weights.indices.sorted {
      weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1
    }
    var text = StyledText()
    for position in order.prefix(most) where weights[position] >= 0.005 {
      text.append("  \(label(position: position))", style: plain)
      text.append(" \(Format.probability(Double(weights[position])))", style: dim)
    }
    return text
  }

  /// `layer 4  p .110 → attention .420 → feed-forward .390`
  private var blocks: StyledText {
    let row = screen.selectedRow(reading)
    guard let layer = reading.layer(ofRow: row), let before = reading.lens(row - 1) else {
      return StyledText("")
    }
    func p(_ lens: LensReading) -> String {
      lens.logProbabilities.first.map {
        Format.smallProbability(TokenDistribution.probability(ofLog: $0))
      } ?? "—"
    }
    let now = reading.now.layers[layer]
    var text = StyledText("layer \(row)", style: plain)
    text.append("  p(\(label(reading.chosen))) ", style: dim)
    text.append(p(before), style: plain)
    text.append(" → attention ", style: dim)
    text.append(p(now.afterAttention), style: plain)
    text.append(" → feed-forward ", style: dim)
    text.append(p(now.reading), style: plain)
    return text
  }

  private func name(_ ablation: Ablation) -> String {
    switch ablation {
    case .head(let layer, let head): "head \(HeadPlace(layer: layer, head: head).name)"
    case .attention(let layer): "attention \(layer + 1)"
    case .feedForward(let layer): "feed-forward \(layer + 1)"
    case .token(let position): "token \(label(position: position))"
    }
  }

  private var parts: StyledText {
    guard !screen.silenced.isEmpty else {
      return StyledText(
        "silence: Enter this head · a attention · f feed-forward · x the token at ◂", style: dim)
    }
    var text = StyledText("✂ ", style: view.style(.nodePruned))
    text.append(screen.silenced.map(name).joined(separator: ", "), style: plain)
    return text
  }

  /// `p(" 5") .971 → .310 ▼  says " 5" → " 3"  KL 1.24`
  private var change: StyledText {
    let (whole, now) = reading.probabilities
    var text = StyledText("p(\(label(reading.chosen))) ", style: dim)
    guard screen.answered?.ablations.isEmpty == false else {
      text.append(Format.smallProbability(now), style: plain)
      text.append("  with nothing silenced", style: dim)
      return text
    }
    text.append(Self.move(from: whole, to: now), style: view.style(.nodeBest))
    let (said, says) = (reading.whole.distribution.argmax, reading.now.distribution.argmax)
    text.append("  says ", style: dim)
    text.append(
      said == says ? "still \(label(says))" : "\(label(said)) → \(label(says))", style: plain)
    let nats = reading.whole.distribution.divergence(from: reading.now.distribution)
    text.append("  KL \(nats.isFinite ? Format.fixed(nats, 2) : "∞")", style: dim)
    return text
  }
}

extension PlaygroundView {
  /// Whether there is room for more than the most important figures.
  fileprivate func isWide(_ session: SessionState) -> Bool { session.size.width >= 120 }
}

/// The text as Layers lays it out, each token tagged with its index.
struct LayersText {
  let wrapped: WrappedText

  init(_ wrapped: WrappedText) { self.wrapped = wrapped }

  /// The first line that shows: the place always does, with what follows in up to a third of the
  /// rows.
  func firstLine(height: Int, _ place: Int) -> Int {
    let here = wrapped.lines(withTag: place)?.upperBound ?? 0
    let ahead = min(wrapped.lines.count - 1 - here, height / 3)
    return max(0, min(wrapped.lines.count - height, here + ahead - height + 1))
  }

  /// The token drawn at a point of a rectangle.
  func tag(at point: Point, in rect: Rect, _ place: Int) -> Int? {
    let first = firstLine(height: rect.height, place)
    return wrapped.tag(at: Point(x: point.x - rect.x, y: point.y - rect.y + first))
  }
}

/// Where the parts of Layers lie.
struct LayersLayout {
  var header: Rect
  /// The layers, with a line of headings.
  var table: Rect
  var text: Rect
  /// The likeliest tokens of a layer, and where each of its heads looks, under lines with their
  /// titles; empty where there is no room.
  var top: Rect
  var heads: Rect
  /// What the marked parts do, under a line with its title.
  var facts: Rect
  var note: Rect
  let showsBars: Bool
  /// How many heads show of a layer, and how many columns each takes.
  let headSlots: Int
  let headPitch: Int
  let headsWidth: Int
  private let headsX: Int

  init(in rect: Rect, _ reading: LayerReading, isNamed: Bool) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, rect.height - 2))
    let factsHeight = min(5, max(2, body.height - 5))
    let mainHeight = max(0, body.height - factsHeight)
    let main = Rect(x: body.x, y: body.y, width: body.width, height: mainHeight)
    facts = Rect(x: body.x, y: main.bottom, width: body.width, height: factsHeight)
    showsBars = rect.width >= 120
    let tableWidth = rect.width * 58 / 100
    // Below the layers, where there is room: two panels with a line of their own each.
    let topHeight = mainHeight >= 26 ? 6 : 0
    let mostHeads = reading.now.layers.map(\.attention.count).max() ?? 0
    let tableHeight = min(reading.layerCount + 2, max(0, mainHeight - topHeight))
    let left = mainHeight - tableHeight - topHeight
    let headsHeight = topHeight > 0 && left >= 4 ? min(mostHeads + 1, left) : 0
    table = Rect(
      x: main.x, y: main.y, width: tableWidth, height: topHeight > 0 ? tableHeight : mainHeight)
    top = Rect(x: main.x, y: table.bottom, width: tableWidth, height: topHeight)
    heads = Rect(x: main.x, y: top.bottom, width: tableWidth, height: headsHeight)
    text = Rect(
      x: table.right + 3, y: main.y, width: max(0, main.right - table.right - 4),
      height: mainHeight)
    let heads = mostHeads
    // Beside the sign of the selection, the other columns and the gaps between them.
    let others = 2 + 3 + 1 + 10 + 1 + 5 + 1 + (showsBars ? 20 : 0) + (isNamed ? 9 : 0) + 4 + 1 + 1
    let room = max(4, tableWidth - others)
    headPitch = heads * 2 <= room ? 2 : 1
    headSlots = max(1, min(heads, room / headPitch))
    headsWidth = max(5, min(room, headSlots * headPitch + 4))
    let hasBar = reading.layerCount + 1 > max(0, table.height - 1)
    headsX = table.right - (hasBar ? 1 : 0) - headsWidth
  }

  /// The first head that shows, so that the marked one does.
  func firstHead(of count: Int, _ marked: Int?) -> Int {
    max(0, min(count - headSlots, (marked ?? 0) - headSlots / 2))
  }

  /// The head drawn in a column; nil where there is none.
  func head(at x: Int, first: Int) -> Int? {
    guard x >= headsX, x < headsX + headSlots * headPitch else { return nil }
    return first + (x - headsX) / headPitch
  }
}
