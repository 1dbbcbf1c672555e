import Decoding
import TerminalUI

/// The candidates as rows, the first in rank first.
struct CandidateList {
  let verify: VerifyScreen
  let theme: Theme

  private enum Column {
    case rank, path, score, bar, strip, text, answer
    case other(CandidateRanking)
  }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.width > VerifyLayout.oracleWidth else { return }
    let columns = columns(width: rect.width)
    let oracle = Table.Column("│ oracle", .fixed(VerifyLayout.oracleWidth))
    let table = Table(columns: columns.map(\.1) + [oracle], styles: Table.Styles(theme: theme))
    table.draw(
      count: verify.ranked.count, position: verify.position, in: rect, on: &buffer
    ) { item, column, cell, base, buffer in
      guard columns.indices.contains(column) else {
        drawOracle(verify.ranked[item].isRight, in: cell, base, theme: theme, on: &buffer)
        return
      }
      draw(columns[column].0, of: item, in: cell, base: base, on: &buffer)
    }
  }

  private func columns(width: Int) -> [(Column, Table.Column)] {
    let isNarrow = width < 76
    var columns: [(Column, Table.Column)] = [(.rank, .init("#", .fixed(2), .right))]
    if !isNarrow { columns.append((.path, .init("path", .fixed(4), .right))) }
    columns.append((.score, .init(verify.ranking.title, .fixed(6), .right)))
    if verify.ranking.isShare, !isNarrow { columns.append((.bar, .init("", .fixed(8)))) }
    let strips = verify.ranked.map(\.judgements.count).max() ?? 0
    if strips > 1 {
      columns.append((.strip, .init(stripTitle, .fixed(min(max(6, strips), isNarrow ? 6 : 10)))))
    }
    if width >= 110 {
      for ranking in verify.rankings where ranking != verify.ranking {
        columns.append((.other(ranking), .init(ranking.title, .fixed(6), .right)))
      }
    }
    columns.append((.text, .init("candidate", .fill)))
    columns.append((.answer, .init("answer", .fixed(isNarrow ? 8 : 10))))
    return columns
  }

  private var stripTitle: String {
    let kinds = verify.ranked.lazy.compactMap { $0.judgements.first?.kind }
    return kinds.first == .rationale ? "p(Yes)" : "steps"
  }

  private func draw(
    _ column: Column, of item: Int, in cell: Rect, base: Style, on buffer: inout CellBuffer
  ) {
    let candidate = verify.ranked[item]
    let dim = base.overlaid(by: theme[.dim]).on(base.background)
    func put(_ text: String, _ style: Style, _ alignment: Alignment = .right) {
      Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
    }
    switch column {
    case .rank: put("\(item + 1)", base)
    case .path: put("\(candidate.path + 1)", dim)
    case .score: put(Self.figure(candidate.scores[verify.ranking], verify.ranking), base)
    case .bar:
      guard let value = candidate.scores[verify.ranking] else { return }
      Bar.draw(value, in: cell, style: Strip.style(value, theme, base), on: &buffer)
    case .strip:
      buffer.put(
        Strip.text(candidate.judgements.map(\.value), theme, base), x: cell.x, y: cell.y,
        width: cell.width)
    case .other(let ranking): put(Self.figure(candidate.scores[ranking], ranking), dim)
    case .text:
      guard let path = verify.digest.paths[candidate.path] else { return }
      let styles = PathText.Styles(theme: theme, base: base)
      buffer.put(
        PathText.line(path, columns: cell.width, styles: styles), x: cell.x, y: cell.y,
        width: cell.width)
    case .answer:
      // Whether it is right stands in the oracle's column alone.
      let style = candidate.answer == nil ? dim : base
      let star = candidate.isWinner ? " ★" : ""
      let room = cell.width - DisplayWidth.of(star)
      let path = verify.digest.paths[candidate.path]
      let answer =
        candidate.answer.map { PathText.oneLine($0.utf8) }
        ?? (path?.isGrowing ?? true ? "" : path?.isCut == true ? "cut" : "no answer")
      var text = StyledText(PathText.head(answer, columns: room), style: style)
      text.append(star, style: base.overlaid(by: theme[.nodeBest]).on(base.background))
      Table.put(text, in: cell, alignment: .left, on: &buffer)
    }
  }

  private static func figure(_ value: Double?, _ ranking: CandidateRanking) -> String {
    guard let value else { return "—" }
    return ranking.isShare
      ? Format.smallProbability(value) : Format.fixed(value, value > -100 ? 2 : 0)
  }
}

