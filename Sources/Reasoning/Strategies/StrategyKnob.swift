public import Traces

/// What is turned to let a strategy spend more tokens on a problem, or fewer.
public struct StrategyKnob: Sendable, Hashable {
  public var setting: Setting
  /// The least that it can be set to, and by how much it goes up: a search that goes several ways on
  /// from each beam needs that many samples for one beam.
  public var least: Int
  public var step: Int
  /// More than this it is not turned up to, however little it costs: a tree search that has seen all
  /// there is costs no more.
  public var most: Int

  /// The settings with the knob turned to a value.
  public func turned(to value: Int, in settings: RunSettings) -> RunSettings {
    var settings = settings
    switch setting {
    case .waits: settings.waits = value
    case .branches: settings.branches = value
    default: settings.samples = value
    }
    return settings
  }

  /// The values from the least on, each twice the one before, up to a limit; the least in any case.
  public func values(upTo limit: Int) -> [Int] {
    var values = [least]
    while let last = values.last, max(last * 2, last + step) <= limit {
      values.append(max(last * 2, last + step))
    }
    return values
  }
}

extension StrategyDescription {
  /// What decides how much the strategy spends; nil where nothing does.
  ///
  /// - Parameter settings: other settings, of which a search's branches decide how many samples make
  ///   a beam.
  public func knob(_ settings: RunSettings) -> StrategyKnob? {
    let used = Set(self.settings)
    // Beyond six times s1's own curve is flat (arXiv 2501.19393, figure 4).
    if used.contains(.waits) { return StrategyKnob(setting: .waits, least: 0, step: 1, most: 6) }
    if used.contains(.samples) {
      let isBeam = used.contains(.branches) && !used.contains(.leaves)
      let beam = isBeam ? max(1, settings.branches ?? defaultBranches ?? 1) : 1
      return StrategyKnob(setting: .samples, least: beam, step: beam, most: 256)
    }
    if used.contains(.branches) {
      return StrategyKnob(setting: .branches, least: 1, step: 1, most: 64)
    }
    return nil
  }
}
