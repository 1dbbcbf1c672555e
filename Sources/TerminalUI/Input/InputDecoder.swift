/// Turns the bytes that a terminal sends into events.
///
/// It knows the sequences of xterm, screen, tmux, rxvt, the Linux console and the VT series, SGR
/// and X10 mouse reports, bracketed paste and focus reports. Bytes may arrive in any pieces; a
/// sequence that is cut off waits for the rest, and `flush` settles whether a lone escape was the
/// Escape key. Unknown sequences are dropped whole, so that they never show up as typed text.
public struct InputDecoder: Sendable {
  private var pending: [UInt8] = []
  private var pasted: [UInt8]?
  private var heldButton: MouseEvent.Button = .left

  public init() {}

  /// Whether bytes are held back that `flush` would settle after a short wait.
  public var isAmbiguous: Bool { !pending.isEmpty && pasted == nil }

  /// The events that these bytes complete, in order.
  public mutating func decode(_ bytes: some Sequence<UInt8>) -> [TerminalEvent] {
    pending.append(contentsOf: bytes)
    var events: [TerminalEvent] = []
    var start = 0
    while start < pending.count {
      if pasted != nil {
        // Without its end, a paste keeps what it needs of `pending` by itself.
        guard let used = takePaste(from: start, into: &events) else { return events }
        start += used
        continue
      }
      switch InputSequence.parse(pending[start...]) {
      case .incomplete:
        pending.removeFirst(start)
        return events
      case .complete(let sequence, let used):
        interpret(sequence, into: &events)
        start += used
      }
    }
    pending.removeFirst(min(start, pending.count))
    return events
  }

  /// Settles what is held back, once no more bytes have come for a while: a lone escape is the
  /// Escape key, and an unfinished sequence is an Alt key or nothing.
  public mutating func flush() -> [TerminalEvent] {
    guard isAmbiguous else { return [] }
    let bytes = pending
    pending = []
    guard bytes[0] == 0x1B else { return [] }
    if bytes.count == 1 { return [.key(KeyEvent(.escape))] }
    if bytes.count == 2, bytes[1] == 0x1B { return [.key(KeyEvent(.escape, .alt))] }
    if bytes.count == 2, bytes[1] == UInt8(ascii: "[") || bytes[1] == UInt8(ascii: "O") {
      return [.key(KeyEvent(.character(Character(Unicode.Scalar(bytes[1]))), .alt))]
    }
    return []
  }

  /// Collects pasted bytes up to the end marker; nil if the marker has not come yet.
  private mutating func takePaste(from start: Int, into events: inout [TerminalEvent]) -> Int? {
    let marker: [UInt8] = Array("\u{1B}[201~".utf8)
    let rest = pending[start...]
    var end = rest.startIndex
    while let escape = rest[end...].firstIndex(of: 0x1B) {
      if rest[escape...].starts(with: marker) {
        let text = (pasted ?? []) + rest[..<escape]
        pasted = nil
        events.append(.paste(InputDecoder.pastedText(text)))
        return escape + marker.count - start
      }
      if marker.starts(with: rest[escape...]) {
        pasted?.append(contentsOf: rest[..<escape])
        pending.removeFirst(escape)
        return nil
      }
      end = escape + 1
    }
    pasted?.append(contentsOf: rest)
    pending.removeAll()
    return nil
  }

  /// Terminals send pasted line ends as carriage returns.
  private static func pastedText(_ bytes: [UInt8]) -> String {
    var text = ""
    var previous: Unicode.Scalar = " "
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
      if scalar == "\r" {
        text.unicodeScalars.append("\n")
      } else if !(scalar == "\n" && previous == "\r") {
        text.unicodeScalars.append(scalar)
      }
      previous = scalar
    }
    return text
  }

  private mutating func interpret(_ sequence: InputSequence, into events: inout [TerminalEvent]) {
    switch sequence {
    case .scalar(let scalar, let alt): events.append(.key(KeyEvent(scalar: scalar, alt: alt)))
    case .escape: events.append(.key(KeyEvent(.escape)))
    case .singleShift(let final, let modifier):
      if let key = KeyEvent.Key(singleShift: final) {
        events.append(.key(KeyEvent(key, KeyEvent.Modifiers(xterm: modifier))))
      }
    case .linuxFunction(let letter): events.append(.key(KeyEvent(.function(Int(letter) - 0x40))))
    case .x10Mouse(let code, let x, let y):
      appendMouse(code: code, x: x, y: y, isRelease: code & 3 == 3, into: &events)
    case .control(let control): interpret(control, into: &events)
    case .ignored: break
    }
  }

  private mutating func interpret(
    _ control: InputSequence.Control, into events: inout [TerminalEvent]
  ) {
    let first = control.parameters.first ?? 0
    switch (control.prefix, control.final) {
    case (UInt8(ascii: "<"), UInt8(ascii: "M")), (UInt8(ascii: "<"), UInt8(ascii: "m")):
      guard control.parameters.count == 3 else { return }
      appendMouse(
        code: first, x: control.parameters[1], y: control.parameters[2],
        isRelease: control.final == UInt8(ascii: "m"), into: &events)
    case (0, UInt8(ascii: "I")): events.append(.focus(true))
    case (0, UInt8(ascii: "O")): events.append(.focus(false))
    case (0, UInt8(ascii: "~")) where first == 200: pasted = []
    default: if let key = KeyEvent(control: control) { events.append(.key(key)) }
    }
  }

  /// Appends a mouse report: bits 0–1 are the button, 2–4 the modifiers, 5 motion, 6 the wheel.
  private mutating func appendMouse(
    code: Int, x: Int, y: Int, isRelease: Bool, into events: inout [TerminalEvent]
  ) {
    var modifiers: KeyEvent.Modifiers = []
    if code & 4 != 0 { modifiers.insert(.shift) }
    if code & 8 != 0 { modifiers.insert(.alt) }
    if code & 16 != 0 { modifiers.insert(.control) }
    let position = Point(x: x - 1, y: y - 1)
    let action: MouseEvent.Action
    if code & 64 != 0 {
      guard code & 3 < 2 else { return }
      action = code & 1 == 0 ? .wheelUp : .wheelDown
    } else {
      let buttons: [MouseEvent.Button] = [.left, .middle, .right, heldButton]
      let button = buttons[code & 3]
      if isRelease {
        action = .release(button)
      } else if code & 32 != 0 {
        // Motion without a button is of no use to anyone here.
        guard code & 3 != 3 else { return }
        action = .drag(button)
      } else {
        heldButton = button
        action = .press(button)
      }
    }
    events.append(.mouse(MouseEvent(action, at: position, modifiers: modifiers)))
  }
}
