import Decoding
import Foundation
import Testing

@testable import RemoteModels

/// Every shape in which servers write log-probabilities, and what is read from it.
@Suite struct ToldPositionTests {
  private func json(_ text: String) throws -> ServerJSON {
    try #require(ServerJSON(Array(text.utf8)))
  }

  private func entries(_ text: String, floor: ToldPositions.Floor = .impossible) throws
    -> [ToldPosition]
  {
    try #require(ToldPositions.entries(json(text), floor: floor))
  }

  @Test func llamaCppTellsIdsAndBytes() throws {
    let told = try entries(
      #"[{"id":7,"token":" H","bytes":[32,72],"logprob":-0.5,"top_logprobs":[{"id":7,"token":" H","#
        + #""bytes":[32,72],"logprob":-0.5},{"id":9,"token":"","bytes":[195],"logprob":-2}]}]"#)
    let position = try #require(told.first)
    #expect(position.kind == .raw)
    #expect(position.chosen.id == 7)
    #expect(position.top.map(\.id) == [7, 9])
    #expect(position.top[1].bytes == [195])
    #expect(position.top[1].logProbability == -2)
  }

  @Test(arguments: [
    #"[{"id":7,"token":"x","prob":0.25,"top_probs":[{"id":7,"token":"x","prob":0.25}]}]"#,
    #"[{"content":"x","probs":[{"tok_str":"x","prob":0.25}]}]"#,
  ])
  func probabilitiesAfterTheSamplerAreSaidToBeThat(text: String) throws {
    let position = try #require(try entries(text).first)
    #expect(position.kind == .afterSampler)
    #expect(position.listed.first?.logProbability == log(0.25))
  }

  @Test func aChosenTokenWithoutANumberHasTheOneOfItsList() throws {
    let position = try #require(
      try entries(#"[{"content":"x","probs":[{"tok_str":"x","prob":0.5}]}]"#).first)
    #expect(position.chosen.logProbability == log(0.5))
  }

  @Test func whatCannotComeIsImpossibleAndWhatIsNotToldUnknown() throws {
    func log(_ text: String, _ floor: ToldPositions.Floor) throws -> Double? {
      ToldPositions.logProbability(try json(text), hasAlternatives: true, floor: floor)
    }
    #expect(try log("-3.4028234663852886e38", .unlisted) == -.infinity)
    #expect(try log("-9999.0", .impossible) == -.infinity)
    #expect(try log("-9999.0", .unlisted) == nil)
    #expect(try log("-Infinity", .impossible) == -.infinity)
    #expect(try log("null", .impossible) == nil)
    #expect(try log("NaN", .impossible) == nil)
    #expect(try log("0.93", .impossible) == nil)
    #expect(try log("1e-7", .impossible) == 0)
  }

  @Test func aPlaceholderOfSpeculativeDecodingIsNotCertainty() throws {
    let position = try #require(
      try entries(#"[{"id":7,"token":"x","bytes":[120],"logprob":0.0,"top_logprobs":[]}]"#).first)
    #expect(position.listed.isEmpty)
  }

  @Test func replacedBytesAreUnknown() throws {
    let position = try #require(
      try entries(
        #"[{"token":"\ufffd","logprob":-1,"bytes":[239,191,189],"top_logprobs":[]}]"#
      ).first)
    #expect(position.chosen.bytes == nil)
  }

  @Test func openAITellsBytesThatTheTextDoesNot() throws {
    let position = try #require(
      try entries(
        #"[{"token":"\\xe2\\x80","logprob":-1,"bytes":[226,128],"top_logprobs":[]}]"#
      ).first)
    #expect(position.chosen.bytes == [226, 128])
  }

  @Test func vllmNamesIds() throws {
    let told = try #require(
      ToldPositions.lists(
        json(
          #"{"tokens":["token_id:5"],"token_logprobs":[-0.5],"top_logprobs":[{"token_id:5":-0.5,"#
            + #""token_id:8":-9999.0,"token_id:2":-1.5}],"text_offset":[0]}"#), floor: .impossible))
    #expect(told.first?.chosen.id == 5)
    #expect(told.first?.top.map(\.id) == [5, 2, 8])
    #expect(told.first?.top.last?.logProbability == -.infinity)
  }

  @Test func listsOfOpenAIHaveTexts() throws {
    let told = try #require(
      ToldPositions.lists(
        json(
          #"{"tokens":[" x"],"token_logprobs":[-0.5],"top_logprobs":[{" x":-0.5," y":-1}]}"#),
        floor: .unlisted))
    #expect(told.first?.top.map(\.text) == [" x", " y"])
    #expect(told.first?.chosen.id == nil)
  }

  @Test func listsOfDifferentLengthsAreNone() throws {
    let told = ToldPositions.lists(
      try json(#"{"tokens":["a","b"],"token_logprobs":[-1]}"#), floor: .impossible)
    #expect(told == nil)
  }

  @Test func sglangTellsTriples() throws {
    let told = try #require(
      ToldPositions.triples(
        json(
          #"{"output_token_logprobs":[[-0.5,12," a"]],"output_top_logprobs":[[[-0.5,12," a"],"#
            + #"[-1.25,13,null]]]}"#)))
    #expect(told.first?.chosen.id == 12)
    #expect(told.first?.top.map(\.id) == [12, 13])
    #expect(told.first?.top.map(\.logProbability) == [-0.5, -1.25])
    #expect(told.first?.top.last?.bytes == nil)
  }

  /// A place that llama.cpp left out must not shift the others.
  @Test func placesAgreeWithTokensFromTheBeginning() {
    func position(_ id: TokenID) -> ToldPosition {
      let token = ToldToken(id: id, bytes: [1], text: "", logProbability: -1)
      return ToldPosition(chosen: token, top: [token], kind: .raw)
    }
    func certain(_ places: [TokenID], _ tokens: [TokenID]?) -> [TokenID?] {
      RemoteReply(positions: places.map(position), tokens: tokens, hasEnded: false).certain
        .map(\.chosen.id)
    }
    #expect(certain([1, 2, 3], [1, 2, 3]) == [1, 2, 3])
    #expect(certain([1, 9, 4], [1, 7, 9, 4]) == [1])
    #expect(certain([9, 4], [7, 8, 9, 4]) == [])
    #expect(certain([1, 2], nil) == [1, 2])
  }

  // MARK: Anything at all

  /// Whatever a server writes is read or refused: nothing brings the program down, and no number that is
  /// read is above certainty.
  @Test func anythingIsReadOrRefused() throws {
    let seeds = [
      #"[{"id":7,"token":" H","bytes":[32,72],"logprob":-0.5,"top_logprobs":[{"id":7,"token":"é","#
        + #""bytes":[195,169],"logprob":-3.4e38}]}]"#,
      #"{"tokens":["token_id:5"],"token_logprobs":[null],"top_logprobs":[{"token_id:5":-0.5}]}"#,
      #"{"output_token_logprobs":[[-0.5,12,"a"]],"output_top_logprobs":[[[-0.5,12,null]]]}"#,
      #"{"choices":[{"logprobs":{"content":[{"token":"\ud83d\ude00","logprob":NaN}]}}]}"#,
    ]
    var random = SplitMix64(state: 15)
    for round in 0..<6000 {
      var bytes = Array(seeds[round % seeds.count].utf8)
      for _ in 0..<Int.random(in: 1...6, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2:
          bytes.insert(Array(#"[]{},:"\0-9eN"#.utf8).randomElement(using: &random) ?? 0, at: place)
        default: bytes = Array(bytes.prefix(place))
        }
      }
      guard let json = ServerJSON(bytes) else { continue }
      for kind in ServerKind.allCases {
        _ = try? ServerDialect(kind: kind, model: "m").reply(json, server: "s")
      }
      let told =
        (ToldPositions.entries(json, floor: .unlisted) ?? [])
        + (ToldPositions.lists(json, floor: .unlisted) ?? []) + (ToldPositions.triples(json) ?? [])
      for token in told.flatMap(\.listed) {
        #expect(token.logProbability.map { $0 <= 0 } == true)
      }
    }
  }

  @Test func jsonReadsWhatItWrites() throws {
    let json: ServerJSON = [
      "text": "a\"\\\n\u{1}é😀", "list": [1, -2, true, false, .null, .number(0.125)], "object": [:],
    ]
    #expect(ServerJSON(json.bytes) == json)
  }

  @Test func jsonKeepsSurrogatePairsAndRepairsHalves() throws {
    #expect(try json(#""\ud83d\ude00""#).text == "😀")
    #expect(try json(#""\ud83dx""#).text == "\u{FFFD}x")
  }

  @Test(arguments: ["", "{", "[1,]", #"{"a"}"#, #""\q""#, "tru", "1 2", #"{"a":1,}"#])
  func whatIsNoJSONIsNone(text: String) {
    #expect(ServerJSON(Array(text.utf8)) == nil)
  }

  @Test func deepNestingIsRefused() {
    #expect(ServerJSON(Array(repeating: UInt8(ascii: "["), count: 100_000)) == nil)
  }
}
