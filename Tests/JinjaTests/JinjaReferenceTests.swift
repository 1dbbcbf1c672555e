import Foundation
import Testing

@testable import Jinja

/// Templates of every construct, against what Python's jinja2 makes of them.
@Suite struct JinjaReferenceTests {
  struct Case: Decodable, CustomTestStringConvertible {
    var template: String
    /// nil where jinja2 refuses the template.
    var text: String?

    var testDescription: String { template }
  }

  struct References: Decodable {
    var variables: JSONVariable
    var cases: [Case]
  }

  static let references = Result {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appending(path: "Fixtures")
    let data = try Data(contentsOf: folder.appending(path: "jinja.json"))
    return try JSONDecoder().decode(References.self, from: data)
  }

  static let cases = (try? references.get().cases) ?? []
  static let day = JinjaDate(year: 2026, month: 11, day: 5, hour: 14, minute: 3, second: 9)

  @Test func referencesAreThere() throws {
    let all = try Self.references.get().cases
    #expect(all.count > 300)
    #expect(all.contains { $0.text == nil })
  }

  @Test(arguments: cases) func rendersAsJinja2Does(_ reference: Case) throws {
    let variables = try Self.references.get().variables
    for isInput in [false, true] {
      let rendered = Result {
        try JinjaTemplate(reference.template).render(
          variables.members(isInput: isInput), now: Self.day
        ).map(\.text).joined()
      }
      switch rendered {
      case .success(let text): #expect(text == reference.text)
      case .failure(let error): #expect(reference.text == nil, "\(error)")
      }
    }
  }
}

/// A JSON value whose dictionaries are in the order of their keys.
enum JSONVariable: Decodable {
  case null
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case text(String)
  case list([JSONVariable])
  case dictionary([String: JSONVariable])

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let flag = try? value.decode(Bool.self) {
      self = .boolean(flag)
    } else if let number = try? value.decode(Int.self) {
      self = .integer(number)
    } else if let number = try? value.decode(Double.self) {
      self = .float(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONVariable].self) {
      self = .list(list)
    } else {
      self = .dictionary(try value.decode([String: JSONVariable].self))
    }
  }

  func value(isInput: Bool) -> JinjaValue {
    switch self {
    case .null: .null
    case .boolean(let flag): .boolean(flag)
    case .integer(let number): .integer(number)
    case .float(let number): .float(number)
    case .text(let text): isInput ? .input(text) : .trusted(text)
    case .list(let list): .list(list.map { $0.value(isInput: isInput) })
    case .dictionary:
      .dictionary(
        members(isInput: isInput).sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    }
  }

  func members(isInput: Bool) -> [String: JinjaValue] {
    guard case .dictionary(let members) = self else { return [:] }
    return members.mapValues { $0.value(isInput: isInput) }
  }
}
