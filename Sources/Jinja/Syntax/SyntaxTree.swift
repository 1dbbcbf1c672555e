/// An expression of a template.
final class Expression: Sendable {
  enum Kind: Sendable {
    case none
    case boolean(Bool)
    case integer(Int)
    case float(Double)
    case text(Text)
    case name(String)
    case list([Expression])
    case tuple([Expression])
    case dictionary([(key: Expression, value: Expression)])
    case attribute(Expression, String)
    case item(Expression, Expression)
    case slice(Expression?, Expression?, Expression?)
    case call(Expression, CallArguments)
    /// Without an operand where a whole block is filtered.
    case filter(Expression?, String, CallArguments)
    case test(Expression, String, CallArguments)
    case not(Expression)
    case negative(Expression)
    case positive(Expression)
    case arithmetic(Expression, ArithmeticOperator, Expression)
    case concatenation([Expression])
    case comparison(Expression, [(by: ComparisonOperator, with: Expression)])
    case and(Expression, Expression)
    case or(Expression, Expression)
    case conditional(test: Expression, then: Expression, otherwise: Expression?)
  }

  let kind: Kind
  let position: JinjaPosition
  /// The longest way down: 1 without operands.
  let height: Int

  init(_ kind: Kind, at position: JinjaPosition, height: Int) {
    self.kind = kind
    self.position = position
    self.height = height
  }
}

enum ArithmeticOperator: String, Sendable {
  case plus = "+"
  case minus = "-"
  case times = "*"
  case divided = "/"
  case floored = "//"
  case remainder = "%"
  case power = "**"
}

enum ComparisonOperator: String, Sendable {
  case equal = "=="
  case unequal = "!="
  case less = "<"
  case lessOrEqual = "<="
  case greater = ">"
  case greaterOrEqual = ">="
  case isIn = "in"
  case isNotIn = "not in"
}

/// What stands between the parentheses of a call.
struct CallArguments: Sendable {
  var positional: [Expression] = []
  var keyword: [(name: String, value: Expression)] = []
  /// Behind `*`.
  var spread: Expression?
  /// Behind `**`.
  var keywordSpread: Expression?

  var all: [Expression] {
    positional + keyword.map(\.value) + [spread, keywordSpread].compactMap(\.self)
  }
}

/// A statement of a template.
struct Statement: Sendable {
  enum Kind: Sendable {
    case data(Text)
    case output(Expression)
    case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
    case loop(Loop)
    case assignment(Target, Expression)
    case blockAssignment(Target, filter: Expression?, body: [Statement])
    case macro(MacroDefinition)
    case callBlock(Expression, caller: MacroDefinition)
    case filterBlock(Expression, body: [Statement])
    case scope([(target: Target, value: Expression)], body: [Statement])
    case leaveLoop
    case nextRound
  }

  struct Loop: Sendable {
    var target: Target
    var iterated: Expression
    var filter: Expression?
    var body: [Statement]
    var otherwise: [Statement]
  }

  var kind: Kind
  var position: JinjaPosition
}

/// What a value is assigned to.
indirect enum Target: Sendable {
  case name(String)
  case attribute(of: String, String)
  case several([Target])
}

struct MacroDefinition: Sendable {
  var name: String
  var parameters: [(name: String, fallback: Expression?)]
  var body: [Statement]
  /// Whether the body speaks of `varargs`, `kwargs` and `caller`, and so takes them.
  var takesMore: Bool
  var takesKeywords: Bool
  var takesCaller: Bool
}
