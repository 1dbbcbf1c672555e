import CKernels
import Foundation

/// A mixture of experts (Shazeer et al. 2017): a router's softmax or sigmoid weighs experts, each
/// token goes to its best few, and their outputs are summed by these weights.
///
/// Rows that go to the same expert meet it together. A row's sum takes its experts in ascending
/// number, whatever the other rows do.
struct ExpertMixture {
  private let router: LinearMap
  private let routerBias: Vector?
  /// Added to what a router chooses by.
  private let choiceBias: Vector?
  private let experts: [GatedLinearUnit]
  /// The expert of all tokens, and the map whose sigmoid weighs it.
  private let shared: (gate: LinearMap?, unit: GatedLinearUnit)?
  /// Multiplies each expert's weight; nil without them. [experts]
  private let expertScales: [Float]?
  private let used: Int
  private let design: ExpertDesign
  private let weightScale: Float
  private let width: Int

  init(
    _ configuration: ModelConfiguration.Experts, _ design: TransformerDesign, width: Int,
    prefix: String, weights: WeightLoader
  ) throws(ModelError) {
    self.width = width
    used = configuration.used
    self.design = design.experts
    weightScale = configuration.weightScale
    let ff = configuration.feedForwardLength
    let count = configuration.count
    func tensor(_ part: String, _ inputs: Int, _ outputs: Int) throws(ModelError) -> Tensor {
      try weights.tensor(prefix + part + ".weight", inputs: inputs, outputs: outputs)
    }
    func bias(_ part: String, _ inputs: Int) throws(ModelError) -> Tensor {
      try weights.tensor(prefix + part + ".bias", inputs: inputs, outputs: count)
    }
    router = try weights.map([try tensor("ffn_gate_inp", width, count)])
    let hasBias = design.experts.hasBias
    routerBias =
      hasBias ? try weights.vectors([(prefix + "ffn_gate_inp.bias", count)]) : nil
    let choice = prefix + "exp_probs_b.bias"
    choiceBias =
      design.experts.mayBiasChoice && weights.contains(choice)
      ? try weights.vectors([(choice, count)]) : nil
    let gateUp: [Tensor] =
      weights.contains(prefix + "ffn_gate_up_exps.weight")
      ? [try tensor("ffn_gate_up_exps", width, 2 * ff * count)]
      : [
        try tensor("ffn_gate_exps", width, ff * count),
        try tensor("ffn_up_exps", width, ff * count),
      ]
    let down = try tensor("ffn_down_exps", ff, width * count)
    let biases =
      hasBias
      ? (
        gate: try bias("ffn_gate_exps", ff), up: try bias("ffn_up_exps", ff),
        down: try bias("ffn_down_exps", width)
      ) : nil
    var experts: [GatedLinearUnit] = []
    for number in 0..<count {
      // Rows of gate and up, or of both.
      let inner = 2 * ff / gateUp.count
      var own: GatedLinearUnit.Biases?
      if let biases {
        own = .init(
          gateUp: try weights.vector(rows: [(biases.gate, number), (biases.up, number)]),
          down: try weights.vector(rows: [(biases.down, number)]))
      }
      experts.append(
        try GatedLinearUnit(
          gateUp: gateUp.map { $0.rows(number * inner..<(number + 1) * inner) },
          down: down.rows(number * width..<(number + 1) * width), biases: own,
          activation: design.activation, weights: weights))
    }
    self.experts = experts
    let scales = prefix + "ffn_down_exps.scale"
    expertScales =
      design.experts.standBesideDense && weights.contains(scales)
      ? try weights.vectors([(scales, count)]).array : nil
    guard let ff = configuration.sharedFeedForwardLength else {
      shared = nil
      return
    }
    shared = (
      gate: design.experts.gatesSharedExpert
        ? try weights.map([try tensor("ffn_gate_inp_shexp", width, 1)]) : nil,
      unit: try GatedLinearUnit(
        gateUp: [try tensor("ffn_gate_shexp", width, ff), try tensor("ffn_up_shexp", width, ff)],
        down: try tensor("ffn_down_shexp", ff, width), activation: design.activation,
        weights: weights)
    )
  }

  /// A row that goes to an expert, and by what its output is weighed.
  private struct Visit {
    var row: Int
    var weight: Float
  }

