/// Keeps the time for the main loop; its other effects it carries out itself (`PlaygroundShell`).
final class TimerWorker: Worker {
  enum Kind: Hashable { case tick }

  let jobs: Jobs<Kind>

  init(_ bench: Workbench) { jobs = Jobs(bench.inbox) }

  func perform(_ work: ShellEffect) {
    guard case .tick(let seconds, let timer) = work else { return }
    // A timer that is cut short has run out too: whoever waits for it asks whether it still counts.
    jobs.start(.tick) {
      try await Task.sleep(for: .seconds(seconds))
    } ending: { (_: Ending<Void>) in
      .shell(.ticked(timer))
    }
  }
}
