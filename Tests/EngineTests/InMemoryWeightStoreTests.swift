import Decoding
import EngineFixtures
import Testing

@testable import Engine

@Suite struct InMemoryWeightStoreTests {
  @Test("Random weights keep names, shapes and formats, and share nothing with the model's")
  func randomized() throws {
    for format in PackedFormat.supported {
      let configuration = ModelConfiguration.whole(blocksOf: format)
      let store = try InMemoryWeightStore.llama(configuration, format: format)
      let random = try InMemoryWeightStore.randomized(like: store, seed: 7)
      #expect(Set(random.tensorNames) == Set(store.tensorNames))
      for name in store.tensorNames {
        let (a, b) = (
          try #require(store.tensor(named: name)), try #require(random.tensor(named: name))
        )
        #expect(a.format == b.format)
        #expect([a.rowLength, a.rowCount, a.byteCount] == [b.rowLength, b.rowCount, b.byteCount])
        #expect(ScalarKernels.decode(a) != ScalarKernels.decode(b), "\(name)")
      }
      let again = try InMemoryWeightStore.randomized(like: store, seed: 7)
      #expect(again.hash == random.hash)
      #expect(random.hash != store.hash)
      #expect(random.fileType == format.name)
      let model = try TransformerModel(
        configuration: configuration, weights: random, vocabulary: NumberedVocabulary(count: 77))
      #expect(try model.distribution(after: [1, 2]).logits.allSatisfy(\.isFinite))
    }
  }

  @Test("A change raises the version and alters the digest")
  func update() throws {
    let store = try InMemoryWeightStore.llama(.tiny(), format: .f32)
    let (version, hash) = (store.version, store.hash)
    #expect(store.update("output_norm.weight") { $0[0] ^= 1 })
    #expect(store.version > version)
    #expect(store.hash != hash)
    #expect(!store.update("nothing") { _ in })
  }

  @Test("Bytes that do not make up the shape are refused")
  func shape() throws {
    let short = InMemoryWeightStore.NewTensor(
      name: "w", format: .f16, rowLength: 4, rowCount: 2, bytes: [0, 0, 0])
    #expect(throws: ModelError.self) { try InMemoryWeightStore(name: "x", tensors: [short]) }
    let uneven = InMemoryWeightStore.NewTensor(
      name: "w", format: .q8_0, rowLength: 33, rowCount: 1, bytes: [])
    #expect(throws: ModelError.self) { try InMemoryWeightStore(name: "x", tensors: [uneven]) }
  }

  @Test("A model that lacks a tensor, or has it in the wrong shape, is refused by name")
  func loading() throws {
    let configuration = ModelConfiguration.tiny()
    var tensors: [InMemoryWeightStore.NewTensor] = []
    let store = try InMemoryWeightStore.llama(configuration, format: .f32)
    for name in store.tensorNames {
      let tensor = try #require(store.tensor(named: name))
      tensors.append(
        .init(
          name: name, format: .f32, rowLength: tensor.rowLength, rowCount: tensor.rowCount,
          bytes: Array(UnsafeRawBufferPointer(start: tensor.data, count: tensor.byteCount))))
    }
    func load(_ tensors: [InMemoryWeightStore.NewTensor]) throws {
      _ = try TransformerModel(
        configuration: configuration,
        weights: try InMemoryWeightStore(name: "x", tensors: tensors),
        vocabulary: NumberedVocabulary(count: 77))
    }
    try load(tensors)
    for (index, tensor) in tensors.enumerated() {
      var without = tensors
      without.remove(at: index)
      #expect(throws: ModelError.missingTensor(tensor.name)) { try load(without) }
      var turned = tensors
      turned[index].rowLength = tensor.rowCount
      turned[index].rowCount = tensor.rowLength
      if tensor.rowCount != tensor.rowLength {
        #expect(throws: ModelError.self) { try load(turned) }
      }
    }
  }

  @Test("A configuration that makes no transformer is refused")
  func configurations() throws {
    let store = try InMemoryWeightStore.llama(.tiny(), format: .f32)
    let broken: [(inout ModelConfiguration) -> Void] = [
      { $0.layerCount = 0 }, { $0.kvHeadCount = 4 }, { $0.headSize = -1 },
      { $0.rotary.dimensions = 7 }, { $0.rotary.dimensions = 12 }, { $0.rotary.base = 0 },
      { $0.rotary.base = .nan }, { $0.normEpsilon = -1 }, { $0.embeddingLength = .max },
      { $0.architecture = "nobody" }, { $0.vocabularySize = 76 },
    ]
    for change in broken {
      var configuration = ModelConfiguration.tiny()
      change(&configuration)
      #expect(throws: ModelError.self) {
        try TransformerModel(
          configuration: configuration, weights: store,
          vocabulary: NumberedVocabulary(count: 77))
      }
    }
  }

  @Test(
    "Weights of arbitrary bits give logits, whatever they are", arguments: InstructionSet.available)
  func garbage(_ isa: InstructionSet) throws {
    var random = SplitMix64(state: 4)
    for format in PackedFormat.supported {
      let configuration = ModelConfiguration.whole(blocksOf: format)
      let store = try InMemoryWeightStore.llama(configuration, format: format)
      for name in store.tensorNames {
        store.update(name) { bytes in
          for i in bytes.indices { bytes[i] = UInt8.random(in: 0...255, using: &random) }
        }
      }
      let model = try TransformerModel(
        configuration: configuration, weights: store,
        vocabulary: NumberedVocabulary(count: 77), options: EngineOptions(instructionSet: isa))
      let tokens = (0..<40).map { TokenID($0) }
      #expect(try model.distribution(after: tokens).logits.count == 77)
    }
  }
}
