import Decoding
import Engine
import EngineFixtures
import Foundation
import Testing

@testable import Training

/// What training takes of memory is known before, and what cannot be trained is refused.
@Suite struct TrainingMemoryTests {
  @Test("a pass reserves what was foretold", arguments: GradientTests.cases, [1, 700, 2100])
  func bytes(_ test: GradientTests.Case, _ count: Int) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    let pass = try TrainingPass(test.configuration, copying: store, name: "tiny", threads: 1)
    var rows = PackedRows()
    for index in 0..<count {
      rows.add(prompt: [TokenID(index % 20)], continuations: [[TokenID(index % 7)]])
    }
    _ = try pass.forward(rows)
    try pass.backward(slopes: rows.targets.map { _ in 1 })
    let plan = ActivationPlan(test.configuration, lanes: pass.compute.lanes)
    #expect(plan.weights == pass.weights.count)
    // Blocks' shares of the norms' gradients are not counted; they are a row for 48.
    let blocks = Activations.byteCount(rows: LayerCompute.blocks(count), width: pass.width)
    #expect(pass.rowBytes == plan.bytes(rows: count) + blocks)
  }

  @Test("a batch is cut so that what a pass keeps takes a gigabyte at most")
  func cut() {
    // Of the shape of SmolLM2 135M.
    let large = ModelConfiguration.tiny(
      layers: 30, heads: 9, kvHeads: 3, headSize: 64, width: 576, feedForward: 1536,
      vocabulary: 49152, tied: true)
    let limit = TrainingPass.rowLimit(large)
    let weights = TrainingPass.bytes(large, rows: 0)
    #expect(TrainingPass.bytes(large, rows: limit) - weights <= 1 << 30)
    #expect(TrainingPass.bytes(large, rows: 2 * limit) - weights > 1 << 30)
    #expect(TrainingPass.rowLimit(.tiny()) == 8192)
  }

  @Test(
    "a pass without a backward one tells the same, and takes the rows of one layer",
    arguments: GradientTests.cases)
  func forwardOnly(_ test: GradientTests.Case) throws {
    let store = try InMemoryWeightStore.llama(test.configuration, format: .f32)
    func pass(_ isTrained: Bool) throws -> TrainingPass {
      try TrainingPass(
        test.configuration, copying: store, name: "tiny", threads: 2, isTrained: isTrained)
    }
    let (trained, frozen) = (try pass(true), try pass(false))
    // Blocks of rows are computed by different threads, so that one may be ahead.
    var rows = GradientTests.rows()
    for text in 0..<60 {
      rows.add(prompt: [TokenID(text % 20)], continuations: [[1, TokenID(text % 7), 3]])
    }
    for _ in 0..<3 {
      let expected = try trained.forward(rows)
      let found = try frozen.forward(rows)
      #expect(found.logProbabilities == expected.logProbabilities)
      #expect(found.entropies == expected.entropies)
    }
    let plan = ActivationPlan(test.configuration, lanes: frozen.compute.lanes)
    let blocks = Activations.byteCount(
      rows: LayerCompute.blocks(rows.targets.count), width: frozen.width)
    #expect(frozen.rowBytes == plan.bytes(rows: rows.count, isTrained: false) + blocks)
    #expect(
      TrainingPass.bytes(test.configuration, rows: 9, isTrained: false)
        < TrainingPass.bytes(test.configuration, rows: 9))
  }

  @Test("more rows take more memory than there is: refused before anything is computed")
  func tooMany() throws {
    let configuration = ModelConfiguration.tiny(
      width: 4096, feedForward: 1 << 27, vocabulary: 40, tied: true)
    let small = ModelConfiguration.tiny(vocabulary: 40)
    let store = try InMemoryWeightStore.llama(small, format: .f32)
    let needed = TrainingPass.bytes(configuration, rows: 1)
    #expect(throws: ModelError.outOfMemory(bytes: needed)) {
      try TrainingPass(configuration, copying: store, name: "huge", threads: 1)
    }
  }

  @Test(
    "quantised weights are refused in words that say what to do",
    arguments: [
      TensorFormat.q8_0, .q4_1,
    ])
  func quantised(_ format: TensorFormat) throws {
    let configuration = ModelConfiguration.tiny(
      headSize: 32, width: 64, feedForward: 96, vocabulary: 64)
    let store = try InMemoryWeightStore.llama(configuration, format: format)
    let error = #expect(throws: ModelError.self) {
      try TrainingPass(configuration, copying: store, name: "tiny", threads: 1)
    }
    #expect(
      error?.description
        == "This model cannot be trained: its weights are quantised (\(format.name)); "
        + "take a file that has them in one of F32, F16, BF16.")
  }

  @Test("other architectures, and llamas whose layers differ, are refused in words")
  func otherArchitectures() throws {
    let plain = ModelConfiguration.tiny()
    let store = try InMemoryWeightStore.llama(plain, format: .f32)
    func refusal(_ change: (inout ModelConfiguration) -> Void) -> String? {
      var configuration = plain
      change(&configuration)
      return #expect(throws: ModelError.self) {
        try TrainingPass(configuration, copying: store, name: "tiny", threads: 1)
      }?.description
    }
    for name in ["smollm3", "granite", "gemma4", "gpt-oss"] {
      let words = refusal { $0.architecture = name }
      #expect(words?.hasSuffix("not for the architecture \(name).") == true)
    }
    let words = refusal {
      $0.layerShapes = [plain.shape(ofLayer: 0), plain.shape(ofLayer: 1)]
      $0.layerShapes?[1].kvHeadCount = 1
    }
    #expect(words?.hasSuffix("not for layers of different sizes.") == true)
  }

  @Test("half-precision weights can be trained", arguments: [TensorFormat.f16, .bf16])
  func halves(_ format: TensorFormat) throws {
    let configuration = ModelConfiguration.tiny()
    let store = try InMemoryWeightStore.llama(configuration, format: format)
    let pass = try TrainingPass(configuration, copying: store, name: "tiny", threads: 1)
    #expect(try pass.forward(GradientTests.rows()).logProbabilities.allSatisfy { $0 < 0 })
  }

  @Test("measuring gives every part, and their sum")
  func benchmark() throws {
    let configuration = ModelConfiguration.tiny()
    let store = try InMemoryWeightStore.llama(configuration, format: .f32)
    let pass = try TrainingPass(configuration, copying: store, name: "tiny", threads: 2)
    let parts = try TrainingBenchmark(tokens: 64, length: 16, rounds: 2).run(pass)
    #expect(parts.map(\.part) == ["forward", "backward", "optimizer", "training"])
    #expect(parts.allSatisfy { $0.slowest <= $0.tokensPerSecond })
    #expect(parts.allSatisfy { $0.tokensPerSecond <= $0.fastest })
    #expect(parts.map { $0.peakShare != nil } == [true, true, false, true])
    #expect(parts[3].tokensPerSecond < parts[0].tokensPerSecond)
  }
}
