import Decoding
import Problems
import Reasoning
public import Traces
import Training

/// Distillation: a student learns from a teacher's right solutions, by their words alone, or by how
/// likely the teacher finds every token of the vocabulary at each of them (`Distillation`).
///
/// Every step asks the teacher about other problems, so that nothing is learned twice.
public final class DistillationRecipe: Recipe {
  public static let description = RecipeDescription(
    name: "distill", title: "Distillation",
    summary: "Learns from a better model's right solutions, or from its whole distributions.",
    paper: "Hinton et al. 2015, arXiv 1503.02531; DeepSeek-AI 2025, arXiv 2501.12948",
    cost: "the teacher answers 64 problems a step, then one update",
    settings: .ofTexts + [
      .teacher, .teacherPrompting, .from, .alpha, .distillTemperature, .samples, .temperature,
      .topK, .topP,
    ],
    defaults: {
      var settings = RunSettings.ofTexts
      settings[extra: "batch"] = 64
      settings.samples = 1
      settings.temperature = 1
      settings[extra: "alpha"] = 1.0
      settings[extra: "teacher-prompting"] = TrainingSettings.Usual.teacherPrompting
      return settings
    }(), defaultSteps: 12, samples: false)

  public init() {}

  public func step(_ run: TrainingRun) async throws -> TrainingStep {
    guard let teacher = run.materials.teacher else {
      throw LearningError.lacksTeacher(Self.description.name)
    }
    let groups = try await run.answers(of: teacher)
    let lessons = try groups.flatMap { group in
      try group.distinctRight.filter { !$0.isCut }.map { right in
        Lesson(
          text: try run.text(right, of: teacher, to: group.question), prompt: group.prompt,
          question: group.question, completion: right)
      }
    }
    var step: TrainingStep
    var odds: [Int: [TokenOdds]] = [:]
    switch run.settings.from {
    case .traces: step = try run.learn(lessons.map(\.text))
    case .logits: (step, odds) = try run.learn(lessons, from: teacher)
    }
    run.tell(lessons, odds)
    let told = run.told(groups)
    step.metrics["teacher/exact"] = told[.exact]
    step.metrics["teacher/reasoned"] = told[.reasoned]
    return step
  }

  /// A teacher's solution.
  fileprivate struct Lesson {
    /// As the student learns it, behind the student's prompt.
    var text: LearningText
    /// What the teacher was given.
    var prompt: [TokenID]
    var question: Question
    var completion: Completion
  }
}

extension TrainingRun {
  /// The teacher's answers to the problems of the step under way.
  fileprivate func answers(of teacher: any LanguageModel) async throws -> [CompletionGroup] {
    let questions = try batch().map { Question($0) }
    let rollouts = Rollouts(
      model: teacher, library: library, settings: settings,
      prompting: Prompting(settings.teacherPrompting))
    return try await rollouts.answer(
      questions, count: settings.samples,
      .init(
        sampling: settings.used.sampling(temperature: 1), seed: settings.seed,
        firstPath: (step - 1) * questions.count * settings.samples))
  }

  /// What a teacher said, as a text behind the student's own prompt.
  fileprivate func text(
    _ completion: Completion, of teacher: any LanguageModel, to question: Question
  ) throws -> LearningText {
    // Tokens of another vocabulary mean nothing to the student, whose own spell the same.
    guard vocabulary.firstDifference(from: teacher.vocabulary) != nil else {
      return try text(completion, to: question)
    }
    let given = try given(question)
    return try LearningTextTokenizer(trainee.model)
      .answer(completion.text, to: given.tokens, isTurn: given.isTurn)
  }

