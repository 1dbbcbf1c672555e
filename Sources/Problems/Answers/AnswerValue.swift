/// What an answer says, in exact normal form: two answers are the same when their values are.
indirect enum AnswerValue: Hashable, Sendable {
  /// A number or an expression.
  case form(AlgebraicForm)
  /// A point, a list in brackets or an interval: the brackets and the order matter.
  case sequence(open: Character, [AnswerValue], close: Character)
  /// Several answers whose order does not matter: `{1, 2}`, `1, 2`, `2 and 1`, `x = 1 or x = 2`.
  case set(Set<AnswerValue>)
  /// Intervals that are joined.
  case union(Set<AnswerValue>)
  /// From one number to another: `10 to 20`.
  case range(AlgebraicForm, AlgebraicForm)
  /// What is said of an unknown: `x ≥ 4`; or of several, `x = 4` beside `y = 5`.
  case relation(String)
  /// The letter of a multiple-choice option, in upper case, and what stands behind it.
  case option(String, AlgebraicForm?)
  /// Anything else, in lower case.
  case text(String)

  static func number(_ value: ExactNumber) -> AnswerValue { .form(AlgebraicForm(value)) }

  /// Several answers as one; one answer is itself.
  static func joined(_ members: [AnswerValue]) -> AnswerValue {
    let members = Set(members)
    return members.count == 1 ? members.first ?? .set([]) : .set(members)
  }

  /// The one spelling of the value.
  var text: String {
    switch self {
    case .form(let form): form.text
    case .sequence(let open, let members, let close):
      "\(open)\(members.map(\.text).joined(separator: ", "))\(close)"
    case .set(let members) where members.allSatisfy(\.isOption):
      members.map(\.text).sorted().joined(separator: ", ")
    case .set(let members): "{\(members.map(\.text).sorted().joined(separator: ", "))}"
    case .union(let members): members.map(\.text).sorted().joined(separator: " ∪ ")
    case .range(let low, let high): "\(low.text) to \(high.text)"
    case .relation(let text): text
    case .option(let letter, _): letter
    case .text(let text): text
    }
  }

  var isOption: Bool { if case .option = self { true } else { false } }

  var form: AlgebraicForm? { if case .form(let form) = self { form } else { nil } }
}
