import Decoding
import Learning
import Problems
import Reasoning
import TerminalUI
import Traces

/// A model while it learns: one training of the trace, its curves, what it learns from, and how it
/// answers the same questions at every step.
struct TrainScreen: Screen {
  static let id = ScreenID("train")
  static let group = ScreenGroup.measures
  static let summary = "a model while it learns"

  /// What the place below the curves is given to.
  enum Part: Sendable, CaseIterable { case all, curves, group, answers }

  /// What would be trained next.
  private(set) var order = TrainingOrder.usual
  /// The training on view, by its number in the trace; nil shows what would be trained.
  private(set) var number: Int?
  /// The training under way; nil when none is.
  private(set) var activity: TrainingActivity?
  /// Why the last training could not begin.
  private(set) var failure: String?
  /// The step that is read; nil is the last one.
  private(set) var cursor: Int?
  private(set) var part = Part.all
  /// Whether what is told of single batches is averaged over steps.
  private(set) var isSmooth = false
  /// Which of the step's problems is on view.
  private(set) var group = 0
  /// Its samples.
  private(set) var samples = ListPosition()
  /// The token under the cursor, where teacher and student are told of.
  private(set) var token = 0
  /// Which of the questions that are answered again and again is on view.
  private(set) var probe = 0
  /// The training on view and its curves; made anew when there is more of it.
  private(set) var training = TrainingTrace()
  private(set) var curves: [TrainingCurve] = []
  private var isStale = true
  /// Whether something else was chosen than is on view: Space trains that.
  private(set) var isOrdered = false
  /// The trained model that one was warned of before it is trained further, by its digest.
  private var warned: String?
  /// The votes before and after training that are under way.
  var votePair: VotePair?

  init() {}

  func layout(_ session: SessionState) -> TrainLayout { TrainLayout(in: rect(session), self) }

  var work: Progress? { activity?.progress }

  /// The settings are the recipe's, and apart from those that runs are started with.
  var ownSettings: OwnSettings? {
    get {
      OwnSettings(
        title: "Settings of \(order.recipe)", table: order.table, values: order.settings,
        defaults: order.description?.defaults ?? RunSettings())
    }
    set { if let newValue { change { $0.settings = newValue.values } } }
  }

  // MARK: Reading

  var isEmpty: Bool { number == nil || training.start == nil }

  /// Whether all steps that were planned are taken.
  var isComplete: Bool { training.lastStep >= plannedSteps }

  /// The step that is read.
  var step: Int { min(cursor ?? training.lastStep, training.lastStep) }

  /// How many steps the charts have room for.
  var plannedSteps: Int { max(1, training.start?.steps ?? order.steps, training.lastStep) }

  /// The step whose samples show: that of the cursor, else the nearest before it that has any.
  var groupStep: Int? {
    let steps = training.samples.keys
    return steps.filter { $0 <= step }.max() ?? steps.min()
  }

  /// The problems of that step of which the samples are known.
  var groups: [TrainingSamples] { groupStep.flatMap { training.samples[$0] } ?? [] }

  var shownGroup: TrainingSamples? {
    groups.isEmpty ? nil : groups[min(max(0, group), groups.count - 1)]
  }

  var shownSample: TrainingSample? {
    guard let all = shownGroup?.samples, !all.isEmpty else { return nil }
    return all[min(max(0, samples.selected), all.count - 1)]
  }

  var probes: [Question] { training.start?.probes ?? [] }

  var shownProbe: Question? {
    probes.isEmpty ? nil : probes[min(max(0, probe), probes.count - 1)]
  }

  /// How the question on view was answered, in order of the steps.
  var answers: [TrainingProbe] {
    training.probes.sorted { $0.key < $1.key }.compactMap { $0.value[min(probe, probes.count - 1)] }
  }

  /// The answer that the weights of the step gave, or of the last step before it that was asked.
  var shownAnswer: TrainingProbe? { answers.last { $0.step <= step } }

  /// What goes wrong with the training on view; nil where nothing does.
  var problem: TrainingWarning? { TrainingWarning.of(training) }

  /// Whether an update follows each batch of samples at once, so that every ratio is 1.
  var hasOneUpdate: Bool {
    guard let start = training.start,
      RecipeRegistry.description(of: start.recipe)?.settings.contains(.updates) == true
    else { return false }
    return TrainingSettings(start.used).updates == 1
  }

  // MARK: News

