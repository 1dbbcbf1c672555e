import Decoding
import Reasoning
import TerminalUI
import Traces

/// The candidates as rows, the first in rank first.
struct CandidateList {
  let verify: VerifyScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.width > VerifyLayout.oracleWidth else { return }
    Table.draw(
      columns(width: rect.width), count: verify.ranked.count, position: verify.position, in: rect,
      theme: theme, on: &buffer
    ) { verify.ranked[$0] }
  }

  private func columns(width: Int) -> [ItemColumn<Candidate>] {
    let isNarrow = width < 76
    let ranking = verify.ranking
    var columns: [ItemColumn<Candidate>] = [
      .init("#", .fixed(2), .right) { $1.text("\($1.row + 1)") }
    ]
    if !isNarrow {
      columns.append(.init("path", .fixed(4), .right) { $1.text("\($0.path + 1)", .dim) })
    }
    columns.append(figures(ranking, .text))
    if ranking.isShare, !isNarrow {
      columns.append(
        .init("", .fixed(8)) { candidate, cell in
          candidate.scores[ranking].map { cell.bar($0, Strip.style($0, theme, cell.base)) }
        })
    }
    let strips = verify.ranked.map(\.judgements.count).max() ?? 0
    if strips > 1 {
      columns.append(
        .init(stripTitle, .fixed(min(max(6, strips), isNarrow ? 6 : 10))) {
          Strip.text($0.judgements.map(\.value), theme, $1.base)
        })
    }
    if width >= 110 {
      columns += verify.rankings.filter { $0 != ranking && $0.review == nil }
        .map { figures($0, .dim) }
    }
    columns.append(
      .init("candidate", .fill) { candidate, cell in
        verify.digest.paths[candidate.path].map(cell.path)
      })
    columns.append(.init("answer", .fixed(isNarrow ? 8 : 10), write: answer))
    return columns + [oracle(VerifyLayout.oracleWidth, \.isRight)]
  }

  /// What candidates were given by a way to rank.
  private func figures(_ ranking: CandidateRanking, _ role: Role) -> ItemColumn<Candidate> {
    .init(ranking.title, .fixed(6), .right) {
      $1.text(Self.figure($0.scores[ranking], ranking), role)
    }
  }

  /// Whether an answer is right stands in the oracle's column alone.
  private func answer(of candidate: Candidate, _ cell: Cell) -> StyledText {
    let star = candidate.isWinner ? " ★" : ""
    let path = verify.digest.paths[candidate.path]
    let answer =
      candidate.answer.map { PathText.oneLine($0.utf8) }
      ?? (path?.isGrowing ?? true ? "" : path?.isCut == true ? "cut" : "no answer")
    var text = cell.text(
      PathText.head(answer, columns: cell.width - DisplayWidth.of(star)),
      candidate.answer == nil ? .dim : .text)
    text.append(star, style: cell.style(.nodeBest))
    return text
  }

  private var stripTitle: String {
    let kinds = verify.ranked.lazy.compactMap { $0.judgements.first?.kind }
    return kinds.first == .rationale ? "p(Yes)" : "steps"
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
    let isStep = first.kind == .step
    var columns: [ItemColumn<Judgement>] = [
      .init("", .fixed(3), .right) { $1.text("\($1.row + 1)", .dim) },
      .init(isStep ? "p(+)" : "p(Yes)", .fixed(6), .right) {
        $1.text(Format.smallProbability($0.value))
      },
      .init("", .fixed(hasBar ? 8 : 1)) { judgement, cell in
        let style = Strip.style(judgement.value, theme, cell.base)
        return hasBar
          ? cell.bar(judgement.value, style)
          : StyledText(Strip.glyph(judgement.value), style: style)
      }, .init(title, .fill) { $1.text(PathText.head($0.text, columns: $1.width)) },
    ]
    if isStep { columns.append(oracle(VerifyLayout.oracleWidth, \.isRight)) }
    let position = verify.focus == .judgements ? verify.judged : ListPosition(selected: -1)
    Table.draw(
      columns, count: all.count, position: position, in: rect, theme: theme, on: &buffer
    ) { all[$0] }
  }
}

