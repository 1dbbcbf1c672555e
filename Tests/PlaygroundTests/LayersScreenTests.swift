import Decoding
import TerminalFixtures
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Traces

@Suite struct LayersScreenTests {
  private func layers(_ play: Play) -> LayersScreen { play.state.layers }

  private func picture(_ play: Play) -> String { Fixtures.draw(play.state).textSnapshot() }

  /// What was asked last.
  private func asked(_ play: Play) throws -> (tokens: [TokenID], question: InspectionQuestion) {
    guard case .inspection(.read(let tokens, let question))? = play.effects.last else {
      throw Nothing()
    }
    return (tokens, question)
  }

  private struct Nothing: Error {}

  /// Presses a key and answers what is asked for it.
  private func press(_ key: KeyEvent, _ play: inout Play) {
    play.effects = []
    play.press(key)
    LayersFixtures.answerAll(&play)
  }

  // MARK: Asking

  @Test func itAsksForThePlaceThatWasSelected() throws {
    let play = LayersFixtures.play(80, 24)
    let (tokens, question) = try asked(play)
    #expect(tokens == Array(LayersFixtures.tokens.prefix(LayersFixtures.answer)))
    #expect(question.node == LayersFixtures.node(LayersFixtures.answer))
    #expect(question.chosen == LayersFixtures.tokens[LayersFixtures.answer])
    #expect(question.ablations.isEmpty)
    #expect(layers(play).isWaiting)
    #expect(picture(play).contains("after \" is\""))
  }

  @Test func decodesCursorIsOpened() throws {
    var play = LayersFixtures.play(80, 24)
    play.send(.command(.screen(DecodeScreen.id)))
    play.state.session.cursor = LayersFixtures.node(30)
    play.type("gl")
    #expect(play.state.screen == LayersScreen.id)
    #expect(try asked(play).question.node == LayersFixtures.node(30))
  }

  @Test func aPathOfAVoteOpensBeforeItsAnswer() throws {
    var play = LayersFixtures.play(80, 24)
    play.press(.left)
    play.effects = []
    play.state.session.selected = .path(0, run: 1)
    play.send(.command(.screen(LayersScreen.id)))
    #expect(try asked(play).tokens.count == LayersFixtures.answer)
  }

  @Test func arrowsGoAlongTheText() throws {
    var play = LayersFixtures.answered(80, 24)
    press(.left, &play)
    #expect(layers(play).reading?.chosen == LayersFixtures.tokens[LayersFixtures.answer - 1])
    #expect(picture(play).contains("after \" answer\" comes \" is\""))
    press(.right, &play)
    #expect(picture(play).contains("after \" is\" comes \" 8\""))
    for _ in 0..<9 { press(.right, &play) }
    // Behind the end nothing is chosen: the likeliest is followed.
    #expect(picture(play).contains("likeliest"))
    #expect(!layers(play).offers(.right, play.state.session))
  }

  @Test func answersToEarlierQuestionsAreDropped() throws {
    var play = LayersFixtures.play(80, 24)
    let first = try asked(play).question
    play.press(.left)
    LayersFixtures.answer(first, &play)
    #expect(layers(play).reading == nil)
    #expect(layers(play).isWaiting)
    // Nor does the end of an earlier one, asked the same, end the wait for this one.
    play.press(.right)
    let again = try asked(play).question
    #expect(again.asksTheSame(as: first))
    #expect(again != first)
    play.send(.inspection(.ended(first, .cancelled)))
    LayersFixtures.answer(again, &play)
    #expect(layers(play).reading != nil)
    #expect(!layers(play).isWaiting)
  }

  @Test func whatWasCancelledIsAskedAgain() throws {
    var play = LayersFixtures.play(80, 24)
    let first = try asked(play).question
    play.press(.escape)
    guard case .inspection(.stop)? = play.effects.last else {
      Issue.record("Esc does not stop reading.")
      return
    }
    play.send(.inspection(.ended(first, .cancelled)))
    play.effects = []
    play.send(.command(.screen(LayersScreen.id)))
    #expect(try asked(play).question.asksTheSame(as: first))
  }

  @Test func whyAPlaceCannotBeReadIsSaid() throws {
    var play = LayersFixtures.play(80, 24)
    play.send(.inspection(.ended(try asked(play).question, .failed("The text is too long."))))
    #expect(picture(play).contains("The text is too long."))
  }

