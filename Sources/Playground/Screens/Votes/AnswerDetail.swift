import Decoding
import Foundation
import Reasoning
import TerminalUI
import Traces

/// What lies behind one answer of a vote: its paths, and where they leave the others.
struct AnswerDetail: Sendable, Hashable {
  /// nil for the paths in which no answer was found.
  var answer: String?
  /// The counted paths that gave the answer, in order.
  var paths: [Int]
  /// How many different texts they are.
  var texts: Int
  /// How many tokens after the prompt all of them share.
  var shared: Int
  /// For each path the index of the token with which it leaves every path of another answer:
  /// whoever goes that way too gives the same answer. Nothing when there is no other answer.
  var leaving: [Int: Int]
  /// The fork that tells most about the answer; nil when none tells more than chance would.
  var fork: DecidingFork?
  /// How many paths were counted when this was made.
  var counted: Int

  init(answer: String?, in digest: RunDigest, _ trace: RunTrace?) {
    self.answer = answer
    counted = digest.counted
    paths = digest.paths(for: answer)
    texts = Set(paths.compactMap { digest.paths[$0]?.nodes.last }).count
    let census = PathCensus(answer: answer, digest)
    shared = census.sharedLength(paths.compactMap { digest.paths[$0]?.nodes })
    leaving = [:]
    for number in paths where census.others > 0 {
      let nodes = digest.paths[number]?.nodes ?? []
      leaving[number] = nodes.firstIndex { census.counts[$0]?.others == 0 }
    }
    fork = trace.flatMap { census.decidingFork($0) }
  }
}

/// The place where the choice of a token tells most about the answer.
struct DecidingFork: Sendable, Hashable {
  struct Choice: Sendable, Hashable {
    var node: NodeID
    var token: Token
    /// log p at temperature 1.
    var logProbability: Double?
    /// How many of the paths that took it gave the answer, and how many did not.
    var matching: Int
    var others: Int
  }

  /// The node after which the paths part.
  var node: NodeID
  /// How many tokens after the prompt it lies.
  var depth: Int
  /// The end of the text before it; empty at the prompt's end.
  var context: String
  /// The tokens that were chosen there, the one most paths took first.
  var choices: [Choice]
  /// How much the choice tells of whether the answer follows, in bits: their mutual information
  /// over all counted paths, less what a choice that tells nothing would seem to tell by chance
  /// (Miller 1955: (choices − 1) / (2 N ln 2) for a yes-or-no outcome).
  var information: Double
}

/// How many counted paths of an answer, and of all others, pass through each node.
private struct PathCensus {
  struct Count {
    var matching = 0
    var others = 0
    var total: Int { matching + others }
    /// The entropy of "gave the answer or not", times the number of paths, in bits.
    var disorder: Double {
      [matching, others].reduce(0) { sum, count in
        count == 0 || total == 0 ? sum : sum - Double(count) * log2(Double(count) / Double(total))
      }
    }
  }

  private(set) var counts: [NodeID: Count] = [:]
  private var children: [NodeID: [NodeID]] = [:]
  private var depths: [NodeID: Int] = [:]
  private(set) var others = 0
  private var total = 0

  init(answer: String?, _ digest: RunDigest) {
    for number in digest.numbers where digest.isCounted(number) {
      guard let path = digest.paths[number] else { continue }
      let matches = path.answer == answer
      total += 1
      if !matches { others += 1 }
      var parent: NodeID?
      for (index, node) in path.nodes.enumerated() {
        if counts[node] == nil {
          if let parent { children[parent, default: []].append(node) }
          depths[node] = index + 1
        }
        if matches { counts[node, default: Count()].matching += 1 }
        if !matches { counts[node, default: Count()].others += 1 }
        parent = node
      }
    }
  }

  func sharedLength(_ paths: [[NodeID]]) -> Int {
    guard let first = paths.first else { return 0 }
    return paths.dropFirst().reduce(first.count) { length, nodes in
      min(length, zip(first, nodes).prefix { $0 == $1 }.count)
    }
  }

