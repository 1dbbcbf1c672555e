public import Decoding
import Problems
import Reasoning
import TerminalUI
public import Traces

/// What all screens share: the question, the settings, the model, and everything explored so far.
///
/// Screens read it. They change it only through its methods, and ask each other for things through
/// `requests`, which the reducer passes on.
public struct SessionState: Sendable {
  /// The terminal's size in cells.
  var size: Size
  /// The screen that keys go to.
  public var screen = DecodeScreen.id
  /// The screens there are.
  let screens: ScreenList

  /// What is asked on every screen.
  var question: Question
  /// What runs are started with; the sampler's part also shapes the Decode table.
  var settings: RunSettings
  /// The settings there are.
  var settingTable = SettingTable.standard
  var model: ModelState = .none
  /// What was asked for last, where that is not on this machine and can be fetched.
  var absentModel: String?
  /// What the loaded model's token ids stand for; nil without a model.
  var vocabulary: (any Vocabulary)?

  /// Where the models were that have been loaded, by their digest.
  private(set) var modelPaths: [String: String] = [:]

  /// Everything explored so far.
  var trace = Trace()
  /// The run of a person's own walk in Decode, which is under way.
  var exploration: Int?
  /// The run of the exploration that was asked for last: news of an earlier one are of no interest.
  var explored: Int?
  /// The run of an exploration whose prompt is still being put in.
  var exploring: Int?
  /// Where Decode is: the place whose next token is shown.
  var cursor: NodeID = .root
  /// The path or place that was selected on the screen that was left last.
  var selected: PathSelection?
  /// The runs under way, by number.
  var activities: [Int: Activity] = [:]
  /// The next run's number.
  var nextRun = 1
  /// The run on view; where a screen shows none, the one seen last.
  var currentRun: Int?
  /// The run that each screen shows; brought up to date after every action.
  var shownRuns: [ScreenID: Int] = [:]
  /// What screens have asked of each other and nobody has answered yet, the oldest first.
  var requests: [ScreenRequest] = []

  var message: Message?
  /// What of the session is not on the disk although it should be.
  var unkept: Unkept?
  /// The saved session that is being read.
  var opening: FileProgress?
  var lesson: LessonState?
  /// Whether Ctrl-C was the last key and stopped something: once more quits.
  var isInterrupted = false

  /// What can be chosen from; filled at the start, when something is found.
  var catalog: Catalog
  var themeName: String
  /// A theme that was chosen and is kept for the next start as soon as it is there.
  var chosenTheme: String?
  /// Which key does what.
  var keyMap: KeyMap
  /// The speed of what is under way.
  var pace = Pace()

  // MARK: The model

  /// Where a model is: it was loaded before, a training has written it, or it is in the catalog.
  func path(of model: ModelIdentity) -> String? {
    if let known = modelPaths[model.hash] { return known }
    for training in trace.trainings.values {
      if let written = training.weights.values.first(where: { $0.hash == model.hash }) {
        return written.path
      }
    }
    return catalog.path(ofModel: model.shortName, like: nil)
      ?? catalog.path(ofModel: model.name, like: nil)
  }

  /// Takes a model that has been loaded.
  mutating func take(_ summary: ModelSummary) {
    model = .ready(summary)
    modelPaths[summary.identity.hash] = summary.path
  }

  /// The model's name, capabilities and size, when one is loaded.
  var readyModel: ModelSummary? {
    if case .ready(let summary) = model { summary } else { nil }
  }

  /// Whether a saved trace is shown without a model.
  var isReplay: Bool {
    if case .none = model { trace.latestRun != nil } else { false }
  }

  /// Whether Decode shows a place that another model than the loaded one came to.
  var showsAnotherModel: Bool {
    guard let loaded = readyModel?.identity.hash, let shown = trace.model else { return false }
    return loaded != shown
  }

  /// The model of what is on view: of the run that the screen shows, of Decode's place. nil where
  /// no run says.
  var shownModel: ModelIdentity? {
    let run = screen == DecodeScreen.id ? nil : shownRuns[screen].flatMap { trace.runs[$0] }
    if let run { return run.start?.model }
    let models = trace.runs.sorted { $0.key < $1.key }.lazy.compactMap(\.value.start?.model)
    return models.first { trace.model == nil || $0.hash == trace.model }
  }

  /// Has places looked up among the runs of a run's own model.
  mutating func look(at run: Int) {
    guard let hash = trace.runs[run]?.start?.model.hash else { return }
    // Where there is but one model, nothing is to be told apart.
    let isOnly = trace.runs.values.allSatisfy { $0.start.map { $0.model.hash == hash } ?? true }
    if trace.model != nil || !isOnly { trace.model = hash }
  }

