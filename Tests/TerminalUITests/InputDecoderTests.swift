import TerminalUI
import Testing

@Suite struct InputDecoderTests {
  static let keys: [(String, KeyEvent)] = [
    ("a", KeyEvent("a")), ("é", KeyEvent("é")), ("世", KeyEvent("世")), ("😀", KeyEvent("😀")),
    ("\r", KeyEvent(.enter)), ("\n", KeyEvent(.enter)), ("\t", KeyEvent(.tab)),
    ("\u{7F}", KeyEvent(.backspace)), ("\u{8}", KeyEvent(.backspace)),
    ("\u{1}", KeyEvent(.character("a"), .control)), ("\u{0}", KeyEvent(.character(" "), .control)),
    ("\u{1B}x", KeyEvent(.character("x"), .alt)), ("\u{1B}é", KeyEvent(.character("é"), .alt)),
    ("\u{1B}\r", KeyEvent(.enter, .alt)),
    ("\u{1B}[A", KeyEvent(.up)), ("\u{1B}OB", KeyEvent(.down)),
    ("\u{1B}[1;5C", KeyEvent(.right, .control)),
    ("\u{1B}[1;2D", KeyEvent(.left, .shift)), ("\u{1B}[1;4H", KeyEvent(.home, [.shift, .alt])),
    ("\u{1B}[1~", KeyEvent(.home)), ("\u{1B}[4~", KeyEvent(.end)), ("\u{1B}OF", KeyEvent(.end)),
    ("\u{1B}[5~", KeyEvent(.pageUp)), ("\u{1B}[6;5~", KeyEvent(.pageDown, .control)),
    ("\u{1B}[2~", KeyEvent(.insert)), ("\u{1B}[3~", KeyEvent(.delete)),
    ("\u{1B}OP", KeyEvent(.function(1))), ("\u{1B}[[B", KeyEvent(.function(2))),
    ("\u{1B}[15~", KeyEvent(.function(5))), ("\u{1B}[17~", KeyEvent(.function(6))),
    ("\u{1B}[24~", KeyEvent(.function(12))), ("\u{1B}[1;2P", KeyEvent(.function(1), .shift)),
    ("\u{1B}[Z", KeyEvent(.tab, .shift)), ("\u{1B}Oa", KeyEvent(.up)),
    ("\u{1B}[a", KeyEvent(.up, .shift)), ("\u{1B}[3^", KeyEvent(.delete, .control)),
    ("\u{1B}[97;5u", KeyEvent(.character("a"), .control)), ("\u{1B}Ow", KeyEvent("7")),
  ]

  @Test(arguments: keys) func knowsTheKeysOfCommonTerminals(bytes: String, key: KeyEvent) {
    var decoder = InputDecoder()
    #expect(decoder.decode(bytes.utf8) == [.key(key)])
    #expect(decoder.patience == nil)
  }

  @Test(arguments: keys) func bytesMayComeOneByOne(bytes: String, key: KeyEvent) {
    var decoder = InputDecoder()
    let events = bytes.utf8.flatMap { decoder.decode([$0]) }
    #expect(events == [.key(key)])
  }

