import TerminalUI

/// Where the list of a popup is, for the mouse and for scrolling; the view draws it there.
struct PopupList {
  var frame: Rect
  /// The rows of items, one a row.
  var rows: Rect
  var count: Int
  var position: ListPosition

  func item(at point: Point) -> Int? {
    position.item(at: point, in: rows, count: count, heading: 0)
  }

  /// The list of a box of at most this size, under `heading` lines and above `footing` lines.
  init(
    width: Int, height: Int, heading: Int = 0, footing: Int = 0, count: Int,
    position: ListPosition, in size: Size
  ) {
    frame = PopupFrame.area(size).centered(width: width, height: height)
    let body = frame.inset(horizontal: 2, vertical: 1)
    rows = Rect(
      x: body.x, y: body.y + heading, width: body.width,
      height: max(0, body.height - heading - footing))
    self.count = count
    self.position = position
  }
}

extension Popup {
  /// The list that can be clicked; nil where there is none.
  func list(_ state: PlaygroundState) -> PopupList? {
    switch self {
    case .settings(let settings): settings.list(state)
    case .themes(let chooser): chooser.list(state)
    case .lessons(let position): Choosers.lessons(state, position)
    case .sessions(let position): Choosers.sessions(state, position)
    case .models(let picker): picker.list(state)
    case .problems(let picker): picker.list(state)
    case .help, .commandLine: nil
    }
  }

  /// The popup with another item selected.
  func selecting(_ item: Int) -> Popup {
    switch self {
    case .settings(var settings):
      settings.position.selected = item
      settings.field = nil
      settings.error = nil
      return .settings(settings)
    case .themes(var chooser):
      chooser.position.selected = item
      return .themes(chooser)
    case .lessons(var position):
      position.selected = item
      return .lessons(position)
    case .sessions(var position):
      position.selected = item
      return .sessions(position)
    case .models(var picker):
      picker.position.selected = item
      return .models(picker)
    case .problems(var picker):
      picker.position.selected = item
      return .problems(picker)
    case .help, .commandLine: return self
    }
  }
}
