import Jinja
public import Traces

/// The Jinja program of a chat template.
public struct ChatProgram: Hashable, Sendable {
  private let source: String
  private let template: JinjaTemplate
  /// The file that it stands in; nil for the model's own.
  private let path: String?
  /// What the model's vocabulary calls the token that begins a text, and the one that ends it.
  var beginningOfText = ""
  var endOfText = ""

  /// - Throws: `ChatTemplateError.unreadable`.
  init(_ source: String, path: String?) throws(ChatTemplateError) {
    do {
      template = try JinjaTemplate(source)
    } catch {
      throw .unreadable(error, path: path)
    }
    self.source = source
    self.path = path
  }

  public static func == (a: Self, b: Self) -> Bool {
    a.source == b.source && a.path == b.path && a.beginningOfText == b.beginningOfText
      && a.endOfText == b.endOfText
  }

  public func hash(into hasher: inout Hasher) { hasher.combine(source) }

  // MARK: Writing

  func pieces(
    for messages: [ChatTemplate.Message], thinking: ThinkingChoice?, date: CalendarDay
  ) throws(ChatTemplateError) -> [PromptPiece] {
    let parts = try parts(for: messages, with: thinking.map(variables) ?? [:], date: date)
    if let thinking, try switching(date: date) == .none {
      throw .noSwitch(thinking)
    }
    return parts.map { $0.isInput ? .text($0.text) : .template($0.text) }
  }

  private func parts(
    for messages: [ChatTemplate.Message], with switches: [String: JinjaValue], date: CalendarDay
  ) throws(ChatTemplateError) -> [JinjaPart] {
    var variables = switches
    variables["messages"] = .list(
      messages.map {
        .dictionary([("role", .trusted($0.role.rawValue)), ("content", .input($0.content))])
      })
    variables["add_generation_prompt"] = .boolean(true)
    variables["bos_token"] = .trusted(beginningOfText)
    variables["eos_token"] = .trusted(endOfText)
    do {
      return try template.render(variables, now: JinjaDate(date))
    } catch {
      throw .unreadable(error, path: path)
    }
  }

  /// Whether it writes the day that it is told somewhere.
  var asksForDate: Bool { template.names.contains("strftime_now") }

  // MARK: Thinking

  /// The variables by which templates switch thinking, with what switches it on and off; nil where
  /// one of the two is said by leaving the variable out.
  private static let switches: [(name: String, on: JinjaValue?, off: JinjaValue?)] = [
    ("enable_thinking", .boolean(true), .boolean(false)),
    ("thinking", .boolean(true), .boolean(false)),
    ("reasoning", .boolean(true), .boolean(false)),
    ("thinking_mode", .trusted("enabled"), .trusted("disabled")),
    ("thinking_option", .trusted("on"), .trusted("off")),
    ("thinking_budget", nil, .integer(0)),
  ]

  /// The efforts that amount to no thinking; which of them a template means stands in it.
  private static let leastEfforts = ["none", "no_think", "minimal"]

  private var leastEffort: String? {
    guard template.names.contains("reasoning_effort") else { return nil }
    return Self.leastEfforts.first { source.contains("'\($0)'") || source.contains("\"\($0)\"") }
  }

  /// The variables that the template reads and that switch its thinking, in order.
  private var switchNames: [String] {
    Self.switches.map(\.name).filter(template.names.contains)
      + (leastEffort == nil ? [] : ["reasoning_effort"])
  }

  private func variables(for choice: ThinkingChoice) -> [String: JinjaValue] {
    var variables: [String: JinjaValue] = [:]
    for (name, on, off) in Self.switches where template.names.contains(name) {
      variables[name] = choice == .on ? on : off
    }
    if let leastEffort {
      variables["reasoning_effort"] = .trusted(choice == .on ? "high" : leastEffort)
    }
    return variables
  }

  /// What can be said of a template's thinking.
  public enum Switching: Hashable, Sendable {
    /// No variable changes what it writes.
    case none
    /// It can be switched, and does this if nothing is said.
    case usual(ThinkingChoice)
    /// It can be switched on and off, and says neither by itself.
    case switchable
  }

  /// How the template treats thinking: by what it writes for a question with its switches on, off
  /// and left out.
  public func switching(date: CalendarDay = .today) throws(ChatTemplateError) -> Switching {
    guard !switchNames.isEmpty else { return .none }
    let question = [ChatTemplate.Message(.user, "2 + 2?")]
    let own = try parts(for: question, with: [:], date: date)
    let on = try parts(for: question, with: variables(for: .on), date: date)
    let off = try parts(for: question, with: variables(for: .off), date: date)
    if on == off { return .none }
    return own == on ? .usual(.on) : own == off ? .usual(.off) : .switchable
  }
}

extension JinjaDate {
  /// Noon of a day: a template is told no time, so that it writes the same all day.
  init(_ day: CalendarDay) {
    self.init(year: day.year, month: day.month, day: day.day, hour: 12)
  }
}
