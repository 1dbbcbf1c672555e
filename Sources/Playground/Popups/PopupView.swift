import TerminalUI

/// Draws what lies over a screen.
enum PopupView {
  /// - Returns: where the cursor goes; nil hides it.
  static func draw(
    _ popup: Popup, _ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    switch popup {
    case .help(let scroll):
      HelpView.draw(scroll, state, view: view, on: &buffer)
      return nil
    case .commandLine(let line): return CommandLineView.draw(line, state, view: view, on: &buffer)
    case .settings(let settings): return SettingsView.draw(settings, state, view: view, on: &buffer)
    case .problems(let picker): return PickerView.draw(picker, state, view: view, on: &buffer)
    case .models(let picker): return ModelPickerView.draw(picker, state, view: view, on: &buffer)
    case .themes(let chooser):
      ChooserView.draw(chooser, state, view: view, on: &buffer)
      return nil
    case .lessons(let position):
      ChooserView.drawLessons(position, state, view: view, on: &buffer)
      return nil
    case .sessions(let position):
      ChooserView.drawSessions(position, state, view: view, on: &buffer)
      return nil
    }
  }
}
