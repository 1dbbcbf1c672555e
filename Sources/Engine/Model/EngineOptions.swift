/// How keys and values are kept in the cache.
public enum KVFormat: String, Sendable, CaseIterable {
  case f16
  case f32
  /// 8 bits, with a scale for each 32 elements of a head: a little more than half of `f16`.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  case q8_0
}

/// What a user may choose about the engine; none of it changes what the model means.
public struct EngineOptions: Sendable, Hashable {
  /// Threads that compute, the caller's own included; at least 1. Logits do not depend on it.
  public var threads: Int
  public var kvFormat: KVFormat
  /// How much is kept of keys and values; nil leaves the choice to the engine. Memory is taken as
  /// it is needed.
  public var cacheLimit: CacheLimit?
  /// Forces an instruction set, for tests; nil takes the best this machine has. Logits are equal
  /// to the bit only on one and the same instruction set.
  public var instructionSet: InstructionSet?

  public init(
    threads: Int = 1, kvFormat: KVFormat = .f16, cacheLimit: CacheLimit? = nil,
    instructionSet: InstructionSet? = nil
  ) {
    self.threads = threads
    self.kvFormat = kvFormat
    self.cacheLimit = cacheLimit
    self.instructionSet = instructionSet
  }
}