  mutating func prepare(_ session: inout SessionState) -> [Effect] {
    guard isStale else { return [] }
    isStale = false
    training = number.flatMap { session.trace.trainings[$0] } ?? TrainingTrace()
    curves = TrainingCurve.all(of: training, isSmooth: isSmooth)
    if number == activity?.number { activity?.come(to: training) }
    keepSelections()
    return []
  }

  private mutating func keepSelections() {
    group = max(0, min(group, groups.count - 1))
    samples.selected = max(0, min(samples.selected, (shownGroup?.samples.count ?? 0) - 1))
    probe = max(0, min(probe, probes.count - 1))
  }

  /// A question or a model changes nothing: what is trained has its own.
  mutating func reset(_ reason: ResetReason, _ session: inout SessionState) -> [Effect] {
    votePair?.check(reason, session)
    if votePair?.isOff == true { votePair = nil }
    guard reason == .trace else { return [] }
    (number, activity, votePair, isStale) = (nil, nil, nil, true)
    look()
    return []
  }

  mutating func restore(_ session: inout SessionState) {
    isStale = true
    if number == nil { number = session.trace.trainings.keys.max() }
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    votePair?.take(record)
    guard case .training = record.event else { return }
    if number == nil, activity == nil { number = record.run }
    if record.run == number { isStale = true }
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    if case .run(.ended(let run, _)) = news { voted(run, &session) }
    guard case .training(let news) = news else { return [] }
    switch news {
    case .pace(let number, let seconds):
      if activity?.number == number { activity?.secondsEach = seconds }
    case .beat(let number, let beat):
      if activity?.number == number { activity?.beat = beat }
    case .ended(let number, let ending):
      guard activity?.number == number else { return [] }
      activity = nil
      isStale = true
      switch ending {
      case .done(.completed):
        session.tell(
          isOrdered
            ? "The training is over; Space trains what you chose, w keeps this one as a model."
            : "The training is over: w keeps its last step as a model of its own, v votes before and "
              + "after, Enter opens a step.")
      case .failed(let why):
        session.tell(ending)
        if session.trace.trainings[number] == nil { failure = why }
      case .done, .cancelled:
        session.tell("The training is stopped, and kept; Space in Train goes on.")
      }
      // A training that never began leaves nothing to look at.
      if session.trace.trainings[number] == nil, self.number == number { self.number = nil }
    case .told: break
    case .found(let errand, .done(let weights)): open(weights, errand, &session)
    case .found(_, let ending): session.tell(ending)
    case .kept(let step, .done(let kept)): tell(of: kept, wanted: step, &session)
    case .kept(_, let ending): session.tell(ending)
    }
    return []
  }

  // MARK: Changing

  /// Asks for something else; what is on view stays among the trainings of the session.
  mutating func change(_ change: (inout TrainingOrder) -> Void) {
    let old = order
    change(&order)
    guard order != old else { return }
    (failure, warned) = (nil, nil)
    // What is under way stays on view; this comes next.
    if activity == nil { (number, isStale) = (nil, true) } else { isOrdered = true }
  }

  /// Forgets that a trained model was to be trained further.
  mutating func doSomethingElse() { warned = nil }

  /// Looks at the newest step again.
  private mutating func look() {
    (cursor, group, probe) = (nil, 0, 0)
    samples = ListPosition()
  }

  mutating func moveCursor(to step: Int) {
    let last = training.lastStep
    cursor = step >= last ? nil : max(0, step)
    samples = ListPosition()
    keepSelections()
  }

  mutating func move(group step: Int) {
    guard let next = groups.indices.cycled(group, by: step) else { return }
    group = next
    samples = ListPosition()
  }

  mutating func move(probe step: Int) {
    if let next = probes.indices.cycled(probe, by: step) { probe = next }
  }

  mutating func move(token step: Int) {
    guard let count = shownSample?.odds?.count, count > 0 else { return }
    token = max(0, min(count - 1, min(token, count - 1) + step))
  }

  mutating func select(sample row: Int, page: Int) {
    samples.select(row, count: shownGroup?.samples.count ?? 0, page: page)
  }

  mutating func move(_ command: Command, page: Int) {
    _ = samples.move(command, count: shownGroup?.samples.count ?? 0, page: page)
  }

  mutating func goToNextPart() { part = Part.allCases.cycled(from: part, by: 1) ?? .all }

  mutating func smooth() {
    isSmooth.toggle()
    curves = TrainingCurve.all(of: training, isSmooth: isSmooth)
  }

