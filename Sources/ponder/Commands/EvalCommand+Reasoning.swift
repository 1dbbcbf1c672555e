import Decoding
import Foundation
import Measuring
import Problems
import Reasoning
import Traces

/// The metrics of `eval` that look at how a model reasons.
extension EvalCommand {
  /// How sure branches are, by whether they reason and whether they are right.
  func survey(_ strategies: [any Strategy]) async throws {
    let settings = options.settings(detail: 0)
    try await report(SurveyReport.self, on: strategies) { decoder, prompts in
      let survey = BranchSurvey(decoder: decoder, prompts: prompts, settings: settings)
      return { strategy, questions, progress in
        BranchSurvey.rows(
          try await survey.branches(of: strategy, on: questions, progress: progress))
      }
    }
  }

  /// How sure paths are of their answers, from before their first step to behind their last.
  func followAnswers(_ strategies: [any Strategy]) async throws {
    let settings = options.settings(detail: 0)
    try await report(CurveReport.self, on: strategies) { decoder, prompts in
      let curves = AnswerCurves(decoder: decoder, prompts: prompts, settings: settings)
      return { strategy, questions, progress in
        AnswerCurves.rows(
          try await curves.curves(of: strategy, on: questions, progress: progress))
      }
    }
  }

  /// What a metric finds of a strategy on questions, telling how many are done.
  typealias Measurement<Row> =
    @Sendable (
      any Strategy, [Question], @escaping @Sendable (Int) -> Void
    ) async throws -> [Row]

  /// Measures strategies one after another and writes the report.
  private func report<Report: StrategyReport>(
    _: Report.Type, on strategies: [any Strategy],
    by measurement: (Decoder, PromptLibrary) -> Measurement<Report.Found>
  ) async throws {
    let questions = try problemsAsked().map(Question.init)
    let decoder = try model.decoder(parallel: options.parallel)
    options.warnOfTemplate(decoder.model)
    let measure = measurement(decoder, try .bundled())
    let report = try await cancellingOnInterrupt {
      var report = Report(model: decoder.model.identity.name)
      for strategy in strategies where !Task.isCancelled {
        let name = type(of: strategy).description.name
        let progress = ProgressLine()
        let rows = try await measure(strategy, questions) {
          progress.show(name, done: $0, of: questions.count)
        }
        progress.clear()
        tellIfStopped()
        report.add(rows, strategy: name)
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
        family: $0.name, split: split, count: each, seed: options.asked.settings.seed)
    }
    let decoder = try model.decoder(parallel: options.parallel)
    let evaluation = Evaluation(
      decoder: decoder, prompts: try .bundled(), settings: options.settings(detail: 0))
    let maxTokens = evaluation.settings.maxTokens
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
    case .table:
      try StandardOutput.write(EvalTable(rows, metric: metric, maxTokens: maxTokens).text)
    }
  }
}
