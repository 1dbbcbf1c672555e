import Problems

/// Why a training cannot begin, or cannot go on.
public enum LearningError: Error, Equatable, CustomStringConvertible {
  case unknownRecipe(String)
  case noProblems
  /// What was no number any more at a step.
  case notFinite(step: Int, Place)
  /// Files are to be kept of a model that cannot be written.
  case cannotBeKept
  /// A recipe compares the samples of a problem, of which there is but one.
  case nothingToCompare(recipe: String)
  /// A reward that is 0 whatever a sample says.
  case noReward(String)
  /// A recipe needs hidden states, which the model does not tell.
  case lacksHiddenStates(String)
  /// What a checkpoint remembers cannot be read.
  case damagedState(String)

  public enum Place: String, Sendable {
    case probabilities = "the probabilities of what was sampled"
    case loss = "the loss"
    case gradients = "the gradients"
    case weights = "the weights after the update"
  }

  public var description: String {
    switch self {
    case .unknownRecipe(let name):
      "There is no recipe “\(name)”; "
        + Suggestion.remedy(for: name, among: RecipeRegistry.names) + "."
    case .noProblems: "There are no problems to learn from."
    case .notFinite(let step, let place):
      "At step \(step) \(place.rawValue) \(place == .loss ? "is no number" : "are no numbers") any "
        + "more. The learning rate may be too high; the weights from before that step are kept."
    case .nothingToCompare(let recipe):
      "\(recipe) compares the samples of a problem with each other, so one sample teaches nothing: take "
        + "2 samples or more."
    case .noReward(let reward):
      "The reward \(reward) is 0 whatever a sample says, so nothing can be learned from it: give a part "
        + "of it another weight."
    case .cannotBeKept:
      "This model cannot be written to a file, so a training of it cannot be kept."
    case .lacksHiddenStates(let recipe):
      "The recipe \(recipe) reads the model's hidden states, which this one does not tell."
    case .damagedState(let recipe):
      "What the checkpoint remembers of the recipe \(recipe) cannot be read."
    }
  }
}
