import Decoding
import Problems
import TerminalUI
import Traces

/// Draws the Decode screen: the line's text at the left, the next-token table at the right, below
/// them how sure the model was along the line, and what is told of the place.
enum DecodeView {
  /// - Returns: where the cursor goes; nil hides it.
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let layout = DecodeLayout(rect)
    drawFrame(state, layout, view, &buffer)
    drawText(state, layout.text, view, &buffer)
    DecodeTableView.draw(state, layout, view, on: &buffer)
    drawSparkline(state, layout.separator, view, &buffer)
    return DecodeInfoView.draw(state, layout.info, view, on: &buffer)
  }

  // MARK: Frame

  private static func drawFrame(
    _ state: PlaygroundState, _ layout: DecodeLayout, _ view: PlaygroundView,
    _ buffer: inout CellBuffer
  ) {
    let border = view.borderStyle(of: .decode, state)
    let frame = layout.frame
    buffer.box(frame, style: border)
    buffer.horizontalLine(
      x: frame.x, y: layout.separator.y, width: frame.width, style: border)
    buffer.verticalLine(
      x: layout.divider.x, y: frame.y, height: layout.separator.y - frame.y + 1, style: border)
    let left = Rect(x: frame.x, y: frame.y, width: layout.divider.x - frame.x + 1, height: 1)
    let count = state.decode.line.generated.count
    buffer.caption(
      left, title: state.question.problem ?? state.question.family ?? "question",
      note: state.decode.isStreaming ? "sampling" : count > 0 ? "+\(count)" : nil,
      style: view.style(.title), lineStyle: view.style(.dim))
    drawTableTitle(
      state,
      Rect(
        x: layout.divider.x, y: frame.y, width: frame.right - layout.divider.x, height: 1),
      view, &buffer)
    drawLegend(
      state.decode.heat,
      Rect(x: frame.x, y: frame.bottom - 1, width: frame.width, height: 1), view, &buffer)
  }

  private static func drawTableTitle(
    _ state: PlaygroundState, _ line: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let decode = state.decode
    let title = decode.isStreaming && !decode.hasCurrentTable ? "last token" : "next token"
    let entropy = decode.table.map { "H \(Format.fixed($0.entropy, 2)) bits" }
    buffer.caption(
      line, title: title, note: entropy, style: view.style(.title), lineStyle: view.style(.text))
  }

  /// The heat's legend in the bottom edge: glyph, colour and meaning of each band.
  private static func drawLegend(
    _ heat: HeatMode, _ line: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    var legend = StyledText(" heat: \(heat.title) ", style: view.style(.dim))
    for (band, meaning) in heat.bands {
      let style = tokenStyle(heat, sureness: band.sureness, view)
      legend.append(band.glyph + " ", style: style.removing(.underline))
      legend.append(meaning, style: style)
      legend.append(" ", style: view.style(.dim))
    }
    buffer.put(legend, x: line.x + 2, y: line.y, width: line.width - 4)
  }

  // MARK: Text

  private static func drawText(
    _ state: PlaygroundState, _ rect: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let decode = state.decode
    guard !decode.line.tokens.isEmpty else {
      let waiting = WrappedText(
        StyledText(emptyNotice(state), style: view.style(.dim)), width: rect.width)
      waiting.draw(in: rect, on: &buffer)
      return
    }
    let styles = TokenStyles(decode, view)
    let text = DecodeText(
      decode.line, width: rect.width, cursorStyle: view.style(.tokenChosen),
      glyphs: view.glyphs, style: { styles.style(of: $0) })
    let first = text.firstLine(height: rect.height, scrollBack: decode.scrollBack)
    text.wrapped.draw(in: rect, firstLine: first, on: &buffer)
    let lines = text.wrapped.lines.count
    if lines > rect.height {
      Scrollbar.draw(
        visible: first..<first + rect.height, count: lines,
        in: Rect(x: rect.right, y: rect.y, width: 1, height: rect.height),
        style: view.style(.border), on: &buffer)
    }
  }

  private static func emptyNotice(_ state: PlaygroundState) -> String {
    switch state.model {
    case .loading(let load): "Loading \(load.text)"
    case .failed(let name, _): "\(name) could not be loaded. Press m to choose another model."
    case .ready: "Putting the question in …"
    case .none:
      state.isReplay
        ? "This trace holds no text for Decode; look at Branches and Votes."
        : "Press m to choose a model."
    }
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
  private static func drawSparkline(
    _ state: PlaygroundState, _ line: Rect, _ view: PlaygroundView, _ buffer: inout CellBuffer
  ) {
    let heat = state.decode.heat
    let tokens = Array(state.decode.line.generated)
    let title = heat == .off ? HeatMode.probability.title : heat.title
    var x = buffer.put(
      " \(title) ", x: line.x + 1, y: line.y, style: view.style(.title), width: line.width - 2)
    let room = line.right - x - 3
    guard room > 4, !tokens.isEmpty else { return }
    let values = tokens.map { heat.value($0) }
    let shown = min(room, values.count)
    Sparkline.draw(
      values, range: heat.range, in: Rect(x: x, y: line.y, width: shown, height: 1), on: &buffer
    ) { index in
      guard let value = values[index] else { return view.style(.dim) }
      return tokenStyle(heat, sureness: heat.sureness(value), view).removing(.underline)
    }
    for (offset, value) in values.suffix(shown).enumerated() where value == nil {
      buffer.put("·", x: x + offset, y: line.y, style: view.style(.tokenInjected))
    }
    x += shown
    buffer.put(" ", x: x, y: line.y, style: view.style(.text))
  }
}

/// The styles of the tokens of a line.
struct TokenStyles {
  private let decode: DecodeState
  private let view: PlaygroundView

  init(_ decode: DecodeState, _ view: PlaygroundView) {
    self.decode = decode
    self.view = view
  }

  func style(of index: Int) -> Style {
    let token = decode.line.tokens[index]
    // What lies ahead of the cursor has not been chosen yet.
    if index >= decode.line.cursor { return view.style(.dim).adding(.dim) }
    let base: Style =
      switch token.origin {
      // A template's tokens must differ from a text that spells them.
      case .prompt:
        token.isSpecial ? view.style(.tokenPrompt).adding(.underline) : view.style(.tokenPrompt)
      case .injected: view.style(.tokenInjected).adding([.italic, .reverse])
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
    return DecodeView.tokenStyle(decode.heat, sureness: decode.heat.sureness(value), view)
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