  /// Shows another training of the session.
  mutating func show(trainingAt offset: Int, _ session: inout SessionState) {
    let numbers = session.trace.trainings.keys.sorted()
    guard let next = numbers.cycled(from: number, by: offset) else {
      return session.tell("Nothing has been trained in this session yet.")
    }
    guard next != number else { return session.tell("This session has no other training.") }
    (number, isStale, isOrdered) = (next, true, false)
    look()
  }

  // MARK: Training

  /// Starts, pauses, or goes on, whichever comes next.
  mutating func go(_ session: inout SessionState) -> [Effect] {
    guard let activity else { return start(anew: false, &session) }
    guard !activity.isStopping else { return [] }
    self.activity?.isPaused.toggle()
    self.activity?.granted = 0
    return [.training(.tell(activity.isPaused ? .goOn : .pause))]
  }

  mutating func start(anew: Bool, _ session: inout SessionState) -> [Effect] {
    guard activity == nil else {
      session.tell("A training is under way; Space pauses it, Ctrl-C stops it.")
      return []
    }
    guard let model = session.readyModel else {
      session.tell("There is no model to train; press m to choose one.", .error)
      return []
    }
    guard !isEmpty, !isOrdered || anew, let number, let shown = training.start else {
      guard !isNewToBeTrained(model, &session) else { return [] }
      if let why = model.trainingObstacle {
        session.tell("\(model.identity.shortName) cannot be trained: \(why)", .error)
        return []
      }
      return begin(session.takeRunNumber(), goesOn: false)
    }
    guard anew || training.lastStep < shown.steps else {
      session.tell("This training is complete; n chooses another, r trains anew.")
      return []
    }
    guard shown.model.hash == model.identity.hash else {
      session.tell("This is a training of \(shown.model.name); B loads that, to train it.")
      return []
    }
    order = TrainingOrder(shown)
    return begin(anew ? session.takeRunNumber() : number, goesOn: !anew)
  }

  /// Whether the model at hand is a step of a training, of which one has not been told yet that it
  /// would be trained further.
  private mutating func isNewToBeTrained(
    _ model: ModelSummary, _ session: inout SessionState
  ) -> Bool {
    let hash = model.identity.hash
    guard warned != hash, let (parent, step) = session.trace.step(ofWeights: hash) else {
      return false
    }
    warned = hash
    session.tell(
      "The model at hand is step \(step) of a training of \(parent.name): Space again trains that "
        + "further, B loads \(parent.name).", .warning)
    return true
  }

  private mutating func begin(_ number: Int, goesOn: Bool) -> [Effect] {
    (self.number, failure, isStale, isOrdered, warned) = (number, nil, true, false, nil)
    activity = TrainingActivity(number: number, recipe: order.recipe, total: order.steps)
    look()
    return [.training(.start(number, order, goesOn: goesOn))]
  }

  /// Trains by a recipe, as the command line asks for it.
  mutating func train(by recipe: String, _ session: inout SessionState) -> [Effect] {
    guard activity == nil else { return start(anew: false, &session) }
    change { $0.choose(recipe: recipe) }
    return start(anew: false, &session)
  }

  mutating func takeOneStep(_ session: inout SessionState) -> [Effect] {
    guard let activity, !activity.isStopping else {
      session.tell("Nothing is being trained; Space starts it.")
      return []
    }
    self.activity?.isPaused = true
    self.activity?.granted += 1
    return [.training(.tell(.step))]
  }

  mutating func changePace(_ step: Int, _ session: inout SessionState) -> [Effect] {
    guard let activity else {
      session.tell("Nothing is being trained; Space starts it.")
      return []
    }
    let pace = activity.pace(after: step)
    self.activity?.pace = pace
    session.tell(
      pace == 0
        ? "Steps follow each other as fast as they can."
        : "A step takes \(Format.duration(pace)) at least.")
    return [.training(.tell(.pace(pace)))]
  }

  /// Stops the training only from this screen: `Esc` elsewhere leaves it running. Told once it ends
  /// after the step under way, told again at once.
  mutating func stop(_ session: inout SessionState) -> [Effect]? {
    guard session.screen == Self.id, let activity else { return nil }
    self.activity?.isStopping = true
    if !activity.isStopping { session.tell("It stops after this step; again stops at once.") }
    return [.training(.tell(activity.isStopping ? .stop : .end))]
  }
}

extension Range<Int> {
  /// The index so many places on, round at the ends; nil for no indices.
  fileprivate func cycled(_ index: Int, by offset: Int) -> Int? {
    isEmpty ? nil : lowerBound + ((index - lowerBound + offset) % count + count) % count
  }
}
