import Decoding
import Reasoning
import TerminalUI
import Traces

extension VotesScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    if let comparison {
      comparison.draw(digest, in: rect, theme: theme, on: &buffer)
    } else if digest.run == nil {
      return nil
    } else if level == .answers {
      drawTally(session, in: rect, theme: theme, on: &buffer)
    } else if let detail {
      AnswerView(votes: self, detail: detail, theme: theme).draw(
        in: answerLayout(in: rect), on: &buffer)
    }
    return nil
  }

  func tallyLayout(_ session: SessionState) -> TallyLayout {
    TallyLayout(in: rect(session), rows: standings.count)
  }

  func answerLayout(_ session: SessionState) -> AnswerLayout { answerLayout(in: rect(session)) }

  private func answerLayout(in rect: Rect) -> AnswerLayout {
    AnswerLayout(
      in: rect, paths: detail?.paths.count ?? 0, choices: detail?.fork?.choices.count ?? 0)
  }

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard comparison == nil, digest.run == nil else { return nil }
    let count = session.settings.samples ?? SelfConsistency.defaultSamples
    let temperature = Format.fixed(
      session.settings.temperature ?? SelfConsistency.description.defaultTemperature, 1)
    return EmptyText(
      title: "No vote yet",
      purpose: "\(count) paths are sampled at T = \(temperature), each in its own words, and their "
        + "answers vote: a share estimates an answer's probability over all ways of reasoning.",
      starts: [.init(.run, "sample and vote"), .init(.openSettings, "how many, and more")],
      source: "Wang et al. 2022, arXiv 2203.11171")
  }

  // MARK: The tally

  private func drawTally(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let layout = TallyLayout(in: rect, rows: standings.count)
    Panel.header(
      progress(session, width: rect.width, theme: theme), allWeightings(theme),
      activeWeighting(theme), in: layout.header, on: &buffer)
    if standings.isEmpty {
      drawBeginning(in: layout, width: rect.width, theme: theme, on: &buffer)
    } else {
      let total = wanted ?? max(1, digest.counted)
      TallyTable(votes: self, theme: theme).draw(in: layout.table, on: &buffer)
      ShareChart(votes: self, total: total, theme: theme).draw(in: layout.chart, on: &buffer)
      PathFeed(votes: self, theme: theme).draw(in: layout.feed, on: &buffer)
    }
    if let beside = VoteBeside(of: digest.run, in: session.trace) {
      buffer.put(
        beside.text(digest, theme, width: layout.note.width - 2), x: layout.note.x + 1,
        y: layout.note.y,
        width: layout.note.width - 2)
    } else {
      Panel.note(note(width: rect.width), in: layout.note, theme: theme, on: &buffer)
    }
  }

  /// Before anything is counted there are only paths that grow.
  private func drawBeginning(
    in layout: TallyLayout, width: Int, theme: Theme, on buffer: inout CellBuffer
  ) {
    let top = layout.header.bottom
    buffer.put(
      "No path has been counted yet: "
        + Panel.count(digest.generated, "token") + " on "
        + Panel.count(digest.numbers.count, "path") + ".",
      x: layout.header.x + 1, y: top, style: theme[.dim], width: width - 2)
    PathFeed(votes: self, theme: theme).draw(
      in: Rect(x: layout.header.x, y: top + 1, width: width, height: layout.note.y - top - 1),
      on: &buffer)
  }

  /// What the numbers mean, and what they do not.
  private func note(width: Int) -> String {
    let temperature = Format.fixed(
      digest.start?.temperature ?? SelfConsistency.description.defaultTemperature, 1)
    switch weighting {
    case .majority where digest.start?.isImported == true:
      return "A vote converges to the sampler's favourite, not to the truth."
    case .majority:
      return width >= 116
        ? "A vote converges to what the sampler answers most often at T = \(temperature), "
          + "summed over all its paths: not to the truth."
        : "A vote converges to the sampler's favourite at T = \(temperature), not to the truth."
    case .delta: return "Each path counts by Δ: how sure it was of its answer."
    case .likelihood: return "Each path counts by its probability: a few short, likely ones decide."
    case .normalizedLikelihood:
      return "Each path counts by its probability per token, so length does not matter."
    case .verifier: return "Each path counts by its verifier score."
    }
  }

  private func progress(_ session: SessionState, width: Int, theme: Theme) -> StyledText {
    let strategy = digest.strategy ?? SelfConsistency.description
    var text = StyledText(width >= 70 ? strategy.title : "Vote", style: theme[.title])
    let told =
      session.progress(of: digest.run) ?? Progress("", digest.finished, of: wanted, .paths)
    text.append("  \(told.amount)", style: theme[.text])
    let activity = digest.run.flatMap { session.activities[$0] }
    if activity?.isCancelling == true {
      text.append("  stopping …", style: theme[.warning])
    } else if activity != nil {
      text.append("  sampling …", style: theme[.notice])
      if queued > 0 { text.append("  + \(queued)", style: theme[.notice]) }
    } else if digest.end?.reason == .cancelled {
      text.append("  stopped; Space goes on", style: theme[.warning])
    } else if digest.run != nil, digest.end == nil, session.readyModel != nil {
      text.append("  cut off; Space goes on", style: theme[.warning])
    } else if digest.end?.reason == .failed {
      text.append("  failed; Space goes on", style: theme[.error])
    } else if let stopped = digest.stopped {
      text.append("  ended early: \(stopped.why.rawValue)", style: theme[.notice])
    } else if let tokens = digest.end?.tokens {
      text.append("  done", style: theme[.dim])
      if width >= 110, tokens.computed > 0 {
        let computed = Panel.count(tokens.computed, "token")
        text.append(": \(computed) computed, \(tokens.reused) reused", style: theme[.dim])
      }
    }
    // What the title line tells holds for the next vote; this one may be another's.
    if width >= 100, let start = digest.start, let notes = difference(start, session.settings) {
      text.append("   taken at \(notes)", style: theme[.warning])
    }
    return text
  }

  /// In what a vote's sampler differs from the settings at hand.
  private func difference(_ taken: RunStart, _ now: RunSettings) -> String? {
    if taken.isImported { return nil }
    var notes: [String] = []
    if taken.temperature != now.temperature ?? taken.usualTemperature {
      notes.append("T \(Format.fixed(taken.temperature, 1))")
    }
    if taken.settings.seed != now.seed { notes.append("seed \(taken.settings.seed)") }
    return notes.isEmpty ? nil : notes.joined(separator: ", ")
  }

  private func name(_ method: Tally.Method) -> String {
    switch method {
    case .majority: "majority"
    case .delta: "Δ"
    case .likelihood: "likelihood"
    case .normalizedLikelihood: "per token"
    case .verifier: "verifier"
    }
  }

  private func activeWeighting(_ theme: Theme) -> StyledText {
    StyledText([
      .init("w", style: theme[.key]), .init(" by \(name(weighting))", style: theme[.text]),
    ])
  }

  private func allWeightings(_ theme: Theme) -> StyledText {
    var text = StyledText("w", style: theme[.key])
    for method in weightings {
      let isActive = method == weighting
      text.append(" ", style: theme[.dim])
      text.append(
        isActive ? "[\(name(method))]" : " \(name(method)) ",
        style: theme[isActive ? .tabActive : .dim])
    }
    return text
  }
}

