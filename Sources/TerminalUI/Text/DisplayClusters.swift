/// One piece of text that occupies its own cell or pair of cells.
public struct DisplayCluster: Hashable, Sendable {
  /// What is drawn: a scalar with its combining marks, or the symbol for what cannot be drawn.
  public let text: String
  /// The columns it takes, 1 or 2.
  public let width: Int
  /// The UTF-8 offsets of its source in the text it came from.
  public let source: Range<Int>
  /// Whether the source is a line feed.
  public let isNewline: Bool
}

/// Splits a text into the clusters that terminals agree on.
///
/// This is coarser than scalars and finer than grapheme clusters: each scalar of non-zero width
/// starts a cell, because terminals differ in how they join emoji sequences and conjuncts, while
/// all of them agree on single scalars with combining marks. Joiners and variation selectors are
/// therefore left out of what is drawn, though never out of `source`. Control characters, which
/// would act on the terminal, are drawn as symbols (`␊`, `␛`), and so are bidirectional overrides
/// and ill-formed text (`�`). The sources of all clusters, in order, cover the text exactly.
public struct DisplayClusters: Sequence, Sendable {
  private let text: String

  public init(_ text: some StringProtocol) { self.text = String(text) }

  public func makeIterator() -> Iterator { Iterator(scalars: text.unicodeScalars) }

  public struct Iterator: IteratorProtocol {
    private var scalars: String.UnicodeScalarView.Iterator
    private var ahead: Unicode.Scalar?
    private var offset = 0

    init(scalars: String.UnicodeScalarView) {
      self.scalars = scalars.makeIterator()
      ahead = self.scalars.next()
    }

    public mutating func next() -> DisplayCluster? {
      guard let first = ahead else { return nil }
      let start = offset
      var (text, width) = DisplayClusters.symbol(for: first)
      advance(past: first)
      var marks = 0
      while let mark = ahead, DisplayClusters.isMark(mark) {
        if marks < DisplayClusters.markLimit, first.value >= 0x20,
          !DisplayClusters.isInvisibleJoiner(mark)
        {
          text.unicodeScalars.append(mark)
          marks += 1
        }
        advance(past: mark)
      }
      return DisplayCluster(
        text: text, width: width, source: start..<offset, isNewline: first == "\n")
    }

    private mutating func advance(past scalar: Unicode.Scalar) {
      offset += UTF8.width(scalar)
      ahead = scalars.next()
    }
  }

  /// Whether the scalar is drawn on the one before it.
  private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
    scalar.value >= 0x300 && DisplayWidth.of(scalar) == 0 && !isReplaced(scalar)
  }

  /// ncurses holds one spacing scalar and up to four marks in a cell.
  private static let markLimit = 4

  private static func symbol(for scalar: Unicode.Scalar) -> (String, width: Int) {
    switch scalar.value {
    case 0x20...0x7E: return (ascii[Int(scalar.value)], 1)
    case 0..<0x20: return (symbolForControl(0x2400 + scalar.value), 1)
    case 0x7F: return ("\u{2421}", 1)
    default: break
    }
    if isReplaced(scalar) { return ("\u{FFFD}", 1) }
    let width = DisplayWidth.of(scalar)
    // A mark with nothing before it stands on a dotted circle, as in Unicode's own charts.
    if width == 0 { return (isInvisibleJoiner(scalar) ? "\u{25CC}" : "\u{25CC}\(scalar)", 1) }
    return (String(scalar), width)
  }

  /// The strings of the ASCII characters, since most text is made of them.
  private static let ascii = (UInt8(0)..<128).map { String(Unicode.Scalar($0)) }

  private static func symbolForControl(_ value: UInt32) -> String {
    Unicode.Scalar(value).map { String($0) } ?? "\u{FFFD}"
  }

  /// Scalars that steer the terminal or the order of text, or stand for no character.
  private static func isReplaced(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x206F, 0x200E...0x200F, 0x61C, 0xFFF9...0xFFFB,
      0xFDD0...0xFDEF, 0xFEFF, 0xE0000...0xE0FFF:
      return true
    default: return scalar.value & 0xFFFE == 0xFFFE
    }
  }

  private static func isInvisibleJoiner(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x200B...0x200D, 0x2060...0x2064, 0xFE00...0xFE0F: true
    default: false
    }
  }
}
