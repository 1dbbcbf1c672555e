import Decoding
import Foundation
import TerminalUI

/// One path in full: its text with the answer in brackets, and how sure each token of the answer
/// was.
struct PathPanel {
  let path: PathDigest
  let name: String
  /// The first line of the text that shows.
  let scroll: Int
  /// The token with which the path leaves those of other answers, when that is to be shown.
  var leaving: Int?
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let inside = Panel.draw(title, note: note, in: rect, theme: theme, on: &buffer)
    guard inside.height > 0 else { return }
    let marginLine = path.margins.isEmpty || inside.height < 2 ? 0 : 1
    var area = Rect(
      x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height - marginLine)
    let text = wrapped(width: area.width)
    let spare = area.height - text.lines.count
    if spare > 0 {
      // What is told of the tokens stands close to the text.
      let gap = spare > 1 ? 1 : 0
      if spare > gap {
        drawProbabilities(area.row(text.lines.count + gap), on: &buffer)
        area.height = text.lines.count + gap + 1
      }
    }
    // While the path grows its end shows, afterwards its answer, unless the user scrolls.
    let last = max(0, text.lines.count - area.height)
    var first = min(scroll, last)
    if path.isGrowing {
      first = last
    } else if scroll == 0, let answer = path.answerTokens?.upperBound,
      let lines = text.lines(withTag: answer), lines.upperBound >= area.height
    {
      first = min(last, lines.upperBound - area.height + 1)
    }
    text.draw(in: area, firstLine: first, on: &buffer)
    if last > 0 {
      Scrollbar.draw(
        visible: first..<first + area.height, count: text.lines.count,
        in: Rect(x: inside.right - 1, y: area.y, width: 1, height: area.height),
        style: theme[.dim], on: &buffer)
    }
    if marginLine == 1 { buffer.put(margins, x: area.x, y: area.bottom, width: area.width) }
    let below = area.bottom + marginLine + 1
    drawHesitations(
      Rect(x: area.x, y: below, width: area.width, height: inside.bottom - below), on: &buffer)
  }

  /// Where the model was least sure, and what it could have said there instead.
  private func drawHesitations(_ rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height >= 2, rect.width >= 40, !path.hesitations.isEmpty else { return }
    let columns: [ItemColumn<Hesitation>] = [
      .init("token", .fixed(5), .right) { $1.text("\($0.token + 1)", .dim) },
      .init("least sure", .fixed(16)) { hesitation, cell in
        let text = PathText.quoted(path.bytes(ofToken: hesitation.token))
        return StyledText(PathText.head(text, columns: cell.width), style: heat(hesitation.token))
      }, .init("p", .fixed(5), .right) { $1.text(Format.smallProbability($0.probability)) },
      .init("the likeliest other", .fill) { hesitation, cell in
        guard let other = hesitation.other, let p = hesitation.otherProbability else { return nil }
        return cell.text("\(PathText.quoted(other.bytes)) \(Format.smallProbability(p))", .dim)
      },
    ]
    path.hesitations.draw(columns, showsHeading: true, in: rect, theme: theme, on: &buffer)
  }

  /// p of each token, as small columns in the colours of the text above.
  private func drawProbabilities(_ line: Rect, on buffer: inout CellBuffer) {
    let label = "p of each token  "
    let x = buffer.put(label, x: line.x, y: line.y, style: theme[.dim], width: line.width)
    let values = path.logProbabilities.map { $0.map { exp($0) } }
    Sparkline.draw(
      values, in: Rect(x: x, y: line.y, width: line.right - x, height: 1), on: &buffer
    ) { heat($0) }
  }

  /// How sure the model was of a token, as a colour.
  private func heat(_ index: Int) -> Style {
    guard path.logProbabilities.indices.contains(index), let log = path.logProbabilities[index]
    else { return theme[.tokenInjected] }
    return theme.heat(exp(log))
  }

  func wrapped(width: Int) -> WrappedText {
    let styles = PathText.Styles(theme: theme, base: theme[.text])
    return WrappedText(
      PathText.whole(path, styles: styles) { index in
        index == leaving ? theme[.notice] : heat(index)
      }, width: width, showsNewlines: false)
  }

  private var title: String {
    guard path.isGrowing else { return name }
    return "\(name) grows"
  }

  private var note: String {
    var parts = [Panel.count(path.generated, "token")]
    if let log = path.logProbability { parts.append("log p \(Format.fixed(log, 2))") }
    switch path.reason {
    case "length": parts.append("cut at the token limit")
    case "context": parts.append("the context is full")
    case "cancelled": parts.append("stopped")
    case "failed": parts.append("failed")
    default: break
    }
    return parts.joined(separator: " · ")
  }

  /// The p₁ − p₂ of the answer's tokens: `answer " 48" .981 → Δ .981`.
  private var margins: StyledText {
    var text = StyledText("p₁−p₂ of the answer's tokens", style: theme[.dim])
    let tokens = path.answerTokens.map { Array($0) } ?? []
    for (index, margin) in path.margins.enumerated() {
      let bytes = tokens.count == path.margins.count ? path.bytes(ofToken: tokens[index]) : []
      text.append("   ", style: theme[.text])
      text.append(bytes.isEmpty ? "·" : PathText.quoted(bytes), style: theme[.answerSpan])
      text.append(" " + Format.probability(margin), style: theme[.text])
    }
    if let delta = path.delta {
      text.append("   mean Δ ", style: theme[.dim])
      text.append(Format.probability(delta), style: theme[.nodeBest])
    }
    return text
  }
}
