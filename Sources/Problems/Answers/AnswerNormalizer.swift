/// Brings answers into the one spelling in which they are compared and counted.
///
/// What is decided here, and nowhere else:
/// - numbers compare by exact value: 8 = 8.0 = 08 = $8 = 8 apples, .75 = 3/4, 1,234 = 1234;
///   a percent sign is a unit like any other, so 50% = 50 and 50% ≠ 0.5;
/// - times of day compare without the zero in front of the hour and without periods:
///   09:40 = 9:40, 9:40 a.m. = 9:40am, but 9:40 am ≠ 9:40, which may be in the evening;
/// - words compare without case, surrounding quotes and punctuation, and with single spaces;
/// - expressions compare without spaces, needless brackets and the order of terms and factors;
/// - yes and no have synonyms (true, correct, false, wrong …) only where the question is known
///   to ask for yes or no.
public enum AnswerNormalizer {
  /// The normal form of a text as an answer of a kind, or nil if it is no such answer.
  ///
  /// Idempotent: the normal form of a normal form is itself.
  public static func normalize(_ text: String, kind: AnswerKind) -> String? {
    // Brackets around an expression belong to it.
    if kind == .expression { return (try? ExpressionParser.expression(text))?.normalized.text }
    let cleaned = cleaned(text)
    guard !cleaned.isEmpty else { return nil }
    switch kind {
    case .number: return number(in: cleaned)
    case .option: return option(cleaned)
    case .yesNo: return YesNo(word: cleaned)?.rawValue
    case .word, .expression: return time(cleaned) ?? cleaned.lowercased()
    case .any:
      return number(in: cleaned) ?? option(cleaned) ?? time(cleaned) ?? cleaned.lowercased()
    }
  }

  /// The kind of question that a gold answer belongs to, for problem files that do not say.
  public static func kind(ofGold gold: String) -> AnswerKind {
    if normalize(gold, kind: .number) != nil { return .number }
    let cleaned = cleaned(gold)
    if ["yes", "no"].contains(cleaned.lowercased()) { return .yesNo }
    if let letter = cleaned.utf8.first, cleaned.utf8.count == 1, letter < 0x60, letter.isASCIILetter
    {
      return .option
    }
    return .word
  }

  /// The text with single spaces, without the quotes, brackets and punctuation around it.
  static func cleaned(_ text: String) -> String {
    let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    var rest = Substring(words)
    while let first = rest.first, leadingTrim.contains(first) || first == " " { rest.removeFirst() }
    while let last = rest.last, trailingTrim.contains(last) || last == " " { rest.removeLast() }
    return String(rest)
  }

  static let leadingTrim: Set<Character> = ["\"", "'", "“", "‘", "«", "*", "`", "(", "[", "$"]
  static let trailingTrim: Set<Character> = [
    "\"", "'", "”", "’", "»", "*", "`", ")", "]", "$", ".", ",", ";", ":", "!", "?",
  ]

  /// The value of a text that is one number with at most currency in front and a unit behind.
  private static func number(in text: String) -> String? {
    let bytes = Array(text.utf8)
    return loneNumber(in: bytes, range: bytes.indices)?.value.description
  }

  /// The only number of a range, if nothing but currency stands in front of it and nothing but a
  /// unit behind: no operator and no second number.
  static func loneNumber(in bytes: [UInt8], range: Range<Int>) -> ScannedNumber? {
    let numbers = NumberScanner(bytes: bytes).numbers(in: range)
    guard let number = numbers.first, numbers.count == 1 else { return nil }
    let prefix = String(decoding: bytes[range.lowerBound..<number.range.lowerBound], as: UTF8.self)
    guard prefix.allSatisfy({ $0.isWhitespace || "$€£¥\\+".contains($0) }) else { return nil }
    let unit = bytes[number.range.upperBound..<range.upperBound]
    let operators: [UInt8] = Array("0123456789+-*/^=<>|(_:".utf8)
    guard !unit.contains(where: { operators.contains($0) }) else { return nil }
    return number
  }

  /// A time of day alone: "9:05", "9:05 pm".
  private static func time(_ text: String) -> String? {
    let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
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
