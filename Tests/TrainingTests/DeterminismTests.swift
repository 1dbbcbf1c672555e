import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// What a pass gives does not depend on threads, on what else is packed with a text, nor on passes.
@Suite struct DeterminismTests {
  /// A model and texts of random shapes.
  struct Draw: CustomTestStringConvertible, Sendable {
    var seed: Int
    var configuration: ModelConfiguration
    var groups: [TextGroup]

    var testDescription: String { "draw \(seed)" }

    init(_ seed: Int) {
      var random = SeededGenerator(seed: UInt64(seed))
      let kvHeads = Int.random(in: 1...3, using: &random)
      let headSize = 2 * Int.random(in: 1...20, using: &random)
      let vocabulary = Int.random(in: 20...90, using: &random)
      self.seed = seed
      configuration = .tiny(
        layers: Int.random(in: 1...3, using: &random),
        heads: kvHeads * Int.random(in: 1...3, using: &random), kvHeads: kvHeads,
        headSize: headSize, width: Int.random(in: 8...70, using: &random),
        feedForward: Int.random(in: 8...70, using: &random), vocabulary: vocabulary,
        tied: Bool.random(using: &random))
      // Some lengths beyond a block of queries, a block of rows, and what products sum at once.
      let longest = seed % 3 == 0 ? 290 : 40
      groups = (0..<Int.random(in: 1...5, using: &random)).map { _ in
        func text(_ length: ClosedRange<Int>) -> [TokenID] {
          (0..<Int.random(in: length, using: &random)).map { _ in
            TokenID(Int.random(in: 0..<vocabulary, using: &random))
          }
        }
        let prompt = text(1...longest)
        let count = Int.random(in: 1...4, using: &random)
        return TextGroup(prompt: prompt, continuations: (0..<count).map { _ in text(0...longest) })
      }
    }

    var rows: PackedRows {
      var rows = PackedRows()
      for group in groups { rows.add(prompt: group.prompt, continuations: group.continuations) }
      return rows
    }

    func pass(threads: Int, _ set: InstructionSet) throws -> TrainingPass {
      let store = try InMemoryWeightStore.llama(
        configuration, format: .f32, seed: UInt64(seed))
      return try TrainingPass(
        configuration, copying: store, name: "random", threads: threads, instructionSet: set)
    }
  }

