import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// Optimizers against their definitions in double precision.
@Suite struct OptimizerTests {
  /// Wide, tall and square matrices, of sizes that fit no vector.
  static let configuration = ModelConfiguration.tiny(
    layers: 1, heads: 3, kvHeads: 1, headSize: 6, width: 18, feedForward: 29, vocabulary: 31)

  static func pass(_ threads: Int = 1, _ set: InstructionSet? = nil) throws -> TrainingPass {
    try TrainingPass(
      configuration, copying: InMemoryWeightStore.llama(configuration, format: .f32),
      name: "tiny", threads: threads, instructionSet: set)
  }

  /// Puts the same random gradients into every pass at a step.
  static func setGradients(_ pass: TrainingPass, step: Int) {
    var random = NormalRandom(seed: UInt64(step + 1))
    for index in 0..<pass.weights.count { pass.gradients[index] = random.next() * 0.1 }
  }

  static func values(_ pass: TrainingPass) -> [Float] {
    Array(UnsafeBufferPointer(start: pass.weights.values, count: pass.weights.count))
  }

  static func bits(_ pass: TrainingPass) -> [UInt32] { values(pass).map(\.bitPattern) }

  /// The greatest difference.
  static func distance(_ found: [Float], _ expected: [Double]) -> Double {
    zip(found, expected).reduce(0) { max($0, abs(Double($1.0) - $1.1)) }
  }

  // MARK: AdamW

  @Test("AdamW is as in the paper", arguments: InstructionSet.available)
  func adamW(_ set: InstructionSet) throws {
    let pass = try Self.pass(1, set)
    var settings = AdamW.Settings()
    settings.decay = 0.1
    let optimizer = try AdamW(pass.weights, settings)
    var expected = Self.values(pass).map(Double.init)
    var first = Array(repeating: 0.0, count: expected.count)
    var second = first
    let isMatrix = pass.weights.parameters.flatMap {
      Array(repeating: $0.isMatrix, count: $0.count)
    }
    for step in 1...5 {
      Self.setGradients(pass, step: step)
      let (rate, scale) = (0.01 * Double(step), step == 3 ? 0.5 : 1)
      for i in expected.indices {
        let slope = Double(pass.gradients[i]) * scale
        first[i] = 0.9 * first[i] + 0.1 * slope
        second[i] = 0.95 * second[i] + 0.05 * slope * slope
        if isMatrix[i] { expected[i] *= 1 - rate * 0.1 }
        let (m, v) = (
          first[i] / (1 - pow(0.9, Double(step))), second[i] / (1 - pow(0.95, Double(step)))
        )
        expected[i] -= rate * m / (v.squareRoot() + 1e-8)
      }
      optimizer.update(pass, rate: rate, scale: Float(scale))
      #expect(Self.distance(Self.values(pass), expected) < 1e-5, "step \(step)")
    }
  }

  // MARK: Muon

