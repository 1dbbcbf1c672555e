import Decoding
import DecodingFixtures
import Foundation
import Testing

/// The exact numbers of the apples table: greedy 5, likeliest path 5 (.272), marginal 8 = .6212.
@Suite struct ApplesExampleTests {
  let model = TableLanguageModel.apples
  let question: [TokenID] = [0]

  func answer(of tokens: [TokenID]) -> String {
    let text = tokens.map { model.vocabulary.token($0).text }.joined()
    return text.components(separatedBy: "The answer is ").last?
      .replacingOccurrences(of: ".", with: "") ?? ""
  }

  func marginal(temperature: Double) -> [String: Double] {
    model.enumerate(after: question, temperature: temperature)
      .reduce(into: [:]) { $0[answer(of: $1.tokens), default: 0] += $1.probability }
  }

  @Test func greedyTakesTheDirectAnswer() throws {
    var prefix = question
    while let last = prefix.last, last != 11 {
      prefix.append(try model.distribution(after: prefix).argmax)
    }
    #expect(answer(of: prefix) == "5")
  }

  @Test func theLikeliestPathIsWrongToo() throws {
    let best = try #require(
      model.enumerate(after: question).max { $0.probability < $1.probability })
    #expect(answer(of: best.tokens) == "5")
    #expect(abs(best.probability - 0.272) < 1e-6)
  }

  @Test func theMarginalIsRight() {
    let marginal = marginal(temperature: 1)
    #expect(abs((marginal["8"] ?? 0) - 0.6212) < 1e-6)
    #expect(abs((marginal["5"] ?? 0) - 0.3182) < 1e-6)
    #expect(abs(marginal.values.reduce(0, +) - 1) < 1e-9)
  }

  @Test func theSamplersMarginalDependsOnTheTemperature() {
    let marginal = marginal(temperature: 0.7)
    #expect(abs((marginal["8"] ?? 0) - 0.5822) < 5e-5)
    #expect(abs((marginal["5"] ?? 0) - 0.3885) < 5e-5)
  }
}
