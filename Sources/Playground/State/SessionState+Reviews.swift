import Decoding
import Reasoning
import Traces

extension SessionState {
  /// A run that its model can be asked about; nil, and a message that says why, where it cannot.
  mutating func reviewable(_ number: Int) -> RunTrace? {
    guard let run = trace.runs[number] else { return nil }
    guard let model = readyModel else {
      tell("Asking about a saved trace needs its model. Press m.")
      return nil
    }
    guard run.start?.model.hash == model.identity.hash else {
      let name = run.start?.model.title ?? "another model"
      tell("This run is by \(name); only that model can be asked about it.")
      return nil
    }
    guard !isUnderWay(number) else {
      tell("This run is still going; ask about it when it has ended.")
      return nil
    }
    return run
  }
}
