import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// Draws the Decode screen: the line's text at the left, the next-token table at the right, below
/// them how sure the model was along the line, and what is known of the place.
extension DecodeScreen {
  /// - Returns: where the cursor goes; nil hides it.
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let layout = DecodeLayout(rect)
    drawFrame(session, layout, view, &buffer)
    drawText(session, layout.text, view, &buffer)
    DecodeTableView(decode: self, session: session, layout: layout, view: view).draw(on: &buffer)
    drawSparkline(layout.separator, view, &buffer)
    return drawInfo(session, layout.info, view, on: &buffer)
  }

  // MARK: Frame

  private func drawFrame(
    _ session: SessionState, _ layout: DecodeLayout, _ view: PlaygroundView,
    _ buffer: inout CellBuffer
  ) {
    let border = view.borderStyle(of: Self.id, session)
    let frame = layout.frame
    buffer.box(frame, style: border)
    buffer.horizontalLine(x: frame.x, y: layout.separator.y, width: frame.width, style: border)
    buffer.verticalLine(
      x: layout.divider.x, y: frame.y, height: layout.separator.y - frame.y + 1, style: border)
    let left = Rect(x: frame.x, y: frame.y, width: layout.divider.x - frame.x + 1, height: 1)
    let count = line.generated.count
    buffer.caption(
      left, title: session.question.problem ?? session.question.family ?? "question",
      note: isStreaming ? "sampling" : count > 0 ? "+\(count)" : nil,
      style: view.style(.title), lineStyle: view.style(.dim))
    drawTableTitle(
      Rect(x: layout.divider.x, y: frame.y, width: frame.right - layout.divider.x, height: 1),
      session, view, &buffer)
    drawLegend(Rect(x: frame.x, y: frame.bottom - 1, width: frame.width, height: 1), view, &buffer)
  }

  private func drawTableTitle(
    _ edge: Rect, _ session: SessionState, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    if let beside, !session.isGuessing {
      return drawTitle(beside, edge, session, view, &buffer)
    }
    let title = isStreaming && !hasCurrentTable ? "last token" : "next token"
    let entropy = table.map {
      "H \($0.isTruncated ? "≥ " : "")\(Format.fixed($0.entropy, 2)) bits"
    }
    buffer.caption(
      edge, title: title, note: entropy, style: view.style(.title), lineStyle: view.style(.text))
  }

  /// With another model beside: how far the two agree.
  private func drawTitle(
    _ beside: ModelBeside, _ edge: Rect, _ session: SessionState, _ view: PlaygroundView,
    _ buffer: inout CellBuffer
  ) {
    let own = session.readyModel?.identity.shortName ?? ""
    let text: String =
      if beside.failure != nil {
        "\(beside.name) cannot be compared"
      } else if let agreement = agreement(session) {
        agreement.text(own, beside.name, columns: edge.width - 4)
      } else if beside.asking != nil {
        "\(beside.name) is read …"
      } else {
        "beside \(beside.name)"
      }
    buffer.caption(
      edge, title: PathText.head(text, columns: edge.width - 4), style: view.style(.title),
      lineStyle: view.style(.text))
  }

  /// The heat's legend in the bottom edge: glyph, colour and meaning of each band.
  private func drawLegend(_ line: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer) {
    var legend = StyledText(" heat: \(heat.title) ", style: view.style(.dim))
    for (band, meaning) in heat.bands {
      let style = Self.tokenStyle(heat, sureness: band.sureness, view)
      legend.append(band.glyph + " ", style: style.removing(.underline))
      legend.append(meaning, style: style)
      legend.append(" ", style: view.style(.dim))
    }
    buffer.put(legend, x: line.x + 2, y: line.y, width: line.width - 4)
  }

  // MARK: Text

  private func drawText(
    _ session: SessionState, _ rect: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    guard !line.tokens.isEmpty else {
      if let notice = waitingNotice(session) {
        WrappedText(StyledText(notice, style: view.style(.dim)), width: rect.width)
          .draw(in: rect, on: &buffer)
      }
      return
    }
    let styles = TokenStyles(decode: self, view: view)
    let text = DecodeText(
      line, width: rect.width, cursorStyle: view.style(.tokenChosen),
      glyphs: view.glyphs, style: { styles.style(of: $0) })
    let first = text.firstLine(height: rect.height, scrollBack: scrollBack)
    text.wrapped.draw(in: rect, firstLine: first, on: &buffer)
    let lines = text.wrapped.lines.count
    if lines > rect.height {
      Scrollbar.draw(
        visible: first..<first + rect.height, count: lines,
        in: Rect(x: rect.right, y: rect.y, width: 1, height: rect.height),
        style: view.style(.border), on: &buffer)
    }
  }

  /// What is waited for; nil when that is the reader.
  private func waitingNotice(_ session: SessionState) -> String? {
    switch session.model {
    case .loading(let load): "Loading \(load.text)"
    case .ready:
      session.exploring != nil
        ? "Reading the question …"
        : failure.map { "The question could not be put in: \($0.why)" }
    case .failed, .none: nil
    }
  }

  /// The coach: what to do in Decode, until the first step is taken.
  func emptyText(_ session: SessionState) -> EmptyText? {
    if line.tokens.isEmpty { return emptyTextWithoutLine(session) }
    let isAtStart = session.cursor == promptEnd && line.cursor == line.tokens.count
    guard isAtStart, explored.isEmpty, session.readyModel != nil, !session.showsAnotherModel,
      session.activeLesson == nil, insertion == nil, search == nil, !isStreaming
    else { return nil }
    let count = session.settings.branches ?? CoTDecoding.defaultBranches
    return EmptyText(
      title: "What will it say?",
      purpose: "The model's next token is one of those in the table.",
      starts: [
        .init(.activate, "take it"), .init(.down, "choose another"), .init(.run, "let it talk"),
        .init(.openLessons, "the lesson (10 min)"),
        .init(.screen(BranchesScreen.id), "\(count) ways to begin"),
      ])
  }

  private func emptyTextWithoutLine(_ session: SessionState) -> EmptyText? {
    let purpose = "Decode shows what a model may say next, with all probabilities, token by token."
    let start = EmptyText.Start(.openModels, "choose a model")
    switch session.model {
    case .loading, .ready: return nil
    case .failed(let name, _):
      return EmptyText(
        title: "\(name) could not be loaded", purpose: purpose, starts: [start])
    case .none:
      guard session.isReplay else {
        return EmptyText(title: "No model yet", purpose: purpose, starts: [start])
      }
      return EmptyText(
        title: "This run holds no text for Decode", purpose: purpose,
        starts: [
          .init(.screen(BranchesScreen.id), "its branches"),
          .init(.screen(VotesScreen.id), "its votes"), .init(.goToRun(1), "the next run"),
        ])
    }
  }

  /// Below the text.
  func emptyArea(in rect: Rect, _ session: SessionState) -> Rect {
    let area = DecodeLayout(rect).text
    guard !line.tokens.isEmpty else { return area }
    let lines = plainText(width: area.width).wrapped.lines.count
    let top = min(area.height, lines + (area.height - lines > 4 ? 1 : 0))
    return Rect(
      x: area.x - 1, y: area.y + top, width: area.width + 2, height: area.height - top)
  }

  /// The style of a token of some sureness. A torn one is underlined in every theme, so that
  /// colour is not all there is.
  static func tokenStyle(_ heat: HeatMode, sureness: Int, _ view: PlaygroundView) -> Style {
    let style = view.theme[.text].overlaid(by: heat.style(sureness, in: view.theme))
    return HeatMode.Band(sureness: sureness) == .torn && heat != .off
      ? style.adding(.underline) : style
  }

  // MARK: Sparkline

  /// How sure the model was of each token after the prompt, in the line between the parts.
  private func drawSparkline(_ edge: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer) {
    let tokens = Array(line.generated)
    let title = heat == .off ? HeatMode.probability.title : heat.title
    var x = buffer.put(
      " \(title) ", x: edge.x + 1, y: edge.y, style: view.style(.title), width: edge.width - 2)
    let room = edge.right - x - 3
    guard room > 4, !tokens.isEmpty else { return }
    let values = tokens.map { heat.value($0) }
    let shown = min(room, values.count)
    Sparkline.draw(
      values, range: heat.range, in: Rect(x: x, y: edge.y, width: shown, height: 1), on: &buffer
    ) { index in
      guard let value = values[index] else { return view.style(.dim) }
      return Self.tokenStyle(heat, sureness: heat.sureness(value), view).removing(.underline)
    }
    for (offset, value) in values.suffix(shown).enumerated() where value == nil {
      buffer.put("·", x: x + offset, y: edge.y, style: view.style(.tokenInjected))
    }
    x += shown
    buffer.put(" ", x: x, y: edge.y, style: view.style(.text))
  }
}

