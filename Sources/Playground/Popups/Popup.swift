public import TerminalUI

/// What can lie over a screen.
public enum Popup: Sendable {
  case help(scroll: Int)
  case picker(PickerState)
  case settings(SettingsState)
  case models(ModelPickerState)
  case lessons(ListPosition)
  case commandLine(TextField)
}
