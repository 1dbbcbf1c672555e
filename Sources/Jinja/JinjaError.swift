/// Where something stands in a template.
public struct JinjaPosition: Hashable, Sendable, Comparable {
  /// From 1.
  public var line: Int
  /// In characters from 1.
  public var column: Int

  public static func < (a: Self, b: Self) -> Bool { (a.line, a.column) < (b.line, b.column) }
}

/// Why a template cannot be read or rendered.
public struct JinjaError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// The template is not a program.
    case syntax
    /// The program asked for what does not exist or cannot be done.
    case runtime
    /// The program itself refuses: `raise_exception`.
    case raised
    /// The program went beyond one of `JinjaLimits`.
    case limit
  }

  public var kind: Kind
  public var position: JinjaPosition
  /// What is wrong, without the position.
  public var reason: String

  public var description: String {
    kind == .raised
      ? "the template refuses this conversation (line \(position.line)): \(reason)"
      : "line \(position.line), column \(position.column): \(reason)"
  }
}

/// How much a template may take.
public struct JinjaLimits: Hashable, Sendable {
  /// The UTF-8 length of a program.
  public var programBytes = 1 << 20
  /// How deep statements, and separately expressions, nest.
  public var nesting = 96
  /// How deep evaluation nests, with all macros that call each other.
  public var evaluationDepth = 480
  /// Work in all: one for each statement, expression and element, and one for each 16 characters
  /// that are made.
  public var steps = 2_000_000
  /// Characters of the result, and of any one text on the way to it.
  public var characters = 1 << 24
  /// Elements of a `range`, as in Jinja's sandbox.
  public var rangeLength = 100_000

  public init() {}
}