/// The styles of the tokens of a line.
struct TokenStyles {
  let decode: DecodeScreen
  let view: PlaygroundView

  func style(of index: Int) -> Style {
    let token = decode.line.tokens[index]
    // What lies ahead of the cursor has not been chosen yet.
    if index >= decode.line.cursor { return view.style(.dim).adding(.dim) }
    let base: Style =
      switch token.origin {
      // A template's tokens must differ from a text that spells them.
      case .prompt:
        token.isSpecial ? view.style(.tokenPrompt).adding(.underline) : view.style(.tokenPrompt)
      // What the model did not choose is told from what it did, also where it says what it finds of it.
      case .injected:
        token.probability == nil
          ? view.style(.tokenInjected).adding([.italic, .reverse])
          : heat(token).adding([.italic, .underline])
      case .generated: heat(token)
      }
    if token.isAnswer { return base.overlaid(by: view.theme[.answerSpan]) }
    let special =
      token.isSpecial && token.origin != .prompt ? view.style(.tokenEnd).adding(.dim) : base
    return index == decode.line.cursor - 1 && token.origin != .prompt
      ? special.adding(.bold) : special
  }

  private func heat(_ token: LineToken) -> Style {
    guard decode.heat != .off, let value = decode.heat.value(token) else {
      return view.style(.text)
    }
    return DecodeScreen.tokenStyle(decode.heat, sureness: decode.heat.sureness(value), view)
  }
}