  /// Five iterations of Newton–Schulz in double precision. [rows, columns]
  static func orthogonalized(_ x: [[Double]]) -> [[Double]] {
    func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
      a.map { row in
        b[0].indices.map { column in row.indices.reduce(0) { $0 + row[$1] * b[$1][column] } }
      }
    }
    func transposed(_ a: [[Double]]) -> [[Double]] { a[0].indices.map { i in a.map { $0[i] } } }
    if x.count > x[0].count { return transposed(orthogonalized(transposed(x))) }
    let norm = x.joined().reduce(0) { $0 + $1 * $1 }.squareRoot() + 1e-7
    var x = x.map { $0.map { $0 / norm } }
    for _ in 0..<5 {
      let a = product(x, transposed(x))
      let square = product(a, a)
      let b = a.indices.map { i in a.indices.map { -4.7750 * a[i][$0] + 2.0315 * square[i][$0] } }
      let bx = product(b, x)
      x = x.indices.map { i in x[i].indices.map { 3.4445 * x[i][$0] + bx[i][$0] } }
    }
    return x
  }

  static func rows(_ values: some Collection<Double>, _ length: Int) -> [[Double]] {
    let values = Array(values)
    return stride(from: 0, to: values.count, by: length).map { Array(values[$0..<$0 + length]) }
  }

  @Test("Muon is as its authors have it", arguments: InstructionSet.available)
  func muon(_ set: InstructionSet) throws {
    let pass = try Self.pass(1, set)
    let optimizer = try Muon(pass.weights)
    var expected = Self.values(pass).map(Double.init)
    var momentum = Array(repeating: 0.0, count: expected.count)
    let matrices = pass.weights.parameters.filter { $0.isMatrix && $0.name.hasPrefix("blk.") }
    #expect(matrices.contains { $0.rowCount > $0.rowLength })
    #expect(matrices.contains { $0.rowCount < $0.rowLength })
    #expect(matrices.contains { $0.rowCount == $0.rowLength })
    for step in 1...3 {
      Self.setGradients(pass, step: step)
      let (rate, scale) = (0.02 * Double(step), step == 2 ? 0.5 : 1)
      for matrix in matrices {
        let range = matrix.offset..<matrix.offset + matrix.count
        for i in range { momentum[i] = 0.95 * momentum[i] + Double(pass.gradients[i]) * scale }
        let ahead = range.map { Double(pass.gradients[$0]) * scale + 0.95 * momentum[$0] }
        let direction = Self.orthogonalized(Self.rows(ahead, matrix.rowLength)).joined()
        let length = max(1, Double(matrix.rowCount) / Double(matrix.rowLength)).squareRoot()
        for (i, step) in zip(range, direction) {
          expected[i] = expected[i] * (1 - rate * 0.1) - rate * length * step
        }
      }
      try optimizer.update(pass, rate: rate, scale: Float(scale))
      let found = Self.values(pass)
      for matrix in matrices {
        let range = matrix.offset..<matrix.offset + matrix.count
        #expect(
          Self.distance(Array(found[range]), Array(expected[range])) < 2e-5,
          "\(matrix.name), step \(step)")
      }
    }
  }

  @Test("Muon moves matrices by nearly orthogonal ones")
  func orthogonal() throws {
    let pass = try Self.pass()
    Self.setGradients(pass, step: 1)
    let before = Self.values(pass)
    var settings = Muon.Settings()
    settings.decay = 0
    try Muon(pass.weights, settings).update(pass, rate: 1)
    let after = Self.values(pass)
    var random = NormalRandom(seed: 5)
    for matrix in pass.weights.parameters where matrix.isMatrix && matrix.name.hasPrefix("blk.") {
      let scale = max(1, Double(matrix.rowCount) / Double(matrix.rowLength)).squareRoot()
      let range = matrix.offset..<matrix.offset + matrix.count
      let step = Self.rows(range.map { Double(before[$0] - after[$0]) / scale }, matrix.rowLength)
      // No vector of the shorter side gets much longer or shorter.
      for _ in 0..<50 {
        let isWide = matrix.rowCount <= matrix.rowLength
        let v = (0..<min(matrix.rowCount, matrix.rowLength)).map { _ in Double(random.next()) }
        let image =
          isWide
          ? (0..<matrix.rowLength).map { j in v.indices.reduce(0) { $0 + v[$1] * step[$1][j] } }
          : step.map { row in v.indices.reduce(0) { $0 + v[$1] * row[$1] } }
        let growth =
          (image.reduce(0) { $0 + $1 * $1 } / v.reduce(0) { $0 + $1 * $1 }).squareRoot()
        #expect((0.6...1.3).contains(growth), "\(matrix.name)")
      }
    }
  }

  @Test("Muon leaves the embedding and the norms to AdamW")
  func others() throws {
    let (pass, adam) = (try Self.pass(), try Self.pass())
    let (muon, adamW) = (try Muon(pass.weights), try AdamW(adam.weights))
    for step in 1...3 {
      Self.setGradients(pass, step: step)
      Self.setGradients(adam, step: step)
      try muon.update(pass, rate: 0.01)
      adamW.update(adam, rate: 0.003)
    }
    let (found, expected) = (Self.bits(pass), Self.bits(adam))
    for parameter in pass.weights.parameters {
      let range = parameter.offset..<parameter.offset + parameter.count
      let isOfBlock = parameter.isMatrix && parameter.name.hasPrefix("blk.")
      #expect((found[range] == expected[range]) == !isOfBlock, "\(parameter.name)")
    }
  }

  @Test("steps are the same to the bit at any number of threads")
  func threads() throws {
    func bits(_ threads: Int, _ settings: any OptimizerSettings) throws -> [UInt32] {
      let pass = try Self.pass(threads)
      let optimizer = try settings.optimizer(of: pass.weights)
      for step in 1...3 {
        Self.setGradients(pass, step: step)
        try optimizer.update(pass, rate: 0.01, scale: 0.7)
      }
      return Self.bits(pass)
    }
    for settings in [AdamW.Settings(), Muon.Settings()] as [any OptimizerSettings] {
      let one = try bits(1, settings)
      #expect(try bits(2, settings) == one)
      #expect(try bits(5, settings) == one)
    }
  }

  // MARK: Schedules

  @Test("rates never leave 0 to 1, rise first, and fall then")
  func schedules() {
    let schedules: [RateSchedule] = [
      .constant, .warmUp(steps: 0), .warmUp(steps: 7), .linear(warmUp: 0), .linear(warmUp: 7),
      .linear(warmUp: 90), .trapezoid,
    ]
    for schedule in schedules {
      for total in [1, 5, 90, 8600] {
        let factors = (0..<total).map { schedule.factor(at: $0, of: total) }
        #expect(factors.allSatisfy { $0 > 0 && $0 <= 1 }, "\(schedule) of \(total)")
        let top = factors.firstIndex(of: factors.max() ?? 0) ?? 0
        let (rise, fall) = (factors[...top], factors[top...])
        #expect(zip(rise, rise.dropFirst()).allSatisfy { $0 <= $1 }, "\(schedule) of \(total)")
        #expect(zip(fall, fall.dropFirst()).allSatisfy { $0 >= $1 }, "\(schedule) of \(total)")
      }
    }
  }

  @Test("each schedule has its corners")
  func corners() {
    #expect((0..<5).map { RateSchedule.warmUp(steps: 4).factor(at: $0, of: 9) } == [
      0.25, 0.5, 0.75, 1, 1,
    ])
    #expect((0..<6).map { RateSchedule.linear(warmUp: 2).factor(at: $0, of: 6) } == [
      0.5, 1, 1, 0.75, 0.5, 0.25,
    ])
    let trapezoid = [0, 4, 50, 100, 2999, 3000, 6500, 9999].map {
      RateSchedule.trapezoid.factor(at: $0, of: 10_000)
    }
    for (found, expected) in zip(trapezoid, [0.05, 0.05, 0.5, 1, 1, 1, 0.5, 1.0 / 7000]) {
      #expect(abs(found - expected) < 1e-12)
    }
  }
}