  // MARK: Layers and heads

  @Test func theHeadThatMovesTheAnswerMostIsMarked() {
    var play = LayersFixtures.answered(80, 24)
    #expect(layers(play).selectedHead == HeadPlace(layer: 3, head: 1))
    #expect(picture(play).contains("head 4.2"))
    press(.down, &play)
    #expect(layers(play).selectedHead?.layer == 4)
    press("b", &play)
    #expect(layers(play).selectedHead == HeadPlace(layer: 3, head: 1))
    press("b", &play)
    #expect(layers(play).selectedHead == layers(play).ranking[1])
    press("+", &play)
    #expect(layers(play).selectedHead?.head == 3 || layers(play).selectedHead != nil)
  }

  @Test func theEmbeddingHasNoHeads() {
    var play = LayersFixtures.answered(80, 24)
    press(.home, &play)
    #expect(layers(play).selectedHead == nil)
    #expect(picture(play).contains("the embedding"))
    #expect(!layers(play).offers(.activate, play.state.session))
    press(.end, &play)
    #expect(layers(play).selectedHead?.layer == InventedLayers.layers - 1)
  }

  // MARK: Silencing

  @Test func silencingIsAskedForShownAndTakenBack() throws {
    var play = LayersFixtures.answered(80, 24)
    press(.enter, &play)
    #expect(layers(play).silenced == [.head(layer: 3, head: 1)])
    #expect(layers(play).answered?.ablations == [.head(layer: 3, head: 1)])
    #expect(picture(play).contains("✂ head 4.2"))
    #expect(picture(play).contains("KL"))
    press("a", &play)
    press("f", &play)
    press("x", &play)
    #expect(layers(play).silenced.count == 4)
    #expect(layers(play).answered?.ablations == Set(layers(play).silenced))
    press("u", &play)
    #expect(layers(play).silenced.count == 3)
    // A second time lets it speak again.
    press("f", &play)
    #expect(layers(play).silenced.count == 2)
    press("0", &play)
    #expect(layers(play).silenced.isEmpty)
    #expect(picture(play).contains("with nothing silenced"))
  }

  @Test func whatIsSilencedStaysWhileOneGoesAlongTheText() {
    var play = LayersFixtures.answered(80, 24)
    press(.enter, &play)
    press(.left, &play)
    #expect(layers(play).answered?.ablations == [.head(layer: 3, head: 1)])
  }

  @Test func aTokenOfTheTextIsMarkedAndHidden() throws {
    var play = LayersFixtures.answered(80, 24)
    let old = try #require(layers(play).selectedToken)
    press("{", &play)
    #expect(layers(play).selectedToken == old - 1)
    press("x", &play)
    #expect(layers(play).silenced == [.token(position: old - 1)])
    #expect(picture(play).contains("✂◂"))
  }

  // MARK: Another token

  @Test func anotherTokenIsFollowedByName() throws {
    var play = LayersFixtures.answered(80, 24)
    play.type("/ 5")
    #expect(picture(play).contains("follow token"))
    press(.enter, &play)
    #expect(layers(play).named == LayersFixtures.tokens[29])
    #expect(layers(play).reading?.now.embedding.logProbabilities.count == 2)
    #expect(picture(play).contains("p \" 5\""))
    // Nothing typed follows none.
    play.type("/")
    press(.enter, &play)
    #expect(layers(play).named == nil)
  }

  // MARK: Mouse