extension Style {
  /// This style with fewer attributes.
  func removing(_ less: Attributes) -> Style {
    var style = self
    style.attributes.subtract(less)
    return style
  }
}

/// Draws what is known of the place: the token before the cursor, and the continuations that are
/// known; or the text being typed; or the answer that was asked for.
extension DecodeScreen {
  /// - Returns: where the cursor goes while text is typed.
  private func drawInfo(
    _ session: SessionState, _ rect: Rect, _ view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    if let field = insertion { return drawInsertion(field, rect, view, &buffer) }
    if let search = search { return drawSearch(search, rect, view, &buffer) }
    var lines = [place(session, view), last(session, view)].filter { !$0.runs.isEmpty }
    // With one row to spare, what can be done here matters more than what was chosen before.
    if rect.height > 1 { lines.reverse() }
    for (index, line) in lines.prefix(rect.height).enumerated() {
      buffer.put(line, x: rect.x, y: rect.y + index, width: rect.width)
    }
    return nil
  }

  private func drawInsertion(
    _ field: TextField, _ rect: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) -> Point {
    let x = buffer.put(
      isInsertionScored ? "score " : "insert ", x: rect.x, y: rect.y, style: view.style(.title))
    let cursor = field.draw(
      in: Rect(x: x, y: rect.y, width: max(1, rect.right - x), height: 1),
      style: view.style(.input), on: &buffer)
    if rect.height > 1 {
      KeyHints.draw(
        [("Alt-Enter", "starts a new line")],
        in: rect.row(1), keyStyle: view.style(.key), labelStyle: view.style(.dim), on: &buffer)
    }
    return cursor
  }

  private func drawSearch(
    _ search: TokenSearch, _ rect: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) -> Point {
    let x = buffer.put("find ", x: rect.x, y: rect.y, style: view.style(.title))
    // On one row the field and what was found share it.
    let isOneRow = rect.height < 2
    let width = isOneRow ? min(14, rect.width / 3) : rect.right - x
    let cursor = search.field.draw(
      in: Rect(x: x, y: rect.y, width: max(1, width), height: 1), style: view.style(.input),
      on: &buffer)
    var text = StyledText()
    for (index, found) in search.found.enumerated() {
      text.append(index == 0 ? "" : "   ", style: view.style(.dim))
      text.append(found.label, style: view.style(index == 0 ? .tokenChosen : .text))
      text.append(
        " p \(Format.smallProbability(found.probability)), rank \(found.rank)",
        style: view.style(.text))
      if found.length > 1 {
        text.append(", the first of \(found.length) tokens", style: view.style(.dim))
      }
    }
    if search.field.isEmpty {
      text.append("type a token's text; Enter takes it, Esc leaves", style: view.style(.dim))
    } else if search.found.isEmpty {
      text.append("no matching token", style: view.style(.dim))
    }
    let left = isOneRow ? x + width + 1 : rect.x
    buffer.put(text, x: left, y: rect.bottom - 1, width: max(0, rect.right - left))
    return cursor
  }

