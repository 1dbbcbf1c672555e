/// What can be wrong with the values given to a template.
public enum ProblemTemplateError: Error, CustomStringConvertible, Equatable {
  case unknownTemplate(String)
  case wrongFieldCount(given: Int, expected: Int)
  case invalidValue(String, field: String, allowed: String)
  case noAnswer(String)

  public var description: String {
    switch self {
    case .unknownTemplate(let id):
      "there is no template “\(id)”; "
        + Suggestion.remedy(for: id, among: ProblemTemplate.all.map(\.id))
    case .wrongFieldCount(let given, let expected):
      "the template has \(expected) fields and was given \(given) values"
    case .invalidValue(let value, let field, let allowed):
      "“\(value)” cannot be \(field): it must be \(allowed)"
    case .noAnswer(let why): why
    }
  }
}

/// A problem with blanks for names, things and numbers; whatever they are filled with, the gold
/// answer is computed.
public struct ProblemTemplate: Sendable, Identifiable {
  /// One blank.
  public struct Field: Sendable, Hashable {
    /// What a blank takes.
    public enum Kind: Sendable, Hashable {
      /// A person: letters only.
      case name
      /// Things in the plural, or another word in lower case.
      case object
      case number(ClosedRange<Int>)
      /// A number with decimal places.
      case decimal
      /// Letters in lower case.
      case word
      /// One letter in lower case.
      case letter
      case choice([String])
    }

    public let label: String
    public let defaultValue: String
    public let kind: Kind

    /// What may stand in the blank, for a message or a hint.
    public var allowed: String {
      switch kind {
      case .name: "a name of 1 to 12 letters"
      case .object: "a word of 1 to 12 letters"
      case .number(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
      case .decimal: "a number from 0 to 99 with at most 3 decimal places, such as 9.11"
      case .word: "a word of 1 to 16 letters in lower case"
      case .letter: "one letter in lower case"
      case .choice(let choices): "one of " + choices.joined(separator: ", ")
      }
    }

    /// The value in its normal form (no spaces around it, no leading zeros).
    ///
    /// - Throws: `ProblemTemplateError.invalidValue`.
    func checked(_ value: String) throws(ProblemTemplateError) -> String {
      let trimmed = value.split(whereSeparator: \.isWhitespace).joined(separator: " ")
      guard let normal = normal(trimmed) else {
        throw .invalidValue(value, field: label, allowed: allowed)
      }
      return normal
    }

    private func normal(_ value: String) -> String? {
      let isAlphabetic = !value.isEmpty && value.allSatisfy { $0.isLetter && $0.isASCII }
      let isLower = isAlphabetic && value.allSatisfy(\.isLowercase)
      switch kind {
      case .name, .object: return isAlphabetic && value.count <= 12 ? value : nil
      case .number(let range):
        guard let number = Int(value), range.contains(number) else { return nil }
        return String(number)
      case .decimal:
        let parts = value.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = UInt8(parts[0]), whole <= 99 else { return nil }
        guard parts.count == 2 else { return String(whole) }
        let isDigits = parts[1].allSatisfy { $0.isASCII && $0.isNumber }
        return isDigits && (1...3).contains(parts[1].count) ? "\(whole).\(parts[1])" : nil
      case .word: return isLower && value.count <= 16 ? value : nil
      case .letter: return isLower && value.count == 1 ? value : nil
      case .choice(let choices): return choices.contains(value) ? value : nil
      }
    }
  }

  /// A filled template.
  struct Filled: Sendable {
    var question: String
    var answer: String
    var steps: [String]
  }

  public let id: String
  /// The family whose form the template has; bundled models know that form.
  public let family: String
  public let title: String
  public let fields: [Field]
  let fill: @Sendable ([String]) throws(ProblemTemplateError) -> Filled

  /// The problem with those values in the order of the fields, its answer computed.
  ///
  /// The problem's id, `template/{template}/{values}`, reproduces it.
  /// - Throws: `ProblemTemplateError`.
  public func render(_ values: [String]) throws(ProblemTemplateError) -> Problem {
    guard values.count == fields.count else {
      throw .wrongFieldCount(given: values.count, expected: fields.count)
    }
    var checked: [String] = []
    for (field, value) in zip(fields, values) { checked.append(try field.checked(value)) }
    let filled = try fill(checked)
    return Problem(
      id: "template/\(id)/" + checked.joined(separator: ","), family: family,
      level: filled.steps.count, question: filled.question, answer: filled.answer,
      steps: filled.steps)
  }

  /// The problem with every blank at its default.
  public func renderDefaults() throws(ProblemTemplateError) -> Problem {
    try render(fields.map(\.defaultValue))
  }

  /// The template of that id.
  public static func named(_ id: String) throws(ProblemTemplateError) -> ProblemTemplate {
    guard let template = all.first(where: { $0.id == id }) else { throw .unknownTemplate(id) }
    return template
  }
}