  /// Takes a step on how likely a teacher finds all tokens where it solved something.
  ///
  /// - Returns: what is told of the step, and what both find of the tokens of some lessons.
  /// - Throws: `LearningError.notFinite`, `.lacksDistributions`, `ModelError`,
  ///   `LanguageModelError`.
  fileprivate func learn(
    _ lessons: [DistillationRecipe.Lesson], from teacher: any LanguageModel
  ) throws -> (TrainingStep, odds: [Int: [TokenOdds]]) {
    guard let trainee = trainee as? any DistributionTrainee else {
      throw LearningError.lacksDistributions(plan.recipe)
    }
    guard !lessons.isEmpty else { return (told([.texts: 0]), [:]) }
    let shown = Set(shown(lessons))
    var odds: [Int: [TokenOdds]] = [:]
    var objective = Distillation.Settings()
    objective.alpha = settings.alpha
    objective.temperature = settings.distillTemperature
    let texts = lessons.map(\.text)
    let tokens = texts.reduce(0) { $0 + $1.continuation.count }
    let limit = min(8192, TrainingPass.targetsWithLogits(vocabulary: vocabulary.count))
    var (loss, entropy) = (0.0, 0.0)
    var metrics: [Distillation.Metrics] = []
    for pass in TextPass.passes(texts, rowLimit: limit) {
      let outcome = try trainee.forwardWithLogits(pass.rows)
      let known = try logits(of: teacher, pass, lessons)
      let (value, told) = Distillation.value(
        outcome, teacher: known, objective, batchTokens: tokens)
      guard value.loss.isFinite, let logitSlopes = value.logitSlopes else {
        throw LearningError.notFinite(step: step, .loss)
      }
      for (text, targets) in pass.targets where shown.contains(text) {
        odds[text] = zip(targets, texts[text].continuation).map { target, token in
          self.odds(of: token, teacher: known, student: outcome.logits, target)
        }
      }
      try trainee.backward(slopes: value.slopes, logitSlopes: logitSlopes)
      loss += value.loss
      entropy += outcome.entropies.reduce(0) { $0 + Double($1) }
      metrics.append(told)
    }
    let norm = try update(beside: texts.count)
    learned(from: texts.reduce(0) { $0 + $1.count })
    var taken = told([
      .loss: loss, .gradientNorm: norm, .entropy: entropy / Double(max(1, tokens)),
      .texts: Double(texts.count),
    ])
    taken.metrics.merge(Distillation.Metrics.joined(metrics).named) { _, new in new }
    return (taken, odds)
  }

  /// What both find of a token and of the teacher's likeliest ones.
  private func odds(
    of token: TokenID, teacher: [Float], student: [Float], _ target: Int, listed: Int = 5
  ) -> TokenOdds {
    let size = vocabulary.count
    func distribution(_ logits: [Float]) -> TokenDistribution {
      TokenDistribution(logits: Array(logits[(target * size)..<((target + 1) * size)]))
    }
    let (known, own) = (distribution(teacher), distribution(student))
    var ids = known.likeliest(listed)
    if !ids.contains(token) { ids.append(token) }
    return TokenOdds(
      tokens: ids.map { vocabulary.token($0) }, teacher: ids.map { known.probability(of: $0) },
      student: ids.map { own.probability(of: $0) })
  }

  /// The teacher's logits where the student is asked for each target. [targets, vocabulary]
  private func logits(
    of teacher: any LanguageModel, _ pass: TextPass, _ lessons: [DistillationRecipe.Lesson]
  ) throws -> [Float] {
    let size = vocabulary.count
    var all = Array(repeating: Float(0), count: pass.rows.targets.count * size)
    // One text after another, so that no more than one text's distributions are held twice.
    for (text, targets) in pass.targets {
      var tree = TokenTree()
      var node = tree.extend(.root, with: lessons[text].prompt)
      var nodes = [node]
      for token in lessons[text].text.continuation.dropLast() {
        node = tree.extend(node, with: [token])
        nodes.append(node)
      }
      for (target, told) in zip(targets, try teacher.distributions(at: nodes, in: tree)) {
        let known = told.logits.prefix(size)
        all.replaceSubrange(target * size..<target * size + known.count, with: known)
      }
    }
    return all
  }

  /// The lessons that are told of, by their index: the first of some questions.
  private func shown(_ lessons: [DistillationRecipe.Lesson], count: Int = 3) -> [Int] {
    var known: Set<String> = []
    return Array(
      lessons.indices.filter { known.insert(lessons[$0].question.text).inserted }.prefix(count))
  }

  /// Tells of some of the teacher's solutions.
  fileprivate func tell(_ lessons: [DistillationRecipe.Lesson], _ odds: [Int: [TokenOdds]]) {
    tell(
      shown(lessons).map { index in
        let lesson = lessons[index]
        return TrainingSamples(
          step: step, question: lesson.question,
          samples: [
            TrainingSample(
              said: SaidTokens(lesson.text.continuation.map { vocabulary.token($0) }),
              push: lesson.text.continuation.map { _ in 1 }, answer: lesson.completion.answer,
              reward: 1, isRight: true, reasons: lesson.completion.reasons, odds: odds[index])
          ])
      })
  }
}
