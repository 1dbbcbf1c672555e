import Decoding

extension Catalog {
  /// The file of a model by its short name in the family or its own name; nil for an unknown one.
  ///
  /// - Parameter current: the member at hand, which fills in what a short name leaves open.
  func path(ofModel name: String, like current: FamilyMember?) -> String? {
    family.member(named: name, like: current)?.path ?? models.first { $0.name == name }?.path
  }
}

extension SessionState {
  /// Opens the model's neighbour along an axis of its family.
  mutating func moveInFamily(_ command: Command) -> [Effect] {
    // A model that is on its way is waited for.
    if case .loading = model { return [] }
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
}
