import Decoding
import Problems
import Reasoning
import Traces
import Training

/// What recipes do that train a judge: they learn to tell right from wrong in what the model said
/// before training.
extension TrainingRun {
  /// The problems of the step under way, with what the model said to them before training.
  ///
  /// - Throws: as `candidates`.
  func solutionGroups() async throws -> [SolutionGroup] {
    let problems = try batch()
    let groups = try await candidates(ofStep: step)
    return zip(problems, groups).map { SolutionGroup($0, $1, vocabulary) }
  }

  /// The labels of the groups' states, from where the settings say.
  ///
  /// - Returns: a label for each state of each group, nil where there is none, and the tokens that were
  ///   sampled for them.
  /// - Throws: as `Rollouts.answer`.
  func stepLabels(of groups: [SolutionGroup]) async throws -> (labels: [[Double?]], tokens: Int) {
    switch settings.labels {
    case .exact: return (groups.map(\.exactLabels), 0)
    case .outcome: return (groups.map(\.outcomeLabels), 0)
    case .shepherdHard, .shepherdSoft, .omega:
      // No two steps draw the same random numbers.
      var rollouts = StepRollouts(
        try rolloutsAtStart(), sampling: settings.used.sampling(temperature: 1),
        seed: settings.seed, count: settings.rollouts, firstPath: (step - 1) << 24)
      guard settings.labels != .omega else {
        let trees = try await rollouts.search(groups, searches: settings.searches)
        return (zip(groups, trees).map { $0.labels(by: $1) }, rollouts.tokens)
      }
      let isHard = settings.labels == .shepherdHard
      let counts = try await rollouts.successes(of: groups)
      return (counts.map { $0.map { isHard ? $0.hard : $0.soft } }, rollouts.tokens)
    }
  }

  /// Lessons that a batch's labels give: a state counts as often as it was sampled.
  ///
  /// - Parameter isBalanced: whether right and wrong count alike in all.
  func lessons(
    _ groups: [SolutionGroup], _ labels: [[Double?]], isBalanced: Bool
  ) -> [[Lesson?]] {
    var lessons = zip(groups, labels).map { group, labels in
      zip(group.tree.states, labels).map { state, label in
        label.map { Lesson(target: $0, weight: Double(state.visits)) }
      }
    }
    let all = lessons.joined().compactMap { $0 }
    let right = all.reduce(0) { $0 + $1.weight * $1.target }
    let wrong = all.reduce(0) { $0 + $1.weight * (1 - $1.target) }
    guard isBalanced, right > 0, wrong > 0 else { return lessons }
    let shares = (right: (right + wrong) / (2 * right), wrong: (right + wrong) / (2 * wrong))
    for group in lessons.indices {
      for state in lessons[group].indices {
        guard let lesson = lessons[group][state] else { continue }
        // A soft label is so much of a right one and so much of a wrong one.
        let (positive, negative) = (
          lesson.target * shares.right, (1 - lesson.target) * shares.wrong
        )
        lessons[group][state] = Lesson(
          target: positive / (positive + negative), weight: lesson.weight * (positive + negative))
      }
    }
    return lessons
  }

  /// Takes a step of the optimizer on the solutions of a batch, and tells of it.
  ///
  /// - Parameters:
  ///   - lessons: of the states of a group, from what the model says of them now.
  ///   - total: what all of them count together.
  ///   - aggregate: how the scores of steps become one where choices are told of; nil where whole
  ///     solutions are judged.
  func learn(
    _ judged: JudgedGroups, total: Double, aggregate: StepAggregate?,
    likelihood: inout LikelihoodTerm?, by objective: JudgedGroups.Objective,
    lessons: (_ group: Int, _ logits: [Double?]) -> [Lesson?]
  ) throws -> TrainingStep {
    let told = try judged.learn(
      trainee, step: step, total: total, likelihood: &likelihood, by: objective, lessons: lessons)
    let norm = try trainee.update(rate: rate, maxNorm: settings.maxNorm)
    likelihood?.update(rate: rate(of: LikelihoodTerm.rate))
    learned(from: judged.rowCount)
    // All that it says was said before it learned from these problems, so that the figures are those
    // of problems it does not know.
    var quality = JudgementQuality()
    quality.add(judged.groups, told.logits, aggregate: aggregate)
    var metrics = quality.metrics
    metrics[.loss] = told.loss
    metrics[.gradientNorm] = norm
    let given = judged.groups.indices.flatMap { lessons($0, told.logits[$0]).compactMap { $0 } }
    metrics[.labelMean] =
      given.reduce(0) { $0 + $1.weight * $1.target } / max(1, given.reduce(0) { $0 + $1.weight })
    tell(judged.groups) { group, state in
      lessons(group, told.logits[group])[state]?.target
    }
    return self.told(metrics)
  }

  /// Tells of a few problems' solutions: the push of a token is the lesson of its step, from −1 for
  /// wrong to 1 for right.
  private func tell(
    _ groups: [SolutionGroup], count: Int = 3, target: (_ group: Int, _ state: Int) -> Double?
  ) {
    let mixed = groups.indices.filter { Set(groups[$0].solutions.map(\.isRight)).count > 1 }
    let order = mixed + groups.indices.filter { !mixed.contains($0) }
    tell(
      order.prefix(count).map { number in
        let group = groups[number]
        return TrainingSamples(
          step: step, question: Question(group.problem),
          samples: zip(group.solutions, group.paths).map { solution, path in
            let targets = path.map { target(number, $0) }
            return TrainingSample(
              said: SaidTokens(solution.tokens.map { vocabulary.token($0) }),
              push: solution.pushes(targets, vocabulary), answer: solution.answer,
              reward: solution.isRight ? 1 : 0, isRight: solution.isRight,
              reasons: solution.steps.count > 1)
          })
      })
  }
}

extension SteppedSolution {
  /// Of each token 2 y − 1, with y the target of the step that it ends in; 0 without one.
  fileprivate func pushes(_ targets: [Double?], _ vocabulary: any Vocabulary) -> [Double] {
    var (step, length) = (0, 0)
    return tokens.map { token in
      length += vocabulary.bytes(of: token).count
      while let end = end(ofStep: step), end < length { step += 1 }
      guard targets.indices.contains(step), let target = targets[step] else { return 0 }
      return 2 * target - 1
    }
  }
}

extension RunSettings {
  /// What recipes that train a judge use where nothing else is asked for.
  static let ofJudging: RunSettings = {
    var settings = RunSettings()
    settings.prompting = "think"
    settings.samples = 16
    settings.temperature = 1
    settings[extra: "batch"] = 12
    settings[extra: "rate"] = 3e-4
    settings[extra: "schedule"] = RateCourse.linear
    settings[extra: "warmup"] = 10
    settings[extra: "decay"] = 0.01
    // How it answers questions is of no interest any more.
    settings[extra: "evaluate-every"] = 1000
    settings[extra: "evaluate-problems"] = 5
    settings[extra: "votes"] = 0
    return settings
  }()
}

extension [Setting] {
  /// What every training of a judge can be told.
  static let ofJudging: [Setting] =
    .ofEveryTraining + [.batch, .samples, .temperature, .topK, .topP, .balance]
}
