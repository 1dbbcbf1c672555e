/// Brings answers into the one spelling in which they are compared and counted.
///
/// What is decided here and in the readers, and nowhere else:
/// - numbers compare by exact value, of any size: 8 = 8.0 = 08 = $8 = 8 apples = eight,
///   .75 = 3/4 = ¾, 1,234 = 1234 = 1 234, 2^10 = 1024, √12 = 2√3;
/// - a percent sign is a unit like any other, as are degrees: 50% = 50, and 50% ≠ 0.5;
/// - a comma is never a decimal point: 3,5 is 3 and 5;
/// - several answers (`1, 2`, `{2, 1}`, `2 and 1`, `x = 1 or x = 2`) compare without their order,
///   points, lists in brackets and intervals with it and with their brackets;
/// - times of day compare without the zero in front of the hour and without periods:
///   09:40 = 9:40, 2 pm = 2:00 pm, 9:40 a.m. = 9:40am, but 9:40 am ≠ 9:40, which may be in the evening;
/// - words compare without case, surrounding quotes and punctuation, and with single spaces;
/// - expressions compare without spaces, needless brackets and the order of terms and factors;
/// - yes and no have synonyms (true, correct, false, wrong …) only where the question is known
///   to ask for yes or no.
public enum AnswerNormalizer {
  /// The normal form of a text as an answer of a kind, or nil if it is no such answer.
  ///
  /// Idempotent: the normal form of a normal form is itself.
  public static func normalize(_ text: String, kind: AnswerKind) -> String? {
    settled(text, kind: kind)
  }

  /// The spelling that reads back as itself. It is the first one for all but a few texts.
  static func settled(_ text: String, kind: AnswerKind) -> String? {
    var spelling = text
    for _ in 0..<6 {
      guard let next = spelled(spelling, kind: kind) else { return nil }
      if next == spelling { return spelling }
      spelling = next
    }
    return nil
  }

  private static func spelled(_ text: String, kind: AnswerKind) -> String? {
    // Brackets around an expression belong to it.
    if kind == .expression { return (try? ExpressionParser.expression(text))?.normalized.text }
    let cleaned = cleaned(text)
    guard !cleaned.isEmpty else { return nil }
    switch kind {
    case .word: return words(text.contains("\\") ? formula(text) ?? cleaned : cleaned)
    case .yesNo: return YesNo(word: cleaned)?.rawValue
    case .option:
      let reading = AnswerReader(bytes: Array(text.utf8), kind: .option).whole()
      return cleaned.utf8.count == 1 ? option(cleaned) : reading?.value.text
    case .number, .any, .expression:
      guard let value = AnswerReader(bytes: Array(text.utf8), kind: kind).whole()?.value else {
        return nil
      }
      guard case .text(let written) = value else { return value.text }
      let words = Self.words(Self.cleaned(written))
      return option(words) ?? (words.isEmpty ? nil : words)
    }
  }

  /// The kind of question that a gold answer belongs to, for problem files that do not say.
  public static func kind(ofGold gold: String) -> AnswerKind {
    guard let value = AnswerReader(bytes: Array(gold.utf8), kind: .any).whole()?.value else {
      return .word
    }
    let cleaned = cleaned(gold)
    switch value {
    case .form(let form):
      // A letter alone is a word, unless it is that of an option.
      if form.isConstant { return .number }
      return cleaned.count == 1 ? .word : .any
    case .option: return isCapital(cleaned) ? .option : .word
    case .text:
      return ["yes", "no", "true", "false"].contains(cleaned.lowercased()) ? .yesNo : .word
    default: return .any
    }
  }

  private static func isCapital(_ text: String) -> Bool {
    text.utf8.first.map { $0 >= 0x41 && $0 <= 0x5A } ?? false
  }

  /// The text with single spaces, without the quotes, brackets and punctuation around it.
  static func cleaned(_ text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    var rest = Substring(words)
    while let first = rest.first, leadingTrim.contains(first) || first == " " { rest.removeFirst() }
    while let last = rest.last, trailingTrim.contains(last) || last == " " {
      // A bracket that is opened inside belongs to the text.
      if last == ")", rest.contains("(") { break }
      rest.removeLast()
    }
    return String(rest)
  }

  static let leadingTrim: Set<Character> = ["\"", "'", "“", "‘", "«", "*", "`", "(", "[", "$"]
  static let trailingTrim: Set<Character> = [
    "\"", "'", "”", "’", "»", "*", "`", ")", "]", "$", ".", ",", ";", ":", "!", "?",
  ]

  /// LaTeX that is no value, in one spelling.
  private static func formula(_ text: String) -> String? {
    guard case .text(let plain)? = AnswerReader(bytes: Array(text.utf8), kind: .word).whole()?.value
    else { return nil }
    return plain
  }

  /// Words in lower case; several of them, as in "red, blue", in one order.
  private static func words(_ text: String) -> String {
    if let time = time(text) { return time }
    for article in ["the ", "a ", "an "] where text.lowercased().hasPrefix(article) {
      let rest = cleaned(String(text.dropFirst(article.count)))
      if !rest.isEmpty { return words(rest) }
    }
    let parts = text.lowercased().replacing(" : ", with: ":").replacing(" and ", with: ", ").split(
      separator: ", "
    )
    .map { cleaned(String($0)) }
    // Digits with commas between them are rows or coordinates, whose order matters.
    let isList = parts.count > 1 && parts.allSatisfy { $0.first?.isLetter ?? false }
    return isList
      ? parts.sorted().joined(separator: ", ")
      : text.lowercased().replacing(" : ", with: ":")
  }

  /// A time of day alone: "9:05", "9:05 pm".
  private static func time(_ text: String) -> String? {
    var parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
    if parts.count == 1 {
      // 2 pm
      let hour = parts[0].prefix(while: \.isNumber)
      let half = parts[0].dropFirst(hour.count).filter { $0 != " " && $0 != "." }
      guard !hour.isEmpty, half == "am" || half == "pm" else { return nil }
      parts = [hour, Substring("00" + half)]
    }
    guard parts.count == 2, (1...2).contains(parts[0].count),
      let hour = Int(parts[0]), let minute = Int(parts[1].prefix(2)),
      (0..<24).contains(hour), (0..<60).contains(minute),
      (parts[0] + parts[1].prefix(2)).utf8.allSatisfy(\.isASCIIDigit), parts[1].count >= 2
    else { return nil }
    let half = parts[1].dropFirst(2).filter { $0 != " " && $0 != "." }
    guard ["", "am", "pm"].contains(half) else { return nil }
    return "\(hour):\(parts[1].prefix(2))" + (half.isEmpty ? "" : " \(half)")
  }

  /// A single ASCII letter, in upper case.
  private static func option(_ text: String) -> String? {
    guard text.utf8.count == 1, let letter = text.utf8.first, letter.isASCIILetter else {
      return nil
    }
    return text.uppercased()
  }
}

/// Yes or no, with the words that mean the same as an answer to a yes-or-no question.
enum YesNo: String {
  case yes, no

  init?(word: String) {
    switch word.lowercased() {
    case "yes", "yeah", "yep", "true", "correct", "right": self = .yes
    case "no", "nope", "false", "incorrect", "wrong": self = .no
    default: return nil
    }
  }

  var negated: YesNo { self == .yes ? .no : .yes }
}
