import Foundation
import Traces

/// The fields of a request's body, read with errors that name the field.
struct RequestFields {
  let values: [String: JSONValue]

  /// - Throws: `APIError` for what is no JSON object.
  init(_ body: [UInt8]) throws(APIError) {
    guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(body)) else {
      throw APIError(.invalidRequest, "The body is no JSON.")
    }
    guard case .object(let values) = value else {
      throw APIError(.invalidRequest, "The body is no JSON object.")
    }
    self.values = values
  }

  /// A field that is neither missing nor null.
  subscript(name: String) -> JSONValue? {
    guard let value = values[name], value != .null else { return nil }
    return value
  }

  private func wrong(_ name: String, _ expected: String) -> APIError {
    APIError(.invalidRequest, "\"\(name)\" must be \(expected).", parameter: name)
  }

  func number(_ name: String, in range: ClosedRange<Double>) throws(APIError) -> Double? {
    guard let value = self[name] else { return nil }
    guard case .number(let number) = value, range.contains(number) else {
      throw wrong(
        name, "a number from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))")
    }
    return number
  }

  func integer(_ name: String, in range: ClosedRange<Int>) throws(APIError) -> Int? {
    guard let value = self[name] else { return nil }
    guard case .number(let number) = value, let whole = Int(exactly: number), range.contains(whole)
    else { throw wrong(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") }
    return whole
  }

  /// The first of several names of one thing that is there.
  func integer(_ names: [String], in range: ClosedRange<Int>) throws(APIError) -> Int? {
    for name in names {
      if let value = try integer(name, in: range) { return value }
    }
    return nil
  }

  private static func short(_ value: Double) -> String {
    Int(exactly: value).map { "\($0)" } ?? "\(value)"
  }

  func boolean(_ name: String) throws(APIError) -> Bool? {
    guard let value = self[name] else { return nil }
    guard case .bool(let boolean) = value else { throw wrong(name, "true or false") }
    return boolean
  }

  func text(_ name: String) throws(APIError) -> String? {
    guard let value = self[name] else { return nil }
    guard case .string(let text) = value else { throw wrong(name, "a text") }
    return text
  }

  /// One text, or a list of texts.
  func texts(_ name: String, atMost count: Int) throws(APIError) -> [String] {
    guard let value = self[name] else { return [] }
    let expected = "a text, or up to \(count) texts"
    switch value {
    case .string(let text): return [text]
    case .array(let values):
      guard values.count <= count else { throw wrong(name, expected) }
      var texts: [String] = []
      for value in values {
        guard case .string(let text) = value else { throw wrong(name, expected) }
        texts.append(text)
      }
      return texts
    default: throw wrong(name, expected)
    }
  }

  /// A list of token ids.
  func ids(_ name: String, vocabularySize: Int) throws(APIError) -> [Int32]? {
    guard let value = self[name] else { return nil }
    guard case .array(let values) = value else { throw wrong(name, "a list of token ids") }
    var ids: [Int32] = []
    for value in values { ids.append(try id(value, name, vocabularySize: vocabularySize)) }
    return ids
  }

  /// A token id of the vocabulary.
  func id(
    _ value: JSONValue, _ name: String, vocabularySize: Int
  ) throws(APIError) -> Int32 {
    guard case .number(let number) = value, let id = Int32(exactly: number), id >= 0,
      id < vocabularySize
    else {
      throw wrong(name, "made of token ids below \(vocabularySize)")
    }
    return id
  }

  func object(_ name: String) throws(APIError) -> [String: JSONValue]? {
    guard let value = self[name] else { return nil }
    guard case .object(let object) = value else { throw wrong(name, "an object") }
    return object
  }

  /// Refuses what would change the answer and is not done here: a client is told, and not given
  /// something else in silence.
  ///
  /// - Parameter neutral: for each name the values with which nothing changes.
  func refuse(_ neutral: [(name: String, values: [JSONValue])]) throws(APIError) {
    for (name, values) in neutral {
      guard let value = self[name], !values.contains(value) else { continue }
      throw APIError(.notSupported, "\"\(name)\" is not supported here.", parameter: name)
    }
  }
}
