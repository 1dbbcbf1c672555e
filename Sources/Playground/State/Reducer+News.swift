import Reasoning

// What comes of the effects that are no single screen's own.

extension PlaygroundState {
  /// Shows why something failed; nothing where it did not.
  mutating func tell<Value>(_ ending: Ending<Value>) {
    if case .failed(let why) = ending { message = Message(.error, why) }
  }

  mutating func receive(_ news: RunNews) -> [Effect] {
    guard case .ended(let run, let ending) = news else { return [] }
    tell(ending)
    activities[run] = nil
    return voteEnded(run) + (run == runs.followed ? reachCursor() : [])
  }

  mutating func receive(_ news: ReviewNews) {
    guard case .ended(let run, let path, let kind, let ending) = news else { return }
    tell(ending)
    // What an earlier question came to does not end the wait for a newer one.
    if steps.asking == StepsState.Asking(run: run, path: path, kind: kind) { steps.asking = nil }
  }

  mutating func receive(_ news: ShellNews) -> [Effect] {
    switch news {
    case .theme(let name, let ending):
      if ending.isDone { themeName = name }
      tell(ending)
      return []
    case .ticked(let timer): return ticked(timer)
    }
  }
}

extension Reducer {
  func receive(_ news: ModelNews, _ state: inout PlaygroundState) -> [Effect] {
    switch news {
    case .loading(let load): state.model = .loading(load)
    case .ready(let summary, let vocabulary):
      state.vocabulary = vocabulary
      return modelReady(summary, &state)
    case .failed(let name, let why):
      state.model = .failed(name: name, why: why)
      state.message = Message(.error, why)
    case .cancelled: break
    }
    return []
  }

  func receive(_ news: FileNews, _ state: inout PlaygroundState) -> [Effect] {
    switch news {
    case .unkept(let why): state.message = Message(.error, why)
    case .lesson(let path, .done(let lesson)): return state.begin(lesson, name: path)
    case .lesson(_, let ending): state.tell(ending)
    case .opened(let path, .done(let records)): return open(records, name: path, &state)
    case .opened(_, let ending): state.tell(ending)
    case .saved(let path, .done):
      state.message = Message(
        .notice, "Saved as \(path); ponder replay \(path) shows it again.")
    case .saved(_, let ending): state.tell(ending)
    case .listed(let path, .done(let files)): received(files: files, for: path, &state)
    case .listed(_, let ending): state.tell(ending)
    }
    return []
  }
}