  @Test func theMouseChoosesLayersHeadsAndTokens() throws {
    var play = LayersFixtures.answered(80, 24)
    let reading = try #require(layers(play).reading)
    let layout = LayersLayout(
      in: layers(play).rect(play.state.session), reading, isNamed: false)
    func click(_ point: Point) { play.send(.mouse(MouseEvent(.press(.left), at: point))) }
    click(Point(x: layout.table.x + 5, y: layout.table.y + 3))
    #expect(layers(play).selectedHead?.layer == 1)
    let line = Fixtures.draw(play.state).textSnapshot().split(
      separator: "\n", omittingEmptySubsequences: false)[layout.table.y]
    let heads = try #require(line.firstRange(of: "heads"))
    let x = line.distance(from: line.startIndex, to: heads.lowerBound)
    click(Point(x: x + 2 * layout.headPitch, y: layout.table.y + 5))
    #expect(layers(play).selectedHead == HeadPlace(layer: 3, head: 2))
    click(Point(x: x + 2 * layout.headPitch, y: layout.table.y + 5))
    #expect(layers(play).silenced == [.head(layer: 3, head: 2)])
    click(Point(x: layout.text.x, y: layout.text.y))
    let token = try #require(layers(play).selectedToken)
    click(Point(x: layout.text.x, y: layout.text.y))
    #expect(layers(play).silenced.last == .token(position: token))
    play.send(.mouse(MouseEvent(.wheelUp, at: Point(x: layout.table.x, y: layout.table.y + 2))))
    #expect(layers(play).selectedHead?.layer == 2)
  }

  // MARK: Where there is nothing

  @Test func aSavedSessionNeedsTheModel() {
    var play = LayersFixtures.answered(80, 24)
    play.state.model = .none
    #expect(picture(play).contains("needs the model"))
    play.state.model = .ready(Fixtures.summary)
    #expect(picture(play).contains("cannot be looked into"))
  }

  @Test func anotherModelsTextIsNotRead() throws {
    var play = LayersFixtures.answered(80, 24)
    var other = LayersFixtures.summary
    other.identity.hash = "other"
    play.effects = []
    play.send(.model(.ready(other, LayersFixtures.model.vocabulary)))
    let question = play.effects.compactMap { effect -> InspectionQuestion? in
      if case .inspection(.read(_, let question)) = effect { question } else { nil }
    }
    #expect(question.isEmpty)
    #expect(layers(play).reading == nil)
  }

  @Test func itOpensInDecode() {
    var play = LayersFixtures.answered(80, 24)
    play.press("o")
    #expect(play.state.screen == DecodeScreen.id)
    #expect(play.state.session.cursor == LayersFixtures.node(LayersFixtures.answer))
  }

  // MARK: Navigation

  @Test func tabsStandByGroupsAndKeysByAge() throws {
    let list = ScreenList.standard
    #expect(Array(list.ids.prefix(9)).last == TrainScreen.id)
    #expect(list.tabs.count == list.ids.count)
    let groups = list.tabs.compactMap { id in list.types.first { $0.id == id }?.group }
    #expect(groups == groups.sorted { Self.rank($0) < Self.rank($1) })
    let row = try #require(
      picture(LayersFixtures.answered(200, 60)).split(separator: "\n").dropFirst(2).first)
    #expect(row.contains("4 Tree [gl Layers]"))
  }

  private static func rank(_ group: ScreenGroup) -> Int {
    ScreenGroup.allCases.firstIndex(of: group) ?? 0
  }

  @Test func tabReachesItFromTheTabBefore() {
    var play = LayersFixtures.answered(80, 24)
    play.press(.tab)
    #expect(play.state.screen != LayersScreen.id)
    play.press(.shiftTab)
    #expect(play.state.screen == LayersScreen.id)
  }

  // MARK: Pictures

  @Test(arguments: [(80, 24), (200, 60)]) func pictures(width: Int, height: Int) throws {
    var play = LayersFixtures.answered(width, height)
    Snapshot.check(Fixtures.draw(play.state), named: "layers-\(width)x\(height)")
    press(.enter, &play)
    press("x", &play)
    Snapshot.check(Fixtures.draw(play.state), named: "layers-silenced-\(width)x\(height)")
  }

  @Test(arguments: [ColorDepth.none, .ansi16, .indexed256])
  func everyTextIsThereInAnyColours(depth: ColorDepth) throws {
    let play = LayersFixtures.answered(80, 24)
    let view = try Fixtures.view(depth: depth)
    #expect(Fixtures.draw(play.state, view: view).textSnapshot() == picture(play))
  }

  @Test(arguments: [(60, 16), (61, 17), (100, 30), (139, 20), (140, 24), (300, 80)])
  func everySizeIsDrawn(width: Int, height: Int) {
    var play = LayersFixtures.answered(width, height)
    #expect(picture(play).contains("head 4.2"))
    #expect(picture(play).contains("▌"))
    press(.enter, &play)
    #expect(picture(play).contains("✂"))
  }
}
