package import Decoding
import Foundation

@testable package import Engine

extension ModelConfiguration {
  /// A small llama whose sizes fit no vector width.
  package static func tiny(
    layers: Int = 2, heads: Int = 6, kvHeads: Int = 2, headSize: Int = 10, width: Int = 64,
    feedForward: Int = 96, vocabulary: Int = 77, tied: Bool = false, context: Int = 256
  ) -> ModelConfiguration {
    ModelConfiguration(
      architecture: "llama", layerCount: layers, embeddingLength: width, headCount: heads,
      kvHeadCount: kvHeads, headSize: headSize, feedForwardLength: feedForward,
      rotary: RotaryEmbedding(dimensions: headSize), normEpsilon: 1e-5, contextLength: context,
      vocabularySize: vocabulary, tiedEmbeddings: tied)
  }
}

extension InMemoryWeightStore {
  /// Random llama weights: matrices in one format, norms in F32.
  package static func llama(
    _ c: ModelConfiguration, format: TensorFormat, seed: UInt64 = 1, factors: Bool = false
  ) throws -> InMemoryWeightStore {
    var random = NormalRandom(seed: seed)
    var tensors: [NewTensor] = []
    func encoded(_ values: [Float], as format: TensorFormat, _ name: String) throws -> [UInt8] {
      guard let bytes = ScalarKernels.encode(values, as: format) else {
        throw ModelError.unsupportedFormat(tensor: name, format: format.name, supported: [])
      }
      return bytes
    }
    func add(_ name: String, _ inputs: Int, _ outputs: Int) throws {
      let scale = 1 / Float(inputs).squareRoot()
      let values = (0..<inputs * outputs).map { _ in random.next() * scale }
      let bytes = try encoded(values, as: format, name)
      tensors.append(
        NewTensor(
          name: name, format: format, rowLength: inputs, rowCount: outputs, bytes: bytes))
    }
    func addVector(_ name: String, _ count: Int) throws {
      let values = (0..<count).map { _ in 1 + 0.2 * random.next() }
      let bytes = try encoded(values, as: .f32, name)
      tensors.append(
        NewTensor(name: name, format: .f32, rowLength: count, rowCount: 1, bytes: bytes))
    }
    let (width, ff) = (c.embeddingLength, c.feedForwardLength)
    let (queries, kv) = (c.headCount * c.headSize, c.kvHeadCount * c.headSize)
    try add("token_embd.weight", width, c.vocabularySize)
    for layer in 0..<c.layerCount {
      let name = "blk.\(layer)."
      try addVector(name + "attn_norm.weight", width)
      try add(name + "attn_q.weight", width, queries)
      try add(name + "attn_k.weight", width, kv)
      try add(name + "attn_v.weight", width, kv)
      try add(name + "attn_output.weight", queries, width)
      try addVector(name + "ffn_norm.weight", width)
      try add(name + "ffn_gate.weight", width, ff)
      try add(name + "ffn_up.weight", width, ff)
      try add(name + "ffn_down.weight", ff, width)
    }
    try addVector("output_norm.weight", width)
    if !c.tiedEmbeddings { try add("output.weight", width, c.vocabularySize) }
    if factors { try addVector("rope_freqs.weight", c.rotary.dimensions / 2) }
    return try InMemoryWeightStore(name: "tiny", tensors: tensors)
  }
}

/// The llama forward pass written down plainly in double precision, one position after another.
package struct ReferenceLlama {
  package let c: ModelConfiguration
  /// By name. [outputs, inputs]
  package var matrices: [String: [Double]] = [:]

  package init(_ c: ModelConfiguration, _ store: any WeightStore) {
    self.c = c
    for name in store.tensorNames {
      guard let tensor = store.tensor(named: name) else { continue }
      matrices[name] = (ScalarKernels.decode(tensor) ?? []).map(Double.init)
    }
  }

  private func w(_ name: String) -> [Double] { matrices[name + ".weight"] ?? [] }

  private func multiply(_ m: [Double], _ x: [Double]) -> [Double] {
    (0..<m.count / x.count).map { row in
      var sum = 0.0
      for k in x.indices { sum += m[row * x.count + k] * x[k] }
      return sum
    }
  }

  private func norm(_ x: [Double], _ weight: [Double]) -> [Double] {
    let mean = x.reduce(0) { $0 + $1 * $1 } / Double(x.count)
    let factor = 1 / (mean + Double(c.normEpsilon)).squareRoot()
    return zip(x, weight).map { $0 * factor * $1 }
  }

  private func rotated(_ x: [Double], position: Int) -> [Double] {
    var x = x
    let factors = matrices["rope_freqs.weight"]
    for head in stride(from: 0, to: x.count, by: c.headSize) {
      for pair in 0..<c.rotary.dimensions / 2 {
        let frequency =
          pow(c.rotary.base, -2 * Double(pair) / Double(c.rotary.dimensions))
          / (factors?[pair] ?? 1)
        let (cosine, sine) = (cos(Double(position) * frequency), sin(Double(position) * frequency))
        let (a, b) = (x[head + 2 * pair], x[head + 2 * pair + 1])
        x[head + 2 * pair] = a * cosine - b * sine
        x[head + 2 * pair + 1] = a * sine + b * cosine
      }
    }
    return x
  }

  /// The logits after each token. [tokens][vocabulary]
  ///
  /// - Parameter first: the position of the first token.
  package func logits(_ tokens: [TokenID], at first: Int = 0) -> [[Double]] {
    states(tokens, at: first).map { multiply(c.tiedEmbeddings ? w("token_embd") : w("output"), $0) }
  }

  /// What logits are read from after each token, after the last norm. [tokens][width]
  package func states(_ tokens: [TokenID], at first: Int = 0) -> [[Double]] {
    var keys = [[[Double]]](repeating: [], count: c.layerCount)
    var values = keys
    return tokens.enumerated().map { index, token in
      let position = first + index
      let row = Int(token) * c.embeddingLength
      var x = Array(w("token_embd")[row..<row + c.embeddingLength])
      for layer in 0..<c.layerCount {
        let name = "blk.\(layer)."
        let h = norm(x, w(name + "attn_norm"))
        let query = rotated(multiply(w(name + "attn_q"), h), position: position)
        keys[layer].append(rotated(multiply(w(name + "attn_k"), h), position: position))
        values[layer].append(multiply(w(name + "attn_v"), h))
        let attended = attention(query, keys[layer], values[layer])
        x = zip(x, multiply(w(name + "attn_output"), attended)).map(+)
        let f = norm(x, w(name + "ffn_norm"))
        let gate = multiply(w(name + "ffn_gate"), f).map { $0 / (1 + exp(-$0)) }
        let up = multiply(w(name + "ffn_up"), f)
        x = zip(x, multiply(w(name + "ffn_down"), zip(gate, up).map(*))).map(+)
      }
      return norm(x, w("output_norm"))
    }
  }

  private func attention(
    _ query: [Double], _ keys: [[Double]], _ values: [[Double]]
  ) -> [Double] {
    let size = c.headSize
    return (0..<c.headCount).flatMap { head -> [Double] in
      let kv = head / (c.headCount / c.kvHeadCount) * size
      let scores = keys.map { key in
        (0..<size).reduce(0) { $0 + query[head * size + $1] * key[kv + $1] }
          / Double(size).squareRoot()
      }
      let top = scores.max() ?? 0
      let weights = scores.map { exp($0 - top) }
      let total = weights.reduce(0, +)
      return (0..<size).map { d in
        zip(weights, values).reduce(0) { $0 + $1.0 * $1.1[kv + d] } / total
      }
    }
  }
}
