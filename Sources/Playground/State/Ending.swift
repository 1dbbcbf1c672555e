/// How something that was asked of the session ended.
enum Ending<Value: Sendable>: Sendable {
  case done(Value)
  /// It could not be done; the text says why, and what to do.
  case failed(String)
  /// It was stopped, or something newer took its place.
  case cancelled

  init(_ error: any Error) { self = error is CancellationError ? .cancelled : .failed("\(error)") }

  /// How some work ends.
  init(of work: () throws -> Value) {
    do { self = .done(try work()) } catch { self = Ending(error) }
  }

  var isDone: Bool { if case .done = self { true } else { false } }
}
