import Reasoning
import Traces

extension PlaygroundState {
  /// Gives a setting a value from text, with effect at once.
  mutating func set(
    _ setting: StrategyDescription.Setting, to text: String
  ) throws(SettingError) -> [Effect] {
    try settings.set(setting, to: text)
    return settingChanged(setting)
  }

  /// What follows from a changed setting.
  mutating func settingChanged(_ setting: StrategyDescription.Setting) -> [Effect] {
    switch setting {
    case .temperature, .topK, .topP, .minP: reshapeTable()
    case .weighting: votes.weighting = settings.weighting
    case .prompting, .template, .corpus, .passages:
      // A lesson says itself when a prompt is put in; otherwise Decode shows the new prompt.
      if activeLesson == nil, !decode.isStreaming { return newExploration() }
    case .samples, .branches, .aggregate, .seed, .maxTokens, .verifier, .rationales, .vote,
      .thinkingBudget, .waits, .lookahead, .exploration, .leaves,
      .answerOverTime, .earlyStop, .with, .combine:
      break
    }
    return []
  }
}
