import Foundation

/// What PyTorch computed (Samples/Models/pretrain/compare_*.py), in Tests/Fixtures/Training.
enum TorchFixture {
  static let checkout = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func read<Value: Decodable>(_ name: String, as type: Value.Type) throws -> Value {
    let file = checkout.appending(path: "Tests/Fixtures/Training/\(name)")
    return try JSONDecoder().decode(type, from: Data(contentsOf: file))
  }
}
