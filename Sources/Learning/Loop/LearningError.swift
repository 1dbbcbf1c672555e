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
  /// A recipe reads whole distributions, which the model does not tell.
  case lacksDistributions(String)
  /// A recipe learns from a teacher, and none was named.
  case lacksTeacher(String)
  /// Samples are rewarded by a judge, and none was named that can.
  case lacksJudge
  /// A teacher's distributions are over other tokens than the student's, from this one on.
  case otherVocabulary(teacher: String, student: String, token: Int)
  /// No problem has both a right and a wrong sample.
  case noPairs
  /// What a checkpoint remembers cannot be read.
  case damagedState(String)
  /// Each iteration needs a step.
  case tooManyIterations(Int, steps: Int)
  /// A recipe that follows the gradient of the policy that it samples from cannot with this setting.
  case offPolicy(recipe: String, setting: String)
  /// A step failed after the weights had changed, and the good ones could not be read back.
  case lostWeights(step: Int, cause: String, reason: String)

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
    case .lacksDistributions(let recipe):
      "The recipe \(recipe) reads the model's whole distributions, which this one does not tell."
    case .lacksTeacher(let recipe):
      "The recipe \(recipe) learns from a teacher: name a model as its setting “teacher”, such as "
        + "--teacher 2m."
    case .lacksJudge:
      "The reward judge needs a model that was trained to judge: name one with --verifier-model "
        + "(ponder train --recipe prm, orm or implicit makes one)."
    case .otherVocabulary(let teacher, let student, let token):
      "\(teacher) and \(student) have different vocabularies (token \(token)), so their "
        + "distributions cannot be compared; learn from the teacher's texts: --from traces."
    case .noPairs:
      "No problem got both a right and a wrong answer, so there are no pairs to learn from: take "
        + "more samples, or other problems."
    case .damagedState(let recipe):
      "What the checkpoint remembers of the recipe \(recipe) cannot be read."
    case .tooManyIterations(let iterations, let steps):
      "\(iterations) iterations need at least \(iterations) steps, and there \(steps == 1 ? "is" : "are") "
        + "\(steps): take more steps, or fewer iterations."
    case .offPolicy(let recipe, "temperature"):
      "\(recipe) needs a temperature above 0: at 0 all samples of a problem are the same, and there is "
        + "nothing to compare."
    case .offPolicy(let recipe, let setting):
      "\(recipe) does not use \(setting): it follows the gradient of the policy that it samples from, "
        + "and with tokens cut off that would be another."
    case .lostWeights(let step, let cause, let reason):
      "\(cause) The weights from before step \(step) could not be read back either, so no model is "
        + "written: \(reason)"
    }
  }
}
