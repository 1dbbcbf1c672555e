import Learning
import Problems
import Reasoning
import TerminalUI
import Traces

/// Chooses who judges the candidates in Verify once more: the run's own model by one of its ways, or
/// a model that was trained to judge.
struct VerifierChooser: Chooser {
  struct Choice: Sendable, Hashable {
    var verifier: VerifierName
    /// The model that reads; nil for the run's own.
    var judge: String?
    /// Where that model is.
    var path: String?

    var review: Review { Review(verifier, judge: judge) }
  }

  var position = ListPosition()

  /// Opens the list; while something is judged, stops that instead.
  static func open(_ state: inout PlaygroundState) -> [Effect] {
    guard state.screen == VerifyScreen.id else { return [] }
    if state[VerifyScreen.self].reviewing != nil { return [.review(.stop)] }
    guard let run = state[VerifyScreen.self].run, state.session.reviewable(run) != nil else {
      if state[VerifyScreen.self].run == nil {
        state.session.tell("There are no candidates yet that could be judged.")
      }
      return []
    }
    state.popups.append(VerifierChooser())
    return []
  }

  let title = "Who judges the same candidates?"
  let heading: String? =
    "What comes of it joins the comparison; Σ log p and votes are always there."
  let width = 76
  var columns: [Table.Column] {
    [.init("", .fixed(13)), .init("", .fixed(22)), .init("", .fill), .init("", .fixed(6))]
  }
  let empty = ""

  /// The ways of the run's own model, then the judges: those that can be chosen from, and those whose
  /// training is in this session.
  static func choices(_ state: PlaygroundState) -> [Choice] {
    let question = state[VerifyScreen.self].digest.start?.question
    var choices = VerifierName.allCases
      .filter { verifier in
        switch verifier {
        case .implicit, .likelihood: false
        case .exact: question.map(ExactVerifier.canJudge) ?? false
        case .prm, .prmRestated, .genrm, .genrmDirect, .orm: true
        }
      }
      .map { Choice(verifier: $0) }
    for model in state.catalog.models {
      guard let verifier = model.verifier else { continue }
      choices.append(Choice(verifier: verifier, judge: model.name, path: model.path))
    }
    for (_, training) in state.trace.trainings.sorted(by: { $0.key < $1.key }) {
      guard let recipe = training.start?.recipe,
        let verifier = RecipeRegistry.all.first(where: { $0.description.name == recipe })?.init()
          .verifier?.name
      else { continue }
      for (_, weights) in training.weights.sorted(by: { $0.key < $1.key })
      where !choices.contains(where: { $0.path == weights.path || $0.judge == weights.name }) {
        choices.append(Choice(verifier: verifier, judge: weights.name, path: weights.path))
      }
    }
    return choices
  }

  func count(_ state: PlaygroundState) -> Int { Self.choices(state).count }

  func rows(_ state: PlaygroundState, _ theme: Theme) -> [[StyledText]] {
    let verify = state[VerifyScreen.self]
    return Self.choices(state).map { choice in
      [
        StyledText(choice.verifier.rawValue),
        StyledText(
          choice.judge ?? "the run’s own model",
          style: theme.popup(choice.judge == nil ? .dim : .text)),
        StyledText(choice.verifier.reading, style: theme.popup(.dim)),
        StyledText(
          verify.ranking(of: choice.review) == nil ? "" : "judged", style: theme.popup(.key)),
      ]
    }
  }

  func choose(_ state: inout PlaygroundState) -> [Effect] {
    let choices = Self.choices(state)
    guard choices.indices.contains(position.selected) else { return [] }
    state.popups.removeLast()
    let choice = choices[position.selected]
    return state.onScreen { screen, session in
      guard var verify = screen as? VerifyScreen else { return [] }
      defer { screen = verify }
      return verify.judge(by: choice, &session)
    }
  }
}

extension VerifierName {
  /// What it reads, in a few words.
  var reading: String {
    switch self {
    case .prm: "p(+) behind each step"
    case .prmRestated: "p(+), each step said again first"
    case .genrm: "mean p(Yes) of rationales"
    case .genrmDirect: "p(Yes) at once"
    case .orm: "p(Yes) against p(No)"
    case .implicit: "α Σ log p of the solution"
    case .likelihood: "Σ log p, nothing is judged"
    case .exact: "the checker of the puzzle"
    }
  }
}
