import Reasoning

extension PlaygroundState {
  /// Gives a setting a value from text; it takes effect immediately.
  mutating func set(
    _ setting: Setting, to text: String
  ) throws(SettingError) -> [Effect] {
    try settings.set(setting, to: text)
    return settingChanged(setting)
  }

  /// What follows from a changed setting.
  mutating func settingChanged(_ setting: Setting) -> [Effect] {
    switch setting.invalidates {
    case .sampler: reshapeTable()
    case .vote: votes.weighting = settings.weighting
    case .prompt:
      // A lesson says itself when a prompt is put in; otherwise Decode shows the new prompt.
      if activeLesson == nil, !decode.isStreaming { return newExploration() }
    case .nothing: break
    }
    return []
  }
}
