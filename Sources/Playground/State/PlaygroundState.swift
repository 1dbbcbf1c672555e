public import Decoding
public import Problems
import Reasoning
public import TerminalUI
public import Traces

/// Everything the playground shows. Changed only by `reduce`, read only by the views.
public struct PlaygroundState: Sendable {
  /// The terminal's size in cells.
  public var size: Size
  public var screen: ScreenID = .decode
  public var isQuitting = false

  /// What is asked on every screen.
  public var question: Question
  /// What runs are started with; the sampler's part also shapes the Decode table.
  public var settings: RunSettings
  public var model: ModelState = .none
  /// What the loaded model's token ids stand for; nil without a model.
  public var vocabulary: (any Vocabulary)?
  /// Everything explored so far.
  public var trace = Trace()
  /// Which run each screen shows.
  public var runs = ShownRuns()
  /// The runs under way, by number.
  public var activities: [Int: Activity] = [:]
  /// A strategy that runs as soon as there is a model.
  public var strategyAtStart: String?
  /// The next run's number.
  public var nextRun = 1

  public var decode = DecodeState()
  public var branches = BranchesState()
  public var votes = VotesState()
  public var tree = TreeState()
  public var verify = VerifyState()
  public var search = SearchState()
  public var steps = StepsState()
  public var scale = ScaleState()

  /// What lies over the screen, topmost last.
  public var popups: [Popup] = []
  public var message: Message?
  public var lesson: LessonState?
  /// What was typed on the command line, oldest first.
  public var commandHistory: [String] = []

  /// What can be chosen from; filled at the start, when something is found.
  public var catalog: Catalog
  public var themeName: String
  /// The speed of what is under way.
  public var pace = Pace()

  public init(
    size: Size, question: Question, settings: RunSettings, catalog: Catalog = Catalog(),
    themeName: String = "ponder-dark"
  ) {
    self.size = size
    self.question = question
    self.settings = settings
    self.catalog = catalog
    self.themeName = themeName
  }

  /// The model's name, capabilities and size, when one is loaded.
  public var readyModel: ModelSummary? {
    if case .ready(let summary) = model { summary } else { nil }
  }

  /// Whether a saved trace is shown without a model.
  public var isReplay: Bool {
    if case .none = model { !trace.runs.isEmpty } else { false }
  }

  /// The sampler's settings as they shape the Decode table and the next run; of a saved trace as
  /// its run had them.
  public var sampling: SamplingSettings {
    let usual = SelfConsistency.description.defaultTemperature
    return settings.sampling(
      temperature: isReplay ? replayed?.usualTemperature ?? usual : usual)
  }

  /// The saved run whose settings are those of the session.
  private var replayed: RunStart? {
    let shown = runs.shown(on: screen).flatMap { trace.runs[$0]?.start }
    if let shown, shown.settings == settings { return shown }
    return trace.runs.sorted { $0.key > $1.key }.lazy.compactMap(\.value.start)
      .first { $0.settings == settings }
  }
}

/// The screens, in the order of their tabs. Further screens join here as they come to exist.
public enum ScreenID: Int, CaseIterable, Sendable, Hashable {
  case decode = 1
  case branches, votes, tree, verify, search, steps, scale

  public var title: String {
    switch self {
    case .decode: "Decode"
    case .branches: "Branches"
    case .votes: "Votes"
    case .tree: "Tree"
    case .verify: "Verify"
    case .search: "Search"
    case .steps: "Steps"
    case .scale: "Scale"
    }
  }
}

/// The model, as far as it is there.
public enum ModelState: Sendable, Hashable {
  case none
  case loading(ModelLoad)
  case ready(ModelSummary)
  case failed(name: String, why: String)
}

/// A model on its way.
public struct ModelLoad: Sendable, Hashable {
  public var name: String
  /// Bytes of weights that are ready, and of all; 0 as long as that is not known.
  public var bytes: Int
  public var totalBytes: Int

  public init(name: String, bytes: Int = 0, totalBytes: Int = 0) {
    self.name = name
    self.bytes = bytes
    self.totalBytes = totalBytes
  }

  /// The name and how far it is, as `qwen2.5-1.5b: 43 % of 1.1 GB`.
  var text: String {
    guard totalBytes > 0 else { return "\(name) …" }
    let percent = Int(100 * Double(bytes) / Double(totalBytes))
    return "\(name): \(min(percent, 100)) % of \(Format.bytes(totalBytes))"
  }
}

/// What the screens tell about a loaded model.
public struct ModelSummary: Sendable, Hashable {
  public var identity: ModelIdentity
  public var path: String
  public var contextLength: Int
  public var vocabularySize: Int
  public var parameters: Int
  public var threads: Int
  public var slots: Int
  /// Whether the model is one of the bundled ones, which know only a few forms of question.
  public var isBundled: Bool
  /// The chat template that its file declares, as it stands there; nil if it declares none.
  public var chatTemplate: String?
  /// Its place in the family; nil for any other model.
  public var member: FamilyMember?

  public init(
    identity: ModelIdentity, path: String, contextLength: Int, vocabularySize: Int,
    parameters: Int, threads: Int, slots: Int, isBundled: Bool, member: FamilyMember? = nil,
    chatTemplate: String? = nil
  ) {
    self.identity = identity
    self.path = path
    self.contextLength = contextLength
    self.vocabularySize = vocabularySize
    self.parameters = parameters
    self.threads = threads
    self.slots = slots
    self.isBundled = isBundled
    self.member = member
    self.chatTemplate = chatTemplate
  }
}

/// A run under way.
public struct Activity: Sendable, Hashable {
  public var strategy: String
  /// Paths the run will have in all, and those that have ended.
  public var paths: Int
  public var finished: Int
  public var isCancelling = false

  public init(strategy: String, paths: Int, finished: Int = 0) {
    self.strategy = strategy
    self.paths = paths
    self.finished = finished
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
  public var secondsLeft: [Int: Double] = [:]

  public init() {}
}

/// A line for the user, shown until the next key.
public struct Message: Sendable, Hashable {
  public enum Kind: Sendable, Hashable { case notice, warning, error }
  public var kind: Kind
  public var text: String

  public init(_ kind: Kind, _ text: String) {
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
  public var themes: [String] = []
  public var lessons: [LessonEntry] = []
  public var sessions: [String] = []

  public init() {}

  public struct ModelEntry: Sendable, Hashable {
    public var name: String
    public var path: String
    public var detail: String

    public init(name: String, path: String, detail: String) {
      self.name = name
      self.path = path
      self.detail = detail
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
