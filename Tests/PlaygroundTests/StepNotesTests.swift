import Decoding
import Foundation
import Reasoning
import TerminalUI
import Testing

@testable import DecodingFixtures
@testable import Playground
@testable import Traces

@Suite struct StepNotesTests {
  private static func token(_ id: TokenID, _ text: String) -> Token {
    Token(id: id, bytes: Array(text.utf8))
  }

  /// A run whose prompt holds two passages, and a path that takes words from the second.
  private static func records(_ said: [String]) -> [TraceRecord] {
    let prompt = [
      token(100, "Mina sells red pens."), token(101, " A pen costs 3 coins each day."),
      token(102, " Q: ?\nA:"),
    ]
    let end = NodeID.root.appending(contentsOf: prompt.map(\.id))
    var events: [TraceEvent] = [
      .run(
        RunStart(
          strategy: "retrieval", model: Fixtures.model.identity, seed: 1,
          question: Fixtures.question, settings: Fixtures.settings)),
      .injected(Injection(role: .prompt, path: nil, parent: .root, end: end, tokens: prompt)),
    ]
    for rank in 1...2 {
      let place = NodeID.root.appending(contentsOf: prompt.prefix(rank).map(\.id))
      events.append(
        .retrieved(
          Retrieval(
            rank: rank, source: "shop.txt", start: 10 * rank, end: 10 * rank + 9, score: 1,
            first: place, last: place)))
    }
    var node = end
    for (index, text) in said.enumerated() {
      let word = token(TokenID(index), text)
      events.append(
        .node(
          NodeEvent(
            id: node.appending(word.id), parent: node, path: 0, token: word,
            logProbability: log(0.5))))
      node = node.appending(word.id)
    }
    return events.map { TraceRecord(run: 1, $0) }
  }

  @Test func aStepIsLinkedToThePassageWhoseWordsItHas() throws {
    let run = try #require(
      Trace(Self.records([" So each", " is 3 coins.", " It costs 3 coins each day."]))
        .runs[1])
    let episode = try #require(Episode(ofPath: 0, in: run))
    let notes = episode.notes(in: run, path: 0)
    // “3 coins” is two words: no evidence; “costs 3 coins each day” is five.
    #expect(notes[0].isEmpty)
    #expect(notes[1].map(\.label) == ["[2]"])
    #expect(notes[1].first?.text.contains("“costs 3 coins each day”") == true)
    #expect(notes[1].first?.text.contains("shop.txt, bytes 20 to 29") == true)
  }

  @Test func withoutSharedWordsThereIsNoLink() throws {
    let run = try #require(Trace(Self.records([" Eight.", " The answer is 8."])).runs[1])
    let episode = try #require(Episode(ofPath: 0, in: run))
    #expect(episode.notes(in: run, path: 0) == [[], []])
  }

  @Test(arguments: [
    ("a b c d", "x b c y", "b c"), ("a b", "c d", ""), ("a b a b c", "a b c", "a b c"),
    ("", "a", ""), ("one two", "one two", "one two"),
  ])
  func theLongestSharedRunOfWords(a: String, b: String, shared: String) {
    let found = Episode.sharedRun(a.split(separator: " "), b.split(separator: " "))
    #expect(found.joined(separator: " ") == shared)
  }

  /// Related and solved are told apart, and so is what is not known.
  @Test(arguments: [
    (1.0, 0.0, "of the question's kind", "its equations do not hold"),
    (0.0, 1.0, "of another kind", "its equations hold"),
    (nil, nil, "its kind is unknown", "no equations to check"),
  ])
  func aRecollectionIsLabelledTwice(
    relevance: Double?, solved: Double?, kind: String, verdict: String
  ) throws {
    var records = Self.records([" Related: 2 + 2 = 4.", " Now: 8."])
    let end = NodeID.root.appending(contentsOf: [100, 101, 102])
    let recalled = end.appending(0)
    records.append(
      TraceRecord(.span(Span(kind: .recalled, path: 0, first: recalled, last: recalled))))
    for (score, value) in [
      (Score.Kind.relevance, relevance), (.solved, solved), (.contextShift, -0.4),
    ] {
      guard let value else { continue }
      records.append(
        TraceRecord(.score(Score(kind: score, path: 0, node: recalled, value: value))))
    }
    let run = try #require(Trace(records).runs[1])
    let notes = try #require(Episode(ofPath: 0, in: run)).notes(in: run, path: 0)
    let text = try #require(notes.first?.first?.text)
    #expect(text.contains(kind))
    #expect(text.contains(verdict))
    #expect(text.contains("recalling changes log p(answer) by −0.40"))
    #expect(notes[1].isEmpty)
  }
}
