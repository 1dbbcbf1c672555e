/// A key of settings in JSON: the name of a setting with `_` for `-`.
struct SettingKey: CodingKey, Hashable {
  var stringValue: String
  var intValue: Int? { nil }

  init(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
  init(_ setting: Setting) { stringValue = String(setting.name.map { $0 == "-" ? "_" : $0 }) }

  /// How many candidates are listed: no setting, but a matter of what is written.
  static let detail = SettingKey(stringValue: "detail")
}

/// Settings in traces and studies: what is set, by the rows of the table. Keys that no row has are
/// kept as they are.
extension RunSettings: Codable {
  public func encode(to encoder: any Swift.Encoder) throws {
    var container = encoder.container(keyedBy: SettingKey.self)
    for (key, value) in extra { try container.encode(value, forKey: SettingKey(stringValue: key)) }
    for row in SettingTable.standard { try row.access.encode(self, &container, SettingKey(row)) }
    try container.encode(detail, forKey: .detail)
  }

  /// - Throws: `DecodingError` for a value that no door would take.
  public init(from decoder: any Swift.Decoder) throws {
    self.init()
    let container = try decoder.container(keyedBy: SettingKey.self)
    let table: SettingTable =
      SettingTable.codingKey.flatMap { decoder.userInfo[$0] } as? SettingTable ?? .standard
    for row in table {
      let key = SettingKey(row)
      guard try row.access.decode(&self, container, key) else {
        throw Swift.DecodingError.dataCorruptedError(
          forKey: key, in: container, debugDescription: "\(row.name) must be \(row.expected).")
      }
    }
    detail = try container.decodeIfPresent(Int.self, forKey: .detail) ?? detail
    let known: Set<SettingKey> = Set(table.map { SettingKey($0) } + [.detail])
    for key in container.allKeys where !known.contains(key) {
      extra[key.stringValue] = try container.decode(JSONValue.self, forKey: key)
    }
  }

  /// A value that has no property of its own.
  public subscript<Value: JSONScalar>(extra name: String) -> Value? {
    get { extra[Self.key(name)].flatMap { Value(json: $0) } }
    set { extra[Self.key(name)] = newValue?.json }
  }

  private static func key(_ name: String) -> String { String(name.map { $0 == "-" ? "_" : $0 }) }
}

/// What a single JSON value can stand for.
public protocol JSONScalar {
  init?(json: JSONValue)
  var json: JSONValue { get }
}

extension Double: JSONScalar {
  public init?(json: JSONValue) {
    guard case .number(let value) = json else { return nil }
    self = value
  }
  public var json: JSONValue { .number(self) }
}

extension FixedWidthInteger where Self: JSONScalar {
  public init?(json: JSONValue) {
    guard case .number(let value) = json, let whole = Self(exactly: value) else { return nil }
    self = whole
  }
  public var json: JSONValue { .number(Double(self)) }
}

extension String: JSONScalar {
  public init?(json: JSONValue) {
    guard case .string(let value) = json else { return nil }
    self = value
  }
  public var json: JSONValue { .string(self) }
}

extension Bool: JSONScalar {
  public init?(json: JSONValue) {
    guard case .bool(let value) = json else { return nil }
    self = value
  }
  public var json: JSONValue { .bool(self) }
}
