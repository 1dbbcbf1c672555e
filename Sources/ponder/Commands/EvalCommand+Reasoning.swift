import Decoding
import Foundation
import Reasoning

/// The metrics of `eval` that look at how a model reasons.
extension EvalCommand {
  /// How sure branches are, by whether they reason and whether they are right.
  func survey(_ strategies: [any Strategy]) async throws {
    let questions = try problemsAsked().map(Question.init)
    let decoder = try model.decoder(parallel: options.decoding.parallel)
    options.warnOfTemplate(decoder.model)
    let survey = BranchSurvey(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0))
    let report = try await cancellingOnInterrupt {
      var report = SurveyReport(model: decoder.model.identity.name)
      for strategy in strategies where !Task.isCancelled {
        let name = type(of: strategy).description.name
        let progress = ProgressLine()
        let branches = try await survey.branches(of: strategy, on: questions) {
          progress.show(name, done: $0, of: questions.count)
        }
        progress.clear()
        tellIfStopped()
        report.add(BranchSurvey.rows(branches), strategy: name)
      }
      return report
    }
    switch format {
    case .json: try StandardOutput.writeJSON(report)
    case .table: try StandardOutput.write(report.table)
    }
  }

  /// How sure paths are of their answers, from before their first step to behind their last.
  func followAnswers(_ strategies: [any Strategy]) async throws {
    let questions = try problemsAsked().map(Question.init)
    let decoder = try model.decoder(parallel: options.decoding.parallel)
    options.warnOfTemplate(decoder.model)
    let survey = AnswerCurves(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0))
    let report = try await cancellingOnInterrupt {
      var report = CurveReport(model: decoder.model.identity.name)
      for strategy in strategies where !Task.isCancelled {
        let name = type(of: strategy).description.name
        let progress = ProgressLine()
        let curves = try await survey.curves(of: strategy, on: questions) {
          progress.show(name, done: $0, of: questions.count)
        }
        progress.clear()
        tellIfStopped()
        report.add(AnswerCurves.rows(curves), strategy: name)
      }
      return report
    }
    switch format {
    case .json: try StandardOutput.writeJSON(report)
    case .table: try StandardOutput.write(report.table)
    }
  }

  /// How often a solution that has just gone wrong comes to the right answer, left to itself
  /// and with "Wait," behind the wrong step.
  func measureSlips() async throws {
    let slips = try families().map {
      try SlipQuestions.questions(
        family: $0.name, split: split, count: each, seed: options.decoding.seed)
    }
    let decoder = try model.decoder(parallel: options.decoding.parallel)
    let evaluation = Evaluation(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0))
    let rows = try await cancellingOnInterrupt {
      var rows: [EvaluationRow] = []
      for (name, half) in [
        ("continue", slips.flatMap(\.continue)), ("wait", slips.flatMap(\.wait)),
      ] where !Task.isCancelled {
        var own = try await measure(Greedy(), half, evaluation)
        for index in own.indices { own[index].strategy = name }
        rows += own
      }
      return rows
    }
    switch format {
    case .json:
      try StandardOutput.writeJSON(
        EvalReport(model: decoder.model.identity.name, rows: rows, metric: metric))
    case .table: try StandardOutput.write(EvalTable(rows, metric: metric).text)
    }
  }
}

/// The JSON of `eval --metric over-time`.
private struct CurveReport: Encodable {
  struct Row: Encodable {
    var strategy, family: String
    var paths: Int
    var curve: [Double]
    var rise: Double
    var ci95: [Double]
    var flat: Double
  }

  var model: String
  var metric = "over-time"
  var shares = AnswerCurves.shares
  var results: [Row] = []

  init(model: String) { self.model = model }

  mutating func add(_ rows: [AnswerCurves.Row], strategy: String) {
    results += rows.map {
      Row(
        strategy: strategy, family: $0.family, paths: $0.paths, curve: $0.curve, rise: $0.rise,
        ci95: $0.interval.bounds, flat: $0.flat)
    }
  }

  var table: String {
    let heads = shares.map { "\(Int($0 * 100)) %".padded(to: 8) }.joined()
    let lines = results.map { row in
      row.strategy.padded(to: 18) + row.family.padded(to: 16) + "\(row.paths)".padded(to: 8)
        + row.curve.map { String(format: "%.3f", $0).padded(to: 8) }.joined()
        + String(format: "%.3f", row.rise).padded(to: 8)
        + String(format: "[%.3f, %.3f]", row.ci95[0], row.ci95[1]).padded(to: 18)
        + String(format: "%.3f", row.flat)
    }
    let head =
      "strategy".padded(to: 18) + "family".padded(to: 16) + "paths".padded(to: 8) + heads
      + "rise".padded(to: 8) + "95 % interval".padded(to: 18) + "flat"
    return ([head] + lines).joined(separator: "\n") + "\n"
  }
}

/// The JSON of `eval --metric delta`.
private struct SurveyReport: Encodable {
  struct Row: Encodable {
    var strategy, family, branches: String
    var count: Int
    var delta: Double?
    var ci95: [Double]?

    private enum CodingKeys: String, CodingKey {
      case strategy, family, count, delta, ci95
      case branches = "class"
    }
  }

  var model: String
  var metric = "delta"
  var results: [Row] = []

  init(model: String) { self.model = model }

  mutating func add(_ rows: [BranchSurvey.Row], strategy: String) {
    results += rows.map {
      Row(
        strategy: strategy, family: $0.family, branches: $0.kind.name, count: $0.branches,
        delta: $0.delta, ci95: $0.interval.map { [$0.lowerBound, $0.upperBound] })
    }
  }

  var table: String {
    let lines = results.map { row in
      let interval = row.ci95.map { String(format: "[%.3f, %.3f]", $0[0], $0[1]) } ?? "—"
      return row.strategy.padded(to: 18) + row.family.padded(to: 16) + row.branches.padded(to: 16)
        + "\(row.count)".padded(to: 10)
        + (row.delta.map { String(format: "%.3f", $0) } ?? "—").padded(to: 8) + interval
    }
    let head =
      "strategy".padded(to: 18) + "family".padded(to: 16) + "branches".padded(to: 16)
      + "count".padded(to: 10) + "mean Δ".padded(to: 8) + "95 % interval"
    return ([head] + lines).joined(separator: "\n") + "\n"
  }
}