  /// Adds the mixture's outputs to `y`.
  ///
  /// - Parameters:
  ///   - h: `[rows, width]`, of which only the floats are read.
  ///   - routed: what the router reads in place of `h`, in the same form.
  ///   - y: `[rows, width]`.
  func add(
    _ h: Activations, routedBy routed: Activations? = nil, to y: Compute.Floats, rows: Int,
    compute: Compute, in space: inout Workspace
  ) throws(ModelError) {
    let everyRow = (0..<rows).map { Visit(row: $0, weight: 1) }
    let scores = try space.scores.reserve(rows * router.outputs)
    try apply(router, routed ?? h, to: scores, visits: everyRow, compute: compute, in: &space)
    if let routerBias { compute.add(routerBias, to: scores, rows: rows) }
    for (expert, visits) in zip(experts, route(scores, rows: rows)) where !visits.isEmpty {
      try add(expert, h, visits, to: y, compute: compute, in: &space)
    }
    guard let shared else { return }
    guard let gate = shared.gate else {
      return try add(shared.unit, h, everyRow, to: y, compute: compute, in: &space)
    }
    try apply(gate, h, to: scores, visits: everyRow, compute: compute, in: &space)
    let visits = everyRow.map { Visit(row: $0.row, weight: 1 / (1 + exp(-scores[$0.row]))) }
    try add(shared.unit, h, visits, to: y, compute: compute, in: &space)
  }

  /// Which rows go to each expert, ascending. [experts]
  private func route(_ scores: Compute.Floats, rows: Int) -> [[Visit]] {
    var visits = [[Visit]](repeating: [], count: experts.count)
    for row in 0..<rows {
      let own = UnsafeBufferPointer(start: scores + row * experts.count, count: experts.count)
      let weights = weights(own)
      let choices = choiceScores(own, weights)
      // Ties go to the lower number.
      let order = own.indices.sorted {
        choices[$0] > choices[$1] || (choices[$0] == choices[$1] && $0 < $1)
      }
      let chosen = order[..<used]
      let total = design.normalizesWeights ? chosen.reduce(0) { $0 + weights[$1] } : 1
      for expert in chosen {
        let scale = weightScale * (expertScales?[expert] ?? 1)
        visits[expert].append(Visit(row: row, weight: weights[expert] / total * scale))
      }
    }
    return visits
  }

  /// What experts would weigh if all were chosen; where those of the chosen are to sum to 1, only
  /// their ratios count.
  private func weights(_ scores: UnsafeBufferPointer<Float>) -> [Float] {
    switch design.gating {
    case .sigmoid: return scores.map { 1 / (1 + exp(-$0)) }
    case .softmax:
      let top = scores.max() ?? 0
      let powers = scores.map { exp($0 - top) }
      guard !design.normalizesWeights || choiceBias != nil else { return powers }
      let total = powers.reduce(0, +)
      return powers.map { $0 / total }
    }
  }

  private func choiceScores(
    _ scores: UnsafeBufferPointer<Float>, _ weights: [Float]
  ) -> [Float] {
    guard let choiceBias else { return Array(scores) }
    return weights.indices.map { weights[$0] + choiceBias.values[$0] }
  }

  private func add(
    _ unit: GatedLinearUnit, _ h: Activations, _ visits: [Visit], to y: Compute.Floats,
    compute: Compute, in space: inout Workspace
  ) throws(ModelError) {
    let input = try gather(h, visits, quantized: unit.wantsBlocks, compute: compute, in: &space)
    let out = try space.expertOutput.reserve(visits.count * width)
    try unit.apply(
      input, to: out, rows: visits.count, accumulate: false, compute: compute, in: &space)
    compute.pool.run(count: visits.count, nanoseconds: Double(width) * 0.2) { range, _ in
      for number in range {
        compute.kernels.pointee.add_scaled(
          out + number * width, y + visits[number].row * width, width, visits[number].weight)
      }
    }
  }

  /// A map's outputs for some rows, one after another.
  private func apply(
    _ map: LinearMap, _ h: Activations, to y: Compute.Floats, visits: [Visit], compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) {
    let input = try gather(h, visits, quantized: map.wantsBlocks, compute: compute, in: &space)
    map.apply(input, to: y, batch: visits.count, accumulate: false, pool: compute.pool)
  }

  /// The visiting rows of `h`, one after another.
  private func gather(
    _ h: Activations, _ visits: [Visit], quantized: Bool, compute: Compute,
    in space: inout Workspace
  ) throws(ModelError) -> Activations {
    let input = try space.expertInput.reserve(rows: visits.count, width: width)
    for (number, visit) in visits.enumerated() {
      (input.floats + number * width).update(from: h.floats + visit.row * width, count: width)
    }
    if quantized { compute.quantize(input, rows: visits.count, width: width) }
    return input
  }
}

extension Tensor {
  /// Some of its rows.
  ///
  /// - Parameter range: within `0..<rowCount`.
  func rows(_ range: Range<Int>) -> Tensor {
    Tensor(
      name: name, format: format, rowLength: rowLength, rowCount: range.count,
      data: data + range.lowerBound * rowBytes, byteCount: range.count * rowBytes)
  }
}