  private struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 1 }
    mutating func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state &* 0x2545_F491_4F6C_DD1D
    }
  }

  static let draws = (1...9).map(Draw.init)

  private static func slope(_ token: TokenID, _ index: Int) -> Float {
    Float((Int(token) * 7 + index * 3) % 11 - 5) / 4
  }

  private static func slopes(_ rows: PackedRows) -> [Float] {
    rows.targets.indices.map { slope(rows.targets[$0].token, $0) }
  }

  @Test(
    "weights after two steps are the same to the bit at 1, 2 and 3 threads", arguments: draws,
    InstructionSet.available)
  func threads(_ draw: Draw, _ set: InstructionSet) throws {
    func bits(_ threads: Int) throws -> [UInt32] {
      let pass = try draw.pass(threads: threads, set)
      let optimizer = try AdamW(pass.weights)
      var bits: [UInt32] = []
      for _ in 0..<2 {
        let outcome = try pass.forward(draw.rows, givesStates: true)
        try pass.backward(
          slopes: Self.slopes(draw.rows), entropySlopes: Self.slopes(draw.rows),
          stateSlopes: outcome.states)
        bits += (outcome.logProbabilities + outcome.entropies).map(\.bitPattern)
        bits += [Float(pass.gradientNorm()).bitPattern]
        optimizer.update(pass, rate: 1e-3)
        pass.clearGradients()
      }
      return bits + (0..<pass.weights.count).map { pass.weights.values[$0].bitPattern }
    }
    let one = try bits(1)
    #expect(try bits(2) == one)
    #expect(try bits(3) == one)
  }

  @Test("a text in a group is told the same to the bit as alone", arguments: draws)
  func packing(_ draw: Draw) throws {
    let pass = try draw.pass(threads: 2, InstructionSet.available[0])
    let together = try pass.forward(draw.rows, givesStates: true)
    var rows = PackedRows()
    var next = 0
    for group in draw.groups {
      for continuation in group.continuations {
        // Another cut between prompt and continuation changes nothing either.
        var alone = PackedRows()
        let text = group.prompt + continuation
        alone.add(prompt: [text[0]], continuations: [Array(text.dropFirst())])
        rows = alone
        let outcome = try pass.forward(rows, givesStates: true)
        let asked = next..<next + continuation.count
        next += continuation.count
        let states = asked.lowerBound * pass.width..<asked.upperBound * pass.width
        let own = outcome.logProbabilities.count - continuation.count
        #expect(
          Array(together.logProbabilities[asked]) == Array(outcome.logProbabilities[own...]))
        #expect(Array(together.entropies[asked]) == Array(outcome.entropies[own...]))
        #expect(Array(together.states[states]) == Array(outcome.states[(own * pass.width)...]))
      }
    }
    #expect(next == together.logProbabilities.count)
  }

  @Test("a batch in passes gives the gradients of all of it", arguments: draws, [1, 30, 100])
  func passes(_ draw: Draw, _ limit: Int) throws {
    let whole = try draw.pass(threads: 1, InstructionSet.available[0])
    let told = try whole.forward(draw.rows)
    // Slopes by text, so that each is the same in whatever pass it is.
    let slopes = Self.slopes(draw.rows)
    try whole.backward(slopes: slopes)
    let cut = try draw.pass(threads: 1, InstructionSet.available[0])
    let passes = PackedRows.passes(draw.groups, atMost: limit)
    var logs: [Float] = []
    for pass in passes {
      let outcome = try cut.forward(pass.rows)
      let start = logs.count
      try cut.backward(slopes: Array(slopes[start..<start + outcome.logProbabilities.count]))
      logs += outcome.logProbabilities
    }
    #expect(logs == told.logProbabilities)
    for name in whole.weights.tensorNames {
      let (one, other) = (whole.gradient(of: name) ?? [], cut.gradient(of: name) ?? [])
      let scale = one.map(abs).max() ?? 0
      let worst = zip(one, other).map { abs($0 - $1) }.max() ?? 0
      #expect(worst <= 1e-5 * scale, "\(name)")
    }
  }
}

/// Batches that are cut into passes.
@Suite struct PackedPassesTests {
  @Test(
    "every text is in exactly one pass, in order, and passes keep to the limit unless a text alone is longer",
    arguments: DeterminismTests.draws, [1, 17, 64, 300])
  func law(_ draw: DeterminismTests.Draw, _ limit: Int) {
    let passes = PackedRows.passes(draw.groups, atMost: limit)
    var texts: [[Int]] = []
    for pass in passes {
      let rows = pass.rows
      #expect(rows.count <= limit || pass.texts.count == 1)
      var next = 0
      for text in pass.texts {
        let continuation = draw.groups[text.group].continuations[text.continuation]
        texts.append([text.group, text.continuation])
        #expect(text.targets == next..<next + continuation.count)
        #expect(rows.targets[text.targets].map(\.token) == continuation)
        next = text.targets.upperBound
      }
      #expect(next == rows.targets.count)
    }
    let all = draw.groups.indices.flatMap { group in
      draw.groups[group].continuations.indices.map { [group, $0] }
    }
    #expect(texts == all)
  }

  @Test("what fits together is one pass")
  func fits() {
    let groups = [
      TextGroup(prompt: [1, 2], continuations: [[3, 4], [5]]),
      TextGroup(prompt: [6], continuations: [[7, 8, 9]]),
    ]
    #expect(PackedRows.passes(groups, atMost: 6).count == 1)
    #expect(PackedRows.passes(groups, atMost: 5).count == 2)
    #expect(PackedRows.passes([], atMost: 5).isEmpty)
  }
}
