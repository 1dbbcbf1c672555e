import Decoding
import Foundation
import Measuring
import Reasoning
import Traces

/// Looks studies up, does them and writes them into files.
final class StudyWorker: Worker {
  enum Kind: Hashable { case lookUp, study, export }

  let jobs: Jobs<Kind>
  private let bench: Workbench
  private var configuration: PlaygroundSession.Configuration { bench.configuration }

  init(_ bench: Workbench) {
    self.bench = bench
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: StudyEffect) {
    switch work {
    case .lookUp(let plan): lookUp(plan)
    case .start(let plan, let anew): start(plan, anew: anew)
    case .stop:
      jobs.cancel(.study)
      bench.post(.study(.stopped))
    case .export(let snapshot, let chart):
      jobs.start(.export) { [self] in
        do {
          return try export(snapshot, chart)
        } catch {
          throw StudyExportError(why: WholeFile.reason(error))
        }
      } ending: {
        .study(.exported($0))
      }
    }
  }

  // MARK: Studies

  private func lookUp(_ plan: StudyPlan) {
    let model = bench.model
    jobs.start(.lookUp, isOvertaking: true) { [self] in
      let study = try await study(of: plan, model).study
      return try configuration.studies?.results(of: study).map { StudySnapshot(plan, $0) }
    } ending: {
      .study(.kept(plan, $0))
    }
  }

  /// Does a study, from where it was left or anew.
  private func start(_ plan: StudyPlan, anew: Bool) {
    let meter = StudyMeter(plan)
    let model = bench.model
    jobs.start(.study, isOvertaking: true) { [self] in
      let (study, judge) = try await study(of: plan, model)
      let store = configuration.studies
      if anew, let store { try? FileManager.default.removeItem(at: store.url(of: study)) }
      let runner = StudyRunner(prompts: configuration.prompts, judge: judge) { [self] wanted in
        try await decoder(for: wanted, of: plan.kind, model)
      }
      try await runner.run(study, in: store) { [bench] event in
        if case .notice(let text) = event { bench.post(.study(.notice(text))) }
        if let (snapshot, activity) = meter.receive(event) {
          bench.post(.study(.progress(snapshot, activity)))
        }
      }
      try Task.checkCancellation()
    } ending: {
      .study(.ended(plan, meter.snapshot, $0))
    }
  }

  /// The study that a plan stands for with the models that are there, and who judges in it.
  private func study(
    of plan: StudyPlan, _ model: Workbench.Model?
  ) async throws -> (study: Study, judge: Judge?) {
    guard let model else { throw StudyError.noModel }
    let opener = configuration.opener
    let models = try await onThread { _ in
      try opener.studyModels(for: plan.kind, beside: model.path)
    }
    let judge = try await bench.judge(
      plan.settings, for: plan.isJudged ? [plan.settings.verifier].compactMap { $0 } : [])
    var judged = plan
    judged.settings = plan.settings.judged(by: judge).dated(for: [model.decoder.model])
    let study = try judged.study(
      of: plan.problems(), models: models, library: configuration.prompts)
    return (study, judge)
  }

  /// The decoder at hand, or for a study of sizes one for another model beside it.
  private func decoder(
    for wanted: StudyModel, of kind: StudyKind, _ model: Workbench.Model?
  ) async throws -> Decoder {
    guard let own = model?.decoder else { throw StudyError.noModel }
    guard kind == .size else { return own }
    let opener = configuration.opener
    return Decoder(model: try await onThread { _ in try opener.open(wanted) }, slots: own.slots)
  }

  // MARK: Files

  /// Writes a study and its chart into files with names of their own.
  ///
  /// - Returns: the files' names.
  private func export(_ snapshot: StudySnapshot, _ chart: StudyChart) throws -> [String] {
    let report = StudyReport(snapshot.results, snapshot.curves)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let texts = [
      ("svg", chart.svg(of: snapshot.results)), ("csv", report.csv),
      ("json", String(decoding: try encoder.encode(report), as: UTF8.self) + "\n"),
    ]
    let folder = URL(fileURLWithPath: UserFolder.expanded(configuration.exportFolder))
    let name = freeName(for: snapshot, endings: texts.map(\.0), in: folder)
    for (ending, text) in texts {
      try WholeFile.write(Data(text.utf8), to: folder.appending(path: "\(name).\(ending)"))
    }
    return texts.map { "\(name).\($0.0)" }
  }

  /// A name under which there is no file yet.
  private func freeName(for snapshot: StudySnapshot, endings: [String], in folder: URL) -> String {
    let families = snapshot.plan.families
    let subject = families.count == 1 ? families[0] : "all"
    let base = "ponder-\(snapshot.plan.kind.rawValue)-\(subject)"
    for number in 1...999 {
      let name = number == 1 ? base : "\(base)-\(number)"
      let isTaken = endings.contains {
        FileManager.default.fileExists(atPath: folder.appending(path: "\(name).\($0)").path)
      }
      if !isTaken { return name }
    }
    return base
  }
}

/// Why a study cannot be exported.
private struct StudyExportError: Error, CustomStringConvertible {
  var why: String
  var description: String { "The study cannot be written here: \(why)" }
}
