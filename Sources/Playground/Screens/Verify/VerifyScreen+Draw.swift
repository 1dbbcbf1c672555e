import Decoding
import Reasoning
import TerminalUI
import Traces

extension VerifyScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    guard !ranked.isEmpty else { return nil }
    let layout = layout(in: rect)
    drawHeader(session, in: layout.header, theme: theme, on: &buffer)
    CandidateList(verify: self, theme: theme).draw(in: layout.table, on: &buffer)
    drawText(in: layout.text, theme: theme, on: &buffer)
    JudgementList(verify: self, theme: theme).draw(in: layout.judgements, on: &buffer)
    RankingList(verify: self, theme: theme).draw(in: layout, on: &buffer)
    Panel.note(Self.note(rect.width), in: layout.note, theme: theme, on: &buffer)
    return nil
  }

  private static func note(_ width: Int) -> String {
    width >= 110
      ? "● sure it is right · ◑ unsure · ○ sure it is wrong · the exact checker is separate: "
        + "no verifier sees it"
      : "verifier: ● right ◑ unsure ○ wrong · oracle: exact, unseen"
  }

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard ranked.isEmpty else { return nil }
    if session.isUnderWay(run) {
      return EmptyText(title: "Sampling …", purpose: "The first candidates are on their way.")
    }
    let count = session.settings.samples ?? BestOfN.defaultSamples
    let verifier = session.settings.verifier ?? BestOfN.defaultVerifier
    return EmptyText(
      title: "No candidates yet",
      purpose: "\(count) solutions are sampled, a verifier (\(verifier.rawValue)) judges each, and "
        + "the best one's answer is taken. A column apart shows what is right.",
      starts: [.init(.run, "sample and rank"), .init(.openSettings, "the verifier, and more")],
      source: "Cobbe et al. 2021, arXiv 2110.14168; Lightman et al. 2023, arXiv 2305.20050")
  }

  // MARK: Header

  private func drawHeader(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    var left = StyledText(Panel.count(ranked.count, "candidate"), style: theme[.title])
    if ranking == own {
      left.append("  by \(verifierName(isLong: rect.width >= 76))", style: theme[.text])
    } else {
      left.append("  by \(name(of: ranking))", style: theme[.notice])
      left.append(", the run by \(verifier.rawValue)", style: theme[.dim])
    }
    Panel.header(
      left, progress(session, isLong: true, theme: theme),
      progress(session, isLong: false, theme: theme), in: rect, on: &buffer)
  }

  /// The verifier that ranked, and how its judgements become one figure.
  private func verifierName(isLong: Bool) -> String {
    guard isLong else { return verifier.rawValue }
    switch verifier {
    case .prm, .prmRestated:
      let way: String =
        switch aggregate {
        case .min: "the weakest step"
        case .last: "the last step"
        case .prod: "the product of steps"
        case .mean: "the mean of steps"
        }
      return "\(verifier.rawValue), \(way)"
    case .genrm: return "genrm, mean p(Yes) of \(Panel.count(rationales, "rationale"))"
    case .genrmDirect: return "genrm-direct, p(Yes) at once"
    case .orm: return "orm, p(Yes) against p(No)"
    case .implicit: return "implicit, α Σ log p by \(digest.start?.judge?.name ?? "a judge")"
    case .likelihood: return "likelihood: no verifier"
    case .exact: return "exact, the checker itself"
    }
  }

  /// How many rationales a candidate is judged by.
  private var rationales: Int { digest.start?.rationales ?? GenerativeVerifier.defaultRationales }

  private func progress(_ session: SessionState, isLong: Bool, theme: Theme) -> StyledText {
    var text = StyledText()
    if let activity = digest.run.flatMap({ session.activities[$0] }) {
      if activity.isCancelling {
        text.append("stopping …", style: theme[.warning])
        return text
      }
      let isJudging = !ranked.contains { digest.paths[$0.path]?.isGrowing ?? true }
      let told = activity.progress.amount
      text.append((isJudging ? "judging" : "sampling") + " \(told)", style: theme[.notice])
      return text
    }
    if let end = digest.end, end.reason != .completed {
      text.append(end.reason == .cancelled ? "stopped" : "failed", style: theme[.warning])
      return text
    }
    if let reviewing, let verifier = reviewing.verifier {
      text.append("\(verifier.rawValue) judges …", style: theme[.notice])
      return text
    }
    let right = ranked.count { $0.isRight == true }
    let known = ranked.count { $0.isRight != nil }
    guard known > 0 else { return text }
    text.append("│ ", style: theme[.border])
    text.append("\(right) of \(known) right", style: theme[.text])
    if isLong, let area { text.append("  AUC \(Format.probability(area))", style: theme[.dim]) }
    return text
  }

  // MARK: The selected text

  private func drawText(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    guard !rect.isEmpty, let candidate = selected else { return }
    if let judgement {
      let number = judged.selected + 1
      let title: String =
        switch judgement.kind {
        case .step: "step \(number) of candidate \(candidate.path + 1)"
        case .rationale: "rationale \(number) on candidate \(candidate.path + 1)"
        case .verdict: "the verdict on candidate \(candidate.path + 1)"
        }
      Panel.draw(
        title, note: Format.probability(judgement.value),
        text: StyledText(judgement.text, style: theme[.text]), in: rect, theme: theme, on: &buffer)
    } else if let path = digest.paths[candidate.path] {
      PathPanel(path: path, name: "candidate \(candidate.path + 1)", scroll: 0, theme: theme)
        .draw(in: rect, on: &buffer)
    }
  }
}

