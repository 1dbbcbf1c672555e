import Decoding
import Foundation
import Playground
import Problems
import Reasoning
import Synchronization
import TerminalUI
import Traces

/// How long a key takes to show while paths stream, or while a model trains: the whole playground on a terminal that
/// exists in memory only, with a person who presses a key every 50 ms.
struct RepaintBenchmark {
  var opener: EngineOpener
  var path: String
  var prompts: PromptLibrary
  var theme: Theme
  /// Paths that stream meanwhile.
  var paths: Int
  var keys: Int
  /// Whether a model trains meanwhile, and no paths stream.
  var trains = false

  /// Seconds from each key to the end of the drawing that shows it.
  func run() -> [Double] {
    let terminal = PressingTerminal(size: Size(width: 120, height: 40), keys: keys, trains: trains)
    var settings = RunSettings()
    (settings.samples, settings.temperature) = (paths * 1000, 0.7)
    (settings.maxTokens, settings.detail) = (200, DistributionSummary.savedDetail)
    let state = PlaygroundState(
      size: terminal.size, question: Question(ProblemLibrary.apples), settings: settings)
    let inbox = ActionInbox()
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(opener: opener, prompts: prompts, keep: nil), inbox: inbox)
    let shell = PlaygroundShell(
      state: state, view: PlaygroundView(theme: theme, glyphs: .unicode), session: session,
      inbox: inbox, loadTheme: { _ in theme }, pace: opener.pace)
    _ = shell.run(on: terminal, model: path)
    return terminal.latencies
  }
}

/// A terminal in memory: presses keys on its own and notes when they show.
private final class PressingTerminal: Terminal {
  let size: Size
  let colorDepth = ColorDepth.trueColor
  let glyphs = Glyphs.unicode
  var waker: any Waker { flag }
  private(set) var latencies: [Double] = []
  private let flag = WaitingFlag()
  private let start = ContinuousClock.now
  private let keys: Int
  private let opening: [KeyEvent]
  private let walk: [KeyEvent]
  private var count = 0
  private var nextKey: Duration = .seconds(1)
  private var pressed: Duration?

  init(size: Size, keys: Int, trains: Bool) {
    self.size = size
    self.keys = keys
    // A training needs the model; without it nothing would be measured.
    if trains { nextKey = .seconds(3) }
    (opening, walk) = trains ? (Self.training, Self.trainingWalk) : (Self.vote, Self.voteWalk)
  }

  var now: Duration { ContinuousClock.now - start }

  func draw(_ difference: CellDifference, cursor: Point?) {
    guard let pressed else { return }
    latencies.append((now - pressed) / .seconds(1))
    self.pressed = nil
  }

  func readEvents(timeout: Duration?) -> [TerminalEvent] {
    let wait = max(.zero, min(timeout ?? nextKey, nextKey - now))
    let isWoken = flag.wait(for: wait)
    var events: [TerminalEvent] = isWoken ? [.wake] : []
    if now >= nextKey, pressed == nil {
      nextKey = now + .milliseconds(50)
      events.append(.key(key()))
    }
    return events
  }

  /// A vote or a training is started; then every key moves about on the screens.
  private static let vote: [KeyEvent] = [KeyEvent("3"), KeyEvent(" ")]
  private static let training: [KeyEvent] = [KeyEvent("9"), KeyEvent(" ")]
  private static let trainingWalk: [KeyEvent] = [
    KeyEvent("9"), KeyEvent(.left), KeyEvent(.down), KeyEvent("}"), KeyEvent("z"),
    KeyEvent("f"), KeyEvent(.end), KeyEvent("1"), KeyEvent(.down), KeyEvent("3"),
    KeyEvent("?"), KeyEvent(.escape), KeyEvent("9"), KeyEvent("a"), KeyEvent("z"),
  ]
  private static let voteWalk: [KeyEvent] = [
    KeyEvent("1"), KeyEvent(.down), KeyEvent(.right), KeyEvent("e"), KeyEvent("T"),
    KeyEvent("3"), KeyEvent(.down), KeyEvent(.up), KeyEvent("w"), KeyEvent("?"),
    KeyEvent(.escape), KeyEvent("1"), KeyEvent(.left), KeyEvent("t"), KeyEvent("2"),
  ]

  private func key() -> KeyEvent {
    let step = count
    count += 1
    if step < opening.count { return opening[step] }
    if step >= opening.count + keys { return KeyEvent("q") }
    pressed = now
    return walk[(step - opening.count) % walk.count]
  }

  func suspend() {}
  func tearDown() {}
}

/// Wakes a waiting thread.
private final class WaitingFlag: Waker {
  private let semaphore = DispatchSemaphore(value: 0)

  func wake() { semaphore.signal() }

  /// Whether it was woken within a time, or since the last call.
  func wait(for duration: Duration) -> Bool {
    guard semaphore.wait(timeout: .now() + duration / .seconds(1)) == .success else { return false }
    while semaphore.wait(timeout: .now()) == .success {}
    return true
  }
}
