public import Traces

extension StrategyDescription {
  /// What the strategy takes of the settings that it uses, where nothing is set.
  public var defaults: RunSettings {
    var defaults = RunSettings()
    defaults.prompting = defaultPrompting.description
    (defaults.samples, defaults.branches) = (defaultSamples, defaultBranches)
    defaults.temperature = defaultTemperature
    (defaults.verifier, defaults.rationales) = (ownVerifier ?? defaultVerifier, defaultRationales)
    defaults.vote = defaultVote
    defaults.aggregate =
      shape == .branches ? .sum : RunSettings.Aggregate(rawValue: defaultAggregate.rawValue)
    return defaults
  }

  /// The temperature of a run with these settings.
  public func temperature(_ settings: RunSettings) -> Double {
    settings.temperature ?? usualTemperature(settings)
  }

  /// The temperature where none is given.
  public func usualTemperature(_ settings: RunSettings) -> Double {
    settings.samples ?? 1 > 1 ? temperatureOfSeveral ?? defaultTemperature : defaultTemperature
  }

  /// Whether a verifier of the settings' choice judges what it samples.
  public func isJudged(_ settings: RunSettings) -> Bool {
    self.settings.contains(.verifier)
      || self.settings.contains(.weighting) && settings.weighting == .verifier
  }

  /// Why a run could not do what its settings say; nil where they fit each other. Nothing is rounded
  /// or left out in silence.
  public func conflict(in settings: RunSettings) -> StrategyError? {
    let used = Set(self.settings)
    if used.isSuperset(of: [.samples, .branches]), !used.contains(.leaves) {
      let samples = settings.samples ?? defaultSamples
      let branches = settings.branches ?? defaultBranches ?? 1
      if branches < 1 || samples % branches != 0 {
        let (below, above) = (samples / max(1, branches), samples / max(1, branches) + 1)
        let fitting = (below > 0 ? [below, above] : [above]).map { "\($0 * max(1, branches))" }
        return .unfit(
          "\(name) continues each beam in --branches \(branches) ways, so that --samples "
            + "\(samples) is no whole number of beams; use --samples "
            + "\(fitting.joined(separator: " or ")), or other --branches.")
      }
    }
    if used.contains(.aggregate), let aggregate = settings.aggregate {
      let isOfBranches = shape == .branches
      let fitting = RunSettings.Aggregate.allCases.filter {
        isOfBranches ? [.sum, .max].contains($0) : $0.ofSteps != nil
      }
      if !fitting.contains(aggregate) {
        return .unfit(
          "--aggregate \(aggregate.rawValue) is not for \(isOfBranches ? "branches" : "steps"), "
            + "which \(name) puts together: use "
            + "\(fitting.map(\.rawValue).joined(separator: ", ")).")
      }
    }
    return nil
  }

  /// All settings as a run with these uses them: what is not set is the strategy's default.
  public func effective(_ settings: RunSettings) -> RunSettings {
    var used = settings
    used.temperature =
      self.settings.contains(.temperature) ? temperature(settings) : defaultTemperature
    for setting in self.settings { setting.fill(&used, from: defaults) }
    if self.settings.contains(.weighting), settings.weighting == .verifier {
      used.verifier = used.verifier ?? BestOfN.defaultVerifier
    }
    used.verifier = ownVerifier ?? used.verifier
    // Each kind of strategy puts scores together in some of the ways only.
    let isKnown = shape == .branches ? used.aggregate == .max : used.aggregate?.ofSteps != nil
    if self.settings.contains(.aggregate), !isKnown { used.aggregate = defaults.aggregate }
    return used
  }
}

extension Setting {
  /// The strategies that use it.
  public var strategies: [StrategyDescription] {
    traits.contains(.isForAll) ? Self.everyone : Self.users[self] ?? []
  }

  private static let everyone = StrategyRegistry.all.map { $0.description }
  private static let users: [Setting: [StrategyDescription]] = everyone.reduce(into: [:]) {
    for setting in $1.settings { $0[setting, default: []].append($1) }
  }

  /// What a strategy takes where nothing is set, as text; nil where that is not one value.
  public func usual(of strategy: StrategyDescription) -> String? {
    var settings = RunSettings()
    fill(&settings, from: strategy.defaults)
    return value(in: settings)
  }
}
