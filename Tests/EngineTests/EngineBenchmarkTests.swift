import Decoding
import Testing

@testable import Engine

@Suite struct EngineBenchmarkTests {
  @Test("Every test is run, within the model's context, and rates are ordered")
  func report() throws {
    let configuration = ModelConfiguration.tiny(context: 64)
    let model = try TransformerModel(
      configuration: configuration,
      weights: try InMemoryWeightStore.llama(configuration, format: .f16),
      vocabulary: NumberedVocabulary(count: 77), options: EngineOptions(threads: 2))
    let benchmark = EngineBenchmark(
      promptTokens: 512, generatedTokens: 8, branches: [1, 3], rounds: 2)
    var seen: [EngineBenchmark.Measurement] = []
    let report = try benchmark.run(model) { seen.append($0) }
    #expect(report.threads == 2)
    #expect(report.isa == model.identity.isa)
    #expect(report.results == seen)
    #expect(report.results.map(\.test) == ["prefill", "decode", "decode"])
    #expect(report.results.map(\.tokens) == [56, 8, 8])
    #expect(report.results.map(\.branches) == [1, 1, 3])
    for result in report.results {
      #expect(result.slowest > 0)
      #expect(result.slowest <= result.tokensPerSecond)
      #expect(result.tokensPerSecond <= result.fastest)
    }
    #expect(model.memoryUse.cachedTokens == 0)
  }
}
