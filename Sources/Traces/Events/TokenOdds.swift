public import Decoding

/// What a teacher and its student find likely as one token of a text that is learned: the teacher's
/// likeliest tokens, and the one that was said.
public struct TokenOdds: Sendable, Hashable, Codable {
  public var tokens: [TokenID]
  /// Their bytes.
  public var bytes: [[UInt8]]
  /// p of each at temperature 1 by the teacher, and by the student before the step.
  public var teacher: [Double]
  public var student: [Double]

  public init(tokens: [Token], teacher: [Double], student: [Double]) {
    self.tokens = tokens.map(\.id)
    bytes = tokens.map(\.bytes)
    self.teacher = teacher
    self.student = student
  }

  /// A token with what both find of it.
  public struct Row: Sendable, Hashable {
    public var token: Token
    public var teacher: Double
    public var student: Double
  }

  /// The tokens in the order in which they are kept; what a damaged file leaves out is left out.
  public var rows: [Row] {
    zip(zip(tokens, bytes), zip(teacher, student)).map {
      Row(token: Token(id: $0.0, bytes: $0.1), teacher: $1.0, student: $1.1)
    }
  }
}
