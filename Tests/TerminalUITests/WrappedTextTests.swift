import TerminalUI
import Testing

@Suite struct WrappedTextTests {
  @Test(arguments: 0..<300) func linesCoverTheTextAndFit(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let runs = (0..<5).map { StyledText.Run(random.text(maximumLength: 6), tag: $0) }
    let text = StyledText(runs)
    let width = 1 + Int(seed % 9)
    let wrapped = WrappedText(text, width: width, showsNewlines: seed % 2 == 0)
    var end = 0
    for line in wrapped.lines {
      #expect(line.source.lowerBound == end)
      end = line.source.upperBound
      #expect(line.width <= width)
      for placed in line.clusters {
        #expect(line.source.contains(placed.cluster.source.lowerBound))
      }
    }
    #expect(end == text.text.utf8.count)
  }

  @Test(arguments: 0..<100) func everyCellKnowsItsToken(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let runs = (0..<6).map { StyledText.Run(random.text(maximumLength: 4), tag: $0) }
    let wrapped = WrappedText(StyledText(runs), width: 7)
    var starts: [Int] = []
    var offset = 0
    for run in runs {
      starts.append(offset)
      offset += run.text.utf8.count
    }
    for (y, line) in wrapped.lines.enumerated() {
      for placed in line.clusters {
        let tag = wrapped.tag(at: Point(x: placed.column, y: y))
        let start = placed.cluster.source.lowerBound
        #expect(tag == starts.indices.last { starts[$0] <= start && !runs[$0].text.isEmpty })
        #expect(wrapped.position(ofOffset: start) == Point(x: placed.column, y: y))
      }
    }
  }

  @Test func breaksAfterSpaces() {
    let wrapped = WrappedText(StyledText("I have 3 apples, my dad"), width: 9)
    #expect(lines(wrapped) == ["I have 3 ", "apples, ", "my dad"])
  }

  @Test func spacesAtTheEdgeTakeNoColumn() {
    let wrapped = WrappedText(StyledText("abc   def"), width: 3)
    #expect(lines(wrapped) == ["abc", "def"])
    #expect(wrapped.lines.map(\.source) == [0..<6, 6..<9])
  }

  @Test func breaksLongWordsAndWideCharacters() {
    #expect(lines(WrappedText(StyledText("abcdefgh"), width: 3)) == ["abc", "def", "gh"])
    #expect(lines(WrappedText(StyledText("世界世界"), width: 5)) == ["世界", "世界"])
    #expect(lines(WrappedText(StyledText("ab世界"), width: 3)) == ["ab", "世", "界"])
  }

  static let numbers = [
    "12,345", "1 234.5", "1 234 567", "−3.5%", "-3.5%", "3/4", "$1,200", ".75", "1.5e-7", "12:30",
    "1\u{202F}234", "98.6°", "１２３",
  ]

  @Test(arguments: numbers) func numbersAreKeptWhole(number: String) {
    for prefix in ["a b c ", "is ", "x=", "in all=", "(", "a, "] {
      let text = "\(prefix)\(number) and more"
      let least = DisplayWidth.of(number)
      for width in least...least + 12 {
        #expect(
          lines(WrappedText(StyledText(text), width: width)).contains { $0.contains(number) },
          "\(text) in \(width)")
      }
    }
  }

  /// Tokens cut numbers into pieces; lines do not.
  @Test func numbersOfSeveralRunsAreKeptWhole() {
    let text = StyledText(["so 1", "2", ",", "34", "5 it is"].map { StyledText.Run($0) })
    for width in 6...20 {
      #expect(lines(WrappedText(text, width: width)).contains { $0.contains("12,345") })
    }
  }

  @Test func whatIsNoNumberMayBreak() {
    #expect(lines(WrappedText(StyledText("in 2024 100 men"), width: 8)) == ["in 2024 ", "100 men"])
    #expect(lines(WrappedText(StyledText("1, 2, 3"), width: 3)) == ["1, ", "2, ", "3"])
    // Longer than a line: wherever it is full.
    #expect(lines(WrappedText(StyledText("1234567"), width: 3)) == ["123", "456", "7"])
  }

  @Test func aFinalLineFeedStartsALine() {
    #expect(lines(WrappedText(StyledText("a\n"), width: 9)) == ["a", ""])
    #expect(lines(WrappedText(StyledText("a\n"), width: 9, showsNewlines: true)) == ["a␊", ""])
    #expect(lines(WrappedText(StyledText(), width: 9)) == [""])
  }

  @Test func theEndHasAPosition() {
    let wrapped = WrappedText(StyledText("ab cd"), width: 3)
    #expect(wrapped.position(ofOffset: 5) == Point(x: 2, y: 1))
    #expect(wrapped.position(ofOffset: 3) == Point(x: 0, y: 1))
  }

  private func lines(_ wrapped: WrappedText) -> [String] {
    wrapped.lines.map { $0.clusters.map(\.cluster.text).joined() }
  }
}
