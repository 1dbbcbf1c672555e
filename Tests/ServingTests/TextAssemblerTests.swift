import Testing

@testable import Serving

/// Text from bytes as they come.
@Suite struct TextAssemblerTests {
  /// The law: however bytes are cut, the pieces join to the text before the first stop.
  @Test(arguments: [
    ("héllo wörld 🙂 and on", ["STOP"], "héllo wörld 🙂 and on"),
    ("one STOP two", ["STOP"], "one "), ("one STSTOP", ["STOP"], "one ST"),
    ("ab\n\nc", ["\n\n", "c"], "ab"), ("STO", ["STOP"], "STO"),
    ("aXbY", ["Y", "Xb"], "a"),
  ])
  func piecesJoinToTheText(text: String, stops: [String], expected: String) {
    let bytes = Array(text.utf8)
    for size in 1...bytes.count {
      var assembler = TextAssembler(stops: stops)
      var joined = ""
      for start in stride(from: 0, to: bytes.count, by: size) {
        let piece = assembler.append(Array(bytes[start..<min(bytes.count, start + size)]))
        #expect(!piece.unicodeScalars.contains("\u{FFFD}"))
        joined += piece
      }
      joined += assembler.finish()
      #expect(joined == expected)
    }
  }

  /// Nothing that may be the beginning of a stop is sent before that is certain.
  @Test func whatMayBeAStopWaits() {
    var assembler = TextAssembler(stops: ["Question:"])
    #expect(assembler.append(Array("so.\nQuest".utf8)) == "so.\n")
    #expect(assembler.append(Array("s are".utf8)) == "Quests are")
    #expect(assembler.finish() == "")
  }

  @Test func brokenCharactersAreShownAsSuch() {
    var assembler = TextAssembler(stops: [])
    #expect(assembler.append([0x61, 0xC3]) == "a")
    #expect(assembler.append([0x62]) == "\u{FFFD}b")
    #expect(assembler.append([0xF0, 0x9F]) == "")
    #expect(assembler.finish() == "\u{FFFD}")
  }
}
