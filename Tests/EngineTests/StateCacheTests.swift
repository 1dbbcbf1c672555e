import Decoding
import EngineFixtures
import Testing

@testable import Engine

/// What is planned for states, with nodes in the place of numbers: every row must find the state of
/// the node before it, and every state must be that of the node it is kept for.
@Suite struct StateCacheTests {
  /// A cache whose states are known by the nodes they belong to.
  struct Simulation {
    var cache: PrefixCache
    /// What each place holds. Nothing is what no pass has written.
    private var contents: [Int32: NodeID] = [:]

    init(states capacity: Int, tokens: Int = 1 << 14) {
      let layout = KVLayout(format: .f32, layerCount: 1, kvHeadCount: 1, headSize: 4)
      cache = PrefixCache(
        layout: layout,
        states: StateCache(layout: StateLayout(sizes: [0, 3, 20]), capacity: capacity),
        limit: .tokens(tokens))
    }

    /// Plans a pass and carries it out.
    ///
    /// - Returns: how many rows it has, and which of the nodes it answers.
    mutating func pass(
      _ nodes: [NodeID], in tree: TokenTree, limit: Int = 512
    ) throws -> (rows: Int, answered: [Bool]) {
      var planner = ForwardPlanner(
        tree: tree, contextLength: 4096, vocabularySize: 77, limit: limit)
      let plan = try planner.plan(nodes, in: &cache)
      let path = try rowNodes(plan, in: tree)
      #expect(plan.rowCount <= limit)
      #expect(plan.states.steps.map(\.row).sorted() == (0..<Int32(plan.rowCount)).map { $0 })
      for step in plan.states.steps {
        let id = path[Int(step.row)]
        let parent = try #require(tree[id]).parent
        let held = step.from < 0 ? .root : contents[step.from]
        #expect(held == parent)
        contents[step.to] = id
      }
      try check(tree)
      return (plan.rowCount, plan.answers.map { $0 != nil })
    }

    /// Every node that is said to have a state has its own.
    private func check(_ tree: TokenTree) throws {
      for id in contents.values {
        let node = try #require(tree[id])
        guard let state = cache.states?.find(id, node) else { continue }
        #expect(contents[state] == id)
      }
    }

    /// The node of each row, from where its keys and values go.
    private func rowNodes(_ plan: ForwardPlan, in tree: TokenTree) throws -> [NodeID] {
      try plan.slots.map { slot in
        let id = cache.node(at: slot)
        return try #require(id)
      }
    }
  }

  @Test(
    "Every row goes on from the state of the node before it", arguments: [2, 3, 5, 9, 40],
    [1, 2, 3, 4] as [UInt64])
  func rightStates(_ capacity: Int, _ seed: UInt64) throws {
    var walk = RandomWalk(seed: seed)
    var simulation = Simulation(states: capacity, tokens: 640)
    for _ in 0..<60 {
      let asked = walk.step()
      let limit = walk.tokenLimit()
      var rounds = 0
      var pending = asked
      while !pending.isEmpty {
        let result = try simulation.pass(pending, in: walk.tree, limit: limit)
        pending = zip(pending, result.answered).filter { !$0.1 }.map(\.0)
        rounds += 1
        try #require(rounds < 1000, "no end in sight")
      }
    }
  }

  @Test("A path advances one state and leaves one to come back to every so many positions")
  func spacing() throws {
    var simulation = Simulation(states: 40)
    var tree = TokenTree()
    var node = tree.extend(.root, with: [1, 2, 3])
    var path = [node]
    _ = try simulation.pass([node], in: tree)
    for step in 0..<200 {
      node = tree.extend(node, with: TokenID(step % 77))
      path.append(node)
      #expect(try simulation.pass([node], in: tree).rows == 1)
    }
    // The end of the prompt, those at 32, 64 … 192, and the newest.
    let kept = path.filter { id in
      tree[id].flatMap { simulation.cache.states?.find(id, $0) } != nil
    }
    #expect(kept.map { tree.depth(of: $0) } == [3, 32, 64, 96, 128, 160, 192, 203])
    // Whoever goes back computes what is behind the nearest of them once more.
    for depth in [4, 33, 63, 100] {
      let branch = tree.extend(path[depth - 3], with: 76)
      #expect(try simulation.pass([branch], in: tree).rows <= 32)
      // And once only: paths part here.
      let other = tree.extend(path[depth - 3], with: 75)
      #expect(try simulation.pass([other], in: tree).rows == 1)
    }
  }

  @Test("Many paths from the end of a prompt cost one row each, together or one after another")
  func prompt() throws {
    var simulation = Simulation(states: 20)
    var tree = TokenTree()
    let prompt = tree.extend(.root, with: (0..<50).map { TokenID($0) })
    #expect(try simulation.pass([prompt], in: tree).rows == 50)
    var tips = (0..<6).map { tree.extend(prompt, with: TokenID($0)) }
    #expect(try simulation.pass(tips, in: tree).rows == 6)
    for step in 0..<40 {
      tips = tips.map { tree.extend($0, with: TokenID(step)) }
      #expect(try simulation.pass(tips, in: tree).rows == 6)
    }
    let late = tree.extend(prompt, with: 76)
    #expect(try simulation.pass([late], in: tree).rows == 1)
  }

  @Test("Where there is no room for all, some wait and all get there")
  func waiting() throws {
    var simulation = Simulation(states: 3)
    var tree = TokenTree()
    let prompt = tree.extend(.root, with: (0..<40).map { TokenID($0) })
    let tips = (0..<8).map { tree.extend(prompt, with: [TokenID($0), 7]) }
    var pending = tips
    var rounds = 0
    while !pending.isEmpty {
      let result = try simulation.pass(pending, in: tree)
      #expect(result.answered.contains(true))
      pending = zip(pending, result.answered).filter { !$0.1 }.map(\.0)
      rounds += 1
    }
    #expect(rounds > 1)
  }

  @Test("A pass that fails leaves no state of its own")
  func abandoned() throws {
    var simulation = Simulation(states: 8, tokens: 96)
    var tree = TokenTree()
    let start = tree.extend(.root, with: (0..<40).map { TokenID($0) })
    _ = try simulation.pass([start], in: tree)
    let wide = (0..<6).map { tree.extend(start, with: [TokenID($0), 1]) }
    #expect(throws: LanguageModelError.self) { try simulation.pass(wide, in: tree) }
    for node in wide {
      let known = try #require(tree[node])
      #expect(simulation.cache.states?.find(node, known) == nil)
    }
    let next = tree.extend(start, with: 9)
    #expect(try simulation.pass([next], in: tree).answered == [true])
    // What has been planned and is then not computed is nobody's: nor is what it would have written
    // over.
    let last = tree.extend(next, with: [9, 10])
    var planner = ForwardPlanner(
      tree: tree, contextLength: 4096, vocabularySize: 77, limit: 512)
    _ = try planner.plan([last], in: &simulation.cache)
    simulation.cache.abandonPass()
    for node in [next, last] {
      let known = try #require(tree[node])
      #expect(simulation.cache.states?.find(node, known) == nil)
    }
    #expect(try simulation.pass([last], in: tree).answered == [true])
  }
}
