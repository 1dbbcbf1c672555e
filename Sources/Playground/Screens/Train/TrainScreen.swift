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
  /// Which of the questions that are answered again and again is on view.
  private(set) var probe = 0
  /// The training on view and its curves; made anew when there is more of it.
  private(set) var training = TrainingTrace()
  private(set) var curves: [TrainingCurve] = []
  private var isStale = true

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
    activity?.done = training.lastStep
    if training.start != nil { activity?.isOpening = false }
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
    guard reason == .trace else { return [] }
    (number, activity, isStale) = (nil, nil, true)
    look()
    return []
  }

  mutating func restore(_ session: inout SessionState) {
    isStale = true
    if number == nil { number = session.trace.trainings.keys.max() }
  }

  mutating func take(_ record: TraceRecord, _ session: inout SessionState) {
    guard case .training = record.event else { return }
    if number == nil, activity == nil { number = record.run }
    if record.run == number { isStale = true }
  }

  mutating func receive(_ news: Action, _ session: inout SessionState) -> [Effect] {
    guard case .training(let news) = news else { return [] }
    switch news {
    case .pace(let number, let seconds):
      if activity?.number == number { activity?.secondsEach = seconds }
    case .ended(let number, let ending):
      guard activity?.number == number else { return [] }
      activity = nil
      isStale = true
      switch ending {
      case .done(.completed):
        session.tell("The training is over; ← → read its steps, Enter opens one's weights.")
      case .failed(let why):
        session.tell(ending)
        if session.trace.trainings[number] == nil { failure = why }
      case .done, .cancelled:
        session.tell("The training is stopped, and kept; Space in Train goes on.")
      }
      // A training that never began leaves nothing to look at.
      if session.trace.trainings[number] == nil, self.number == number { self.number = nil }
    case .told: break
    case .found(let weights, let errand, .done):
      session.ask(.ask(errand.question, path: weights.path, strategy: errand.strategy))
    case .found(_, _, let ending): session.tell(ending)
    }
    return []
  }

  // MARK: Changing

  /// Asks for something else; what is on view stays among the trainings of the session.
  mutating func change(_ change: (inout TrainingOrder) -> Void) {
    let old = order
    change(&order)
    guard order != old else { return }
    failure = nil
    if activity == nil { (number, isStale) = (nil, true) }
  }

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
    (number, isStale) = (next, true)
    look()
  }

  // MARK: Training

  /// Starts, pauses, or goes on, whichever comes next.
  mutating func go(_ session: inout SessionState) -> [Effect] {
    guard let activity else { return start(anew: false, &session) }
    guard !activity.isStopping else { return [] }
    self.activity?.isPaused.toggle()
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
    guard !isEmpty, let number, let shown = training.start else {
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

  private mutating func begin(_ number: Int, goesOn: Bool) -> [Effect] {
    (self.number, failure, isStale) = (number, nil, true)
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
    return [.training(.tell(.step))]
  }

  mutating func changePace(_ step: Int, _ session: inout SessionState) -> [Effect] {
    guard let activity else {
      session.tell("Nothing is being trained; Space starts it.")
      return []
    }
    let paces = TrainingActivity.paces
    let place = (paces.firstIndex(of: activity.pace) ?? 0) - step
    let pace = paces[max(0, min(paces.count - 1, place))]
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

  // MARK: Weights

  /// The weights of the step, or of the last one before it that has any. Those of step 0 are the
  /// model that training began with.
  func weights(_ session: SessionState) -> TrainingWeights? {
    if let kept = training.weights.filter({ $0.key <= step }).max(by: { $0.key < $1.key })?.value {
      return kept
    }
    guard let start = training.start, let path = session.path(of: start.model) else { return nil }
    return TrainingWeights(step: 0, path: path, hash: start.model.hash, name: start.model.name)
  }

  /// Opens the weights of the step with the question on view.
  func open(_ strategy: String?, _ session: inout SessionState) -> [Effect] {
    guard !isEmpty else {
      session.tell("Nothing is trained yet; Space starts it.")
      return []
    }
    guard let weights = weights(session) else {
      session.tell("No weights of step \(step) were kept.")
      return []
    }
    let errand = TrainingErrand(question: shownProbe ?? session.question, strategy: strategy)
    return [.training(.find(weights, errand))]
  }
}

/// What the weights of a step are wanted for.
public struct TrainingErrand: Sendable, Hashable {
  var question: Question
  /// The strategy that is to answer it; nil shows it in Decode.
  var strategy: String?
}

/// A training under way.
struct TrainingActivity: Sendable, Hashable {
  var number: Int
  var recipe: String
  var done = 0
  var total: Int
  /// Whether the model is still being opened.
  var isOpening = true
  var isPaused = false
  var isStopping = false
  /// Seconds that a step takes at least.
  var pace = 0.0
  /// How long a step takes, in seconds; nil before that is known.
  var secondsEach: Double?

  static let paces = [0.0, 1, 2, 5, 10, 30]

  init(number: Int, recipe: String, total: Int) {
    (self.number, self.recipe, self.total) = (number, recipe, total)
  }

  var progress: Progress {
    var progress = Progress(
      isPaused ? "\(recipe) paused" : recipe, done, of: total, .steps, isStopping: isStopping)
    // Behind the last step it is only measured once more.
    guard !isPaused, done < total else { return progress }
    progress.secondsEach = secondsEach
    // Whole seconds: more would be a precision that the estimate does not have.
    progress.secondsLeft = secondsEach.map { (max($0, pace) * Double(total - done)).rounded(.up) }
    return progress
  }
}

extension Range<Int> {
  /// The index so many places on, round at the ends; nil for no indices.
  fileprivate func cycled(_ index: Int, by offset: Int) -> Int? {
    isEmpty ? nil : lowerBound + ((index - lowerBound + offset) % count + count) % count
  }
}
