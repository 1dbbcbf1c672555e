/// A GGUF file's metadata under the prefix of its architecture. It remembers what it was asked for.
struct ArchitectureMetadata {
  /// Larger sizes are damage, and products of them might not fit into an `Int`.
  private static let largestSize = 1 << 24

  let architecture: String
  let metadata: GGUFMetadata

  private let asked = AskedKeys()

  private final class AskedKeys {
    var keys: Set<String> = []
  }

  init(architecture: String, metadata: GGUFMetadata) {
    self.architecture = architecture
    self.metadata = metadata
  }

  func wasAsked(_ key: String) -> Bool { asked.keys.contains(key) }

  private func key(_ name: String) -> String {
    let key = "\(architecture).\(name)"
    asked.keys.insert(key)
    return key
  }

  /// A size from 1 to `largestSize`.
  func size(_ name: String, default fallback: Int? = nil) throws(GGUFError) -> Int {
    let key = key(name)
    guard let value = try metadata.integer(key) ?? fallback else { throw .missingKey(key) }
    guard (1...Self.largestSize).contains(value) else {
      throw .valueOutOfRange(key: key, value: "\(value)", allowed: "1 to \(Self.largestSize)")
    }
    return value
  }

  /// A size that may be missing; files also write 0 for that.
  func optionalSize(_ name: String) throws(GGUFError) -> Int? {
    let key = key(name)
    guard let value = try metadata.integer(key), value != 0 else { return nil }
    return try size(name)
  }

  /// A size for each layer, 0 included: an array, or one number for all.
  ///
  /// - Returns: nil when the file does not say. [layerCount]
  func sizes(_ name: String, layerCount: Int) throws(GGUFError) -> [Int]? {
    let key = key(name)
    guard case .array? = metadata[key] else {
      return try optionalSize(name).map { Array(repeating: $0, count: layerCount) }
    }
    let sizes = try metadata.elements(key, "integers") { $0.integer } ?? []
    let count = try layerCount + predictionLayers
    guard sizes.count == count, sizes.allSatisfy({ (0...Self.largestSize).contains($0) }) else {
      throw .valueOutOfRange(
        key: key, value: "\(sizes.count) numbers",
        allowed: "0 to \(Self.largestSize) for each of \(count) layers")
    }
    return Array(sizes.prefix(layerCount))
  }

  /// A truth value for each layer; nil when the file does not say. [layerCount]
  func truthValues(_ name: String, layerCount: Int) throws(GGUFError) -> [Bool]? {
    guard let values = try metadata.elements(key(name), "truth values", { $0.boolean }) else {
      return nil
    }
    guard values.count >= layerCount else {
      throw .valueOutOfRange(
        key: key(name), value: "\(values.count) truth values", allowed: "\(layerCount) of them")
    }
    return Array(values.prefix(layerCount))
  }

  /// Layers behind the others that guess tokens ahead.
  var predictionLayers: Int {
    get throws(GGUFError) { try optionalSize("nextn_predict_layers") ?? 0 }
  }

  func boolean(_ name: String, default fallback: Bool) throws(GGUFError) -> Bool {
    try metadata.boolean(key(name)) ?? fallback
  }

  func optionalNumber(_ name: String) throws(GGUFError) -> Double? {
    let key = key(name)
    guard let value = try metadata.number(key) else { return nil }
    guard value.isFinite else {
      throw .valueOutOfRange(key: key, value: "\(value)", allowed: "finite numbers")
    }
    return value
  }

  func number(_ name: String, default fallback: Double? = nil) throws(GGUFError) -> Double {
    guard let value = try optionalNumber(name) ?? fallback else { throw .missingKey(key(name)) }
    return value
  }

  func text(_ name: String) throws(GGUFError) -> String? { try metadata.text(key(name)) }

  /// Which layers have a sliding window: a truth value for each layer, or a period of which the
  /// last layer has none.
  ///
  /// - Parameter period: of files that say nothing.
  func windowPattern(period: Int, layerCount: Int) throws(GGUFError) -> [Bool] {
    let name = "attention.sliding_window_pattern"
    if case .array? = metadata[key(name)] {
      let pattern = try metadata.elements(key(name), "truth values") { $0.boolean } ?? []
      // Stated for further layers as well, or else wrong.
      return pattern.count == (try layerCount + predictionLayers)
        ? Array(pattern.prefix(layerCount)) : pattern
    }
    let period = try optionalSize(name) ?? period
    return (0..<layerCount).map { $0 % period < period - 1 }
  }

  func experts(feedForwardLength: Int) throws(GGUFError) -> ModelConfiguration.Experts {
    let used = try size("expert_used_count")
    return ModelConfiguration.Experts(
      count: try size("expert_count"), used: used,
      feedForwardLength: try size(
        "expert_feed_forward_length", default: max(1, feedForwardLength / used)))
  }

  func rotary(headSize: Int) throws -> ModelConfiguration.RotaryEmbedding {
    let base = try number("rope.freq_base", default: 10_000)
    // Files without a type but with a factor mean the linear one.
    let scaling = try text("rope.scaling.type") ?? "linear"
    let linear = try number("rope.scale_linear", default: 1)
    let stated = try number("rope.scaling.factor", default: linear)
    let factor = scaling == "none" || stated == 0 ? 1 : stated
    guard factor > 0 else {
      throw ModelError.invalidConfiguration("rotary embedding is scaled by \(factor).")
    }
    var rotary = ModelConfiguration.RotaryEmbedding(
      dimensions: try size("rope.dimension_count", default: headSize), base: base,
      frequencyScale: 1 / factor)
    rotary.originalContextLength = try optionalSize("rope.scaling.original_context_length")
    rotary.magnitude = try number("rope.scaling.attn_factor", default: 1)
    switch scaling {
    case "none", "linear", "longrope": break
    case "yarn": try addYaRN(to: &rotary, factor: factor)
    default:
      throw ModelError.invalidConfiguration(
        "rotary embedding is scaled by \"\(scaling)\"; supported: none, linear, yarn, longrope.")
    }
    return rotary
  }

  private func addYaRN(
    to rotary: inout ModelConfiguration.RotaryEmbedding, factor: Double
  ) throws(GGUFError) {
    let context = try size("context_length")
    var yarn = ModelConfiguration.YaRN(
      originalContextLength: rotary.originalContextLength ?? context)
    yarn.fastTurns = try number("rope.scaling.yarn_beta_fast", default: yarn.fastTurns)
    yarn.slowTurns = try number("rope.scaling.yarn_beta_slow", default: yarn.slowTurns)
    yarn.strength = try number("rope.scaling.yarn_ext_factor", default: yarn.strength)
    rotary.magnitude *= ModelConfiguration.YaRN.magnitude(factor: factor)
    if let multiplier = try optionalNumber("rope.scaling.yarn_log_multiplier"), multiplier != 0 {
      rotary.magnitude /= ModelConfiguration.YaRN.magnitude(factor: factor, multiplier: multiplier)
    }
    rotary.yarn = yarn
  }
}
