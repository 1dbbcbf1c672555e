import Decoding
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Problems
@testable import Traces

@Suite struct TreeScreenTests {
  /// Branches and a vote on one question, as Tree shows them.
  static func explored(_ width: Int, _ height: Int) async throws -> PlaygroundState {
    var settings = Fixtures.settings
    (settings.branches, settings.samples) = (5, 40)
    var state = Fixtures.ready(width, height)
    state.settings = settings
    let reducer = Reducer()
    for (number, strategy) in ["cot-decoding", "self-consistency"].enumerated() {
      let records = try await Fixtures.records(
        of: strategy, settings: settings, number: number + 1)
      _ = reducer.reduce(&state, .trace(records))
    }
    _ = reducer.reduce(&state, .command(.screen(.tree)))
    return state
  }

  @Test(arguments: [(80, 24), (60, 16), (120, 40), (200, 60)])
  func theFinishedScreen(width: Int, height: Int) async throws {
    var play = Play(try await Self.explored(width, height))
    play.press(.down, .down, .down)
    Snapshot.check(Fixtures.draw(play.state), named: "tree-\(width)x\(height)")
  }

  @Test func sixteenColoursAndNoneAndAscii() async throws {
    var play = Play(try await Self.explored(80, 24))
    play.type("b")
    play.press(.down, .down, .down)
    for (name, depth) in [("16", ColorDepth.ansi16), ("mono", .none)] {
      let view = try Fixtures.view(depth: depth)
      Snapshot.check(Fixtures.draw(play.state, view: view), named: "tree-80x24-\(name)")
    }
    let ascii = Fixtures.draw(play.state).drawn(in: .ascii).textSnapshot()
    #expect(!ascii.unicodeScalars.contains { !$0.isASCII })
    // Nothing is shown by a sign that ASCII has no other for.
    #expect(!ascii.contains("??"))
    #expect(ascii.contains("+-"))
    #expect(ascii.contains("8 v"))
  }

  @Test(arguments: [(60, 16), (80, 24)])
  func wideCharactersAndTornOnes(width: Int, height: Int) {
    let pear = Array("梨".utf8)
    var maker = TraceMaker(prompt: "问：几个水果？\n答：", gold: "三个")
    maker.path(
      0,
      [(1, Array("我有三个苹果🍎。".utf8), 0.6), (2, Array(pear[..<1]), 0.5), (3, Array(pear[1...]), 0.9)],
      answer: "三个")
    maker.path(
      1, [(1, Array("我有三个苹果🍎。".utf8), 0.6), (2, Array(pear[..<1]), 0.5), (4, [0xFF], 0.1)])
    maker.path(
      2, [(5, Array("é\u{301}\n\n共".utf8), 0.2), (6, Array("答案是四个".utf8), 0.3), (7, [], 0.99)],
      answer: "四个")
    var play = Play(Fixtures.empty(width, height))
    play.state.show(Trace(maker.records))
    play.type("4/苹果")
    Snapshot.check(Fixtures.draw(play.state), named: "tree-scripts-\(width)x\(height)")
  }

  @Test func beforeAnythingWasExplored() {
    var play = Play(Fixtures.empty(80, 24))
    play.type("4")
    Snapshot.check(Fixtures.draw(play.state), named: "tree-blank-80x24")
  }

  @Test func foldingHidesAndUnfoldingShows() async throws {
    var play = Play(try await Self.explored(80, 24))
    let all = play.state.tree.page.rowCount
    #expect(play.state.tree.page.lines.first?.origin == .prompt)
    play.press(.left)
    #expect(play.state.tree.page.rowCount == 1)
    #expect(play.state.tree.page.lines.first?.fold == .folded)
    play.press(.right)
    #expect(play.state.tree.page.rowCount == all)
    play.press(.right)
    #expect(play.state.tree.page.selectedRow == 1)
    play.type("z")
    #expect(play.state.tree.page.rowCount == 1)
    #expect(play.state.tree.page.selectedRow == 0)
    play.type("z")
    #expect(play.state.tree.page.rowCount == all)
  }

