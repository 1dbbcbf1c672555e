import Foundation
import Testing

@testable import Serving

/// Loads: when requests come, what they come to, and what a simulation makes of them.
@Suite struct LoadTests {
  // MARK: Arrivals

  /// Mean and spread of the gaps are those of the gamma distribution.
  @Test(arguments: [0.25, 0.5, 1.0, 4.0]) func gapsHaveTheirMoments(burstiness: Double) {
    let count = 40_000
    let times = Arrivals.gamma(rate: 5, burstiness: burstiness).times(count, seed: 11)
    let gaps = zip(times, [0] + times).map { $0 - $1 }
    let mean = gaps.reduce(0, +) / Double(count)
    let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count)
    let deviation = 1 / (5 * burstiness.squareRoot())
    #expect(abs(mean - 0.2) < 4 * deviation / Double(count).squareRoot())
    #expect(abs(variance.squareRoot() / deviation - 1) < 0.05)
  }

  @Test func poissonIsGammaOfShapeOne() {
    let poisson = Arrivals.poisson(rate: 3).times(20_000, seed: 2)
    let share = zip(poisson, [0] + poisson).map { $0 - $1 }.filter { $0 > 1.0 / 3 }.count
    #expect(abs(Double(share) / 20_000 - exp(-1)) < 4 * (0.37 * 0.63 / 20_000).squareRoot())
  }

  @Test func rescaledArrivalsEndWhereTheyShould() throws {
    let times = Arrivals.poisson(rate: 4).times(100, seed: 1, rescales: true)
    #expect(abs(try #require(times.last) - 25) < 1e-9)
    #expect(times == times.sorted())
  }

  // MARK: Figures

  private func request(_ sent: Double, _ tokens: [Double]) -> RequestTimes {
    var request = RequestTimes(sent: sent, prompt: 10)
    request.tokens = tokens
    return request
  }

  @Test func figuresAreThoseOfTheirDefinitions() throws {
    let report = LoadReport(
      [request(0, [1, 1.5, 2.5]), request(1, [2])],
      levels: ServiceLevels(timeToFirst: 1, timePerToken: 0.8))
    #expect(report.timeToFirst.mean == 1)
    #expect(report.timePerToken.count == 1)
    #expect(report.timePerToken.mean == 0.75)
    #expect(report.betweenTokens.mean == 0.75)
    #expect(report.endToEnd.mean == 1.75)
    #expect(report.duration == 2.5)
    #expect(report.throughput == 0.8)
    #expect(report.met == 2)
    #expect(report.outputTokensPerSecond == 1.6)
  }

  @Test func percentilesLieBetweenValues() {
    let spread = LoadReport.Spread([4, 1, 3, 2])
    #expect(spread.median == 2.5)
    #expect(spread.percentile(0) == 1)
    #expect(spread.percentile(100) == 4)
    #expect(abs(spread.percentile(90) - 3.7) < 1e-12)
  }

  @Test func theHighestRateStopsAtTheFirstThatFails() {
    let known = [(1.0, 1.0), (2.0, 0.95), (3.0, 0.5), (4.0, 0.92)].map {
      (rate: $0.0, attainment: $0.1)
    }
    #expect(LoadReport.highestRate(known) == 2)
    #expect(LoadReport.highestRate([(rate: 1, attainment: 0.2)]) == nil)
  }

  // MARK: Simulation

  private static let times = ServiceTimes(
    pass: 0.001, promptToken: 0.0001, decodedToken: 0.0005, bytesPerToken: 1000, bandwidth: 1e7,
    latency: 0.002, tokensPerPass: 128, slots: 8)

  private static func load(
    rate: Double, count: Int = 400, prompt: Int = 200, output: Int = 20, seed: UInt64 = 3
  ) -> [LoadRequest] {
    Arrivals.poisson(rate: rate).times(count, seed: seed).map {
      LoadRequest(sent: $0, prompt: prompt, output: output)
    }
  }

  /// One server with constant service times behind Poisson arrivals: M/D/1, whose mean wait is
  /// ρ S / (2 (1 − ρ)).
  @Test(arguments: [0.3, 0.6, 0.8]) func waitsAreThoseOfTheQueue(load: Double) {
    let service = 2 * 0.001 + 200 * 0.0001
    let simulation = ServingSimulation(Self.times, .disaggregated(prefill: 1, decode: 1))
    let means = (0..<24).map { seed in
      LoadReport(
        simulation.run(
          Self.load(rate: load / service, count: 3000, output: 1, seed: UInt64(seed) + 100))
      ).timeToFirst.mean
    }
    let mean = means.reduce(0, +) / Double(means.count)
    let spread = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(means.count - 1)
    let error = (spread / Double(means.count)).squareRoot()
    let expected = service + load * service / (2 * (1 - load))
    // The queue begins empty, so that a short run waits a little less than the law says.
    #expect(abs(mean - expected) < 4 * error + 0.02 * expected)
  }

  @Test(arguments: [
    ServingLayout.colocated(1), .colocated(2), .disaggregated(prefill: 1, decode: 1),
    .disaggregated(prefill: 2, decode: 1),
  ]) func everyRequestGetsItsTokensInOrder(layout: ServingLayout) {
    let requests = Self.load(rate: 30)
    let told = ServingSimulation(Self.times, layout).run(requests)
    for (request, told) in zip(requests, told) {
      #expect(told.tokens.count == request.output)
      #expect(told.tokens == told.tokens.sorted())
      #expect((told.prefillStart ?? -1) >= request.sent)
      #expect((told.tokens.first ?? 0) >= (told.prefillEnd ?? .infinity))
    }
  }

  @Test(arguments: [5.0, 20, 60]) func goodputIsNeverAboveThroughput(rate: Double) throws {
    for layout in [ServingLayout.colocated(2), .disaggregated(prefill: 1, decode: 1)] {
      let report = LoadReport(
        ServingSimulation(Self.times, layout).run(Self.load(rate: rate)),
        levels: ServiceLevels(timeToFirst: 0.1, timePerToken: 0.004))
      #expect(try #require(report.goodput) <= report.throughput)
    }
  }

  /// A lone request gains nothing from two machines: its keys and values travel for nothing.
  @Test func aLoneRequestIsNotFasterApart() throws {
    let lone = [LoadRequest(sent: 0, prompt: 200, output: 20)]
    let together = ServingSimulation(Self.times, .colocated(1)).run(lone)[0]
    let apart = ServingSimulation(Self.times, .disaggregated(prefill: 1, decode: 1)).run(lone)[0]
    #expect(try #require(apart.endToEnd) > (try #require(together.endToEnd)))
    #expect(
      abs((apart.transferEnd ?? 0) - (apart.prefillEnd ?? 0) - (0.002 + 200 * 1000 / 1e7)) < 1e-12)
  }

  /// A long prompt that comes stalls the others' tokens where both are computed together, and does not
  /// where prompts have a machine of their own.
  @Test func aLongPromptStallsOthersOnlyTogether() throws {
    let others = (0..<4).map { _ in LoadRequest(sent: 0, prompt: 8, output: 400) }
    let long = LoadRequest(sent: 0.3, prompt: 4000, output: 1)
    func worst(_ layout: ServingLayout, _ requests: [LoadRequest]) -> Double {
      let told = ServingSimulation(Self.times, layout).run(requests)
      return told.prefix(4).flatMap(\.gaps).max() ?? 0
    }
    let calm = worst(.colocated(1), others)
    #expect(worst(.colocated(1), others + [long]) > 2 * calm)
    let apart = ServingLayout.disaggregated(prefill: 1, decode: 1)
    #expect(worst(apart, others + [long]) == worst(apart, others))
  }
}
