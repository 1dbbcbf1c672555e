/// How a row reads and writes its value, whatever type that has.
struct SettingAccess: Sendable {
  typealias Key = SettingKey

  /// The value as text; nil where none is set.
  var read: @Sendable (RunSettings) -> String?
  /// Sets the value from text; false, and nothing changed, where the text is none of the values.
  var write: @Sendable (inout RunSettings, String) -> Bool
  var reset: @Sendable (inout RunSettings) -> Void
  var step: @Sendable (inout RunSettings, Int) -> Void
  var fill: @Sendable (inout RunSettings, RunSettings) -> Void
  var encode: @Sendable (RunSettings, inout KeyedEncodingContainer<Key>, Key) throws -> Void
  /// False where what stands there is none of the values.
  var decode: @Sendable (inout RunSettings, KeyedDecodingContainer<Key>, Key) throws -> Bool

  /// - Parameters:
  ///   - path: where settings keep the value; nil there is the default.
  ///   - usual: what holds where nothing is set.
  ///   - parse: a value from text; nil for what is none.
  ///   - text: the inverse.
  ///   - next: the value some steps from another, from nil where none is set.
  init<Value: Codable & Equatable & Sendable>(
    at path: any WritableKeyPath<RunSettings, Value?> & Sendable, usual: Value? = nil,
    parse: @escaping @Sendable (String) -> Value?,
    text: @escaping @Sendable (Value) -> String,
    next: @escaping @Sendable (Value?, Int) -> Value?
  ) {
    read = { $0[keyPath: path].map(text) }
    write = { settings, given in
      guard let value = parse(given) else { return false }
      settings[keyPath: path] = value
      return true
    }
    reset = { $0[keyPath: path] = nil }
    step = { $0[keyPath: path] = next($0[keyPath: path], $1) }
    fill = { settings, defaults in
      settings[keyPath: path] = settings[keyPath: path] ?? defaults[keyPath: path] ?? usual
    }
    encode = { try $1.encodeIfPresent($0[keyPath: path], forKey: $2) }
    decode = { settings, container, key in
      let value = try container.decodeIfPresent(Value.self, forKey: key)
      settings[keyPath: path] = value
      return value.map { parse(text($0)) != nil } ?? true
    }
  }
}

/// The sensible values of a setting, which the arrow keys step through.
public enum Ladder<Value: Sendable & Equatable>: Sendable {
  /// Rungs; a value between two goes to the next one, a value beyond the last stays.
  case rungs([Value])
  /// Rungs with "off" (nil) above the last.
  case rungsToOff([Value])
  /// Rungs with "off" (nil) below the first.
  case rungsFromOff([Value])
  /// Whatever is set goes on by as much.
  case every(Value)
}

extension Ladder where Value: Comparable {
  /// The value some steps from another.
  ///
  /// - Parameters:
  ///   - usual: where the steps begin when nothing is set.
  ///   - stride: the value `steps` strides from another, within the range.
  func next(
    _ value: Value?, by steps: Int, usual: Value?, stride: (Value, Value, Int) -> Value
  ) -> Value? {
    switch self {
    case .every(let amount): return (value ?? usual).map { stride($0, amount, steps) }
    case .rungs(let rungs):
      guard let value = value ?? usual else { return rungs.first }
      return Self.neighbour(of: value, in: rungs, by: steps) ?? value
    case .rungsToOff(let rungs):
      guard let value else { return steps < 0 ? rungs.last : nil }
      return Self.neighbour(of: value, in: rungs, by: steps) ?? (steps > 0 ? nil : value)
    case .rungsFromOff(let rungs):
      guard let value else { return steps > 0 ? rungs.first : nil }
      return Self.neighbour(of: value, in: rungs, by: steps) ?? (steps < 0 ? nil : value)
    }
  }

  private static func neighbour(of value: Value, in rungs: [Value], by steps: Int) -> Value? {
    steps > 0 ? rungs.first { $0 > value } : rungs.last { $0 < value }
  }
}

extension Ladder {
  /// A value that is none of them, such as a file, goes to an end.
  static func cycled(_ value: Value?, in values: [Value?], by steps: Int) -> Value? {
    guard !values.isEmpty else { return value }
    guard let index = values.firstIndex(of: value) else {
      return values[steps > 0 ? 0 : values.count - 1]
    }
    return values[((index + steps) % values.count + values.count) % values.count]
  }
}
