/// What a run cost, counted where it happens.
public struct TokenCounts: Sendable, Hashable, Codable {
  /// Prompt tokens computed for the first time.
  public var prompt: Int
  /// Tokens chosen by a sampler.
  public var generated: Int
  /// Tokens put in by a strategy or the user.
  public var injected: Int
  /// Tokens before a path's start whose keys and values came from the cache.
  public var reused: Int

  public init(prompt: Int = 0, generated: Int = 0, injected: Int = 0, reused: Int = 0) {
    self.prompt = prompt
    self.generated = generated
    self.injected = injected
    self.reused = reused
  }

  /// What was computed beyond the prompt: tokens sampled, and tokens put in for a strategy or for its
  /// verifier to read.
  public var spent: Int { generated + injected }

  /// All that was new to the model; what it had computed before is `reused`.
  public var computed: Int { prompt + spent }

  public static func + (a: TokenCounts, b: TokenCounts) -> TokenCounts {
    TokenCounts(
      prompt: a.prompt + b.prompt, generated: a.generated + b.generated,
      injected: a.injected + b.injected, reused: a.reused + b.reused)
  }
}
