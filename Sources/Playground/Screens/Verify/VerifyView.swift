import Decoding
import Reasoning
import TerminalUI
import Traces

/// Candidates ranked by what a verifier makes of them, and apart from that what is right.
enum VerifyView {
  static func draw(
    _ state: PlaygroundState, in rect: Rect, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let (verify, theme) = (state.verify, view.theme)
    guard !verify.ranked.isEmpty else {
      drawBlank(state, in: rect, theme: theme, on: &buffer)
      return nil
    }
    let layout = VerifyLayout(
      in: rect, candidates: verify.ranked.count,
      judgements: verify.selected?.judgements.count ?? 0)
    drawHeader(state, in: layout.header, theme: theme, on: &buffer)
    CandidateList(verify: verify, theme: theme).draw(in: layout.table, on: &buffer)
    drawText(verify, in: layout.text, theme: theme, on: &buffer)
    JudgementList(verify: verify, theme: theme).draw(in: layout.judgements, on: &buffer)
    buffer.put(
      note(rect.width), x: layout.note.x + 1, y: layout.note.y, style: theme[.dim],
      width: max(0, layout.note.width - 2))
    return nil
  }

  private static func note(_ width: Int) -> String {
    width >= 110
      ? "● sure it is right · ◑ in between · ○ sure it is not · the exact checker stands apart: "
        + "no verifier sees it"
      : "● likes it ◑ torn ○ does not · the oracle is exact; no verifier sees it"
  }

  private static func drawBlank(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let count = state.settings.samples ?? BestOfN.defaultSamples
    let verifier = state.settings.verifier ?? BestOfN.defaultVerifier
    Panel.blank(
      title: "No candidates have been ranked yet",
      lines: [
        "Best of N samples \(count) candidates, has a verifier (\(verifier.rawValue)) judge each "
          + "and takes the answer of the first in rank. A ranking is as good as its verifier: "
          + "what is right stands beside it, apart.",
        "Cobbe et al. 2021, arXiv 2110.14168; Lightman et al. 2023, arXiv 2305.20050",
      ],
      hint: StyledText([
        .init("Press ", style: theme[.text]), .init("Space", style: theme[.key]),
        .init(" to sample and rank, ", style: theme[.text]), .init("s", style: theme[.key]),
        .init(" for the verifier.", style: theme[.text]),
      ]), in: rect, theme: theme, on: &buffer)
  }

  // MARK: Header

  private static func drawHeader(
    _ state: PlaygroundState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let verify = state.verify
    var left = StyledText(
      "\(Panel.count(verify.ranked.count, "candidate"))", style: theme[.title])
    let isWide = rect.width >= 76
    if verify.ranking == verify.own {
      left.append("  by \(name(of: verify, isWide: isWide))", style: theme[.text])
    } else {
      left.append("  by \(verify.ranking.title)", style: theme[.notice])
      left.append(", the run by \(verify.verifier.rawValue)", style: theme[.dim])
    }
    Panel.header(
      left, progress(state, isLong: true, theme: theme),
      progress(state, isLong: false, theme: theme), in: rect, on: &buffer)
  }

  /// The verifier that ranked, and how its judgements become one figure.
  private static func name(of verify: VerifyState, isWide: Bool) -> String {
    let settings = verify.digest.start?.settings
    let verifier = verify.verifier
    guard isWide else { return verifier.rawValue }
    switch verifier {
    case .prm, .prmRestated:
      let way: String =
        switch verify.aggregate {
        case .min: "the weakest step"
        case .last: "the last step"
        case .prod: "the product of steps"
        case .mean: "the mean of steps"
        }
      return "\(verifier.rawValue), \(way)"
    case .genrm:
      let count =
        settings?.rationales
        ?? (verify.digest.start?.strategy == GenRM.description.name
          ? GenRM.defaultRationales : GenerativeVerifier.defaultRationales)
      return "genrm, mean p(Yes) of \(Panel.count(count, "rationale"))"
    case .genrmDirect: return "genrm-direct, p(Yes) at once"
    case .orm: return "orm, p(Yes) of Yes and No"
    case .likelihood: return "likelihood: no verifier"
    case .exact: return "exact, the checker itself"
    }
  }

  private static func progress(
    _ state: PlaygroundState, isLong: Bool, theme: Theme
  ) -> StyledText {
    let verify = state.verify
    var text = StyledText()
    let activity = verify.digest.run.flatMap { state.activities[$0] }
    if activity?.isCancelling == true {
      text.append("stopping …", style: theme[.warning])
      return text
    }
    if activity != nil {
      let isJudging = !verify.ranked.contains { verify.digest.paths[$0.path]?.isGrowing ?? true }
      text.append(isJudging ? "judging …" : "sampling …", style: theme[.notice])
      return text
    }
    if let end = verify.digest.end, end.reason != .completed {
      text.append(end.reason == .cancelled ? "stopped" : "failed", style: theme[.warning])
      return text
    }
    let right = verify.ranked.count { $0.isRight == true }
    let known = verify.ranked.count { $0.isRight != nil }
    guard known > 0 else { return text }
    text.append("│ ", style: theme[.border])
    text.append("\(right) of \(known) right", style: theme[.text])
    if isLong, let area = verify.area {
      text.append("  AUC \(Format.probability(area))", style: theme[.dim])
    }
    return text
  }

  // MARK: Text

  private static func drawText(
    _ verify: VerifyState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty, let candidate = verify.selected else { return }
    if let judgement = verify.judgement {
      let number = verify.judged.selected + 1
      let title: String =
        switch judgement.kind {
        case .step: "step \(number) of candidate \(candidate.path + 1)"
        case .rationale: "rationale \(number) on candidate \(candidate.path + 1)"
        case .verdict: "the verdict on candidate \(candidate.path + 1)"
        }
      let inside = Panel.draw(
        title, note: Format.probability(judgement.value), in: rect, theme: theme, on: &buffer)
      WrappedText(
        StyledText(judgement.text, style: theme[.text]), width: max(1, inside.width - 2)
      ).draw(
        in: Rect(x: inside.x + 1, y: inside.y, width: inside.width - 2, height: inside.height),
        on: &buffer)
    } else if let path = verify.digest.paths[candidate.path] {
      PathPanel(path: path, name: "candidate \(candidate.path + 1)", scroll: 0, theme: theme)
        .draw(in: rect, on: &buffer)
    }
  }
}
