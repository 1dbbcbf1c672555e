import Reasoning

extension PlaygroundState {
  /// Gives a setting a value from text, with effect at once.
  mutating func set(
    _ setting: StrategyDescription.Setting, to text: String
  ) throws(SettingError) -> [Effect] {
    let old = session.settings
    try session.settings.set(setting, to: text)
    return settingChanged(setting, from: old)
  }

  /// What follows from a changed setting.
  mutating func settingChanged(
    _ setting: StrategyDescription.Setting, from old: RunSettings
  ) -> [Effect] {
    adapt(from: old)
    switch setting {
    case .prompting, .template, .corpus, .passages:
      // A lesson says itself when a prompt is put in; otherwise Decode shows the new prompt.
      if session.activeLesson == nil, !self[DecodeScreen.self].isStreaming {
        return session.newExploration()
      }
    default: break
    }
    return []
  }
}
