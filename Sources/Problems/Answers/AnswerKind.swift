/// What sort of answer a question asks for, which decides how an answer is found and compared.
public enum AnswerKind: String, Sendable, Hashable, Codable, CaseIterable {
  /// A number: 8, -3, 9.11, 1,234, 3/4. Currency signs, percent signs and units are no part of it.
  case number
  /// The letter of a multiple-choice option: (B).
  case option
  /// Yes or no.
  case yesNo = "yes_no"
  /// A word, a short phrase or any string whose spelling matters (`kn`, a date, a version).
  case word
  /// Arithmetic with its numbers and signs: 2 * 3 + 7. What it is worth is no part of it.
  case expression
  /// Not known: a number if there is one where the answer stands, else whatever stands there.
  case any
}
