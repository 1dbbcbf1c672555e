import Dispatch
import Reasoning
import Synchronization
public import TerminalUI
import Traces

/// The program's main loop: terminal events and news become actions, actions change the state,
/// effects go to the session, and the state is drawn when it has changed.
///
/// Everything here happens on the main thread, and nothing here waits for the engine.
public final class PlaygroundShell {
  private var state: PlaygroundState
  private let reducer: Reducer
  private var view: PlaygroundView
  private let session: PlaygroundSession
  private let inbox: ActionInbox
  private let loadTheme: (String) throws -> Theme
  private let pace: () -> Pace?
  private var terminateSignal: Int32?
  /// Why the session is not wholly kept, when it is not; known after `run`.
  public private(set) var failure: (any Error)?
  private var meter = PaceMeter()
  private let start = ContinuousClock.now

  /// - Parameters:
  ///   - loadTheme: finds a theme by name or path.
  ///   - pace: asked now and then for how fast tokens come; nil when nothing has changed.
  public init(
    state: PlaygroundState, view: PlaygroundView, session: PlaygroundSession,
    inbox: ActionInbox, loadTheme: @escaping (String) throws -> Theme,
    pace: @escaping () -> Pace? = { nil }
  ) {
    self.state = state
    self.view = view
    reducer = Reducer()
    self.session = session
    self.inbox = inbox
    self.loadTheme = loadTheme
    self.pace = pace
  }

  /// Runs until the user quits or a signal ends it.
  ///
  /// - Parameter model: the path of a model to begin with; nil begins without one.
  /// - Returns: the signal that ended it, if one did.
  public func run(on terminal: any Terminal, model: String?) -> Int32? {
    run(on: terminal, opening: model.map { [.model(.load(path: $0))] } ?? [])
  }

  func run(on terminal: any Terminal, opening: [Effect]) -> Int32? {
    inbox.connect(terminal.waker)
    var control = LoopControl()
    perform(opening, &control)
    runLoop(on: terminal) { [self] event, control in
      handle(event, &control)
    } render: { [self] buffer in
      view.draw(state, on: &buffer)
    }
    finish()
    return terminateSignal
  }

  /// Waits for the session to end.
  private func finish() {
    let done = DispatchSemaphore(value: 0)
    let session = session
    let failure = Mutex<(any Error)?>(nil)
    Task.detached {
      let error = await session.finish()
      failure.withLock { $0 = error }
      done.signal()
    }
    done.wait()
    self.failure = failure.withLock { $0 }
  }

  private func handle(_ event: TerminalEvent, _ control: inout LoopControl) {
    switch event {
    case .key(let key): apply(.key(key), &control)
    case .mouse(let mouse): apply(.mouse(mouse), &control)
    case .paste(let text): apply(.paste(text), &control)
    case .resize(let size): apply(.resize(size), &control)
    case .interrupt: apply(.interrupt, &control)
    case .terminate(let signal):
      terminateSignal = signal
      apply(.terminate, &control)
    case .wake: takeNews(&control)
    case .focus, .resumed: control.needsRender = true
    case .endOfInput: apply(.terminate, &control)
    }
    // While something runs, the clock ticks: rates and spinners move.
    control.animationInterval = state.isAnimated ? .milliseconds(200) : nil
  }

  private func takeNews(_ control: inout LoopControl) {
    let now = seconds
    for action in inbox.drain() {
      if case .trace(let records) = action {
        meter.note(records.filter { state.isAtWork($0.run) }, at: now)
      }
      apply(action, &control)
    }
    if !state.isAnimated { meter.rest() }
    var pace = pace() ?? state.pace
    pace.tokensPerSecond = meter.tokensPerSecond
    pace.secondsLeft = meter.secondsLeft(state.activities, at: now)
    if pace != state.pace { apply(.pace(pace), &control) }
  }

  /// The time since the shell was made.
  private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

  private func apply(_ action: Action, _ control: inout LoopControl) {
    perform(reducer.reduce(&state, action), &control)
    control.needsRender = true
  }

  private func perform(_ effects: [Effect], _ control: inout LoopControl) {
    for effect in effects {
      switch effect {
      case .shell(.quit): settle()
      case .shell(.leave): control.exits = true
      case .shell(.suspend): control.suspends = true
      case .shell(.loadTheme(let name)): change(theme: name, &control)
      default: session.perform(effect)
      }
    }
  }

  /// Has everything written while the screen goes on.
  private func settle() {
    Task.detached { [session, inbox] in inbox.post(.shell(.settled(await session.settle()))) }
  }

  private func change(theme name: String, _ control: inout LoopControl) {
    let ending = Ending { view.theme = try loadTheme(name) }
    apply(.shell(.theme(name, ending)), &control)
  }
}
