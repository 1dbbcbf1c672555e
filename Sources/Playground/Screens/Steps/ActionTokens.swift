import Decoding
import Reasoning
import TerminalUI

/// The selected action token by token: how likely each was, and what could have come instead.
struct ActionTokens {
  let steps: StepsState
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 2, let step = steps.selected else { return }
    let places = Array(step.tokens).filter(steps.pieces.indices.contains)
    let hidden = places.count - (rect.height - 2)
    let inside = Panel.draw(
      "R\(step.number) token by token", note: hidden > 0 ? "\(hidden) more" : nil, in: rect,
      theme: theme, on: &buffer)
    let table = Table(
      columns: [
        .init("", .fixed(4), .right), .init("token", .fixed(18)), .init("p", .fixed(5), .right),
        .init("", .fixed(12)), .init("the likeliest other", .fill),
      ], styles: Table.Styles(theme: theme), showsSelection: false)
    table.draw(
      count: min(places.count, inside.height - 1), position: ListPosition(), in: inside,
      on: &buffer
    ) { item, column, cell, base, buffer in
      let piece = steps.pieces[places[item]]
      func put(_ text: String, _ style: Style, _ alignment: Alignment = .left) {
        Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
      }
      let mode = HeatMode.probability
      let heat = piece.probability.map { mode.style(mode.sureness($0), in: theme) }
      switch column {
      case 0: put("\(places[item] + 1)", theme[.dim], .right)
      case 1:
        let style = piece.isInjected ? theme[.tokenInjected].adding(.reverse) : heat ?? base
        put(PathText.head(piece.label, columns: cell.width), style)
      case 2:
        put(
          piece.isInjected ? "—" : piece.probability.map(Format.smallProbability) ?? "—", base,
          .right)
      case 3:
        if !piece.isInjected, let p = piece.probability {
          Bar.draw(p, in: cell, style: heat ?? base, on: &buffer)
        }
      default:
        if piece.isInjected { return put("put in", theme[.dim]) }
        guard let other = piece.other, let p = piece.otherProbability else { return }
        put("\(PathText.head(other, columns: 24)) \(Format.smallProbability(p))", theme[.dim])
      }
    }
  }
}
