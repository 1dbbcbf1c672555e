import Decoding
import Foundation
import TerminalUI
import Traces

/// What the signs of a sample's tokens stand for: it depends on what is learned from.
enum TokenReading: Sendable, Hashable {
  /// How hard each is pushed.
  case push
  /// The label of the step that each belongs to: right or wrong.
  case label
  /// How much likelier each has become, log π/π_ref, in one text of a pair.
  case logRatio

  /// Recipes whose texts are solutions that a judge learns to tell apart, step by step or as a whole.
  private static let judges: Set = ["prm", "value", "orm"]

  init(_ sample: TrainingSample?, of recipe: String?) {
    self = sample?.logRatio != nil ? .logRatio : Self.judges.contains(recipe ?? "") ? .label : .push
  }

  /// The heading of the strip.
  var title: String {
    switch self {
    case .push: "push"
    case .label: "label"
    case .logRatio: "log π/π_ref"
    }
  }

  /// What the colours mean, in them.
  func legend(_ theme: Theme, over base: Style) -> StyledText {
    let words: (up: String, down: String, rest: String) =
      switch self {
      case .push: ("likelier", "less likely", " from now on")
      case .label: ("right", "wrong", " step, as it is labelled")
      case .logRatio: ("likelier", "less likely", " than at the start")
      }
    var text = StyledText(words.up, style: Pushes.style(1, theme: theme, over: base))
    text.append(" ", style: base)
    text.append(words.down, style: Pushes.style(-1, theme: theme, over: base))
    text.append(words.rest, style: theme.style(.dim, over: base))
    return text
  }
}

extension TrainingSample {
  /// The sample with each token's log π/π_ref in place of its push, as a share of the greatest one in
  /// the pair; the sample as it is where that is not known.
  func showingLogRatio(in group: TrainingSamples) -> TrainingSample {
    guard let logRatio else { return self }
    let greatest = group.samples.flatMap { $0.logRatio ?? [] }.filter(\.isFinite)
      .reduce(0) { max($0, abs($1)) }
    var shown = self
    shown.push = logRatio.map { greatest > 0 ? $0 / greatest : 0 }
    return shown
  }

  /// Σ log π/π_ref over its tokens; nil where that is not known.
  var logRatioSum: Double? { logRatio?.reduce(0, +) }
}

/// KL(π_ref ‖ π) of each token, as a strip.
enum DivergenceStrip {
  /// - Parameter greatest: what fills a column.
  static func text(
    _ values: [Double], columns: Int, greatest: Double, style: Style
  ) -> StyledText {
    var text = StyledText()
    let count = values.count
    for column in 0..<min(max(0, columns), count) {
      let first = column * count / min(columns, count)
      let last = max(first, (column + 1) * count / min(columns, count) - 1)
      let value = values[first...last].filter(\.isFinite).max() ?? 0
      let share = greatest > 0 ? max(0, min(1, value / greatest)) : 0
      text.append(share < 0.01 ? "·" : Sparkline.glyph(share), style: style)
    }
    return text
  }
}

extension GroupTable {
  /// The columns of a pair: what each text is worth, and how far its tokens have moved.
  func pairColumns(width: Int) -> [ItemColumn<TrainingSample>] {
    let strip = width >= 110 ? 24 : width >= 78 ? 14 : 8
    let greatest = group.samples.flatMap { $0.klPerToken ?? [] }.filter(\.isFinite).max() ?? 0
    return [
      .init("", .fixed(1)) { sample, cell in
        cell.text(sample.isRight ? "✓" : "✗", sample.isRight ? .answerCorrect : .answerWrong)
      },
      .init("pair", .fixed(8)) { sample, cell in
        cell.text(
          sample.isChosen == true ? "chosen" : "rejected", sample.isChosen == true ? .text : .dim)
      },
      .init("text", .fill) { sample, cell in
        let shown = sample.showingLogRatio(in: group)
        return SaidText.line(sample.said) {
          Pushes.style(Pushes.at($0, of: shown), theme: theme, over: cell.base)
        }
      },
      .init("Σ", .fixed(6), .right) {
        $1.text(orDash: $0.logRatioSum.map { Format.fixed($0, 2) })
      },
      .init(width >= 110 ? "log π/π_ref" : "log π/π₀", .fixed(strip)) { sample, cell in
        Pushes.strip(
          sample.showingLogRatio(in: group), columns: cell.width, theme: theme, over: cell.base)
      },
      .init("KL", .fixed(strip)) { sample, cell in
        DivergenceStrip.text(
          sample.klPerToken ?? [], columns: cell.width, greatest: greatest,
          style: cell.style(.barShaped))
      },
    ]
  }
}

