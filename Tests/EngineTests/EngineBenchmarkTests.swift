import Decoding
import EngineFixtures
import Foundation
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
    var rounds = 0
    let report = try benchmark.run(model) { progress in
      switch progress {
      case .measured(let measurement): seen.append(measurement)
      case .round: rounds += 1
      case .bandwidth: break
      }
    }
    #expect(rounds == 9)
    #expect(report.threads == 2)
    #expect(report.isa == model.identity.isa)
    #expect(report.results.map(\.tokensPerSecond) == seen.map(\.tokensPerSecond))
    #expect(report.results.map(\.test) == ["prefill", "decode", "decode"])
    #expect(report.results.map(\.tokens) == [56, 8, 8])
    #expect(report.results.map(\.branches) == [1, 1, 3])
    for result in report.results {
      #expect(result.slowest > 0)
      #expect(result.slowest <= result.tokensPerSecond)
      #expect(result.tokensPerSecond <= result.fastest)
    }
    // Every step reads all weights, and what its paths have said so far.
    let weights = Double(model.memoryUse.weightBytes)
    #expect(report.weightBytes == model.memoryUse.weightBytes)
    #expect(weights > 0)
    #expect(report.results[0].bytesPerSecond == nil)
    let kv = Double(model.cacheBytesPerToken)
    let one = report.results[1]
    let read = try #require(one.bytesPerSecond) / one.tokensPerSecond
    #expect(abs(read - (weights + kv * 4.5)) < 1)
    let three = report.results[2]
    let shared = try #require(three.bytesPerSecond) / three.tokensPerSecond
    #expect(abs(shared - (weights / 3 + kv * (56.0 / 3 + 4.5))) < 1)
    let bandwidth = try #require(report.readBandwidth)
    let share = try #require(one.bandwidthShare)
    #expect(abs(share - (one.bytesPerSecond ?? 0) / bandwidth) < 1e-9)
    #expect(model.memoryUse.cachedTokens == 0)
  }

  private func report(
    _ rates: [(test: String, branches: Int, slow: Double, median: Double, fast: Double)],
    threads: Int = 2
  ) -> EngineBenchmark.Report {
    EngineBenchmark.Report(
      threads: threads, isa: "avx2",
      results: rates.map {
        EngineBenchmark.Measurement(
          test: $0.test, tokens: 8, branches: $0.branches, tokensPerSecond: $0.median,
          slowest: $0.slow, fastest: $0.fast)
      }, kv: "f16")
  }

  @Test("A run is set beside an earlier one, and what may be chance is marked")
  func comparison() throws {
    let before = report([("prefill", 1, 90, 100, 110), ("decode", 1, 9, 10, 11)])
    let now = report(
      [("prefill", 1, 190, 200, 210), ("decode", 1, 10.5, 11, 12), ("decode", 8, 1, 2, 3)],
      threads: 1)
    let compared = now.compared(with: before)
    let prefill = try #require(compared.results[0].earlier)
    #expect(prefill.ratio == 2)
    #expect(!prefill.isWithinNoise)
    #expect(prefill.slowest == 90)
    let decode = try #require(compared.results[1].earlier)
    #expect(abs(decode.ratio - 1.1) < 1e-9)
    #expect(decode.isWithinNoise)
    #expect(compared.results[2].earlier == nil)
    #expect(now.differences(from: before) == ["threads 2, now 1"])
    #expect(now.differences(from: now) == [])
  }

  @Test("A report is read back, and one of an earlier version as well")
  func coding() throws {
    let now = report([("decode", 1, 1, 2, 3)]).compared(with: report([("decode", 1, 1, 2, 3)]))
    let bytes = try JSONEncoder().encode(now)
    #expect(try JSONDecoder().decode(EngineBenchmark.Report.self, from: bytes) == now)
    let old = """
      {"threads":2,"isa":"avx2","results":[{"test":"decode","tokens":8,"branches":1,
      "tokens_per_second":2,"slowest":1,"fastest":3}]}
      """
    let read = try JSONDecoder().decode(EngineBenchmark.Report.self, from: Data(old.utf8))
    #expect(read.results[0].tokensPerSecond == 2)
    #expect(read.readBandwidth == nil)
  }

  @Test(arguments: [1, 2]) func readBandwidth(threads: Int) throws {
    let rate = try MemoryBandwidth.measure(threads: threads, bytes: 8 << 20, rounds: 2)
    #expect(rate > 1e7)
    #expect(rate.isFinite)
  }
}