  /// A token as lists show it: ordinary ones in quotes, those that stand for no text by name.
  func label(of token: Token) -> String {
    token.bytes.isEmpty ? name(of: token.id) : TokenText.quoted(token.bytes)
  }

  /// The name of a token that stands for no text; its id where neither the model nor
  /// the trace names it.
  func name(of token: TokenID) -> String {
    let own = showsAnotherModel ? nil : vocabulary?.name(of: token)
    let name = own ?? trace.name(of: token) ?? ""
    return name.isEmpty ? "⟨token \(token)⟩" : name
  }

  // MARK: Settings

  /// The sampler's settings as they shape the Decode table and the next run; of a saved trace as
  /// its run had them.
  var sampling: SamplingSettings {
    let usual = SelfConsistency.defaultTemperature
    return settings.sampling(temperature: isReplay ? replayed?.usualTemperature ?? usual : usual)
  }

  /// The saved run whose settings are those of the session.
  private var replayed: RunStart? {
    func isMadeSo(_ start: RunStart) -> Bool {
      var other = start.settings
      other.detail = settings.detail
      return other == settings
    }
    let shown = shownRuns[screen].flatMap { trace.runs[$0]?.start }
    if let shown, isMadeSo(shown) { return shown }
    return trace.runs.sorted { $0.key > $1.key }.lazy.compactMap(\.value.start).first(
      where: isMadeSo)
  }

  /// Moves a setting along its ladder. The temperature starts from the one in use, which may be a
  /// saved run's.
  mutating func step(_ setting: Setting, by steps: Int) {
    if setting == .temperature { settings.temperature = sampling.temperature }
    setting.step(&settings, by: steps)
  }

  // MARK: Telling and asking

  /// Shows a line to the user until the next key.
  mutating func tell(_ text: String, _ kind: Message.Kind = .notice) {
    message = Message(kind, text)
  }

  /// Shows why something failed; nothing where it did not.
  mutating func tell<Value>(_ ending: Ending<Value>) {
    if case .failed(let why) = ending { tell(why, .error) }
  }

  /// Asks the other screens for something; the reducer passes it on when the screen is done.
  mutating func ask(_ request: ScreenRequest) { requests.append(request) }

  /// Asks for a path in Decode: at the place where its answer comes next, so that the table shows
  /// what the answer was chosen from; a path without an answer at its end.
  ///
  /// A path of an ensemble belongs to the run of the model that it is by.
  mutating func open(path number: Int, of shown: Int?) {
    guard let shown else { return }
    let (run, number) = trace.origin(ofPath: number, in: shown)
    guard let known = trace.runs[run], let path = known.paths[number], let tip = path.tip else {
      return
    }
    if path.answer != nil, let range = path.answerSpan.flatMap(path.range(of:)) {
      tell("The answer comes next; G goes to the path's end.")
      let node = range.lowerBound == 0 ? known.promptEnd : path.nodes[range.lowerBound - 1]
      ask(.open(node, run: run, towards: tip))
    } else {
      ask(.open(tip, run: run))
    }
    if let own = known.start?.model, let hash = readyModel?.identity.hash, own.hash != hash {
      tell("This path is by \(own.title), read from the trace; m loads it to go on.")
    }
  }

  // MARK: Running

  mutating func takeRunNumber() -> Int {
    defer { nextRun += 1 }
    return nextRun
  }

  /// Starts exploring the current question, when there is a model to explore with.
  mutating func newExploration() -> [Effect] {
    guard readyModel != nil else { return [] }
    let run = takeRunNumber()
    (explored, exploring) = (run, run)
    return [.decode(.explore(run: run, question, settings))]
  }

  /// Starts a strategy as a new run; nil, and a message, without a model.
  ///
  /// - Parameter prompting: how it puts the question; nil as the settings say.
  mutating func start(
    _ strategy: String, prompting: String? = nil
  ) -> (run: Int, effects: [Effect])? {
    guard readyModel != nil else {
      tell("There is no model to run; press m to choose one.", .error)
      return nil
    }
    let run = takeRunNumber()
    var settings = settings
    if let prompting { settings.prompting = prompting }
    activities[run] = Activity(strategy, settings)
    return (run, [.run(.start(run: run, strategy: strategy, question, settings, previous: nil))])
  }