extension TrainingSamples {
  /// Why the chosen text may become less likely too, with this pair's own figures; nil for what is no
  /// pair.
  func pairNote(isLong: Bool) -> String? {
    guard let chosen = samples.first(where: { $0.isChosen == true })?.logRatioSum,
      let rejected = samples.first(where: { $0.isChosen == false })?.logRatioSum
    else { return nil }
    let (a, b) = (Format.fixed(chosen, 2), Format.fixed(rejected, 2))
    let margin = Format.fixed(chosen - rejected, 2)
    if chosen < 0, rejected < chosen {
      return isLong
        ? "The chosen falls too (Σ log π/π_ref \(a)), the rejected more (\(b)): the loss sees only "
          + "their difference \(margin); what they share falls with both."
        : "Chosen \(a) falls too: the loss sees only \(a) less \(b) = \(margin)."
    }
    return isLong
      ? "The loss sees only the difference of Σ log π/π_ref: chosen \(a) less rejected \(b) = "
        + "\(margin); both may fall."
      : "The loss sees only chosen \(a) less rejected \(b) = \(margin)."
  }
}

extension TrainScreen {
  /// A sample in full, with what teacher and student find of a token where that is told.
  func draw(
    _ sample: TrainingSample, in group: TrainingSamples, _ layout: TrainLayout, theme: Theme,
    on buffer: inout CellBuffer
  ) {
    var area = layout.sample
    if let odds = sample.odds, !odds.isEmpty {
      let token = min(max(0, token), odds.count - 1)
      let height = odds[token].rows.count + 2
      let rows = layout.group.height - 2 - group.samples.count
      let panel: Rect
      if area.height >= height + 4 {
        let parts = area.splitRows([.fill, .fixed(height)])
        (area, panel) = (parts[0], parts[1])
      } else if area.height > 3 {
        (panel, area) = (area, Rect(x: area.x, y: area.y, width: 0, height: 0))
      } else {
        panel = Rect(
          x: layout.group.x, y: layout.group.bottom - max(0, rows), width: layout.group.width,
          height: max(0, rows))
      }
      OddsPanel(sample: sample, token: token, theme: theme).draw(in: panel, on: &buffer)
      PushedText(
        sample: sample, number: samples.selected + 1, marked: token, theme: theme
      ).draw(in: area, on: &buffer)
      return
    }
    let reading = TokenReading(sample, of: training.start?.recipe)
    PushedText(
      sample: sample.showingLogRatio(in: group), number: samples.selected + 1, reading: reading,
      theme: theme
    ).draw(in: area, on: &buffer)
  }
}

/// What teacher and student find likely as the token under the cursor, side by side.
struct OddsPanel {
  let sample: TrainingSample
  /// The token's place in the sample.
  let token: Int
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 1, let all = sample.odds, all.indices.contains(token) else { return }
    let rows = all[token].rows
    let said = sample.said.tokens.indices.contains(token) ? sample.said.tokens[token] : nil
    let label = said.map { PathText.quoted($0.bytes) } ?? ""
    let inside = Panel.draw(
      "token \(token + 1) of \(all.count) \(label)", note: Self.agreement(rows), in: rect,
      theme: theme, on: &buffer)
    let columns: [ItemColumn<TokenOdds.Row>] = [
      .init("", .fixed(1)) { row, cell in
        row.token.id == said?.id ? cell.text("▸", .tokenChosen) : nil
      },
      .init("token", .fill) { row, cell in
        cell.text(PathText.head(PathText.quoted(row.token.bytes), columns: cell.width))
      },
      .init("teacher", .fixed(7), .right) { $1.text(Format.smallProbability($0.teacher)) },
      .init("", .fixed(max(4, rect.width / 5))) { row, cell in
        cell.bar(row.teacher, cell.style(.barShaped))
      },
      .init("student", .fixed(7), .right) { $1.text(Format.smallProbability($0.student)) },
      .init("", .fixed(max(4, rect.width / 5))) { row, cell in
        cell.bar(row.student, cell.style(.barRaw))
      },
    ]
    rows.draw(columns, showsHeading: true, in: inside, theme: theme, on: &buffer)
  }

  /// What the listed tokens show of KL(teacher ‖ student), the rest taken as one token.
  private static func agreement(_ rows: [TokenOdds.Row]) -> String {
    func term(_ q: Double, _ p: Double) -> Double { q > 0 && p > 0 ? q * log(q / p) : 0 }
    let (q, p) = (
      max(0, 1 - rows.reduce(0) { $0 + $1.teacher }), max(0, 1 - rows.reduce(0) { $0 + $1.student })
    )
    let known = rows.reduce(term(q, p)) { $0 + term($1.teacher, $1.student) }
    return "KL(teacher ‖ student) ≥ \(Format.fixed(max(0, known), 2))"
  }
}
