import Learning
import Traces

/// The settings of a screen that has other ones than runs: what the settings panel shows while it is
/// on view.
struct OwnSettings: Sendable {
  var title: String
  var table: SettingTable
  var values: RunSettings
  /// What holds where nothing is set.
  var defaults: RunSettings

  /// Values as they hold: what is not set is the default.
  func filled(_ setting: Setting) -> RunSettings {
    var filled = values
    setting.fill(&filled, from: defaults)
    return filled
  }
}

extension PlaygroundState {
  /// The settings that the panel shows.
  var panelSettings: OwnSettings {
    screens[current].ownSettings
      ?? OwnSettings(
        title: "Settings", table: session.settingTable, values: session.settings,
        defaults: RunSettings())
  }

  /// Changes a value of the panel.
  ///
  /// - Parameter change: changes the values; what it throws is passed on.
  mutating func changePanel(
    _ setting: Setting, _ change: (inout RunSettings) throws(SettingError) -> Void
  ) throws(SettingError) -> [Effect] {
    if var own = screens[current].ownSettings {
      // A step leads on from what holds now.
      var values = own.values
      try change(&values)
      own.values = values
      screens[current].ownSettings = own
      return []
    }
    let old = session.settings
    try change(&session.settings)
    return session.settings == old ? [] : settingChanged(setting, from: old)
  }
}

/// The settings of trainings beside those of runs: the command line takes both.
extension PlaygroundState {
  /// All settings that the command line changes.
  var commandSettings: SettingTable {
    let known = Set(session.settingTable.map(\.name))
    return session.settingTable + SettingTable.training.filter { !known.contains($0.name) }
  }

  /// Whether the command line changes a setting for the next training: what runs do not have, and on
  /// Train all that it has.
  func isOfTraining(_ setting: Setting) -> Bool {
    guard session.settingTable[setting.name] != nil else { return true }
    return session.screen == TrainScreen.id && self[TrainScreen.self].order.table.contains(setting)
  }

  /// A setting's value, where the command line changes it.
  func commandValue(of setting: Setting) -> String {
    isOfTraining(setting)
      ? setting.text(of: self[TrainScreen.self].order.used) : setting.text(of: session.settings)
  }
}