  @Test func aLineBecomesTheRootAndBack() async throws {
    var play = Play(try await Self.explored(80, 24))
    play.press(.down)
    let line = play.state.tree.selected
    let below = play.state.tree.tree.subtree(of: line).count
    play.type("r")
    #expect(play.state.tree.top == line)
    #expect(play.state.tree.page.rowCount == below)
    #expect(play.state.tree.page.selectedRow == 0)
    #expect(play.state.tree.page.lines.first?.lasts == [])
    play.press(.backspace)
    #expect(play.state.tree.hoists.isEmpty)
    #expect(play.state.tree.selected == line)
    play.type("r")
    play.press(.escape)
    #expect(play.state.tree.hoists.isEmpty)
  }

  @Test func theSelectionFollowsWhatIsTyped() async throws {
    var play = Play(try await Self.explored(80, 24))
    play.type("z/dad has 5")
    let found = try #require(play.state.tree.page.lines.first { !$0.match.isEmpty })
    #expect(found.id == play.state.tree.selected)
    #expect(found.match == "Dad has 5")
    #expect(Fixtures.draw(play.state).textSnapshot().contains("/dad has 5"))
    // Letters are text while a text is typed.
    #expect(play.state.screen == .tree)
    #expect(play.state.popups.isEmpty)
    play.press(.enter)
    play.type("/the answer is")
    play.press(.enter)
    let first = play.state.tree.selected
    play.type("n")
    #expect(play.state.tree.selected != first)
    play.type("N")
    #expect(play.state.tree.selected == first)
    play.type("/nowhere to be found")
    #expect(play.state.message?.text.contains("No line has") == true)
    play.press(.escape)
    #expect(play.state.tree.selected == first)
    #expect(play.state.tree.query.isEmpty)
  }

  @Test func bookmarksAreKeptAndJumpedTo() async throws {
    var play = Play(try await Self.explored(80, 24))
    play.press(.down, .down)
    let first = play.state.tree.selected
    play.type("b")
    play.press(.end)
    let second = play.state.tree.selected
    play.type("b}")
    #expect(play.state.tree.selected == first)
    play.type("}")
    #expect(play.state.tree.selected == second)
    let noted = play.effects.compactMap { effect -> NodeID? in
      if case .decode(.note(.bookmark, let node)) = effect { node } else { nil }
    }
    #expect(noted == play.state.tree.bookmarks)
    #expect(noted.count == 2)
    // They are in the trace: a saved session has them too.
    var trace = play.state.trace
    for node in noted + [noted[0]] {
      trace.apply(TraceRecord(run: 2, .edit(Edit(action: .bookmark, node: node))))
    }
    var replayed = Fixtures.empty(80, 24)
    replayed.show(trace)
    #expect(replayed.tree.bookmarks == [noted[1]])
    play.type("b")
    #expect(play.state.tree.bookmarks == [noted[0]])
  }

  @Test func aNodeOpensInDecode() async throws {
    var play = Play(try await Self.explored(80, 24))
    play.press(.down, .down)
    let line = try #require(play.state.tree.tree.lines[play.state.tree.selected])
    play.press(.enter)
    #expect(play.state.screen == .decode)
    #expect(play.state.cursor == line.entries.last?.node)
    play.type("4")
    // The line knows that Decode is there.
    #expect(play.state.tree.page.lines.filter(\.isHere).map(\.id) == [play.state.tree.selected])
    play.type("o")
    let parent = try #require(line.parent)
    #expect(play.state.cursor == play.state.tree.tree.lines[parent]?.entries.last?.node)
  }

