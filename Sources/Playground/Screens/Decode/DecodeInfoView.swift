import Decoding
import TerminalUI
import Traces

/// Draws what is told of the place: the token before the cursor, and the continuations that are
/// known; or the text being typed; or the answer that was asked for.
enum DecodeInfoView {
  /// - Returns: where the cursor goes while text is typed.
  static func draw(
    _ state: PlaygroundState, _ rect: Rect, _ view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    if let field = state.decode.insertion {
      return drawInsertion(field, rect, view, &buffer)
    }
    if let search = state.decode.search { return drawSearch(search, rect, view, &buffer) }
    var lines = [place(state, view), last(state, view)].filter { !$0.runs.isEmpty }
    // With one row to spare, what can be done here matters more than what was chosen before.
    if rect.height > 1 { lines.reverse() }
    for (index, line) in lines.prefix(rect.height).enumerated() {
      buffer.put(line, x: rect.x, y: rect.y + index, width: rect.width)
    }
    return nil
  }

  private static func drawInsertion(
    _ field: TextField, _ rect: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) -> Point {
    let x = buffer.put("insert ", x: rect.x, y: rect.y, style: view.style(.title))
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

  private static func drawSearch(
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
      text.append("no token begins so", style: view.style(.dim))
    }
    let left = isOneRow ? x + width + 1 : rect.x
    buffer.put(text, x: left, y: rect.bottom - 1, width: max(0, rect.right - left))
    return cursor
  }

  /// The token before the cursor and how it was chosen.
  private static func last(_ state: PlaygroundState, _ view: PlaygroundView) -> StyledText {
    var text = StyledText()
    guard let token = state.decode.line.last else { return text }
    let dim = view.style(.dim)
    text.append(DecodeText.cursorGlyph(view.glyphs), style: view.style(.tokenChosen))
    text.append(state.label(of: token.token), style: view.style(.text))
    switch token.origin {
    case .prompt: text.append(" of the prompt", style: dim)
    case .injected: text.append(" put in", style: view.style(.tokenInjected))
    case .generated: break
    }
    if let p = token.probability {
      let band = HeatMode.Band(sureness: HeatMode.probability.sureness(p))
      text.append(
        "  \(band.glyph) p \(Format.smallProbability(p))", style: view.style(.text))
    }
    if let rank = token.rank { text.append(", rank \(rank)", style: dim) }
    if let entropy = token.entropy {
      text.append("  H \(Format.fixed(entropy, 2)) bits", style: dim)
    }
    if let margin = token.margin {
      text.append("  margin \(Format.probability(margin))", style: dim)
    }
    if token.alternatives > 0 {
      let noun = token.alternatives == 1 ? "other way" : "other ways"
      text.append("  • \(token.alternatives) \(noun) known here", style: view.style(.nodeBest))
    }
    return text
  }

  /// What is known of the place itself.
  private static func place(_ state: PlaygroundState, _ view: PlaygroundView) -> StyledText {
    let decode = state.decode
    if decode.isAsking { return StyledText("asking for the answer …", style: view.style(.dim)) }
    if let forced = decode.forcedAnswer, forced.asked == decode.cursor {
      return answer(forced, view)
    }
    if let odds = decode.odds { return self.odds(odds, view) }
    var text = StyledText()
    if decode.forks.contains(decode.cursor) {
      text.append(DecodeText.forkGlyph + " fork  ", style: view.style(.tokenChosen))
    }
    guard !decode.explored.isEmpty, !state.isGuessing else { return text }
    text.append("• explored from here: ", style: view.style(.nodeBest))
    for (index, known) in decode.explored.enumerated() {
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
  private static func odds(_ odds: AnswerOdds, _ view: PlaygroundView) -> StyledText {
    let dim = view.style(.dim)
    var text = StyledText("p(answer now)", style: view.style(.title))
    if let inserted = odds.inserted {
      text.append(" before → behind ", style: dim)
      text.append(inserted, style: view.style(.tokenInjected).adding(.reverse))
    }
    text.append(":", style: dim)
    for (index, row) in odds.rows.enumerated() {
      text.append(index == 0 ? " " : "   ", style: dim)
      let role: Role =
        switch row.isCorrect {
        case true?: .answerCorrect
        case false?: .answerWrong
        case nil: .text
        }
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

  private static func answer(_ forced: ForcedAnswer, _ view: PlaygroundView) -> StyledText {
    var text = StyledText("asked here: ", style: view.style(.dim))
    guard let answer = forced.answer else {
      text.append("no answer found", style: view.style(.answerUnparsed))
      text.append(", n shows what came", style: view.style(.dim))
      return text
    }
    let role: Role =
      switch forced.isCorrect {
      case true?: .answerCorrect
      case false?: .answerWrong
      case nil: .text
      }
    let mark = forced.isCorrect.map { $0 ? " ✓" : " ✗" } ?? ""
    text.append(answer + mark, style: view.style(role))
    if let delta = forced.delta {
      text.append(", Δ \(Format.probability(delta))", style: view.style(.text))
    }
    text.append("; n goes there", style: view.style(.dim))
    return text
  }
}
