import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// How the part of a search that is on view is made.
extension SearchState {
  mutating func makePage(_ layout: SearchLayout) {
    let rows = position.reveal(count: order.count, height: layout.visibleLines)
    let below = grave.reveal(count: graves.count, height: layout.visibleGraves)
    var page = SearchPage()
    page.lines = order[rows].map { line($0, columns: layout.tree.width) }
    page.graves = graves[below].map { line($0, columns: layout.graves.width) }
    if let buried = selectedGrave {
      page.text = Self.text(buried.bytes)
      page.lead = Self.text(buried.lead)
      page.why = why(buried)
    } else if let node = selected.flatMap({ map.nodes[$0] }) {
      page.text =
        node.id == map.root
        ? PathText.oneLine((start?.question.text ?? "").utf8) : Self.text(node.bytes)
      page.why = why(node)
    }
    for id in order {
      guard let node = map.nodes[id], node.end != nil, node.pruning == nil else { continue }
      page.finished += 1
      if node.isCorrect == true { page.right += 1 }
      if node.isCorrect == false { page.wrong += 1 }
    }
    self.page = page
  }

  private static func text(_ bytes: [UInt8]) -> String {
    String(PathText.oneLine(bytes).drop { $0 == " " })
  }

  // MARK: Lines

  private func line(_ id: NodeID, columns: Int) -> SearchLine {
    var line = SearchLine(id: id)
    guard let node = map.nodes[id] else { return line }
    let limit = TreeLayout.forks(columns: columns)
    let lasts = map.lastOfForks(id, upTo: chosen, limit: limit + 1)
    line.isDeep = lasts.count > limit
    line.lasts = Array(lasts.suffix(limit))
    line.text = id == map.root ? "" : Self.text(Array(node.bytes.prefix(columns * 4)))
    line.standing = standings.tree[id]
    if let standing = standings.steps[id] {
      line.score = standing.value
      (line.rank, line.rivals) = (standing.rank, standing.count)
    } else if map.kind == .tokens, id != map.root {
      line.score = node.logProbability
    } else {
      line.score = node.score?.value
    }
    // A grave is dug when its time has come.
    let isGivenUp = node.pruning != nil && graves.contains { $0.place == id }
    if isGivenUp { line.why = node.pruning?.why }
    line.sign = sign(id, isGivenUp: isGivenUp)
    line.hasEnded = node.end?.answer != nil
    line.answer = node.end?.answer
    line.isCorrect = node.isCorrect
    return line
  }

  private func sign(_ id: NodeID, isGivenUp: Bool) -> SearchLine.Sign {
    if let standing = standings.tree[id] {
      if ranking != nil, standing.isChosen, !standings.own.contains(id) { return .instead }
      guard standings.way.contains(id) else { return .none }
      let isPassedOver = standings.own.contains(id) && !standing.isChosen
      return ranking != nil && isPassedOver ? .passedOver : .chosen
    }
    if ranking != nil, let standing = standings.steps[id], standing.isKept != standing.wasKept {
      return standing.isKept ? .nowKept : .nowGivenUp
    }
    return isGivenUp ? .givenUp : .none
  }

  private func line(_ grave: SearchMap.Grave, columns: Int) -> SearchLine {
    var line = SearchLine(id: grave.pruning.node)
    line.sign = .givenUp
    line.lead = Self.text(grave.lead)
    line.text = Self.text(Array(grave.bytes.prefix(columns * 4)))
    line.why = grave.pruning.why
    (line.score, line.scoreKind) = (grave.pruning.value, grave.pruning.kind)
    return line
  }

  // MARK: Why

  /// What speaks for a place, and how it stands among those beside it.
  private func why(_ node: SearchMap.Node) -> String {
    if let standing = standings.tree[node.id] {
      guard let parent = node.parent, let sum = standing.sum else {
        let mean = standing.q.map { ", mean value \(SearchTable.figure($0))" } ?? ""
        return Panel.count(standing.visits, "visit") + mean
      }
      var text = standing.q.map { "Q \(SearchTable.figure($0)) + " } ?? ""
      text += "U \(SearchTable.figure(standing.u ?? 0)) = \(SearchTable.figure(sum))"
      let rivals = (map.nodes[parent]?.children ?? []).compactMap { standings.tree[$0]?.sum }
      guard rivals.count > 1 else { return text + ", the only way" }
      return text + ", rank \(1 + rivals.count { $0 > sum }) of \(rivals.count)"
    }
    if let standing = standings.steps[node.id] {
      let name = ranking?.title ?? map.ownTitle ?? ""
      let verb = ranking == nil ? "go on" : "would go on"
      return "\(name) \(SearchTable.score(standing.value)), rank \(standing.rank) of "
        + "\(standing.count), \(standing.kept) \(verb)"
    }
    if node.id == map.root { return "" }
    if map.kind == .tokens { return "Σ log p \(SearchTable.figure(node.logProbability))" }
    return node.score.map { "\($0.kind.rawValue) \(SearchTable.score($0.value))" } ?? ""
  }

  private func why(_ grave: SearchMap.Grave) -> String {
    let figure = grave.pruning.value.map { " by \(SearchTable.score($0))" } ?? ""
    return grave.pruning.why + figure
  }
}
