/// A variable that a template is given.
public enum JinjaValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  /// Text of the caller's own, such as the name of a role or of a control token.
  case trusted(String)
  /// Text that somebody wrote: it stays input wherever the template moves it.
  case input(String)
  case list([JinjaValue])
  /// In this order; of a key that stands twice the last value counts.
  case dictionary([(key: String, value: JinjaValue)])

  public static func == (a: JinjaValue, b: JinjaValue) -> Bool {
    switch (a, b) {
    case (.null, .null): true
    case (.boolean(let a), .boolean(let b)): a == b
    case (.integer(let a), .integer(let b)): a == b
    case (.float(let a), .float(let b)): a == b
    case (.trusted(let a), .trusted(let b)), (.input(let a), .input(let b)): a == b
    case (.list(let a), .list(let b)): a == b
    case (.dictionary(let a), .dictionary(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.key == $1.key && $0.value == $1.value }
    default: false
    }
  }

  public func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .boolean(let value): hasher.combine(value)
    case .integer(let value): hasher.combine(value)
    case .float(let value): hasher.combine(value)
    case .trusted(let text), .input(let text): hasher.combine(text)
    case .list(let values): hasher.combine(values)
    case .dictionary(let pairs): for pair in pairs { hasher.combine(pair.key) }
    }
  }
}

/// A piece of a rendered template.
public struct JinjaPart: Hashable, Sendable {
  public var text: String
  /// Whether the text came from an `input` value rather than from the template itself.
  public var isInput: Bool

  public init(_ text: String, isInput: Bool) {
    self.text = text
    self.isInput = isInput
  }
}

/// A moment as `strftime_now` writes it.
public struct JinjaDate: Hashable, Sendable {
  public var year: Int
  /// From 1.
  public var month: Int
  /// From 1.
  public var day: Int
  public var hour: Int
  public var minute: Int
  public var second: Int

  public init(
    year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0
  ) {
    (self.year, self.month, self.day) = (year, month, day)
    (self.hour, self.minute, self.second) = (hour, minute, second)
  }
}
