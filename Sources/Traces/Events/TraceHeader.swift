/// `header`: the first line of a trace.
public struct TraceHeader: Sendable, Hashable, Codable {
  public static let currentFormat = 1
  /// The format's version. Readers skip kinds of events that they do not know.
  public var format: Int
  /// The program that wrote the trace.
  public var program: String

  public init(format: Int = currentFormat, program: String = "ponder") {
    self.format = format
    self.program = program
  }
}