  /// The token before the cursor and how it was chosen.
  private func last(_ session: SessionState, _ view: PlaygroundView) -> StyledText {
    var text = StyledText()
    guard let token = line.last else { return text }
    let dim = view.style(.dim)
    text.append(DecodeText.cursorGlyph(view.glyphs), style: view.style(.tokenChosen))
    text.append(session.label(of: token.token), style: view.style(.text))
    switch token.origin {
    case .prompt: text.append(" of the prompt", style: dim)
    case .injected:
      let word = token.probability == nil ? " put in" : " scored, not chosen"
      text.append(word, style: view.style(.tokenInjected))
    case .generated: break
    }
    if let p = token.probability {
      let band = HeatMode.Band(sureness: HeatMode.probability.sureness(p))
      text.append("  \(band.glyph) p \(Format.smallProbability(p))", style: view.style(.text))
    }
    if let rank = token.rank { text.append(", rank \(rank)", style: dim) }
    if let entropy = token.entropy {
      text.append("  H \(Format.fixed(entropy, 2)) bits", style: dim)
    }
    if let margin = token.margin {
      text.append("  margin \(Format.probability(margin))", style: dim)
    }
    if token.alternatives > 0 {
      let noun = token.alternatives == 1 ? "other" : "others"
      text.append("  • \(token.alternatives) \(noun) explored", style: view.style(.nodeBest))
    }
    return text
  }

  /// What is known of the place itself.
  private func place(_ session: SessionState, _ view: PlaygroundView) -> StyledText {
    if isAsking { return StyledText("asking for the answer …", style: view.style(.dim)) }
    if let forced = forcedAnswer, forced.asked == session.cursor { return answer(forced, view) }
    if let odds { return self.odds(odds, view) }
    if let verdict { return self.text(of: verdict, session, view) }
    var text = StyledText()
    if forks.contains(session.cursor) {
      text.append(DecodeText.forkGlyph + " fork  ", style: view.style(.tokenChosen))
    }
    guard !explored.isEmpty, !session.isGuessing else { return text }
    text.append("• explored from here: ", style: view.style(.nodeBest))
    for (index, known) in explored.enumerated() {
      text.append(index == 0 ? "" : ", ", style: view.style(.dim))
      text.append(known.label, style: view.style(.text))
      let origin = known.origin == .prompt ? "of the prompt" : "put in"
      text.append(
        " " + (known.probability.map(Format.smallProbability) ?? origin), style: view.style(.dim))
    }
    return text
  }

  /// How likely the leading answers are, and what the text put in before the cursor has done to
  /// them: `p(answer) before → after " Wait,": 8 .120 → .550 ▲`.
  private func odds(_ odds: AnswerOdds, _ view: PlaygroundView) -> StyledText {
    let dim = view.style(.dim)
    var text = StyledText("p(answer now)", style: view.style(.title))
    if let inserted = odds.inserted {
      text.append(" before → after ", style: dim)
      text.append(inserted, style: view.style(.tokenInjected).adding(.reverse))
    }
    text.append(":", style: dim)
    for (index, row) in odds.rows.enumerated() {
      text.append(index == 0 ? " " : "   ", style: dim)
      let role = Panel.role(isCorrect: row.isCorrect)
      let answer = PathText.head(PathText.oneLine(row.answer.utf8), columns: 12)
      text.append(answer, style: view.style(role))
      if let before = row.before {
        text.append(" \(Format.smallProbability(before)) →", style: dim)
      }
      text.append(" \(Format.smallProbability(row.now))", style: view.style(.text))
      if let before = row.before, abs(row.now - before) >= 0.0005 {
        let isUp = row.now > before
        text.append(isUp ? " ▲" : " ▼", style: view.style(isUp ? .nodeBest : .warning))
      }
    }
    return text
  }

  private func answer(_ forced: ForcedAnswer, _ view: PlaygroundView) -> StyledText {
    var text = StyledText("asked here: ", style: view.style(.dim))
    guard let answer = forced.answer else {
      text.append("no answer found", style: view.style(.answerUnparsed))
      text.append(", n shows the reply", style: view.style(.dim))
      return text
    }
    let mark = forced.isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""
    text.append(answer + mark, style: view.style(Panel.role(isCorrect: forced.isCorrect)))
    if let delta = forced.delta {
      text.append(", Δ \(Format.probability(delta))", style: view.style(.text))
    }
    text.append("; n goes there", style: view.style(.dim))
    return text
  }
}
