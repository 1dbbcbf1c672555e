import Decoding
import Engine
import Foundation
import Testing

@testable import Training

/// Gradients of the bundled models against PyTorch's, which are in double precision and made of the
/// texts one by one (Samples/Models/pretrain/compare_gradients.py).
@Suite struct TorchGradientTests {
  struct Batch: Decodable, Sendable {
    struct Group: Decodable, Sendable {
      var prompt: [TokenID]
      var continuations: [[TokenID]]
    }

    struct Model: Decodable, Sendable {
      var name: String
      var logProbabilities: [Double]
      var entropies: [Double]
      var gradients: [String: GradientSummary]
    }

    var groups: [Group]
    var slopes: [Float]
    var entropySlopes: [Float]
    var models: [Model]

    var rows: PackedRows {
      var rows = PackedRows()
      for group in groups {
        rows.add(prompt: group.prompt, continuations: group.continuations)
      }
      return rows
    }

    func model(named name: String) throws -> Model {
      try #require(models.first { $0.name == name })
    }
  }

  static let bound = 1e-4
  static let names = ["ponder-base-0.2m.F16.gguf", "ponder-base-2m.F16.gguf"]
  static let batch = Result { try TorchFixture.read("gradients.json", as: Batch.self) }

  static func pass(_ name: String, threads: Int, _ set: InstructionSet? = nil) throws
    -> TrainingPass
  {
    let path = TorchFixture.checkout.appending(path: "Samples/Models/\(name)").path
    let file = try GGUFFile(path: path)
    let configuration = try ModelConfiguration(
      file, vocabularySize: try file.vocabulary().count)
    return try TrainingPass(
      configuration, copying: ModelLoader.store(file), name: name, threads: threads,
      instructionSet: set)
  }

  /// How far each tensor's gradient is from PyTorch's, by name.
  static func errors(
    _ name: String, slopes: [Float], _ set: InstructionSet? = nil
  ) throws -> [String: Double] {
    let batch = try batch.get()
    let pass = try pass(name, threads: 2, set)
    _ = try pass.forward(batch.rows)
    try pass.backward(slopes: slopes, entropySlopes: batch.entropySlopes)
    var errors: [String: Double] = [:]
    for (tensor, summary) in try batch.model(named: name).gradients {
      errors[tensor] = summary.error(of: try #require(pass.gradient(of: tensor)))
    }
    return errors
  }

  @Test("log p and entropies equal PyTorch's", arguments: names, InstructionSet.available)
  func forward(_ name: String, _ set: InstructionSet) throws {
    let batch = try Self.batch.get()
    let expected = try batch.model(named: name)
    let outcome = try Self.pass(name, threads: 2, set).forward(batch.rows)
    #expect(outcome.logProbabilities.count == expected.logProbabilities.count)
    #expect(outcome.entropies.count == expected.entropies.count)
    // A log probability near 0 has no relative error to speak of.
    for (told, known) in zip(outcome.logProbabilities, expected.logProbabilities) {
      #expect(abs(Double(told) - known) <= Self.bound * max(1, abs(known)))
    }
    for (told, known) in zip(outcome.entropies, expected.entropies) {
      #expect(abs(Double(told) - known) <= Self.bound * max(1, abs(known)))
    }
  }

  @Test("every gradient equals PyTorch's", arguments: names, InstructionSet.available)
  func backward(_ name: String, _ set: InstructionSet) throws {
    let errors = try Self.errors(name, slopes: try Self.batch.get().slopes, set)
    for (tensor, error) in errors {
      #expect(error <= Self.bound, "\(tensor)")
    }
  }

  @Test("every tensor of the model is compared", arguments: names)
  func completeness(_ name: String) throws {
    let tensors = try Self.pass(name, threads: 1).weights.tensorNames
    #expect(Set(tensors) == Set(try Self.batch.get().model(named: name).gradients.keys))
  }

  @Test("one thread has the gradients of two, to the bit", arguments: InstructionSet.available)
  func threads(_ set: InstructionSet) throws {
    let batch = try Self.batch.get()
    func bits(_ threads: Int) throws -> [[UInt32]] {
      let pass = try Self.pass(Self.names[1], threads: threads, set)
      _ = try pass.forward(batch.rows)
      try pass.backward(slopes: batch.slopes, entropySlopes: batch.entropySlopes)
      return pass.weights.tensorNames.map { (pass.gradient(of: $0) ?? []).map(\.bitPattern) }
    }
    let (one, two) = (try bits(1), try bits(2))
    #expect(one == two)
  }

  @Test("a slope of the wrong sign is noticed in every tensor", arguments: [0, 83, 167])
  func plantedSign(_ target: Int) throws {
    var slopes = try Self.batch.get().slopes
    // One that is not 0.
    let index = try #require(
      slopes.indices.dropFirst(target).first { slopes[$0] != 0 }
        ?? slopes.lastIndex { $0 != 0 })
    slopes[index] *= -1
    let errors = try Self.errors(Self.names[0], slopes: slopes)
    for (tensor, error) in errors {
      #expect(error > Self.bound, "\(tensor)")
    }
  }