/// Where the parts of Votes lie while the answers are shown.
struct TallyLayout {
  var header: Rect
  /// The answers, with a line of headings.
  var table: Rect
  /// The running shares, under a line with a title; empty where there is no room.
  var chart: Rect
  /// The paths as they are sampled; empty where there is no room.
  var feed: Rect
  var note: Rect

  /// - Parameter rows: how many answers there are, the missing one included.
  init(in rect: Rect, rows: Int) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let body = rect.inset(horizontal: 0, vertical: 1)
    if rect.width >= 110 {
      let parts = body.splitColumns([.fill(weight: 5), .fill(weight: 4)], gap: 2)
      chart = parts[1]
      let left = parts[0].splitRows([
        .fixed(min(max(4, rows + 1), parts[0].height)), .fixed(1), .fill,
      ])
      (table, feed) = (left[0], left[2])
    } else {
      // The table gives way to the chart down to five answers.
      let chartHeight = max(5, body.height * 2 / 5, body.height - rows - 1)
      let tableHeight = max(min(rows + 1, 6), body.height - chartHeight)
      // What a tall terminal has left over shows the paths.
      let room = body.height - tableHeight
      let feedHeight = room >= 22 ? room - 14 : 0
      let parts = body.splitRows([.fixed(tableHeight), .fill, .fixed(feedHeight)])
      (table, feed) = (parts[0], parts[2])
      chart = parts[1].height >= 4 ? parts[1] : Rect(x: 0, y: 0, width: 0, height: 0)
    }
  }

  var visibleRows: Int { max(1, table.height - 1) }
}

/// Where the parts of Votes lie while the paths of one answer are shown.
struct AnswerLayout {
  var header: Rect
  /// The paths, with a line of headings.
  var table: Rect
  /// The selected path in full, under a line with a title.
  var detail: Rect
  /// The fork that tells most about the answer, under a line with a title.
  var fork: Rect

