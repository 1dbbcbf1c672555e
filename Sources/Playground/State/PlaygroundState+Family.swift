import Decoding
import Traces

extension Catalog {
  /// The file of a model by its short name in the family, its own name or its file's; nil for an
  /// unknown one.
  ///
  /// - Parameter current: the member at hand, which fills in what a short name leaves open.
  func path(ofModel name: String, like current: FamilyMember?) -> String? {
    family.member(named: name, like: current)?.path ?? models.first { $0.name == name }?.path
      ?? models.first { CommandCompletion.fileName($0.path) == name }?.path
  }
}

extension SessionState {
  /// What opens a model that somebody asks for: whoever asks once more for one that is not on this
  /// machine wants it fetched.
  func effect(opening path: String) -> Effect {
    absentModel == path ? .model(.fetch(name: path)) : .model(.load(path: path))
  }

  /// Opens the model's neighbour along an axis of its family.
  mutating func moveInFamily(_ command: Command) -> [Effect] {
    // A model that is on its way is waited for.
    if case .loading = model { return [] }
    if let effects = moveAmongSteps(command) { return effects }
    guard let member = readyModel?.member else {
      message = Message(
        .notice,
        readyModel == nil
          ? "There is no model yet; press m to choose one."
          : "This model has no other sizes or checkpoints; press m to choose another.")
      return []
    }
    let family = catalog.family
    let next: FamilyMember?
    let missing: String
    switch command {
    case .nextSize: (next, missing) = (family.nextSize(after: member), "other size")
    case .checkpoint(let step):
      next = family.checkpoint(step, from: member)
      missing = step < 0 ? "earlier checkpoint" : "later checkpoint"
    case .nextStage: (next, missing) = (family.nextStage(after: member), "other stage")
    default: return []
    }
    guard let next, next.path != readyModel?.path else {
      message = Message(.notice, "There is no \(missing) than \(member.title).")
      return []
    }
    return [.model(.load(path: next.path))]
  }

  /// From the weights of a step of a training to those of an earlier or later one, or back to the
  /// model that it began with.
  ///
  /// - Returns: nil where the loaded model is no such weights, or the command means something else.
  private mutating func moveAmongSteps(_ command: Command) -> [Effect]? {
    guard let hash = readyModel?.identity.hash else { return nil }
    let training = trace.trainings.sorted { $0.key > $1.key }.map(\.value).first {
      $0.weights.values.contains { $0.hash == hash }
    }
    guard let training, let start = training.start,
      let here = training.weights.values.first(where: { $0.hash == hash })?.step
    else { return nil }
    let base = path(of: start.model)
    let steps = training.weights.keys.sorted()
    let next: Int?
    switch command {
    case .nextStage: next = nil
    case .checkpoint(let offset) where offset < 0: next = steps.last { $0 < here }
    case .checkpoint:
      next = steps.first { $0 > here }
      if next == nil {
        tell("There are no later weights of this training than step \(here).")
        return []
      }
    default: return nil
    }
    if let next, let weights = training.weights[next] {
      return [.model(.load(path: weights.path))]
    }
    guard let base, base != readyModel?.path else {
      tell("\(start.model.name), which this began with, is not known here; press m to choose it.")
      return []
    }
    return [.model(.load(path: base))]
  }
}