  /// The comparison itself: what it must not let pass.
  @Test("a gradient that is a little wrong is noticed")
  func plantedFaults() throws {
    let batch = try Self.batch.get()
    let name = Self.names[0]
    let pass = try Self.pass(name, threads: 2)
    _ = try pass.forward(batch.rows)
    try pass.backward(slopes: batch.slopes, entropySlopes: batch.entropySlopes)
    for (tensor, summary) in try batch.model(named: name).gradients {
      let gradient = try #require(pass.gradient(of: tensor))
      #expect(summary.error(of: gradient) <= Self.bound, "\(tensor)")
      #expect(summary.error(of: gradient.map { $0 * 1.001 }) > Self.bound, "\(tensor), scaled")
      #expect(summary.error(of: gradient.map { -$0 }) > Self.bound, "\(tensor), negated")
      #expect(summary.error(of: gradient.reversed()) > Self.bound, "\(tensor), reversed")
      #expect(summary.error(of: Array(gradient.dropLast())) > Self.bound, "\(tensor), cut")
      var other = gradient
      let largest = try #require(gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) })
      other[largest] = 0
      #expect(summary.error(of: other) > Self.bound, "\(tensor), without its largest entry")
      other[largest] = .nan
      #expect(!(summary.error(of: other) <= Self.bound), "\(tensor), not a number")
    }
  }
}

/// What a fixture knows of a gradient: enough to tell how far another is from it.
struct GradientSummary: Decodable, Sendable {
  var count: Int
  var norm: Double
  /// Inner products with vectors of random signs.
  var projections: [Double]
  var places: [Int]
  /// The entries at these places.
  var entries: [Double]

  /// How far a gradient is from this one: the greatest of three relative errors.
  ///
  /// A difference d has inner products with random signs whose mean square is that of its norm, so
  /// that the projections tell |d| although the whole gradient is not in the fixture. An entry's
  /// error is measured by the larger of the entry and the root mean square of all.
  func error(of gradient: [Float]) -> Double {
    guard gradient.count == count, norm > 0 else { return .infinity }
    let length = gradient.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    var worst = abs(length - norm) / norm
    let squares = zip(project(gradient), projections).reduce(0) {
      $0 + ($1.0 - $1.1) * ($1.0 - $1.1)
    }
    worst = greater(worst, (squares / Double(projections.count)).squareRoot() / norm)
    let typical = norm / Double(gradient.count).squareRoot()
    for (place, entry) in zip(places, entries) {
      worst = greater(worst, abs(Double(gradient[place]) - entry) / max(abs(entry), typical))
    }
    return worst
  }

  /// Unlike `max`, keeps what is not a number.
  private func greater(_ a: Double, _ b: Double) -> Double { a.isNaN || a > b ? a : b }

  /// Inner products with the vectors that compare_gradients.py makes: bits 16 and up of a hash of
  /// the place, 1 for +.
  private func project(_ gradient: [Float]) -> [Double] {
    var sums = Array(repeating: 0.0, count: projections.count)
    for (place, value) in gradient.enumerated() {
      var bits = UInt32(truncatingIfNeeded: place + 1) &* 0x9E37_79B1
      bits ^= bits >> 15
      bits = bits &* 0x85EB_CA77
      bits ^= bits >> 13
      for probe in sums.indices {
        let isPositive = (bits >> UInt32(16 + probe)) & 1 == 1
        sums[probe] += isPositive ? Double(value) : -Double(value)
      }
    }
    return sums
  }
}