/// What a verifier judged of the selected candidate.
struct JudgementList {
  let verify: VerifyScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard let all = verify.selected?.judgements, let first = all.first, rect.height > 1 else {
      return
    }
    let title: String =
      switch first.kind {
      case .step: "step"
      case .rationale: "rationale"
      case .verdict: "verdict"
      }
    let hasBar = rect.width >= 76
    var columns: [Table.Column] = [
      .init("", .fixed(3), .right),
      .init(first.kind == .step ? "p(+)" : "p(Yes)", .fixed(6), .right),
      .init("", .fixed(hasBar ? 8 : 1)), .init(title, .fill),
    ]
    if first.kind == .step { columns.append(.init("│ oracle", .fixed(VerifyLayout.oracleWidth))) }
    let hasFocus = verify.focus == .judgements
    let table = Table(columns: columns, styles: Table.Styles(theme: theme), showsSelection: true)
    let position = hasFocus ? verify.judged : ListPosition(selected: -1, firstVisible: 0)
    table.draw(count: all.count, position: position, in: rect, on: &buffer) {
      item, column, cell, base, buffer in
      let judgement = all[item]
      func put(_ text: String, _ alignment: Alignment, _ style: Style? = nil) {
        Table.put(
          StyledText(text, style: style ?? base), in: cell, alignment: alignment, on: &buffer)
      }
      switch column {
      case 0: put("\(item + 1)", .right, base.overlaid(by: theme[.dim]).on(base.background))
      case 1: put(Format.smallProbability(judgement.value), .right)
      case 2:
        let style = Strip.style(judgement.value, theme, base)
        if hasBar {
          Bar.draw(judgement.value, in: cell, style: style, on: &buffer)
        } else {
          put(Strip.glyph(judgement.value), .left, style)
        }
      case 3: put(PathText.head(judgement.text, columns: cell.width), .left)
      default: drawOracle(judgement.isRight, in: cell, base, theme: theme, on: &buffer)
      }
    }
  }
}

/// What the exact checker says, to the right of a line.
private func drawOracle(
  _ isRight: Bool?, in cell: Rect, _ base: Style, theme: Theme, on buffer: inout CellBuffer
) {
  func on(_ role: Role) -> Style { base.overlaid(by: theme[role]).on(base.background) }
  let x = buffer.put("│ ", x: cell.x, y: cell.y, style: on(.border))
  switch isRight {
  case true?: buffer.put("✓ right", x: x, y: cell.y, style: on(.answerCorrect))
  case false?: buffer.put("✗ wrong", x: x, y: cell.y, style: on(.answerWrong))
  case nil: buffer.put("—", x: x, y: cell.y, style: on(.dim))
  }
}

/// Judgements in a row, a sign for each.
enum Strip {
  private static func sureness(_ value: Double) -> Int { HeatMode.margin.sureness(value) }

  static func glyph(_ value: Double) -> String {
    HeatMode.Band(sureness: sureness(value)).glyph
  }

  static func style(_ value: Double, _ theme: Theme, _ base: Style) -> Style {
    base.overlaid(by: HeatMode.probability.style(sureness(value), in: theme))
      .on(base.background)
  }

  static func text(_ values: [Double], _ theme: Theme, _ base: Style) -> StyledText {
    StyledText(values.map { .init(glyph($0), style: style($0, theme, base)) })
  }
}
