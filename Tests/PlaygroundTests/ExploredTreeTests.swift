import Decoding
import Testing

@testable import Playground
@testable import Traces

/// The lines of the tree against what a look at all nodes gives.
@Suite struct ExploredTreeTests {
  /// A run of random paths over a few tokens: short ones, so that they fork and meet, and some
  /// that go back.
  private static func records(_ seed: UInt64, paths: Int = 30) -> [TraceRecord] {
    var random = SplitMix64(state: seed)
    var maker = TraceMaker()
    for number in 0..<paths {
      let tokens = (0..<Int.random(in: 1...9, using: &random)).map { _ in
        let id = TokenID(Int.random(in: 1...3, using: &random))
        return (id: id, text: " t\(id)", p: 1 / Double(id + 1))
      }
      let answer = [nil, "8", "5"].randomElement(using: &random) ?? nil
      maker.path(
        number, tokens, answer: answer, isGrowing: Int.random(in: 0..<5, using: &random) == 0)
    }
    return maker.records
  }

  /// The lines as (first node, tokens, parent's first node), from the definition: a run goes on as
  /// long as exactly one token follows and no prompt ends.
  private static func expected(_ run: RunTrace) -> [NodeID: [NodeID]] {
    var lines: [NodeID: [NodeID]] = [:]
    var open = Array(run.children[.root] ?? [])
    while let first = open.popLast() {
      var nodes = [first]
      while let last = nodes.last, let next = run.children[last], next.count == 1,
        last != run.promptEnd, let only = next.first
      {
        nodes.append(only)
      }
      lines[first] = nodes
      open += run.children[nodes[nodes.count - 1]] ?? []
    }
    return lines
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func linesAreTheRunsWithoutAFork(seed: UInt64) throws {
    let records = Self.records(seed)
    var trace = Trace()
    var tree = ExploredTree()
    for record in records {
      trace.apply(record)
      let run = try #require(trace.runs[1])
      tree.apply(record.event, in: 1, run)
    }
    let run = try #require(trace.runs[1])
    let expected = Self.expected(run)
    let lines = tree.lines.filter { $0.key != .root }
    let nodes = lines.mapValues { line in line.entries.map(\.node) }
    #expect(nodes == expected)
    #expect(tree.tokenCount == run.nodes.count)
    for (id, line) in lines {
      let parents = Set(line.children.map { tree.lines[$0]?.parent })
      #expect(parents.isSubset(of: [id]))
      #expect(Set(line.children) == run.children[line.entries[line.entries.count - 1].node] ?? [])
      // The likeliest comes first.
      let chances = line.children.compactMap { tree.lines[$0]?.entries[0].logProbability }
      #expect(chances == chances.sorted(by: >))
      // Every path whose last token is here or below, and no other.
      let below = Set(tree.subtree(of: id).flatMap { tree.lines[$0]?.entries.map(\.node) ?? [] })
      let paths = run.paths.values.filter { $0.tip.map(below.contains) ?? false }
      #expect(line.counts.paths == paths.count)
      #expect(line.counts.ended == paths.count { $0.end != nil })
      #expect(line.counts.right == paths.count { $0.answer == "8" })
      #expect(line.counts.wrong == paths.count { $0.answer == "5" })
    }
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func theOrderOfEventsDoesNotMatter(seed: UInt64) throws {
    let records = Self.records(seed)
    var trace = Trace()
    var tree = ExploredTree()
    // Paths in another order; each keeps its own.
    let beginning = records.prefix(2)
    let byPath = Dictionary(grouping: records.dropFirst(2)) { record in
      switch record.event {
      case .node(let node): node.path
      case .pathFinished(let end): end.path
      default: -1
      }
    }
    var random = SplitMix64(state: seed + 100)
    for record in beginning
      + byPath.keys.sorted().shuffled(using: &random).flatMap({ byPath[$0] ?? [] })
    {
      trace.apply(record)
      let run = try #require(trace.runs[1])
      tree.apply(record.event, in: 1, run)
    }
    let planted = ExploredTree(Trace(records))
    #expect(Self.picture(tree) == Self.picture(planted))
  }

  /// Everything that shows of a tree.
  private static func picture(_ tree: ExploredTree) -> [String] {
    tree.lines(inRows: 0..<tree.rowCount(below: .root), below: .root).map { id in
      let line = tree.lines[id]
      let tokens = line?.entries.map { "\($0.token.id)" }.joined(separator: ",") ?? ""
      let ends = tree.ends(in: id).map { $0.answer ?? "-" }.joined(separator: ",")
      return "\(tokens) \(line?.counts.paths ?? -1) \(ends)"
    }
  }

  /// The rows from the definition: a line, then what follows unless it is folded.
  private static func rows(_ tree: ExploredTree, below top: NodeID) -> [NodeID] {
    var rows: [NodeID] = []
    var open = [top]
    while let id = open.popLast() {
      if id != .root { rows.append(id) }
      guard let line = tree.lines[id], !line.isFolded else { continue }
      open += line.children.reversed()
    }
    return rows
  }

  @Test(arguments: 0..<20 as Range<UInt64>)
  func rowsAreFoundWithoutLookingAtAllOfThem(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let records = Self.records(seed, paths: 60)
    var trace = Trace()
    var tree = ExploredTree()
    for record in records {
      trace.apply(record)
      let run = try #require(trace.runs[1])
      tree.apply(record.event, in: 1, run)
      // Folds come and go while the tree grows.
      if let line = tree.lines.keys.sorted().randomElement(using: &random) {
        tree.fold(line, Bool.random(using: &random))
      }
    }
    for top in [.root] + tree.lines.keys.sorted().prefix(12) {
      let expected = Self.rows(tree, below: top)
      #expect(tree.rowCount(below: top) == expected.count)
      #expect(tree.lines(inRows: 0..<expected.count, below: top) == expected)
      for (row, line) in expected.enumerated() {
        #expect(tree.line(atRow: row, below: top) == line)
        #expect(tree.row(of: line, below: top) == row)
      }
      #expect(tree.line(atRow: expected.count, below: top) == nil)
      #expect(tree.line(atRow: -1, below: top) == nil)
    }
    for line in tree.lines.keys.sorted() where line != .root {
      var revealed = tree
      revealed.reveal(line)
      #expect(revealed.row(of: line, below: .root) != nil)
    }
  }

  @Test func aPathThatGoesOnHasNotEnded() throws {
    var maker = TraceMaker()
    maker.path(0, [(1, " a", 0.5)], answer: "8")
    var tree = ExploredTree(Trace(maker.records))
    #expect(tree.lines[.root]?.counts.right == 1)
    maker.path(0, [(1, " a", 0.5), (2, " b", 0.5)], isGrowing: true)
    var trace = Trace()
    tree = ExploredTree()
    for record in maker.records {
      trace.apply(record)
      let run = try #require(trace.runs[1])
      tree.apply(record.event, in: 1, run)
    }
    #expect(tree.lines[.root]?.counts.right == 0)
    #expect(tree.lines[.root]?.counts.paths == 1)
    #expect(Self.picture(tree) == Self.picture(ExploredTree(trace)))
  }

  @Test func aTextIsFoundAcrossForks() {
    var maker = TraceMaker()
    maker.path(0, [(1, " The an", 0.5), (2, "swer is", 0.6), (3, " 8", 0.9)], answer: "8")
    maker.path(1, [(1, " The an", 0.5), (4, "imal", 0.4)])
    let tree = ExploredTree(Trace(maker.records))
    let (an, swer, imal) = (
      TraceMaker.node([1]), TraceMaker.node([1, 2]), TraceMaker.node([1, 4])
    )
    #expect(tree.lines(containing: "THE AN", below: .root) == [an])
    #expect(tree.lines(containing: "the answer", below: .root) == [swer])
    #expect(tree.lines(containing: "an", below: .root) == [TraceMaker.prompt, an])
    #expect(tree.lines(containing: "animal", below: an) == [imal])
    #expect(tree.lines(containing: "nowhere", below: .root).isEmpty)
    #expect(tree.lines(containing: "", below: .root).isEmpty)
  }
}
