extension KeyEvent {
  /// The key behind a scalar that a terminal sent, control characters included.
  init(scalar: Unicode.Scalar, alt: Bool) {
    let modifiers: Modifiers = alt ? .alt : []
    switch scalar.value {
    case 0x0D, 0x0A: self.init(.enter, modifiers)
    case 0x09: self.init(.tab, modifiers)
    case 0x1B: self.init(.escape, modifiers)
    case 0x7F, 0x08: self.init(.backspace, modifiers)
    case 0x00: self.init(.character(" "), modifiers.union(.control))
    case 0x01...0x1A, 0x1C...0x1F:
      let column: UInt8 = scalar.value < 0x1B ? 0x60 : 0x40
      self.init(
        .character(Character(Unicode.Scalar(UInt8(scalar.value) + column))),
        modifiers.union(.control))
    default: self.init(.character(Character(scalar)), modifiers)
    }
  }

  /// The key behind `ESC [ parameters final`; nil for what is not a key.
  init?(control: InputSequence.Control) {
    guard control.prefix == 0 else { return nil }
    let first = control.parameters.first ?? 0
    var modifiers = Modifiers(xterm: control.parameters.count > 1 ? control.parameters[1] : 0)
    switch control.final {
    case UInt8(ascii: "~"), UInt8(ascii: "^"), UInt8(ascii: "$"), UInt8(ascii: "@"):
      guard let key = Key(number: first) else { return nil }
      // rxvt tells Ctrl and Shift by the last character.
      if control.final == UInt8(ascii: "^") { modifiers.insert(.control) }
      if control.final == UInt8(ascii: "$") { modifiers.insert(.shift) }
      if control.final == UInt8(ascii: "@") { modifiers.formUnion([.control, .shift]) }
      self.init(key, modifiers)
    case UInt8(ascii: "Z"): self.init(.tab, modifiers.union(.shift))
    case UInt8(ascii: "u"):
      guard let scalar = Unicode.Scalar(UInt32(first)) else { return nil }
      let plain = KeyEvent(scalar: scalar, alt: false)
      self.init(plain.key, plain.modifiers.union(modifiers))
    case UInt8(ascii: "a")...UInt8(ascii: "d"):
      guard let key = Key(final: control.final - 0x20) else { return nil }
      self.init(key, modifiers.union(.shift))
    default:
      guard let key = Key(final: control.final) else { return nil }
      self.init(key, modifiers)
    }
  }
}

extension KeyEvent.Key {
  /// The key behind `ESC [ final`.
  init?(final: UInt8) {
    switch final {
    case UInt8(ascii: "A"): self = .up
    case UInt8(ascii: "B"): self = .down
    case UInt8(ascii: "C"): self = .right
    case UInt8(ascii: "D"): self = .left
    case UInt8(ascii: "H"): self = .home
    case UInt8(ascii: "F"): self = .end
    case UInt8(ascii: "P")...UInt8(ascii: "S"): self = .function(Int(final) - 0x4F)
    default: return nil
    }
  }

  /// The key behind `ESC O final`: arrows, F1–F4 and the keypad in application mode.
  init?(singleShift final: UInt8) {
    if let key = KeyEvent.Key(final: final) {
      self = key
      return
    }
    switch final {
    case UInt8(ascii: "M"): self = .enter
    case UInt8(ascii: "I"): self = .tab
    case UInt8(ascii: "a")...UInt8(ascii: "d"):
      guard let key = KeyEvent.Key(final: final - 0x20) else { return nil }
      self = key
    // * + , - . / and the digits lie 0x40 above their characters.
    case UInt8(ascii: "j")...UInt8(ascii: "y"):
      self = .character(Character(Unicode.Scalar(final - 0x40)))
    default: return nil
    }
  }

  /// The key behind `ESC [ number ~`.
  init?(number: Int) {
    switch number {
    case 1, 7: self = .home
    case 2: self = .insert
    case 3: self = .delete
    case 4, 8: self = .end
    case 5: self = .pageUp
    case 6: self = .pageDown
    // The numbers skip where the VT220's keyboard had gaps.
    case 11...15: self = .function(number - 10)
    case 17...21: self = .function(number - 11)
    case 23...26: self = .function(number - 12)
    case 28, 29: self = .function(number - 13)
    case 31...34: self = .function(number - 14)
    default: return nil
    }
  }
}

extension KeyEvent.Modifiers {
  /// xterm's modifier parameter: one more than the sum of Shift 1, Alt 2, Ctrl 4 (and Meta 8).
  init(xterm parameter: Int) {
    guard parameter > 1, parameter <= 16 else {
      self = []
      return
    }
    let bits = parameter - 1
    var modifiers = KeyEvent.Modifiers(rawValue: UInt8(bits & 7))
    if bits & 8 != 0 { modifiers.insert(.alt) }
    self = modifiers
  }
}