/// Where the parts of Verify lie.
struct VerifyLayout {
  var header: Rect
  /// The candidates, with a line of headings.
  var table: Rect
  /// The text of what is selected, under a line with its title.
  var text: Rect
  /// What the verifier judged of the candidate, with a line of headings.
  var judgements: Rect
  /// The verifiers side by side, under a line with a title and one of headings; empty where there
  /// is no room beside the rest.
  var comparison: Rect
  var note: Rect

  /// - Parameters:
  ///   - rows: how many verifiers are compared.
  ///   - comparesAlone: whether they are in place of the text and its judgements where there is
  ///     no room for both.
  init(in rect: Rect, candidates: Int, judgements count: Int, rows: Int, comparesAlone: Bool) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = rect.inset(horizontal: 0, vertical: 1)
    let compared = rows == 0 ? 0 : rows + 2
    if rect.width >= 130 {
      let parts = body.splitColumns([.fill(weight: 3), .fill(weight: 2)], gap: 2)
      table = parts[0]
      let side = min(compared, parts[1].height / 2)
      let list = count == 0 ? 0 : min(count + 1, (parts[1].height - side) / 2)
      let right = parts[1].splitRows([.fill, .fixed(list), .fixed(side)])
      (text, judgements, comparison) = (right[0], right[1], right[2])
    } else if comparesAlone {
      let side = min(compared, max(3, body.height - 4))
      let parts = body.splitRows([.fill, .fixed(side)])
      (table, comparison) = (parts[0], parts[1])
      let none = Rect(x: 0, y: 0, width: 0, height: 0)
      (text, judgements) = (none, none)
    } else {
      let side = body.height >= 30 ? compared : 0
      let upper = body.height - side
      let list = count == 0 ? 0 : min(count + 1, max(3, upper / 3))
      let words = upper < 15 ? 3 : 4
      let tableHeight = max(3, min(candidates + 1, upper - list - words))
      let parts = body.splitRows([.fixed(tableHeight), .fill, .fixed(list), .fixed(side)])
      (table, text, judgements, comparison) = (parts[0], parts[1], parts[2], parts[3])
    }
  }

  /// The comparison without its title.
  var comparisonTable: Rect {
    Rect(
      x: comparison.x, y: comparison.y + 1, width: comparison.width,
      height: max(0, comparison.height - 1))
  }

  var visibleCandidates: Int { max(1, table.height - 1) }
  var visibleJudgements: Int { max(1, judgements.height - 1) }

  /// How many columns stand at the right for what the exact checker says, its line included.
  static let oracleWidth = 9
}
