/// The kinds of rows. Each takes the place where `RunSettings` keeps the value: a property, or
/// `\.[extra: NAME]` for a setting that needs none of its own.
extension Setting {
  public typealias Place<Value> = any WritableKeyPath<RunSettings, Value?> & Sendable

  /// A whole number.
  ///
  /// - Parameters:
  ///   - usual: what holds where nothing is set and a strategy has no default of its own.
  ///   - unset: how that is said, where it is no number.
  public static func whole<Value: SettingInteger>(
    _ name: String, _ help: String, more: String = "", at place: Place<Value>,
    in range: ClosedRange<Int>, ladder: Ladder<Value>, usual: Value? = nil, unset: String = "off",
    invalidates: Invalidated = .nothing, traits: Traits = []
  ) -> Setting {
    Setting(
      name: name, help: help, more: more, form: .whole(range), invalidates: invalidates,
      traits: traits, unset: usual.map { "\($0)" } ?? unset,
      access: SettingAccess(
        at: place, usual: usual,
        parse: { text in
          Value(text).flatMap {
            $0 >= range.lowerBound && (range.upperBound == .max || $0 <= range.upperBound)
              ? $0 : nil
          }
        }, text: { "\($0)" },
        next: { value, steps in
          ladder.next(value, by: steps, usual: usual) { value, amount, steps in
            let (next, isTooFar) =
              steps < 0
              ? value.subtractingReportingOverflow(amount) : value.addingReportingOverflow(amount)
            return isTooFar || next < range.lowerBound
              || (range.upperBound != .max && next > range.upperBound) ? value : next
          }
        }))
  }

  /// A number.
  public static func number(
    _ name: String, _ help: String, more: String = "", at place: Place<Double>,
    in range: ClosedRange<Double>, ladder: Ladder<Double>, usual: Double? = nil,
    invalidates: Invalidated = .nothing, traits: Traits = []
  ) -> Setting {
    Setting(
      name: name, help: help, more: more, form: .number(range), invalidates: invalidates,
      traits: traits, unset: usual.map { Self.text($0) } ?? "off",
      access: SettingAccess(
        at: place, usual: usual,
        parse: { Double($0).flatMap { range.contains($0) ? $0 : nil } },
        text: { Self.text($0) },
        next: { value, steps in
          ladder.next(value, by: steps, usual: usual) { value, amount, steps in
            // Multiples of the amount; a value between two goes to the next one.
            let place = value / amount
            let next =
              steps > 0 ? (place + 1e-6).rounded(.down) + 1 : (place - 1e-6).rounded(.up) - 1
            // Divided, since 0.1 is no binary fraction: 0.8 and not 0.8000000000000002.
            return min(range.upperBound, max(range.lowerBound, next / (1 / amount).rounded()))
          }
        }))
  }

  /// One of the cases of a type.
  ///
  /// - Parameter cycle: what the arrow keys go through; the default and all cases where none is
  ///   given.
  public static func choice<Value>(
    _ name: String, _ help: String, more: String = "", at place: Place<Value>,
    cycle: [Value?]? = nil, usual: Value? = nil, unset: String = eachItsOwn,
    invalidates: Invalidated = .nothing, traits: Traits = []
  ) -> Setting
  where Value: RawRepresentable<String> & CaseIterable & Codable & Equatable & Sendable {
    let names = Value.allCases.map(\.rawValue)
    let values = cycle ?? [nil] + Value.allCases.map { $0 }
    return Setting(
      name: name, help: help, more: more,
      form: .choice((traits.contains(.canBeOff) ? ["off"] : []) + names),
      invalidates: invalidates, traits: traits, unset: usual?.rawValue ?? unset,
      access: SettingAccess(
        at: place, usual: usual, parse: { Value(rawValue: $0) }, text: \.rawValue,
        next: { Ladder.cycled($0, in: values, by: $1) }))
  }

  /// Words or a path.
  ///
  /// - Parameters:
  ///   - cycle: what the arrow keys go through.
  ///   - parse: the value that a text stands for; nil for what is none.
  public static func text(
    _ name: String, _ help: String, more: String = "", at place: Place<String>,
    _ form: Form, cycle: [String?] = [], unset: String,
    parse: @escaping @Sendable (String) -> String? = { $0.isEmpty ? nil : $0 },
    invalidates: Invalidated = .nothing, traits: Traits = []
  ) -> Setting {
    Setting(
      name: name, help: help, more: more, form: form, invalidates: invalidates, traits: traits,
      unset: unset,
      access: SettingAccess(
        at: place, parse: parse, text: { $0 },
        next: { Ladder.cycled($0, in: cycle, by: $1) }))
  }

  /// A day.
  public static func day(
    _ name: String, _ help: String, more: String = "", at place: Place<CalendarDay>,
    unset: String, invalidates: Invalidated = .nothing, traits: Traits = []
  ) -> Setting {
    Setting(
      name: name, help: help, more: more, form: .text(what: "a day as YYYY-MM-DD", names: []),
      invalidates: invalidates, traits: traits, unset: unset,
      access: SettingAccess(
        at: place, parse: { CalendarDay($0) }, text: \.description, next: { day, _ in day }))
  }

  /// On or off, off by default.
  public static func onOff(
    _ name: String, _ help: String, at place: Place<Bool>, traits: Traits = []
  ) -> Setting {
    Setting(
      name: name, help: help, more: "", form: .onOff, invalidates: .nothing,
      traits: traits.union(.canBeOff), unset: "off",
      access: SettingAccess(
        at: place, parse: { ["on": true, "off": false][$0] },
        text: { $0 ? "on" : "off" }, next: { Ladder.cycled($0, in: [nil, true], by: $1) }))
  }

  /// What is shown where every strategy has a default of its own.
  public static let eachItsOwn = "each strategy's own"
}

/// The types of whole numbers that settings have.
public protocol SettingInteger: FixedWidthInteger, Codable, Sendable, JSONScalar {}
extension Int: SettingInteger {}
extension UInt64: SettingInteger {}