  /// - Parameters:
  ///   - paths: how many paths gave the answer.
  ///   - choices: how many tokens were taken at the fork.
  init(in rect: Rect, paths: Int, choices: Int) {
    header = rect.row(0)
    let body = Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1)
    let forkHeight = 2 + min(max(1, choices), rect.height < 17 ? 2 : 5)
    if rect.width >= 110 {
      let parts = body.splitRows([
        .fixed(max(4, min(paths + 1, body.height - max(forkHeight, 7)))), .fill,
      ])
      table = parts[0]
      let columns = parts[1].splitColumns([.fill, .fill], gap: 2)
      (detail, fork) = (columns[0], columns[1])
    } else {
      let room = body.height - forkHeight
      let tableHeight = max(3, min(paths + 1, room - 4))
      let parts = body.splitRows([.fixed(tableHeight), .fill, .fixed(forkHeight)])
      (table, detail, fork) = (parts[0], parts[1], parts[2])
    }
  }

  var visibleRows: Int { max(1, table.height - 1) }
}

/// The answers as rows, the leader first.
private struct TallyTable {
  let votes: VotesScreen
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    let rows = votes.standings
    Table.draw(
      columns(width: rect.width), count: rows.count,
      position: ListPosition(selected: votes.selectedRow), in: rect, theme: theme, on: &buffer
    ) { rows[$0] }
  }

  private func columns(width: Int) -> [ItemColumn<Standing>] {
    let isCount = votes.weighting == .majority
    let digest = votes.digest
    let winner = digest.winner(votes.weighting)
    var columns: [ItemColumn<Standing>] = [
      .init("answer", .fixed(width < 76 ? 9 : 12), .right) { row, cell in
        StyledText(
          row.answer.map { PathText.oneLine($0.utf8) } ?? "no answer",
          style: digest.style(of: row.answer, theme: theme, base: cell.base))
      },
      .init("", .fixed(2)) {
        digest.marks(of: $0.answer, winner: winner, theme: theme, base: $1.base)
      },
      .init(shareTitle(isCount: isCount, width: width), .fill) { row, cell, buffer in
        drawBar(row, in: cell.rect, base: cell.base, on: &buffer)
      }, .init("paths", .fixed(5), .right) { $1.text("\(digest.votes(for: $0.answer))") },
    ]
    if !isCount {
      columns.append(
        .init("Σ weight", .fixed(9), .right) {
          $1.text($0.answer == nil ? "—" : Self.weight($0.weight))
        })
    }
    columns.append(
      .init("share", .fixed(5), .right) {
        $1.text($0.answer == nil && $0.interval == nil ? "—" : Format.probability($0.share))
      })
    if isCount {
      columns.append(
        .init("95 % interval", .fixed(13)) { $1.text($0.interval.map(Format.interval) ?? "", .dim) }
      )
    }
    return columns
  }

  /// What the share is a share of: paths without an answer count as well, but weigh nothing.
  private func shareTitle(isCount: Bool, width: Int) -> String {
    let digest = votes.digest
    let unparsed = digest.votes(for: nil)
    let note = unparsed > 0 && width >= 76 ? ", \(unparsed) unparsed" : ""
    guard !isCount else { return "share of \(digest.counted)\(note) ├ 95 % ┤" }
    return "share of the weight of \(digest.counted - unparsed)\(note)"
  }

  private func drawBar(_ row: Standing, in cell: Rect, base: Style, on buffer: inout CellBuffer) {
    let own =
      row.answer.flatMap { votes.digest.order.firstIndex(of: $0) }.map { theme.series($0) }
      ?? theme[.answerUnparsed]
    let style = base.overlaid(by: own).on(base.background)
    guard let interval = row.interval else {
      if row.share > 0 { Bar.draw(row.share, in: cell, style: style, on: &buffer) }
      return
    }
    Bar.draw(
      row.share, interval: interval, in: cell, style: style,
      whiskerStyle: theme.style(.dim, over: base), on: &buffer)
  }

  /// A sum of weights, which may be as small as the probability of a long text.
  private static func weight(_ value: Double) -> String {
    guard value > 0, value.isFinite else { return "0" }
    if value >= 0.001 { return Format.fixed(value, 3) }
    var (mantissa, exponent) = (value, 0)
    while mantissa < 1 { (mantissa, exponent) = (mantissa * 10, exponent - 1) }
    return "\(Format.fixed(mantissa, 1))e\(exponent)"
  }
}
