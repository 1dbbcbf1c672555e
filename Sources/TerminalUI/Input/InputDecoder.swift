/// Turns the bytes that a terminal sends into events.
///
/// It knows the sequences of xterm, screen, tmux, rxvt, the Linux console and the VT series, SGR
/// and X10 mouse reports, bracketed paste and focus reports. Bytes may arrive in any pieces; a
/// sequence that is cut off waits for the rest, and `flush` settles whether a lone escape was the
/// Escape key. Unknown sequences are dropped whole, so that they never show up as typed text, and
/// so are the strings in which a terminal answers (OSC, DCS, APC, PM and SOS).
public struct InputDecoder: Sendable {
  private var pending: [UInt8] = []
  private var pasted: [UInt8]?
  /// The string that is being dropped, if one is.
  private var string: ControlString?
  private var heldButton: MouseEvent.Button = .left

  public init() {}

  /// How long to wait for more bytes before `flush` settles what is held back; nil when nothing is.
  /// What a key could have sent is settled soon. The rest of anything else is on its way, however
  /// slow the line, but its end may have got lost, and the keys must not be lost with it.
  public var patience: Duration? {
    if pasted != nil { return .seconds(2) }
    if string != nil { return .milliseconds(250) }
    if pending.isEmpty { return nil }
    return mayBeKey ? .milliseconds(25) : .milliseconds(250)
  }

  /// Whether what is held back could be a key by itself: Escape, or Alt with a character that also
  /// begins a sequence.
  private var mayBeKey: Bool { pending.first == 0x1B && pending.count <= 2 }

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
      if string != nil {
        start = skipString(from: start)
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

  /// Settles what is held back, once no more bytes have come for `patience`: a lone escape is the
  /// Escape key, an unfinished sequence is an Alt key or nothing, an unfinished string nothing, and
  /// an unfinished paste what has come of it.
  public mutating func flush() -> [TerminalEvent] {
    defer { (pending, pasted, string) = ([], nil, nil) }
    if let pasted { return [.paste(InputDecoder.pastedText(pasted + pending))] }
    guard string == nil, mayBeKey else { return [] }
    guard pending.count == 2 else { return [.key(KeyEvent(.escape))] }
    let second = pending[1]
    if second == 0x1B { return [.key(KeyEvent(.escape, .alt))] }
    // The first byte of a character that is cut off is no key.
    guard second < 0x80 else { return [] }
    return [.key(KeyEvent(.character(Character(Unicode.Scalar(second))), .alt))]
  }

  /// Drops the bytes of a string up to its end, or up to what shows that it has none, and returns
  /// where to go on.
  private mutating func skipString(from start: Int) -> Int {
    var index = start
    while index < pending.count, var skipped = string {
      let step = skipped.take(pending[index])
      string = step == .goesOn ? skipped : nil
      // An escape that does not end the string begins something else.
      if step == .isBrokenOff {
        pending.replaceSubrange(start..<index, with: [0x1B])
        return start
      }
      index += 1
    }
    return index
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
    case .string(let endsWithBell): string = ControlString(endsWithBell: endsWithBell)
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
