import Decoding
import Testing

@testable import Engine

/// Models from GGUF files against logits that transformers computed in double precision on the
/// same, dequantised weights (make_model_fixtures.py and make_recurrent_fixtures.py in Fixtures).
@Suite struct ReferenceLogitsTests {
  private struct Reference: Decodable {
    var ids: [TokenID]
    /// The positions of `logits`.
    var positions: [Int]
    /// [positions, vocabulary]
    var logits: [[Double]]
  }

  /// A fixture and how far its logits may be off, as max|Δ| / max|logit|, with an F32 cache and
  /// with an F16 cache. The error of Q8_0 comes from rounding activations to 8 bits, in weights
  /// that are wilder than trained ones; other engines that do so err as much on these files.
  struct Fixture: Sendable, CustomTestStringConvertible {
    var name: String
    var bound: Double
    var boundF16: Double
    /// With 8-bit keys and values, whose steps are 16 times those of F16.
    var boundQ8 = 6e-2
    var testDescription: String { name }
  }

  static let fixtures = [
    Fixture(name: "f32-mha-tied", bound: 1e-4, boundF16: 2e-3),
    Fixture(name: "f32-gqa-untied", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "f32-rope-factors", bound: 1e-4, boundF16: 2e-3),
    Fixture(name: "f32-rope-linear", bound: 1e-4, boundF16: 5e-3),
    Fixture(name: "f16-gqa-tied", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "f16-mha-untied", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "q8_0-gqa-tied", bound: 6e-2, boundF16: 6e-2),
    Fixture(name: "q8_0-mha-untied", bound: 3e-2, boundF16: 3e-2),
    Fixture(name: "llama-yarn", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "llama-experts", bound: 1e-4, boundF16: 3e-3),
    // Its biases make keys large.
    Fixture(name: "qwen2", bound: 1e-4, boundF16: 2e-2, boundQ8: 3e-1),
    Fixture(name: "qwen2moe", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen3", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen3moe", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "gemma2", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "gemma3", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "phi3-long", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "phi3-window", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "mistral3", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "smollm3", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen2vl", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen3vl", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "granite", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "granitemoe", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "minicpm", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "ernie4_5", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "ernie4_5-moe", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "deci", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "nanbeige", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "olmo2", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "olmo3", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "exaone4", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "exaone4-window", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "hunyuan-dense", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "seed_oss", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "glm4", bound: 1e-4, boundF16: 3e-3),
    // Its experts are wilder still, so that the clamps of their gates matter.
    Fixture(name: "gpt-oss", bound: 1e-4, boundF16: 1e-2),
    // Its scores are not scaled down, so that attention is sharp.
    Fixture(name: "gemma4", bound: 1e-4, boundF16: 2e-2, boundQ8: 6e-1),
    Fixture(name: "gemma4-values", bound: 1e-4, boundF16: 2e-2, boundQ8: 6e-1),
    Fixture(name: "lfm2", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "lfm2moe", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen35", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen35moe", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "qwen3next", bound: 1e-4, boundF16: 3e-3),
    Fixture(name: "gemma4-experts", bound: 1e-4, boundF16: 2e-2, boundQ8: 6e-1),
  ]

  @Test(arguments: fixtures, InstructionSet.available)
  func logitsEqualTheReference(_ fixture: Fixture, on isa: InstructionSet) throws {
    let bounds = [
      (KVFormat.f32, fixture.bound), (.f16, fixture.boundF16), (.q8_0, fixture.boundQ8),
    ]
    for (kv, bound) in bounds {
      let options = EngineOptions(threads: 2, kvFormat: kv, instructionSet: isa)
      let error = try error(of: fixture.name, options)
      #expect(error <= bound, "\(kv)")
    }
  }

  /// max|Δ| / max|logit| over all positions of the reference.
  private func error(of name: String, _ options: EngineOptions) throws -> Double {
    let model = try ModelLoader.load(
      path: EngineTests.Fixture.path("Models/\(name).gguf"), options: options)
    let reference = try EngineTests.Fixture.decode(Reference.self, from: "Models/\(name).json")
    var tree = TokenTree()
    let last = tree.extend(.root, with: reference.ids)
    let path = tree.path(to: last)
    let found = try model.distributions(at: reference.positions.map { path[$0] }, in: tree)
    var (largest, furthest) = (0.0, 0.0)
    for (row, expected) in zip(found, reference.logits) {
      #expect(row.logits.count == expected.count)
      for (logit, expected) in zip(row.logits, expected) {
        largest = max(largest, abs(expected))
        furthest = max(furthest, abs(Double(logit) - expected))
      }
    }
    #expect(largest > 1)
    return furthest / largest
  }
}
