import TerminalUI

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
    let body = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, rect.height - 2))
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
    let body = Rect(
      x: rect.x, y: rect.y + 1, width: rect.width, height: max(0, rect.height - 1))
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
