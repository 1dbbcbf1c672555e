import Decoding
import Reasoning
import TerminalUI

/// The steps of a path as rows: the state's p(answer), the action, its reward and its value.
struct StepTable {
  let steps: StepsState
  let episode: Episode
  let theme: Theme

  /// A figure has one name, and no two figures share one.
  enum Column: Hashable {
    case step, chance, chanceBar, now, action, tokens, logProbability, reward, value

    /// The heading; of the answer's chance it names the answer.
    func title(_ answer: String?) -> String {
      switch self {
      case .step: "t"
      case .chance: "p(\(answer ?? "answer"))"
      case .chanceBar: ""
      case .now: "now"
      case .action: "action R"
      case .tokens: "tok"
      case .logProbability: "log p"
      case .reward: "r"
      case .value: "Q"
      }
    }
  }

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.width > StepsLayout.oracleWidth else { return }
    let columns = columns(width: rect.width)
    let oracle = Table.Column("│ oracle", .fixed(StepsLayout.oracleWidth))
    let table = Table(
      columns: columns.map(\.1) + [oracle], styles: Table.Styles(theme: theme))
    table.draw(
      count: steps.shownSteps, position: steps.position, in: rect, on: &buffer
    ) { item, column, cell, base, buffer in
      // What lies ahead of the selected step has not been done yet.
      let base =
        item > steps.position.selected ? base.overlaid(by: theme[.dim]).on(base.background) : base
      guard columns.indices.contains(column) else {
        return drawOracle(item, in: cell, base, on: &buffer)
      }
      draw(columns[column].0, of: item, in: cell, base: base, on: &buffer)
    }
  }

  func columns(width: Int) -> [(Column, Table.Column)] {
    let isWide = width >= 90
    let (isAsked, knowsLeaders) = (!episode.curve.isEmpty, episode.curve.knowsLeaders)
    let answer = episode.answer.map { PathText.head($0, columns: 3) }
    func column(
      _ column: Column, _ length: Length, _ alignment: Alignment = .left
    ) -> (Column, Table.Column) {
      (column, .init(column.title(answer), length, alignment))
    }
    var columns = [column(.step, .fixed(2), .right)]
    if isAsked {
      columns.append(column(.chance, .fixed(6), .right))
      if isWide { columns.append(column(.chanceBar, .fixed(10))) }
      if knowsLeaders { columns.append(column(.now, .fixed(isWide ? 8 : 4))) }
    }
    columns.append(column(.action, .fill))
    columns.append(column(.tokens, .fixed(3), .right))
    columns.append(column(.logProbability, .fixed(6), .right))
    columns.append(column(.reward, .fixed(6), .right))
    if steps.hasValues { columns.append(column(.value, .fixed(4), .right)) }
    return columns
  }

  private func draw(
    _ column: Column, of item: Int, in cell: Rect, base: Style, on buffer: inout CellBuffer
  ) {
    guard episode.steps.indices.contains(item) else { return }
    let step = episode.steps[item]
    let dim = base.overlaid(by: theme[.dim]).on(base.background)
    func put(_ text: String, _ style: Style, _ alignment: Alignment = .right) {
      Table.put(StyledText(text, style: style), in: cell, alignment: alignment, on: &buffer)
    }
    let chance = episode.curve.own.indices.contains(item) ? episode.curve.own[item] : nil
    switch column {
    case .step: put("\(step.number)", base)
    case .chance: put(chance.map(Format.smallProbability) ?? "—", chance == nil ? dim : base)
    case .chanceBar:
      if let chance {
        let bar = base.overlaid(by: theme[.barShaped]).on(base.background)
        Bar.draw(chance, in: cell, style: bar, on: &buffer)
      }
    case .now:
      let leader = episode.curve.leader(at: item)?.answer
      put(leader.map { PathText.head($0, columns: cell.width) } ?? "—", base, .left)
    case .action:
      let text = PathText.oneLine(step.bytes).drop { $0 == " " }
      put(PathText.head(String(text), columns: cell.width), base, .left)
    case .tokens: put("\(step.tokens.count)", dim)
    case .logProbability:
      put(step.injected == step.tokens.count ? "—" : Format.fixed(step.logProbability, 2), base)
    case .reward:
      guard let reward = step.reward else { return put("—", dim) }
      let style = Strip.style(reward, theme, base)
      put(Strip.glyph(reward) + " " + Format.smallProbability(reward), style)
    case .value: put(step.value.map { Format.probability($0.value) } ?? "—", base)
    }
  }

  /// The exact checker's word on the last step, behind a line of its own.
  private func drawOracle(
    _ item: Int, in cell: Rect, _ base: Style, on buffer: inout CellBuffer
  ) {
    func on(_ role: Role) -> Style { base.overlaid(by: theme[role]).on(base.background) }
    let x = buffer.put("│ ", x: cell.x, y: cell.y, style: on(.border))
    guard item + 1 == episode.steps.count else { return }
    switch episode.outcome {
    case true?: buffer.put("1 ✓", x: x, y: cell.y, style: on(.answerCorrect))
    case false?: buffer.put("0 ✗", x: x, y: cell.y, style: on(.answerWrong))
    case nil: buffer.put("—", x: x, y: cell.y, style: on(.dim))
    }
  }
}
