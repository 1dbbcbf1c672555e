import Foundation
import Playground
import Serving
import Traces

/// What a load has come to, as text for people and as JSON.
struct LoadFigures {
  private let load: LoadTrace
  private let servings: [LoadServing]
  private let reports: [LoadReport]
  /// What each server has counted itself; nil where it does not say.
  private let metrics: [[(name: String, value: Double)]?]
  private let lone: LoneRequest?

  /// - Parameter times: what simulated servings went by.
  init(
    _ load: LoadTrace, metrics: [[(name: String, value: Double)]?] = [],
    times: ServiceTimes? = nil
  ) {
    self.load = load
    self.metrics = metrics
    let known = load.start?.servings ?? []
    let levels = load.start?.plan.levels
    servings = known
    let found = known.indices.map { serving in
      LoadReport(
        load.requests(of: serving).filter(\.isOver).map(\.times),
        levels: levels?.isEmpty == false ? levels : nil)
    }
    reports = found
    lone = load.start.flatMap { LoneRequest(known, $0.plan, found, times) }
  }

  /// Whether there were requests and none has been answered.
  var allFailed: Bool {
    reports.contains { $0.requests > 0 } && reports.allSatisfy { $0.failed == $0.requests }
  }

  // MARK: Text

  var text: String {
    guard let plan = load.start?.plan else { return "" }
    var text = Self.title(plan) + "\n"
    for index in servings.indices { text += "\n" + self.text(of: index, plan) }
    if let sweep { text += "\n" + sweep }
    if let lone { text += "\n" + lone.text }
    return text
  }

  private static func title(_ plan: LoadPlan) -> String {
    let rate = plan.pattern == .all ? "" : String(format: " at %g a second", plan.rate)
    let long = plan.long.map { ", every \($0.every)th of \($0.tokens)" } ?? ""
    let shared = plan.sharedTokens > 0 ? ", \(plan.sharedTokens) of them shared" : ""
    return
      "\(plan.requests) requests, \(plan.pattern.rawValue)\(rate), seed \(plan.seed): prompts of "
      + "\(plan.promptTokens) tokens\(long)\(shared), answers of \(plan.outputTokens)"
  }

  private func text(of index: Int, _ plan: LoadPlan) -> String {
    let (serving, report) = (servings[index], reports[index])
    let basis = serving.basis.rawValue
    var text = "\(serving.name), \(serving.layout.words) (\(basis))\n"
    guard report.requests > report.failed else {
      let why = load.requests(of: index).compactMap(\.times.failure).first
      return text + "  nothing was answered\(why.map { ": \($0)" } ?? "")\n"
    }
    text += "                 mean    p50       p90       p99\n"
    for (name, spread) in [
      ("TTFT", report.timeToFirst), ("TPOT", report.timePerToken), ("ITL", report.betweenTokens),
      ("end to end", report.endToEnd),
    ] where spread.count > 0 {
      let cells = [spread.mean, spread.median, spread.percentile(90), spread.percentile(99)]
      text +=
        "  " + name.padding(toLength: 12, withPad: " ", startingAt: 0)
        + cells.map {
          Format.milliseconds($0).padding(toLength: 10, withPad: " ", startingAt: 0)
        }.joined().trimmingSuffix(" ") + "\n"
    }
    text +=
      String(
        format: "  throughput  %.2f requests/s, %.0f tokens/s", report.throughput,
        report.outputTokensPerSecond) + " (\(basis))\n"
    if let goodput = report.goodput, let met = report.met, let attainment = report.attainment {
      text +=
        String(format: "  goodput     %.2f requests/s", goodput)
        + " that meet \(Self.words(plan.levels)) (\(basis))\n"
      text +=
        String(format: "  attainment  %.2f", attainment)
        + ": \(met) of \(report.requests) requests (\(basis))\n"
    }
    if report.failed > 0 {
      let why = load.requests(of: index).compactMap(\.times.failure).first ?? ""
      text += "  failed      \(report.failed): \(why)\n"
    }
    if let own = metrics.indices.contains(index) ? metrics[index] : nil, !own.isEmpty {
      text += "  the server itself counts\n"
      for (name, value) in own.prefix(12) {
        text += "    \(name) +\(String(format: "%g", value))\n"
      }
      if own.count > 12 { text += "    … and \(own.count - 12) more (--format json)\n" }
    }
    return text
  }

  private static func words(_ levels: ServiceLevels) -> String {
    [
      ("TTFT", levels.timeToFirst), ("TPOT", levels.timePerToken), ("end to end", levels.endToEnd),
    ].compactMap { name, value in value.map { "\(name) ≤ \(Format.milliseconds($0))" } }
      .joined(separator: ", ")
  }

  /// Attainment against rate.
  private var sweep: String? {
    guard let rates = load.start?.rates, !rates.isEmpty else { return nil }
    var text = "attainment by rate, in requests/s\n"
    let width = (servings.map { Self.short($0).count }.max() ?? 0) + 2
    text +=
      "".padding(toLength: width + 2, withPad: " ", startingAt: 0)
      + rates.map { String(format: "%g", $0).padding(toLength: 7, withPad: " ", startingAt: 0) }
      .joined().trimmingSuffix(" ") + "\n"
    for index in servings.indices {
      let points = load.points(of: index)
      text +=
        "  " + Self.short(servings[index]).padding(toLength: width, withPad: " ", startingAt: 0)
        + rates.map { rate in
          let known = points.first { $0.rate == rate }
          let cell = known.map { String(format: "%.2f", $0.attainment) } ?? "–"
          return cell.padding(toLength: 7, withPad: " ", startingAt: 0)
        }.joined().trimmingSuffix(" ") + "\n"
    }
    for index in servings.indices {
      let best = highestRate(index)
      text +=
        "  goodput as the highest of these rates with attainment ≥ 0.90, "
        + "\(Self.short(servings[index])): "
        + (best.map { String(format: "%g requests/s", $0) } ?? "none") + "\n"
    }
    return text
  }