  @Test func clicksSelectFoldAndOpen() async throws {
    var play = Play(try await Self.explored(80, 24))
    let layout = play.state.tree.layout(play.state.session)
    func click(_ row: Int, _ x: Int) -> Action {
      .mouse(MouseEvent(.press(.left), at: Point(x: x, y: layout.list.y + 1 + row)))
    }
    let far = layout.columns(row: 1).text.right - 2
    play.send(click(2, far))
    #expect(play.state.tree.page.selectedRow == 2)
    #expect(play.state.screen == .tree)
    play.send(.mouse(MouseEvent(.wheelUp, at: Point(x: 9, y: 9))))
    #expect(play.state.tree.page.selectedRow == 1)
    let count = play.state.tree.page.rowCount
    play.send(click(0, layout.columns(row: 1).text.x))
    #expect(play.state.tree.page.rowCount == 1)
    #expect(count > 1)
    play.send(click(0, far))
    #expect(play.state.screen == .decode)
  }

  @Test func aSavedSessionShowsTheSame() async throws {
    let state = try await Self.explored(80, 24)
    var replayed = Fixtures.empty(80, 24)
    replayed.show(state.trace)
    replayed.vocabulary = state.vocabulary
    replayed.screen = .tree
    _ = replayed.prepare()
    #expect(replayed.tree.page.lines.map(\.before) == state.tree.page.lines.map(\.before))
    #expect(replayed.tree.page.lines.map(\.answers) == state.tree.page.lines.map(\.answers))
    #expect(replayed.tree.page.rowCount == state.tree.page.rowCount)
  }

  /// Ten thousand nodes: a step draws only what shows, and changes only the lines it concerns.
  @Test func aLargeTreeIsDrawnByItsVisibleLines() throws {
    var maker = TraceMaker()
    for number in 0..<2500 {
      var tokens = [(id: TokenID(number % 50), text: " fork \(number % 50)", p: 0.5)]
      for step in 0..<4 {
        tokens.append((id: TokenID(100 + number * 4 + step), text: " w\(step)", p: 0.9))
      }
      maker.path(number, tokens, answer: number % 3 == 0 ? "8" : "5")
    }
    var play = Play(Fixtures.empty(80, 24))
    play.state.show(Trace(maker.records))
    play.type("4")
    #expect(play.state.tree.tree.tokenCount > 10_000)
    let height = play.state.tree.layout(play.state.session).visibleRows
    for keys in [
      [KeyEvent(.end)], [KeyEvent(.home)], Array(repeating: KeyEvent(.pageDown), count: 9),
    ] {
      for key in keys { play.send(.key(key)) }
      #expect(play.state.tree.page.lines.count == height)
      #expect(play.state.tree.page.rows.count == height)
    }
    let before = Fixtures.draw(play.state)
    play.press(.up)
    let after = Fixtures.draw(play.state)
    let list = play.state.tree.layout(play.state.session).list
    let changed = (list.y..<list.bottom).filter { y in
      (list.x..<list.right).contains { before[$0, y] != after[$0, y] }
    }
    #expect(changed.count == 2)
  }

  /// What a verifier reads and writes was not explored: only the solutions are, each once, whether the
  /// tree grows or is made from a whole trace.
  @Test(arguments: [VerifierName.genrm, .genrmDirect, .orm, .prm])
  func aVerifiersReadingIsLeftOut(verifier: VerifierName) throws {
    let records = VerifyScreenTests.records(verifier)
    let whole = Trace(records)
    let run = try #require(whole.runs[1])
    var trace = Trace()
    var grown = ExploredTree()
    for record in records {
      trace.apply(record)
      if let run = trace.runs[record.run] { grown.apply(record.event, in: record.run, run) }
    }
    let solutions = run.solutionPaths
    let own = solutions.flatMap { run.paths[$0]?.nodes ?? [] } + run.line(to: run.promptEnd)
    for tree in [grown, ExploredTree(whole)] {
      #expect(tree.lines[.root]?.counts.paths == solutions.count)
      #expect(Set(tree.places.keys) == Set(own + [.root]))
    }
  }
}
