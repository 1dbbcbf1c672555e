import Reasoning

extension StrategyDescription {
  /// Whether it grows branches and gives some of them up. CoT-decoding keeps all.
  var searches: Bool { name != CoTDecoding.description.name && settings.contains(.branches) }

  /// Whether its paths are branches of one place: told side by side rather than counted.
  var growsBranches: Bool {
    guard !ranksCandidates else { return false }
    return searches || (!takesVotes && hasSeveralPaths)
  }

  /// Whether it has several paths.
  var hasSeveralPaths: Bool { settings.contains(.branches) || settings.contains(.samples) }

  /// Whether a verifier ranks its finished candidates.
  var ranksCandidates: Bool { settings.contains(.vote) }
}

extension RunStart {
  /// Whether it is a person's own walk in Decode.
  var isExploration: Bool { strategy == Exploration.strategyName }

  /// The temperature of its strategy where none is asked for.
  var usualTemperature: Double {
    // Models that each answer once do so greedily.
    if strategy == Ensemble.description.name, settings.samples ?? 1 > 1 {
      return Ensemble.samplingTemperature
    }
    return (StrategyRegistry.description(of: strategy) ?? SelfConsistency.description)
      .defaultTemperature
  }

  /// The temperature that the run was taken at.
  var temperature: Double { settings.temperature ?? usualTemperature }
}
