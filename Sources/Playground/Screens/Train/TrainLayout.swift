import TerminalUI
import Traces

/// Where the parts of Train lie.
struct TrainLayout {
  var header: Rect
  /// The charts in the order of the curves, each with its title in the first line.
  var charts: [Rect] = []
  /// The samples of a problem, with a line of headings, under a line with its title.
  var group = Rect(x: 0, y: 0, width: 0, height: 0)
  /// The selected sample in full.
  var sample = Rect(x: 0, y: 0, width: 0, height: 0)
  /// How the question is answered, under a line with the steps.
  var answers = Rect(x: 0, y: 0, width: 0, height: 0)
  var votes: Rect
  var note: Rect

  /// From this width on the curves stand beside what they are of.
  private static let wide = 120
  /// From this height on there are two rows of charts.
  private static let tall = 17

  /// The samples of the group with the line of headings.
  var samples: Rect {
    Rect(x: group.x, y: group.y + 1, width: group.width, height: max(0, group.height - 1))
  }

  /// How many samples show at once.
  var sampleRows: Int { max(1, samples.height - 1) }

  init(in rect: Rect, _ train: TrainScreen) {
    header = rect.row(0)
    note = rect.row(rect.height - 1)
    let hasVotes = !train.training.votes.isEmpty && rect.height >= Self.tall
    votes = Rect(
      x: rect.x, y: note.y - (hasVotes ? 1 : 0), width: rect.width, height: hasVotes ? 1 : 0)
    let body = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, votes.y - rect.y - 1))
    let count = train.curves.count
    let hasGroup = train.shownGroup != nil
    if rect.width >= Self.wide, train.part != .curves {
      let parts = body.splitColumns([.fill, .fraction(0.52)], gap: 2)
      let columns = rect.width >= 180 ? 3 : 2
      charts = Self.grid(parts[0], columns: columns, rows: (count + columns - 1) / columns)
      below(parts[1], train, hasGroup: hasGroup)
      return
    }
    if train.part == .curves {
      let columns = rect.width >= Self.wide ? 4 : rect.width >= 76 ? 3 : 2
      let rows = min((count + columns - 1) / columns, max(1, body.height / 3))
      charts = Self.grid(body, columns: columns, rows: rows)
      return
    }
    let columns = rect.width >= 72 ? 4 : 3
    let most = train.part == .all && rect.height >= Self.tall ? 2 : 1
    let rows = min(most, (count + columns - 1) / columns)
    let parts = body.splitRows([.fixed(min(body.height, rows * 3)), .fill])
    charts = Self.grid(parts[0], columns: columns, rows: rows)
    below(parts[1], train, hasGroup: hasGroup)
  }

  /// The group, its sample and the answers, from top to bottom.
  private mutating func below(_ rect: Rect, _ train: TrainScreen, hasGroup: Bool) {
    let count = (train.shownGroup?.samples.count ?? 0) + 2
    let isRoomy = rect.height >= 24
    let answersHeight =
      switch train.part {
      case .answers: rect.height
      case .group: isRoomy ? 4 : 0
      default:
        hasGroup
          ? (isRoomy ? max(6, rect.height - count - 9) : min(4, rect.height / 2)) : rect.height
      }
    let parts = rect.splitRows([.fill, .fixed(answersHeight)])
    answers = parts[1]
    guard hasGroup else { return }
    guard train.part == .group || isRoomy else {
      group = parts[0]
      return
    }
    let table = min(count, max(4, parts[0].height - 6))
    let inner = parts[0].splitRows([.fixed(table), .fill])
    (group, sample) = (inner[0], inner[1])
  }

  private static func grid(_ rect: Rect, columns: Int, rows: Int) -> [Rect] {
    guard columns > 0, rows > 0, !rect.isEmpty else { return [] }
    let lines = rect.splitRows(Array(repeating: .fill, count: rows))
    return lines.flatMap { $0.splitColumns(Array(repeating: .fill, count: columns), gap: 1) }
  }

  /// The part of a chart below its title.
  static func plot(of chart: Rect) -> Rect {
    Rect(x: chart.x, y: chart.y + 1, width: chart.width, height: max(0, chart.height - 1))
  }

  /// The track of the slider in the title of the answers.
  var slider: Rect {
    Rect(x: answers.x + 7, y: answers.y, width: min(26, max(0, answers.width / 3)), height: 1)
  }

  /// The step that a place on a chart or on the slider stands for.
  func step(at point: Point, of steps: Int) -> Int? {
    let plots = charts.map { Self.plot(of: $0) } + (answers.isEmpty ? [] : [slider])
    guard let plot = plots.first(where: { $0.contains(point) }), plot.width > 1 else { return nil }
    let share = Double(point.x - plot.x) / Double(plot.width - 1)
    return Int((share * Double(steps)).rounded())
  }
}
