import Decoding
import TerminalUI
import Traces

/// The mouse in Decode: a click on a token goes there, one on a candidate selects it and a second
/// one takes it; the wheel scrolls the text, moves through the table and turns the settings.
extension PlaygroundState {
  mutating func decodeMouse(_ mouse: MouseEvent) -> [Effect] {
    guard let layout = decodeLayout else { return [] }
    switch mouse.action {
    case .press(.left): return press(at: mouse.position, layout)
    case .wheelUp: return turnWheel(at: mouse.position, 1, layout)
    case .wheelDown: return turnWheel(at: mouse.position, -1, layout)
    default: return []
    }
  }

  private mutating func press(at point: Point, _ layout: DecodeLayout) -> [Effect] {
    if layout.text.contains(point) {
      guard !decode.isStreaming, let node = node(at: point, layout.text), node != decode.cursor
      else { return [] }
      return move(to: node) + note(.move, node)
    }
    if let row = layout.row(at: point, decode) {
      return row == decode.selectedRow ? decodeCommand(.take) : selectRow(row)
    }
    if let knob = knob(at: point, layout) { decode.knob = knob }
    return []
  }

  private mutating func turnWheel(
    at point: Point, _ steps: Int, _ layout: DecodeLayout
  ) -> [Effect] {
    if layout.text.contains(point) {
      scrollText(by: 3 * steps)
      return []
    }
    if let knob = knob(at: point, layout) {
      decode.knob = knob
      turn(knob, by: steps)
      return []
    }
    return selectRow(decode.selectedRow - steps)
  }

  /// The place after the token drawn at a point.
  private func node(at point: Point, _ rect: Rect) -> NodeID? {
    let text = plainDecodeText(width: rect.width)
    let first = text.firstLine(height: rect.height, scrollBack: decode.scrollBack)
    let place = Point(x: point.x - rect.x, y: point.y - rect.y + first)
    guard let tag = text.wrapped.tag(at: place), decode.line.tokens.indices.contains(tag) else {
      return nil
    }
    return decode.line.tokens[tag].node
  }

  private func knob(at point: Point, _ layout: DecodeLayout) -> SamplerKnob? {
    let rects = layout.knobRects(knobTexts(width: layout.knobs.width))
    return zip(SamplerKnob.allCases, rects).first { $0.1.contains(point) }?.0
  }
}