  @Test func mouse() {
    var decoder = InputDecoder()
    let bytes =
      "\u{1B}[<0;3;2M\u{1B}[<32;200;50M\u{1B}[<0;3;2m\u{1B}[<64;1;1M\u{1B}[<81;1;1M\u{1B}[<35;9;9M"
    #expect(
      decoder.decode(bytes.utf8) == [
        .mouse(MouseEvent(.press(.left), at: Point(x: 2, y: 1))),
        .mouse(MouseEvent(.drag(.left), at: Point(x: 199, y: 49))),
        .mouse(MouseEvent(.release(.left), at: Point(x: 2, y: 1))),
        .mouse(MouseEvent(.wheelUp, at: Point(x: 0, y: 0))),
        .mouse(MouseEvent(.wheelDown, at: Point(x: 0, y: 0), modifiers: .control)),
      ])
    let old: [UInt8] = [0x1B, 0x5B, 0x4D, 32 + 2, 32 + 5, 32 + 6, 0x1B, 0x5B, 0x4D, 35, 37, 38]
    #expect(
      decoder.decode(old) == [
        .mouse(MouseEvent(.press(.right), at: Point(x: 4, y: 5))),
        .mouse(MouseEvent(.release(.right), at: Point(x: 4, y: 5))),
      ])
  }

  @Test(arguments: 1...30) func pasteArrivesWhole(piece: Int) {
    var decoder = InputDecoder()
    let bytes = Array("x\u{1B}[200~one\r\ntwo \u{1B}[A\u{1B}[20 世\u{1B}[201~y".utf8)
    var events: [TerminalEvent] = []
    for start in stride(from: 0, to: bytes.count, by: piece) {
      events += decoder.decode(bytes[start..<min(bytes.count, start + piece)])
    }
    #expect(
      events == [
        .key(KeyEvent("x")), .paste("one\ntwo \u{1B}[A\u{1B}[20 世"), .key(KeyEvent("y")),
      ])
  }

  @Test func aLoneEscapeIsAKeyAfterAPause() {
    var decoder = InputDecoder()
    #expect(decoder.decode([0x1B]).isEmpty)
    #expect(decoder.patience == .milliseconds(25))
    #expect(decoder.flush() == [.key(KeyEvent(.escape))])
    #expect(decoder.flush().isEmpty)
    #expect(
      decoder.decode("\u{1B}\u{1B}[A".utf8) == [.key(KeyEvent(.escape)), .key(KeyEvent(.up))])
  }

  @Test func unknownSequencesAreNotTyped() {
    var decoder = InputDecoder()
    let bytes = "\u{1B}[?1;2c\u{1B}[>0;1;0c\u{1B}[99~\u{1B}[1;1;1;1Xa"
    #expect(decoder.decode(bytes.utf8) == [.key(KeyEvent("a"))])
  }

  // MARK: Answers of the terminal

  /// What begins and what ends the strings in which terminals answer.
  static let strings: [(opening: String, end: String)] = [
    ("]", "\u{1B}\\"), ("]", "\u{7}"), ("P", "\u{1B}\\"), ("_", "\u{1B}\\"), ("^", "\u{1B}\\"),
    ("X", "\u{1B}\\"),
  ]

  /// An answer with anything in it that does not end it.
  private static func answer(_ random: inout SeededGenerator) -> [UInt8] {
    let (opening, end) = strings.randomElement(using: &random) ?? strings[0]
    let texts = ["11;rgb:1e1e/1e1e/2e2e", "1$r2 q", "Gi=31;OK", "q:w\r\n", "4;1;世界é", "", "[A"]
    var bytes = Array("\u{1B}\(opening)\(texts.randomElement(using: &random) ?? "")".utf8)
    if Bool.random(using: &random) { bytes += [0x80, 0x9C, 0xFF] }
    return bytes + Array(end.utf8)
  }

  @Test(arguments: 0..<200) func answersAreNoKeys(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var decoder = InputDecoder()
    var events: [TerminalEvent] = []
    for byte in Self.answer(&random) + Self.answer(&random) + Array("q".utf8) {
      events += decoder.decode([byte])
    }
    #expect(events == [.key(KeyEvent("q"))])
    #expect(decoder.patience == nil)
  }

  /// However the bytes are spread over reads, they mean the same.
  @Test(arguments: 0..<300) func cutsMakeNoDifference(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var bytes: [UInt8] = []
    for _ in 0..<12 {
      switch Int.random(in: 0..<6, using: &random) {
      case 0: bytes += Self.answer(&random)
      case 1: bytes += Array("\u{1B}[200~a\u{3}\u{1B}]b\u{1B}[201~".utf8)
      case 2: bytes += Array("\u{1B}[<0;3;2M\u{1B}[?1;2c\u{1B}P\u{1B}[I".utf8)
      case 3: bytes += (0..<4).map { _ in UInt8.random(in: 0...255, using: &random) }
      default: bytes += Array(Self.keys.randomElement(using: &random)?.0.utf8 ?? "".utf8)
      }
    }
    var (whole, cut) = (InputDecoder(), InputDecoder())
    let expected = whole.decode(bytes)
    var events: [TerminalEvent] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Int.random(in: 1...9, using: &random)
      events += cut.decode(rest.prefix(count))
      rest = rest.dropFirst(count)
    }
    #expect(events == expected)
    #expect(cut.patience == whole.patience)
    #expect(cut.flush() == whole.flush())
  }

  /// What begins a string is also a key with Alt, when nothing follows.
  @Test(arguments: ["]", "P", "_", "^", "X"]) func aLoneBeginningIsAKey(opening: Character) {
    var decoder = InputDecoder()
    #expect(decoder.decode("\u{1B}\(opening)".utf8).isEmpty)
    #expect(decoder.patience == .milliseconds(25))
    #expect(decoder.flush() == [.key(KeyEvent(.character(opening), .alt))])
    #expect(decoder.decode("a".utf8) == [.key(KeyEvent("a"))])
  }

  /// A string whose end got lost does not take the keys with it.
  @Test(arguments: ["]11;rgb", "P1$r", "_G"]) func anEndlessStringIsGivenUp(beginning: String) {
    var decoder = InputDecoder()
    #expect(decoder.decode("\u{1B}\(beginning)".utf8).isEmpty)
    #expect(decoder.patience.map { $0 <= .seconds(1) } == true)
    #expect(decoder.flush().isEmpty)
    #expect(decoder.decode("a".utf8) == [.key(KeyEvent("a"))])
    // Another sequence breaks it off, and so does a cancel.
    #expect(decoder.decode("\u{1B}\(beginning)\u{1B}[A".utf8) == [.key(KeyEvent(.up))])
    #expect(decoder.decode("\u{1B}\(beginning)\u{18}b".utf8) == [.key(KeyEvent("b"))])
    #expect(decoder.decode("\u{1B}\(beginning)".utf8).isEmpty)
    let noise = [UInt8](repeating: 0x20, count: 1 << 20)
    #expect(decoder.decode(noise).count < noise.count / 2)
    #expect(decoder.decode("c".utf8).last == .key(KeyEvent("c")))
  }

  @Test func anEndlessPasteIsGivenUp() {
    var decoder = InputDecoder()
    #expect(decoder.decode("\u{1B}[200~one \u{1B}[20".utf8).isEmpty)
    #expect(decoder.patience != nil)
    #expect(decoder.flush() == [.paste("one \u{1B}[20")])
    #expect(decoder.decode("a".utf8) == [.key(KeyEvent("a"))])
  }

  /// What a paste holds stays text, whatever keys would send the same.
  @Test(arguments: 0..<0x20) func pastedControlCharactersAreText(code: UInt8) {
    var decoder = InputDecoder()
    let bytes = Array("\u{1B}[200~a".utf8) + [code] + Array("b\u{1B}[201~".utf8)
    let scalar = code == 0x0D ? "\n" : String(Unicode.Scalar(code))
    #expect(decoder.decode(bytes) == [.paste("a\(scalar)b")])
  }

  @Test func focus() {
    var decoder = InputDecoder()
    #expect(decoder.decode("\u{1B}[I\u{1B}[O".utf8) == [.focus(true), .focus(false)])
  }

  @Test(arguments: 0..<300) func anyBytesAreTakenInFiniteTime(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let alphabet: [UInt8] = [
      0x1B, 0x5B, 0x4F, 0x4D, 0x3C, 0x3B, 0x30, 0x7E, 0xE4, 0xB8, 0x96, 0xFF, 0x41,
    ]
    var decoder = InputDecoder()
    for _ in 0..<40 {
      let bytes = (0..<5).map { _ in alphabet.randomElement(using: &random) ?? 0 }
      _ = decoder.decode(bytes)
    }
    _ = decoder.flush()
    let later = decoder.decode("\u{1B}[201~".utf8)
    // Unless the bytes before it opened one, this closes no paste.
    #expect(later.count <= 1)
    #expect(decoder.decode("a".utf8).last == .key(KeyEvent("a")))
  }
}
