/// One setting of a run: a row of the `SettingTable`.
///
/// A row says all that any door needs to know. The settings panel, the playground's command line
/// and its completion, lessons, traces, the guide and the options of `ponder` read and write a
/// setting through its row alone, so that the same text gives the same value, or the same error,
/// wherever it is put in. Two rows are the same when their names are.
public struct Setting: Sendable {
  /// The name on the command line, without the dashes.
  public let name: String
  /// What it does, in one line without a full stop.
  public let help: String
  /// What the help of `ponder` adds to that; whole sentences.
  public let more: String
  /// What its values are.
  public let form: Form
  /// What has to be made anew when it changes.
  public let invalidates: Invalidated
  public let traits: Traits
  /// What is shown where nothing is set.
  let unset: String
  let access: SettingAccess

  /// What the values of a setting are.
  public enum Form: Sendable, Hashable {
    /// A whole number; `Int.max` stands for no upper limit.
    case whole(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case choice([String])
    /// On or off: an option of the command line without a value.
    case onOff
    /// Any text but the empty one; `what` it is, and names to choose from.
    case text(what: String, names: [String])
    /// The path of a file or folder, or one of the names; `what` it is.
    case path(what: String, names: [String])
  }

  /// What a changed setting makes out of date.
  public enum Invalidated: Sendable, Hashable {
    /// Nothing that is on screen.
    case nothing
    /// How the question is put.
    case prompt
    /// The re-shaped distribution of the next token.
    case sampler
    /// By which votes answers are ranked.
    case vote
  }

  public struct Traits: OptionSet, Sendable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }
    /// `off` takes it away.
    public static let canBeOff = Traits(rawValue: 1)
    /// Every strategy uses it, whether it names it or not.
    public static let isForAll = Traits(rawValue: 2)
    /// `ponder eval` compares several values, with commas between, or `all`.
    public static let canBeCompared = Traits(rawValue: 4)
  }

  // MARK: Values

  /// Sets it from text: `default` goes back to the default, `off` takes a filter away.
  ///
  /// - Throws: `SettingError`, one line that says what would do. Nothing is changed then.
  public func set(_ text: String, in settings: inout RunSettings) throws(SettingError) {
    if text == "default" || (text == "off" && traits.contains(.canBeOff)) {
      return reset(&settings)
    }
    if access.write(&settings, text) { return }
    // What is shown where none is set can be typed, too.
    guard text == unset else { throw SettingError(self, text) }
    reset(&settings)
  }

  /// Goes back to the default.
  public func reset(_ settings: inout RunSettings) { access.reset(&settings) }

  /// The value as text, as `set` takes it; what holds instead where none is set.
  public func text(of settings: RunSettings) -> String { access.read(settings) ?? unset }

  /// The value as text; nil where none is set.
  public func value(in settings: RunSettings) -> String? { access.read(settings) }

  /// Whether the value is the default.
  public func isDefault(_ settings: RunSettings) -> Bool {
    access.read(settings) == access.read(RunSettings())
  }

  /// Goes some steps up or down the sensible values, from wherever in its range the value is.
  public func step(_ settings: inout RunSettings, by steps: Int) {
    for _ in 0..<abs(steps) { access.step(&settings, steps.signum()) }
  }

  /// Puts in what holds where nothing is set: the defaults of a strategy, else the usual value.
  public func fill(_ settings: inout RunSettings, from defaults: RunSettings) {
    access.fill(&settings, defaults)
  }

  /// The values that can be named, for completion.
  public var completions: [String] {
    let off = traits.contains(.canBeOff) && !names.contains("off") ? ["off"] : []
    return names + off + ["default"]
  }

  /// The names among its values.
  public var names: [String] {
    switch form {
    case .choice(let names), .text(_, let names), .path(_, let names): names
    case .onOff: ["on", "off"]
    case .whole, .number: []
    }
  }

  /// Whether it takes the path of a file.
  public var takesPath: Bool { if case .path = form { true } else { false } }

  /// What its values are, in words: "a whole number from 1 to 100".
  public var expected: String {
    let off = traits.contains(.canBeOff) && !names.contains("off") ? ", or off" : ""
    return switch form {
    case .whole(let range) where range.upperBound == .max:
      "a whole number from \(range.lowerBound) up\(off)"
    case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)\(off)"
    case .number(let range):
      "a number from \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound))\(off)"
    case .choice(let names): "one of \(names.joined(separator: ", "))\(off)"
    case .onOff: "on or off"
    case .text(let what, _), .path(let what, _): what
    }
  }

  /// A number as people write it: without ".0".
  static func text(_ value: Double) -> String {
    let text = String(value)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension Setting: Hashable {
  public static func == (a: Setting, b: Setting) -> Bool { a.name == b.name }
  public func hash(into hasher: inout Hasher) { hasher.combine(name) }
}

/// Why a value cannot be given to a setting: one line that says what would do.
public struct SettingError: Error, Hashable, CustomStringConvertible {
  public var description: String

  init(_ setting: Setting, _ text: String) {
    description = "\(setting.name) must be \(setting.expected), not “\(text)”"
  }
}
