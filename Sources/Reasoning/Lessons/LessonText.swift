import Traces

/// A paragraph of a lesson in pieces of one style each.
public enum LessonText {
  public enum Style: String, Sendable, Hashable { case plain, strong, emphasis, code }

  public struct Span: Hashable, Sendable {
    public var text: String
    public var style: Style

    public init(text: String, style: Style) {
      self.text = text
      self.style = style
    }
  }

  /// Reads `**strong**`, `*emphasis*` and `` `code` ``, which do not nest. A mark that is never
  /// closed, or that has a space behind it, is text.
  public static func spans(of paragraph: String) -> [Span] {
    var spans: [Span] = []
    var plain = ""
    var rest = Substring(paragraph)
    let marks: [(String, Style)] = [("**", .strong), ("*", .emphasis), ("`", .code)]
    while let first = rest.first {
      if let (mark, style) = marks.first(where: { rest.hasPrefix($0.0) }),
        let content = content(of: rest.dropFirst(mark.count), until: mark)
      {
        if !plain.isEmpty { spans.append(Span(text: plain, style: .plain)) }
        plain = ""
        spans.append(Span(text: String(content), style: style))
        rest = rest[content.endIndex...].dropFirst(mark.count)
      } else {
        plain.append(first)
        rest.removeFirst()
      }
    }
    if !plain.isEmpty { spans.append(Span(text: plain, style: .plain)) }
    return spans
  }

  private static func content(of text: Substring, until mark: String) -> Substring? {
    guard let end = text.firstRange(of: mark)?.lowerBound, end > text.startIndex,
      text.first?.isWhitespace == false, text.first != "*"
    else { return nil }
    return text[..<end]
  }
}
