import Decoding
public import Traces

/// How often a way to decide between the candidates of a problem is right, and by how much more often
/// than a majority of the very same candidates.
public struct DecisionRow: Sendable, Hashable {
  /// How candidates become one answer.
  public enum Way: String, Sendable, Encodable {
    /// The answer that most candidates give.
    case majority
    /// The candidate that its own model finds likeliest.
    case likelihood
    /// The answer whose texts are likeliest together, each text counted once.
    case likelihoodByAnswer = "likelihood_by_answer"
    /// The candidate that a verifier ranks first.
    case bestOf = "best_of_n"
    /// The answer whose candidates' weights by a verifier sum to the most.
    case weighted = "weighted_vote"
    /// Any right answer: only an oracle can choose it.
    case oracle
  }

  /// What decides.
  public struct Subject: Sendable, Hashable {
    public var way: Way
    /// nil where no verifier has a say.
    public var verifier: VerifierName?
    /// How the scores of steps became one; nil where there is nothing to put together.
    public var aggregate: StepAggregate?
  }

  public var subject: Subject
  /// A family, or `all` for the mean over families.
  public var family: String
  public var problems: Int
  /// The share of problems that it gets right.
  public var accuracy: Estimate
  /// By how much that is above the majority's, with a bootstrap interval of the paired differences;
  /// nil for the majority itself and for the oracle, which is no method.
  public var gain: Estimate?
}

extension DecisionRow: Encodable {
  private enum CodingKeys: String, CodingKey {
    case way, verifier, aggregate, family, problems, accuracy, ci95, gain, gainCi95
  }

  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(subject.way, forKey: .way)
    try container.encodeIfPresent(subject.verifier, forKey: .verifier)
    try container.encodeIfPresent(subject.aggregate, forKey: .aggregate)
    try container.encode(family, forKey: .family)
    try container.encode(problems, forKey: .problems)
    try container.encode(accuracy.value, forKey: .accuracy)
    try container.encodeIfPresent(accuracy.interval, forKey: .ci95)
    try container.encodeIfPresent(gain?.value, forKey: .gain)
    try container.encodeIfPresent(gain?.interval, forKey: .gainCi95)
  }
}

/// What was decided of one problem.
struct Decisions: Sendable {
  var family: String
  /// The problem's number, by which the same problem's decisions are paired.
  var problem: Int
  /// Whether each way to decide is right, in the order in which they are told.
  var isRight: [(subject: DecisionRow.Subject, isRight: Bool)]

  /// What candidates come to with no verifier at all.
  init(_ choice: CandidateChoice, family: String, problem: Int) {
    self.family = family
    self.problem = problem
    isRight = [
      (.init(way: .majority), choice.isMajorityRight),
      (.init(way: .likelihood), choice.isLikeliestRight),
      (.init(way: .likelihoodByAnswer), choice.isLikeliestAnswerRight),
      (.init(way: .oracle), choice.isAnyRight),
    ]
  }

  /// Adds what a verifier makes of them.
  mutating func add(
    _ choice: CandidateChoice, scores: [Double?], weights: [Double], by verifier: VerifierName,
    _ aggregate: StepAggregate? = nil
  ) {
    isRight += [
      (
        .init(way: .bestOf, verifier: verifier, aggregate: aggregate),
        choice.isRight(scores: scores)
      ),
      (
        .init(way: .weighted, verifier: verifier, aggregate: aggregate),
        choice.isRight(weights: weights)
      ),
    ]
  }
}

extension DecisionRow {
  /// A row for each way to decide and family, in the order in which families come, and one for all.
  /// The oracle is last.
  static func rows(_ all: [Decisions]) -> [DecisionRow] {
    guard let first = all.first else { return [] }
    let subjects = first.isRight.map(\.subject)
    let ordered = subjects.filter { $0.way != .oracle } + subjects.filter { $0.way == .oracle }
    let families = all.grouped(by: \.family)
    let majority = Subject(way: .majority)
    return ordered.flatMap { subject in
      func values(_ own: [Decisions], _ subject: Subject) -> [(problem: Int, value: Double)] {
        own.compactMap { decisions in
          decisions.isRight.first { $0.subject == subject }.map {
            (decisions.problem, $0.isRight ? 1 : 0)
          }
        }
      }
      func row(_ family: String, _ pools: [[Decisions]]) -> DecisionRow? {
        let known = pools.map { values($0, subject) }
        guard
          let accuracy = Estimate(
            families: known, within: 0...1, question: \.problem, value: \.value)
        else { return nil }
        var gain: Estimate?
        if subject.way != .majority, subject.way != .oracle {
          gain = Statistics.bootstrap(
            ofMeans: zip(known, pools).map { own, pool in
              zip(own, values(pool, majority)).map { $0.value - $1.value }
            })
        }
        return DecisionRow(
          subject: subject, family: family, problems: known.reduce(0) { $0 + $1.count },
          accuracy: accuracy, gain: gain)
      }
      return families.compactMap { row($0.key, [$0.elements]) }
        + [row("all", families.map(\.elements))].compactMap { $0 }
    }
  }
}
