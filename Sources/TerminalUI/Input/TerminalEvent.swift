/// A key press.
public struct KeyEvent: Hashable, Sendable {
  public enum Key: Hashable, Sendable {
    /// A printable character. Shift is already in it: `A`, never Shift-a.
    case character(Character)
    case enter, tab, escape, backspace, delete, insert
    case up, down, left, right
    case home, end, pageUp, pageDown
    /// F1 to F24.
    case function(Int)
  }

  public struct Modifiers: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let shift = Modifiers(rawValue: 1)
    public static let alt = Modifiers(rawValue: 2)
    public static let control = Modifiers(rawValue: 4)
  }

  public var key: Key
  public var modifiers: Modifiers

  public init(_ key: Key, _ modifiers: Modifiers = []) {
    self.key = key
    self.modifiers = modifiers
  }

  /// A printable character without modifiers.
  public init(_ character: Character) { self.init(.character(character)) }

  /// The character that a text field inserts for this key; nil for shortcuts and special keys.
  public var typed: Character? {
    guard case .character(let character) = key, modifiers.isEmpty else { return nil }
    return character
  }
}

extension KeyEvent: CustomStringConvertible {
  /// How help shows the key: `a`, `Ctrl-a`, `←`, `F1`, `Space`.
  public var description: String {
    var prefix = ""
    if modifiers.contains(.control) { prefix += "Ctrl-" }
    if modifiers.contains(.alt) { prefix += "Alt-" }
    if modifiers.contains(.shift) { prefix += "Shift-" }
    return prefix + name
  }

  private var name: String {
    switch key {
    case .character(" "): "Space"
    case .character(let character): String(character)
    case .enter: "Enter"
    case .tab: "Tab"
    case .escape: "Esc"
    case .backspace: "Backspace"
    case .delete: "Del"
    case .insert: "Ins"
    case .up: "↑"
    case .down: "↓"
    case .left: "←"
    case .right: "→"
    case .home: "Home"
    case .end: "End"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .function(let number): "F\(number)"
    }
  }
}

/// Something the mouse did, at a cell.
public struct MouseEvent: Hashable, Sendable {
  public enum Button: Hashable, Sendable { case left, middle, right }

  public enum Action: Hashable, Sendable {
    case press(Button)
    case drag(Button)
    case release(Button)
    /// The wheel turned one notch towards the top or the bottom of the text.
    case wheelUp, wheelDown
  }

  public var action: Action
  public var position: Point
  public var modifiers: KeyEvent.Modifiers

  public init(_ action: Action, at position: Point, modifiers: KeyEvent.Modifiers = []) {
    self.action = action
    self.position = position
    self.modifiers = modifiers
  }
}

/// What a terminal reports to the program.
public enum TerminalEvent: Hashable, Sendable {
  case key(KeyEvent)
  case mouse(MouseEvent)
  /// Text pasted in one go (bracketed paste).
  case paste(String)
  /// The terminal window gained or lost the keyboard.
  case focus(Bool)
  case resize(Size)
  /// Another thread called `Waker.wake`; several calls may arrive as one event.
  case wake
  /// Ctrl-C.
  case interrupt
  /// The program came back to the foreground after Ctrl-Z or a stop signal.
  case resumed
  /// SIGTERM, SIGHUP or SIGINT from elsewhere than the keyboard: save and leave the loop.
  case terminate(signal: Int32)
  /// The terminal has gone away; no more events will come.
  case endOfInput
}