  /// Cancels a run; nothing when it is not under way.
  mutating func cancel(_ run: Int?) -> [Effect] {
    guard let run, activities[run] != nil else { return [] }
    activities[run]?.isCancelling = true
    return [.run(.cancel(run: run))]
  }

  /// Whether a run is under way.
  func isUnderWay(_ run: Int?) -> Bool { run.map { activities[$0] != nil } ?? false }

  /// Leaves a trace of a move, when there is a session to leave it in.
  func note(_ action: Edit.Action, _ node: NodeID) -> [Effect] {
    readyModel == nil || showsAnotherModel ? [] : [.decode(.note(action, node))]
  }

  // MARK: Lessons

  /// The lesson on view.
  var activeLesson: LessonState? { lesson.flatMap { $0.isHidden ? nil : $0 } }

  /// Whether the reader is guessing: then Decode tells no probability of what comes next.
  var isGuessing: Bool { activeLesson?.guess.map { $0.picked == nil } ?? false }
}

/// The model, as far as it is there.
enum ModelState: Sendable, Hashable {
  case none
  case loading(ModelLoad)
  case ready(ModelSummary)
  case failed(name: String, why: String)
}

/// A model on its way.
struct ModelLoad: Sendable, Hashable {
  var name: String
  /// Bytes of weights that are ready, and of all; 0 as long as that is not known.
  var bytes: Int = 0
  var totalBytes: Int = 0
}

/// What the screens tell about a loaded model.
public struct ModelSummary: Sendable, Hashable {
  public var identity: ModelIdentity
  public var path: String
  public var contextLength: Int
  public var parameters: Int
  public var threads: Int
  public var slots: Int
  /// Whether the model is one of the bundled ones, which know only a few forms of question.
  public var isBundled: Bool
  /// The chat template that its file declares, as it stands there; nil if it declares none.
  public var chatTemplate: String?
  /// Its place in the family; nil for any other model.
  public var member: FamilyMember?
  /// Why it cannot be trained; nil where it can.
  public var trainingObstacle: String?
  /// Whether it shows what happens in its layers.
  public var isInspectable = false
  /// What a person should know of it once, in sentences.
  public var remarks: [String] = []

  public init(
    identity: ModelIdentity, path: String, contextLength: Int,
    parameters: Int, threads: Int, slots: Int, isBundled: Bool, member: FamilyMember? = nil,
    chatTemplate: String? = nil, trainingObstacle: String? = nil
  ) {
    self.identity = identity
    self.path = path
    self.contextLength = contextLength
    self.parameters = parameters
    self.threads = threads
    self.slots = slots
    self.isBundled = isBundled
    self.member = member
    self.chatTemplate = chatTemplate
    self.trainingObstacle = trainingObstacle
  }
}

/// How fast tokens come, over the last second or so.
public struct Pace: Sendable, Hashable {
  public var tokensPerSecond: Double?
  /// Tokens whose keys and values are in memory, and how many there is room for.
  public var cachedTokens: Int?
  public var cacheCapacity: Int?
  /// What weights, keys and values take.
  public var memoryBytes: Int?
  /// About how long each run under way will still take, from the pace of its last paths.
  var secondsLeft: [Int: Double] = [:]

  public init() {}
}

/// A line for the user, shown until the next key.
struct Message: Sendable, Hashable {
  enum Kind: Sendable, Hashable { case notice, warning, error }
  var kind: Kind
  var text: String

  init(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
  }
}

/// What can be chosen from.
public struct Catalog: Sendable {
  /// The bundled models that differ in size, stage and training tokens.
  public var family = ModelFamily()
  /// The other models.
  public var models: [ModelEntry] = []
  /// Whether the models of other programs are among them, or are being looked for.
  var isSearched = false
  public var themes: [String] = []
  public var lessons: [LessonEntry] = []
  public var sessions: [String] = []

  public init() {}

  public struct ModelEntry: Sendable, Hashable {
    public var name: String
    public var path: String
    public var detail: String
    /// What it was trained to judge by; nil for a model that is no judge.
    public var verifier: VerifierName?

    public init(name: String, path: String, detail: String, verifier: VerifierName? = nil) {
      self.name = name
      self.path = path
      self.detail = detail
      self.verifier = verifier
    }
  }

  public struct LessonEntry: Sendable, Hashable {
    public var title: String
    public var path: String
    /// What it is about, in a line.
    public var summary: String?

    public init(title: String, path: String, summary: String? = nil) {
      self.title = title
      self.path = path
      self.summary = summary
    }
  }
}
