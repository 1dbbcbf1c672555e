import Testing

/// `layers`: a look into a model without a terminal.
@Suite struct LayersCommandTests {
  private struct Reading: Decodable {
    var layer: Int
    var top: [Int]
    var topLogProbabilities: [Double]
    var logProbability: Double
    var logProbabilityAfterAttention: Double?
    var entropy: Double
    var withoutHead: [Double]?
    var attention: [[Double]]?
    var residual: [Double]?
  }

  private struct Answer: Decodable {
    var tokens: [Int]
    var token: Int
    var logProbability: Double
    var logProbabilityWithout: Double?
    var divergence: Double?
    var layers: [Reading]
  }

  private static let asked = [
    "layers", "--model", Program.model("f32-mha-tied"), "--ids", "5,9,70,2,33",
  ]

  private func answer(_ more: String...) throws -> Answer {
    let result = try Program.run(Self.asked + ["--format", "json"] + more)
    #expect(result.status == 0)
    #expect(result.errors == "")
    return try result.json(Answer.self)
  }

  @Test func theLastLayerSaysWhatTheModelSays() throws {
    let answer = try answer()
    #expect(answer.tokens == [5, 9, 70, 2, 33])
    #expect(answer.layers.map(\.layer) == [0, 1, 2])
    #expect(answer.layers.last?.top.first == answer.token)
    #expect(answer.layers.last?.logProbability == answer.logProbability)
    #expect(answer.layers[0].withoutHead == nil)
    #expect(answer.layers[1].withoutHead?.isEmpty == false)
    #expect(answer.divergence == nil)
    #expect(answer.layers[1].attention == nil)
  }

  @Test func whatIsSilencedChangesTheAnswer() throws {
    let whole = try answer()
    let without = try answer("--without", "head:1.1,feed-forward:2,token:2", "--attention")
    #expect(without.token == whole.token)
    #expect(without.logProbability == whole.logProbability)
    #expect(without.logProbabilityWithout == without.layers.last?.logProbability)
    #expect(without.logProbabilityWithout != whole.logProbability)
    #expect(try #require(without.divergence) > 0)
    for weights in without.layers.compactMap(\.attention).joined() {
      #expect(weights.count == 5)
      #expect(weights[1] == 0)
      #expect(abs(weights.reduce(0, +) - 1) < 1e-5)
    }
    #expect(without.layers.allSatisfy { $0.residual?.isEmpty == false })
  }

  @Test func theTableForPeopleHasARowForEachLayer() throws {
    let result = try Program.run(Self.asked + ["--attention", "--without", "attention:1"])
    #expect(result.status == 0)
    #expect(result.output.contains("without attention:1"))
    #expect(result.output.contains("emb"))
    #expect(result.output.contains("head 2.1"))
  }

  @Test(arguments: [
    "head:1", "head:1.99", "head:3.1", "head:0.1", "attention:9", "token:6", "token:0", "x:1", "",
    "head:1.1,", "feed-forward:1.1",
  ])
  func partsThatAreNotThereAreRefused(part: String) throws {
    let result = try Program.run(Self.asked + ["--without", part])
    #expect(result.status == 64)
    #expect(result.errors.contains("--without takes parts such as head:4.2"))
  }

  @Test func theTextIsGivenOnce() throws {
    let model = ["layers", "--model", Program.model("f32-mha-tied")]
    #expect(try Program.run(model).status == 64)
    #expect(try Program.run(Self.asked + ["--prompt", "a"]).status == 64)
  }
}
