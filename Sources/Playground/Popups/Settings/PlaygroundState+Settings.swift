import Reasoning
import Traces

extension PlaygroundState {
  /// Gives a setting a value from text; it takes effect immediately.
  mutating func set(_ setting: Setting, to text: String) throws(SettingError) -> [Effect] {
    let old = session.settings
    try setting.set(text, in: &session.settings)
    return settingChanged(setting, from: old)
  }

  /// What follows from a changed setting.
  mutating func settingChanged(_ setting: Setting, from old: RunSettings) -> [Effect] {
    adapt(from: old)
    guard setting.invalidates == .prompt, session.activeLesson == nil,
      !self[DecodeScreen.self].isStreaming
    else { return [] }
    // A lesson says itself when a prompt is put in; otherwise Decode shows the new prompt.
    return session.newExploration()
  }
}
