import Decoding
import Testing

@testable import Playground

@Suite struct TokenTextTests {
  @Test func aCharacterIsWrittenOnceWhereverItIsCut() {
    let text = "a€苹果🍎é́x"
    let bytes = Array(text.utf8)
    // Every way to cut the text into three tokens shows the text, and no replacement character.
    for first in 0...bytes.count {
      for second in first...bytes.count {
        let tokens = [
          Array(bytes[..<first]), Array(bytes[first..<second]), Array(bytes[second...]),
        ]
        #expect(TokenText.pieces(tokens).joined() == text)
      }
    }
  }

  @Test func bytesThatAreNoCharacterAreWrittenAsBytes() {
    let apple = Array("苹".utf8)
    #expect(TokenText.pieces([[apple[0]], [apple[1]]]) == ["⟨E8⟩", "⟨8B⟩"])
    #expect(TokenText.pieces([[apple[0], apple[1]]]) == ["⟨E8 8B⟩"])
    #expect(TokenText.pieces([[0x61, 0xFF, 0x62]]) == ["a⟨FF⟩b"])
    #expect(TokenText.pieces([[0xC0, 0x80]]) == ["⟨C0 80⟩"])
    #expect(TokenText.pieces([[0xED, 0xA0, 0x80]]) == ["⟨ED A0 80⟩"])
    #expect(TokenText.pieces([]) == [])
    #expect(TokenText.pieces([[], [0x61]]) == ["", "a"])
  }

  @Test func quotesShowWhereATokenStartsAndEnds() {
    #expect(TokenText.quoted(Array(" 5".utf8)) == "\" 5\"")
    #expect(TokenText.quoted(Array("\n\t".utf8)) == "\"\\n\\t\"")
    #expect(TokenText.quoted(Array("  x ".utf8)) == "\"␣␣x \"")
    #expect(TokenText.quoted([0x1B]) == "\"\\u{1B}\"")
    #expect(TokenText.quoted(Array("a\"\\".utf8)) == "\"a\\\"\\\\\"")
    #expect(TokenText.quoted([0xE4]) == "\"⟨E4⟩\"")
  }

  @Test func tokensWithoutTextGoByName() {
    let state = Fixtures.ready(80, 24)
    #expect(state.session.label(of: Token(id: 11, bytes: [])) == "<end>")
    #expect(Fixtures.empty(80, 24).session.label(of: Token(id: 11, bytes: [])) == "⟨token 11⟩")
  }
}