  private func highestRate(_ index: Int) -> Double? {
    LoadReport.highestRate(load.points(of: index).map { ($0.rate, $0.attainment) })
  }

  private static func short(_ serving: LoadServing) -> String {
    let name = serving.basis == .measured ? "\(serving.name), " : ""
    return "\(name)\(serving.layout.words) (\(serving.basis.rawValue))"
  }

  // MARK: JSON

  struct JSON: Encodable {
    struct Spread: Encodable {
      var mean: Double
      var standardDeviation: Double
      var p50: Double
      var p90: Double
      var p95: Double
      var p99: Double

      init?(_ spread: LoadReport.Spread) {
        guard spread.count > 0 else { return nil }
        (mean, standardDeviation) = (spread.mean, spread.deviation)
        (p50, p90) = (spread.percentile(50), spread.percentile(90))
        (p95, p99) = (spread.percentile(95), spread.percentile(99))
      }
    }

    struct Point: Encodable {
      var rate: Double
      var requests: Int
      var met: Int
      var attainment: Double
    }

    struct Serving: Encodable {
      var name: String
      var basis: LoadServing.Basis
      var layout: ServingLayout
      var requests: Int
      var failed: Int
      var seconds: Double
      var ttft: Spread?
      var tpot: Spread?
      var itl: Spread?
      var e2e: Spread?
      var promptTokens: Int
      var outputTokens: Int
      var requestThroughput: Double
      var outputTokenThroughput: Double
      /// Requests a second that met the service levels.
      var requestGoodput: Double?
      var attainment: Double?
      var attainmentByRate: [Point]
      /// The highest of the rates tried at which 90 % of requests met them.
      var highestRateWith90Percent: Double?
      var failures: [String]
      var metrics: [String: Double]?
    }

    var plan: LoadPlan
    var stopped: Bool
    var servings: [Serving]
  }

  var json: JSON {
    JSON(
      plan: load.start?.plan ?? LoadPlan(), stopped: load.end?.reason == .stopped,
      servings: servings.indices.map { index in
        let (serving, report) = (servings[index], reports[index])
        let points = load.points(of: index)
        let own = metrics.indices.contains(index) ? metrics[index] : nil
        return JSON.Serving(
          name: serving.name, basis: serving.basis, layout: serving.layout,
          requests: report.requests, failed: report.failed, seconds: report.duration,
          ttft: JSON.Spread(report.timeToFirst), tpot: JSON.Spread(report.timePerToken),
          itl: JSON.Spread(report.betweenTokens), e2e: JSON.Spread(report.endToEnd),
          promptTokens: report.promptTokens, outputTokens: report.outputTokens,
          requestThroughput: report.throughput,
          outputTokenThroughput: report.outputTokensPerSecond, requestGoodput: report.goodput,
          attainment: report.attainment,
          attainmentByRate: points.map {
            JSON.Point(
              rate: $0.rate, requests: $0.requests, met: $0.met, attainment: $0.attainment)
          },
          highestRateWith90Percent: highestRate(index),
          failures: Array(Set(load.requests(of: index).compactMap(\.times.failure))).sorted(),
          metrics: own.map { Dictionary($0.map { ($0.name, $0.value) }) { $1 } })
      })
  }
}

/// A single request, served in one place and apart: apart is no faster.
private struct LoneRequest {
  let text: String

  /// - Returns: nil where nothing tells how long a single request takes in one place and apart.
  init?(
    _ servings: [LoadServing], _ plan: LoadPlan, _ reports: [LoadReport], _ times: ServiceTimes?
  ) {
    guard let together = servings.firstIndex(where: { !$0.layout.isDisaggregated }),
      let apart = servings.firstIndex(where: \.layout.isDisaggregated)
    else { return nil }
    func seconds(_ index: Int) -> Double? {
      if let times {
        let lone = LoadRequest(sent: 0, prompt: plan.promptTokens, output: plan.outputTokens)
        return ServingSimulation(times, servings[index].layout).run([lone]).first?.endToEnd
      }
      return plan.requests == 1 && reports[index].endToEnd.count == 1
        ? reports[index].endToEnd.mean : nil
    }
    guard let one = seconds(together), let other = seconds(apart) else { return nil }
    text =
      "A lone request takes \(Format.milliseconds(one)) in one place and "
      + "\(Format.milliseconds(other)) apart (\(servings[apart].basis.rawValue)): "
      + (other >= one
        ? "apart is not faster, since its keys and values have to travel."
        : "a difference within what varies from one request to the next.") + "\n"
  }
}

extension ServingLayout {
  /// In words, such as `2 machines for both`.
  var words: String {
    switch self {
    case .colocated(1): "colocated"
    case .colocated(let count): "colocated on \(count) machines"
    case .disaggregated(let prefill, let decode):
      "disaggregated, \(prefill) prefill \(decode) decode"
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var text = self
    while text.last == character { text.removeLast() }
    return text
  }
}
