/// A program in the language of Jinja 2, as chat templates use it: what Hugging Face's
/// `apply_chat_template` runs, without files, imports or anything else outside of the program.
///
/// Rendering is bounded by `JinjaLimits` whatever the program says, and keeps apart what the
/// template writes and what it was given as input.
public struct JinjaTemplate: Sendable {
  private let statements: [Statement]
  private let limits: JinjaLimits
  /// All variables that the program reads somewhere, and the attributes that it asks for by name.
  public let names: Set<String>

  /// Reads a program.
  ///
  /// - Throws: `JinjaError`, with the place, for what is no program or too large a one.
  public init(_ program: String, limits: JinjaLimits = JinjaLimits()) throws(JinjaError) {
    let parsed = try Parser.parse(program, limits: limits)
    (statements, names) = (parsed.statements, parsed.names)
    self.limits = limits
  }

  /// What the program writes.
  ///
  /// - Parameters:
  ///   - variables: what it can read by name.
  ///   - now: the date and time that `strftime_now` tells.
  /// - Returns: the text, cut only where input begins or ends; no part is empty.
  /// - Throws: `JinjaError` where the program fails, refuses, or goes beyond its limits.
  public func render(
    _ variables: [String: JinjaValue], now: JinjaDate
  ) throws(JinjaError) -> [JinjaPart] {
    let interpreter = Interpreter(limits: limits, now: now)
    defer { interpreter.release() }
    var scope: [String: Value] = [:]
    for (name, value) in variables { scope[name] = try interpreter.value(of: value) }
    return Self.parts(try interpreter.render(statements, variables: scope))
  }

  private static func parts(_ text: Text) -> [JinjaPart] {
    var parts: [JinjaPart] = []
    var start = 0
    for end in 1...max(text.count, 1) where end <= text.count {
      guard end == text.count || Text.mark(of: text.units[end]) != Text.mark(of: text.units[start])
      else { continue }
      let piece = Text(units: text.units[start..<end])
      parts.append(JinjaPart(piece.string, isInput: Text.mark(of: text.units[start]) != 0))
      start = end
    }
    return parts
  }
}
