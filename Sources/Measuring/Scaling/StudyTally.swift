import Traces

/// The curves of a study while it runs: what each problem adds to each point is worked out once,
/// when it comes.
public struct StudyTally: Sendable {
  /// What one problem adds to a point.
  private struct Share: Sendable {
    /// Its share in the accuracy, from 0 to 1.
    var accuracy: Double
    /// Tokens spent on it.
    var tokens: Double
  }

  /// Curves in place of which nothing is known yet, point by point.
  private var outlines: [StudyCurve]
  /// [curve][point][problem]; of one problem there is one share, however often it is added.
  private var shares: [[[Int: Share]]]
  private let study: Study

  public init(_ study: Study) {
    self.study = study
    outlines = Self.outlines(of: study)
    shares = outlines.map { Array(repeating: [:], count: $0.points.count) }
  }

  public init(_ results: StudyResults) {
    self.init(results.study)
    for (arm, records) in results.records.enumerated() {
      for (problem, record) in records { add(record, arm: arm, problem: problem) }
    }
  }

  /// The curves as they stand, points without a problem included.
  ///
  /// Problems count alike. Intervals are over problems: Wilson's for an accuracy where each problem
  /// is right or wrong, else a bootstrap (`Statistics.accuracyInterval`).
  public var curves: [StudyCurve] {
    zip(outlines, shares).map { outline, shares in
      var curve = outline
      for index in curve.points.indices {
        // In the order of the problems, so that the bootstrap does not depend on which came first.
        let known = shares[index].sorted { $0.key < $1.key }.map(\.value)
        curve.points[index].problems = known.count
        guard let accuracy = Statistics.mean(known.map(\.accuracy)),
          let tokens = Statistics.mean(known.map(\.tokens))
        else { continue }
        curve.points[index].accuracy = Estimate(
          value: accuracy.mean, interval: Statistics.accuracyInterval(of: known.map(\.accuracy)))
        curve.points[index].tokens = Estimate(
          value: tokens.mean, interval: Statistics.bootstrapInterval(ofMean: known.map(\.tokens)))
      }
      return curve
    }
  }

  // MARK: Taking records in

  /// Takes in what came of a problem; what the study has no place for is left out.
  public mutating func add(_ record: StudyRecord, arm index: Int, problem: Int) {
    guard study.arms.indices.contains(index), study.problems.indices.contains(problem) else {
      return
    }
    if study.kind == .samples { return addSamples(record, problem: problem) }
    let arm = study.arms[index]
    let share = Share(accuracy: record.isCorrect ? 1 : 0, tokens: Double(record.tokens.spent))
    for (curve, outline) in outlines.enumerated() where arm.curves.contains(outline.name) {
      let place = outline.points.firstIndex { point in
        study.kind == .difficulty
          ? point.level == study.problems[problem].level
          : point.knob == arm.knob && point.model == study.models[arm.model]
      }
      if let place { shares[curve][place][problem] = share }
    }
  }

  private mutating func addSamples(_ record: StudyRecord, problem: Int) {
    guard let samples = record.samples, !samples.isEmpty else { return }
    let estimates = SampleEstimates(samples)
    let count = Double(samples.count)
    let generated = Double(samples.reduce(0) { $0 + $1.generated }) / count
    let judged = generated + Double(record.verifierTokens ?? 0) / count
    for (curve, outline) in outlines.enumerated() {
      for (place, point) in outline.points.enumerated() {
        guard let k = point.knob, let way = SampledCurve(rawValue: outline.name) else { continue }
        let accuracy: Double? =
          switch way {
          case .pass: estimates.passAtK(k)
          case .majority: estimates.majorityAtK(k)
          case .best: estimates.bestOfK(k)
          case .weighted: estimates.weightedAtK(k)
          }
        guard let accuracy else { continue }
        shares[curve][place][problem] = Share(
          accuracy: accuracy, tokens: Double(k) * (way.isJudged ? judged : generated))
      }
    }
  }

  // MARK: Outlines

  /// The ways to make one answer of k samples.
  private enum SampledCurve: String, CaseIterable {
    case pass = "pass@k"
    case majority = "majority"
    case best = "best of k"
    case weighted = "weighted vote"

    /// Whether a verifier's tokens count as well, k of n.
    var isJudged: Bool { self == .best || self == .weighted }
  }

  private static func outlines(of study: Study) -> [StudyCurve] {
    guard let first = study.models.first else { return [] }
    func point(_ model: StudyModel, knob: Int? = nil, level: Int? = nil) -> StudyPoint {
      StudyPoint(knob: knob, level: level, model: model, problems: 0, accuracy: nil, tokens: nil)
    }
    if study.kind == .samples {
      let counts = Study.sampleCounts(upTo: study.arms.first?.knob ?? 0)
      return SampledCurve.allCases.map { curve in
        StudyCurve(
          name: curve.rawValue, isOracle: curve == .pass, axes: study.kind.axes,
          points: counts.map { point(first, knob: $0) })
      }
    }
    let levels = Set(study.problems.compactMap(\.level)).sorted()
    let curves = study.arms.flatMap { arm in arm.curves.map { (name: $0, arm: arm) } }
    return curves.grouped(by: \.name).map { name, own in
      let arms = own.map(\.arm)
      let points =
        study.kind == .difficulty
        ? levels.map { point(first, level: $0) }
        : arms.map { point(study.models[$0.model], knob: $0.knob) }
      return StudyCurve(name: name, isOracle: false, axes: axes(of: study, arms), points: points)
    }
  }

  /// Sizes are joined along everything but training, stages of training along that alone.
  private static func axes(of study: Study, _ arms: [StudyArm]) -> [StudyAxis] {
    guard study.kind == .size else { return study.kind.axes }
    let isTraining = arms.contains { !study.models[$0.model].isFinal }
    return study.kind.axes.filter { ($0 == .trainingTokens) == isTraining }
  }
}