  /// The end of the text that leads to a node.
  private func context(of node: NodeID, _ trace: RunTrace) -> String {
    var bytes: [UInt8] = []
    var node = node
    while node != trace.promptEnd, bytes.count < 32, let known = trace.nodes[node] {
      bytes = known.token.bytes + bytes
      node = known.parent
    }
    return PathText.oneLine(bytes)
  }

  func decidingFork(_ trace: RunTrace) -> DecidingFork? {
    guard total > 0, others > 0, others < total else { return nil }
    var children = children
    children[trace.promptEnd] = counts.keys.filter { depths[$0] == 1 }
    var best: (node: NodeID, depth: Int, information: Double)?
    for (node, next) in children where next.count > 1 {
      let whole = next.reduce(Count()) { sum, child in
        let count = counts[child] ?? Count()
        return Count(matching: sum.matching + count.matching, others: sum.others + count.others)
      }
      let after = next.reduce(0) { $0 + (counts[$1]?.disorder ?? 0) }
      let chance = Double(next.count - 1) / (2 * log(2.0))
      let information = (whole.disorder - after - chance) / Double(total)
      let depth = depths[node] ?? 0
      guard information > 1e-9 else { continue }
      if let best {
        // Ties go to the one nearest the prompt, so that the outcome is always the same.
        guard
          information > best.information + 1e-12
            || (information > best.information - 1e-12
              && (depth, node.rawValue) < (best.depth, best.node.rawValue))
        else { continue }
      }
      best = (node, depth, information)
    }
    guard let best else { return nil }
    let choices = (children[best.node] ?? []).compactMap { child -> DecidingFork.Choice? in
      guard let known = trace.nodes[child], let count = counts[child] else { return nil }
      return DecidingFork.Choice(
        node: child, token: known.token, logProbability: known.logProbability,
        matching: count.matching, others: count.others)
    }
    // The run does not know the tokens of an ensemble's members.
    guard !choices.isEmpty else { return nil }
    return DecidingFork(
      node: best.node, depth: best.depth, context: context(of: best.node, trace),
      choices: choices.sorted { a, b in
        let (p, q) = (a.matching + a.others, b.matching + b.others)
        return p > q || (p == q && a.token.id < b.token.id)
      }, information: best.information)
  }
}

/// What lies behind one answer: its paths, the selected one in full, and the fork that tells most
/// about which answer follows.
struct AnswerView {
  let votes: VotesScreen
  let detail: AnswerDetail
  let theme: Theme

  func draw(in layout: AnswerLayout, on buffer: inout CellBuffer) {
    drawHeader(in: layout.header, on: &buffer)
    drawTable(in: layout.table, on: &buffer)
    if let number = votes.selectedPath, let path = votes.digest.paths[number] {
      PathPanel(
        path: path,
        name: "path \(number + 1)" + (votes.model(ofPath: number).map { ", \($0)" } ?? ""),
        scroll: votes.textScroll, leaving: detail.leaving[number], theme: theme
      ).draw(in: layout.detail, on: &buffer)
    }
    drawFork(in: layout.fork, on: &buffer)
  }

  private var quoted: String {
    detail.answer.map { "\"\(PathText.oneLine($0.utf8))\"" } ?? "no answer"
  }

  private func drawHeader(in rect: Rect, on buffer: inout CellBuffer) {
    var left = StyledText(
      "\(Panel.count(detail.paths.count, "path")) with \(quoted) ", style: theme[.title])
    let winner = votes.digest.winner(votes.weighting)
    left.runs +=
      votes.digest.marks(of: detail.answer, winner: winner, theme: theme, base: theme[.text]).runs
    if detail.texts < detail.paths.count {
      left.append(
        detail.texts == 1 ? "  all the same text" : "  \(detail.texts) different texts",
        style: theme[.dim])
    }
    var right = StyledText("←", style: theme[.key])
    right.append(" back to the answers", style: theme[.dim])
    Panel.header(left, right, in: rect, on: &buffer)
  }

  // MARK: The paths