/// What each verifier makes of the same candidates, with the two for which nothing is judged. What
/// only the exact checker can know stands apart.
struct RankingList {
  let verify: VerifyScreen
  let theme: Theme

  func draw(in layout: VerifyLayout, on buffer: inout CellBuffer) {
    let rect = layout.comparison
    guard rect.height > 2, !verify.rows.isEmpty else { return }
    Panel.draw(
      "verifiers on the same \(Panel.count(verify.ranked.count, "candidate"))",
      note: verify.reviewing.flatMap(\.verifier).map { "\($0.rawValue) judges …" }, in: rect,
      theme: theme, on: &buffer)
    Table.draw(
      columns(width: rect.width), count: verify.rows.count, position: verify.rowPosition,
      in: layout.comparisonTable, theme: theme, on: &buffer
    ) { verify.rows[$0] }
  }

  private func columns(width: Int) -> [ItemColumn<RankingRow>] {
    let total = verify.ranked.count
    let answerWidth = width >= 76 ? 9 : 6
    return [
      .init("verifier", .fill) { row, cell in
        let isPart = row.count < total && !row.ranking.isBaseline
        let part = isPart ? " \(row.count) of \(total)" : ""
        var text = cell.text(
          PathText.head(
            verify.name(of: row.ranking), columns: cell.width - DisplayWidth.of(part)),
          row.ranking.isBaseline ? .dim : .text)
        text.append(part, style: cell.style(.warning))
        return text
      },
      .init("pick", .fixed(answerWidth)) { answer($0.pick, $1) },
      .init("vote", .fixed(answerWidth)) { answer($0.vote, $1) },
      .init("│ pick vote", .fixed(11)) { row, cell in
        let marks = [
          cell.text("│  ", .border), verdict(row.isPickRight, cell), cell.text("    "),
          verdict(row.isVoteRight, cell),
        ]
        return StyledText(marks.flatMap(\.runs))
      },
      .init("AUC", .fixed(5), .right) { $1.text(orDash: $0.area.map(Format.probability)) },
      .init("first ✓", .fixed(7), .right) { $1.text(orDash: $0.firstRight.map { "\($0)" }) },
    ]
  }

  private func answer(_ answer: String?, _ cell: Cell) -> StyledText {
    cell.text(orDash: answer.map { PathText.head(PathText.oneLine($0.utf8), columns: cell.width) })
  }

  private func verdict(_ isRight: Bool?, _ cell: Cell) -> StyledText {
    switch isRight {
    case true?: cell.text("✓", .answerCorrect)
    case false?: cell.text("✗", .answerWrong)
    case nil: cell.text("—", .dim)
    }
  }
}

/// What the exact checker says, to the right of a line.
private func oracle<Item>(_ width: Int, _ isRight: @escaping (Item) -> Bool?) -> ItemColumn<Item> {
  .init("│ oracle", .fixed(width)) { item, cell in
    let verdict =
      switch isRight(item) {
      case true?: cell.text("✓ right", .answerCorrect)
      case false?: cell.text("✗ wrong", .answerWrong)
      case nil: cell.text("—", .dim)
      }
    return StyledText(cell.text("│ ", .border).runs + verdict.runs)
  }
}

/// Judgements in a row, a sign for each.
enum Strip {
  private static func sureness(_ value: Double) -> Int { HeatMode.margin.sureness(value) }

  static func glyph(_ value: Double) -> String { HeatMode.Band(sureness: sureness(value)).glyph }

  static func style(_ value: Double, _ theme: Theme, _ base: Style) -> Style {
    base.overlaid(by: HeatMode.probability.style(sureness(value), in: theme)).on(base.background)
  }

  static func text(_ values: [Double], _ theme: Theme, _ base: Style) -> StyledText {
    StyledText(values.map { .init(glyph($0), style: style($0, theme, base)) })
  }
}
