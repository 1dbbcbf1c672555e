import Decoding
import Problems
import Training

/// At which places a model judges solutions, and which of two words it says there.
enum JudgementPlace: Sendable {
  /// Behind each step, at its tag, with all steps before it marked as right: + or −, as
  /// `StepVerifier` reads it.
  case steps
  /// Behind the whole solution, where it is asked whether the answer is correct: Yes or No, as
  /// `OutcomeVerifier` reads it.
  case outcome
}

/// Solutions of several problems as the texts in which a model judges them, packed into passes.
///
/// What is judged is a state of a problem's tree of steps: steps that several solutions share are
/// judged once. A problem is never cut between passes, since its states learn from each other.
struct JudgedGroups {
  /// A judged state, and where a pass tells how likely the two words are.
  struct Entry {
    var group: Int
    /// An index into the states of the group's tree.
    var state: Int
    /// As indices into the targets of the pass.
    var positive: Int
    var negative: Int
  }

  struct Pass {
    var rows = PackedRows()
    var entries: [Entry] = []
  }

  let groups: [SolutionGroup]
  private(set) var passes: [Pass] = []
  /// All rows: tokens that are computed.
  private(set) var rowCount = 0

  /// Nothing is judged by a model that has no tokens for the two words, nor are solutions that do not
  /// fit into its context.
  ///
  /// - Parameter rowLimit: how many rows a pass has at most, unless a single problem has more.
  init(
    _ groups: [SolutionGroup], at place: JudgementPlace, for model: any LanguageModel,
    rowLimit: Int
  ) {
    self.groups = groups
    let format = JudgementFormat(place, model.vocabulary)
    guard let format else { return }
    var pass = Pass()
    for (index, group) in groups.enumerated() {
      let prompt = model.vocabulary.tokenize(
        PromptFormat.plain(group.problem.question), special: .add)
      let texts = format.texts(of: group, room: model.contextLength - prompt.count)
      guard !prompt.isEmpty, !texts.isEmpty else { continue }
      let rows = prompt.count + texts.reduce(0) { $0 + ($1.queries.last?.position ?? 0) }
      if pass.rows.count > 0, pass.rows.count + rows > rowLimit {
        passes.append(pass)
        pass = Pass()
      }
      let ranges = pass.rows.add(
        prompt: prompt, continuations: texts.map(\.tokens), asking: texts.map(\.queries))
      for (text, ranges) in zip(texts, ranges) {
        for (state, targets) in zip(text.states, ranges) {
          pass.entries.append(
            Entry(
              group: index, state: state, positive: targets.lowerBound,
              negative: targets.lowerBound + 1))
        }
      }
    }
    if pass.rows.count > 0 { passes.append(pass) }
    rowCount = passes.reduce(0) { $0 + $1.rows.count }
  }
}

/// How solutions are written down to be judged.
struct JudgementFormat {
  /// A text behind the question, and the states that are judged in it.
  struct Text {
    var tokens: [TokenID] = []
    var queries: [PackedRows.Query] = []
    var states: [Int] = []
  }

  let place: JudgementPlace
  let vocabulary: any Vocabulary
  /// What is said of what is right, and of what is wrong.
  let words: [TokenID]
  /// What stands behind a step, or a solution, before the verdict.
  private let tag: [TokenID]
  /// What marks a step as right.
  private let mark: [TokenID]

  /// nil where the model has no tokens for the words.
  init?(_ place: JudgementPlace, _ vocabulary: any Vocabulary) {
    self.place = place
    self.vocabulary = vocabulary
    let (asked, words) =
      place == .steps
      ? (PromptFormat.stepTag, [PromptFormat.rightStep, PromptFormat.wrongStep])
      : (PromptFormat.verdict, [PromptFormat.yes, PromptFormat.no])
    self.words = words.compactMap { vocabulary.tokenize(continuing: $0).first }
    tag = vocabulary.tokenize(continuing: asked)
    mark = vocabulary.tokenize(continuing: PromptFormat.rightStep)
    if self.words.count < 2 || self.words[0] == self.words[1] { return nil }
  }

  /// The texts of a group that fit, each state judged in the first of them that it is in.
  func texts(of group: SolutionGroup, room: Int) -> [Text] {
    var seen: Set<Int> = []
    return group.distinct.compactMap { number in
      var known = seen
      let solution = group.solutions[number]
      let path = group.paths[number]
      let text = text(of: solution, path, &known)
      guard !text.states.isEmpty, text.tokens.count < room else { return nil }
      seen = known
      return text
    }
  }

  /// A solution with the places at which it is judged: of states that are not judged yet.
  func text(of solution: SteppedSolution, _ path: [Int], _ seen: inout Set<Int>) -> Text {
    place == .steps
      ? steps(solution, path, &seen) : outcome(solution, state: path.last, &seen)
  }

  private func steps(_ solution: SteppedSolution, _ path: [Int], _ seen: inout Set<Int>) -> Text {
    var text = Text()
    for (step, state) in zip(solution.steps, path) {
      text.tokens += vocabulary.tokenize(continuing: " " + step.text) + tag
      if seen.insert(state).inserted {
        text.queries.append(.init(position: text.tokens.count, tokens: words))
        text.states.append(state)
      }
      text.tokens += mark
    }
    return text
  }

  private func outcome(
    _ solution: SteppedSolution, state: Int?, _ seen: inout Set<Int>
  ) -> Text {
    guard let state, seen.insert(state).inserted else { return Text() }
    let tokens = vocabulary.tokenize(continuing: " " + solution.text) + tag
    return Text(
      tokens: tokens, queries: [.init(position: tokens.count, tokens: words)], states: [state])
  }
}