  private func columns(width: Int) -> [ItemColumn<PathDigest>] {
    var columns: [ItemColumn<PathDigest>] = [
      .init("path", .fixed(4), .right) { $1.text("\($0.number + 1)") }
    ]
    if !votes.models.isEmpty {
      columns.append(
        .init("model", .fixed(width < 76 ? 12 : 18)) {
          $1.text(votes.model(ofPath: $0.number) ?? "", .dim)
        })
    }
    columns.append(.init("tokens", .fixed(6), .right) { $1.text("\($0.generated)", .dim) })
    if width >= 76 {
      columns.append(
        .init("Δ", .fixed(6)) { path, cell in
          path.delta.map { cell.bar($0, cell.style(.barShaped)) }
        })
    }
    columns += [
      .init(width >= 76 ? "" : "Δ", .fixed(4), .right) {
        $1.text($0.delta.map(Format.probability) ?? "—")
      },
      .init("log p", .fixed(6), .right) {
        $1.text($0.logProbability.map { Format.fixed($0, $0 > -100 ? 2 : 0) } ?? "—")
      },
    ]
    if width >= 76, !detail.leaving.isEmpty, votes.models.isEmpty {
      columns.append(
        .init("parts at", .fixed(width < 110 ? 11 : 18)) { path, cell in
          detail.leaving[path.number].map {
            cell.text("\($0 + 1) \(PathText.quoted(path.bytes(ofToken: $0)))", .dim)
          }
        })
    }
    return columns + [.init("text", .fill) { $1.path($0) }]
  }

  private func drawTable(in rect: Rect, on buffer: inout CellBuffer) {
    let paths = detail.paths
    Table.draw(
      columns(width: rect.width), count: paths.count, position: votes.paths, in: rect,
      theme: theme, on: &buffer
    ) { votes.digest.paths[paths[$0]] }
    Panel.mark(
      votes.marked.flatMap { paths.firstIndex(of: $0) }, of: paths.count, votes.paths, in: rect,
      theme: theme, on: &buffer)
  }

  // MARK: The fork

  private func drawFork(in rect: Rect, on buffer: inout CellBuffer) {
    guard let fork = detail.fork else {
      let inside = Panel.draw("where the paths part", in: rect, theme: theme, on: &buffer)
      let isOnly = detail.paths.count == detail.counted
      buffer.put(
        isOnly
          ? "Every counted path gave this answer."
          : !votes.models.isEmpty
            ? "The paths are by different models, each with its own odds."
            : "No single token tells this answer from the others beyond chance.",
        x: inside.x + 1, y: inside.y, style: theme[.dim], width: inside.width - 2)
      return
    }
    let place =
      fork.depth == 0
      ? "at the first token" : "after \"\(PathText.tail(fork.context, columns: 14))\""
    let inside = Panel.draw(
      "where \(quoted) leaves the others: \(place)",
      note: "\(fork.choices.count) ways · \(Format.fixed(fork.information, 2)) bit", in: rect,
      theme: theme, on: &buffer)
    guard inside.height > 1 else { return }
    let most = fork.choices.map { $0.matching + $0.others }.max() ?? 1
    func counts(
      _ title: String, _ role: Role, _ count: @escaping (DecidingFork.Choice) -> Int
    ) -> ItemColumn<DecidingFork.Choice> {
      .init(title, .fill) { choice, cell in
        let (count, digits) = (count(choice), "\(count(choice))")
        let padding = String(repeating: " ", count: max(0, 3 - digits.count))
        var text = cell.text(padding + digits, count > 0 ? .text : .dim)
        guard count > 0 else { return text }
        let room = cell.width - DisplayWidth.of(text.text) - 1
        text.append(" ", style: cell.base)
        text.append(Bar.text(Double(count) / Double(most), width: room), style: theme[role])
        return text
      }
    }
    let columns: [ItemColumn<DecidingFork.Choice>] = [
      .init("token", .fixed(14)) {
        $1.text(PathText.head(PathText.quoted($0.token.bytes), columns: $1.width))
      },
      .init("p", .fixed(4), .right) {
        $1.text($0.logProbability.map { Format.probability(exp($0)) } ?? "—", .dim)
      }, counts(quoted, .barShaped, \.matching), counts("others", .barCut, \.others),
    ]
    fork.choices.draw(
      columns, showsHeading: true, in: inside.inset(horizontal: 1, vertical: 0), theme: theme,
      on: &buffer)
  }
}
