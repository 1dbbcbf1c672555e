import TerminalUI
import Testing

@Suite struct DisplayWidthTests {
  @Test(arguments: [
    ("", 0), ("abc", 3), ("世界", 4), ("é", 1), ("e\u{301}", 1), ("한", 2),
    ("\u{1112}\u{1161}\u{11AB}", 2), ("ｆｕ", 4), ("ﾊﾝ", 2), ("😀", 2), ("█▏", 2), ("⠿", 1),
    ("★✗✂●", 4), ("\u{200B}", 1), ("a\u{200D}b", 2), ("0\u{20E3}", 1), ("\n\t", 2), ("ñ", 1),
    ("👩‍🚀", 4), ("é́́", 1),
  ])
  func widths(text: String, width: Int) {
    #expect(DisplayWidth.of(text) == width)
  }

  @Test(arguments: [
    ("\n", "␊"), ("\t", "␉"), ("\u{1B}", "␛"), ("\u{7F}", "␡"), ("\u{0}", "␀"),
    ("\u{9B}", "\u{FFFD}"),
    ("\u{202E}", "\u{FFFD}"), ("\u{301}", "\u{25CC}\u{301}"), ("❤\u{FE0F}", "❤"),
  ])
  func whatCannotBeDrawnIsDrawnAsASymbol(source: String, drawn: String) {
    #expect(DisplayClusters(source).map(\.text) == [drawn])
  }

  @Test(arguments: 0..<100) func sourcesCoverTheText(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let text = random.text()
    var end = 0
    for cluster in DisplayClusters(text) {
      #expect(cluster.source.lowerBound == end)
      #expect(cluster.width == 1 || cluster.width == 2)
      end = cluster.source.upperBound
    }
    #expect(end == text.utf8.count)
  }

  /// Clusters are drawn one by one, so none may reach into the next or act on the terminal.
  @Test func everyScalarIsSafeToDraw() {
    for value in UInt32(0)...0x2FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      for cluster in DisplayClusters(String(scalar)) {
        let first = cluster.text.unicodeScalars.first
        #expect(first.map { $0.value >= 0x20 && !(0x7F...0x9F).contains($0.value) } ?? false)
        #expect(cluster.text.unicodeScalars.count <= 5)
      }
    }
  }
}
