import Decoding
import Traces

/// A setting of the sampler that can be turned in Decode, with the table changing as it turns.
public enum SamplerKnob: Int, CaseIterable, Sendable, Hashable {
  case temperature, topK, topP, minP

  var title: String {
    switch self {
    case .temperature: "T"
    case .topK: "top-k"
    case .topP: "top-p"
    case .minP: "min-p"
    }
  }

  /// The setting's value as the screen writes it; nil when it is off.
  func text(_ settings: SamplingSettings) -> String? {
    switch self {
    case .temperature: Format.fixed(settings.temperature, 1)
    case .topK: settings.topK.map { "\($0)" }
    case .topP: settings.topP.map(Format.share)
    case .minP: settings.minP.map(Format.share)
    }
  }

  static let topKs = [1, 2, 3, 4, 5, 8, 10, 20, 40, 100]
  static let topPs = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99]
  static let minPs = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
}

extension PlaygroundState {
  /// Turns a setting of the sampler by some steps and shows what that does to the table.
  mutating func turn(_ knob: SamplerKnob, by steps: Int) {
    switch knob {
    case .temperature: changeTemperature(by: steps)
    case .topK: settings.topK = stepped(settings.topK, through: SamplerKnob.topKs, by: steps)
    case .topP:
      // Without a limit top-p is 1, above all others: turning it down begins at the top.
      settings.topP = stepped(settings.topP, through: SamplerKnob.topPs, by: steps)
    case .minP:
      // Without a limit min-p is 0, below all others.
      settings.minP = steppedFromBelow(settings.minP, through: SamplerKnob.minPs, by: steps)
    }
    reshapeTable()
  }

  /// The value some steps along a list that ends with "off".
  private func stepped<Value: Comparable>(
    _ value: Value?, through list: [Value], by steps: Int
  ) -> Value? {
    let here = value.map { value in
      // A value from the command line may lie between two of the list.
      steps > 0
        ? (list.lastIndex { $0 <= value } ?? -1) : (list.firstIndex { $0 >= value } ?? list.count)
    }
    let next = (here ?? list.count) + steps
    return next >= list.count ? nil : list[max(0, next)]
  }

  /// The value some steps along a list that begins with "off".
  private func steppedFromBelow<Value: Comparable>(
    _ value: Value?, through list: [Value], by steps: Int
  ) -> Value? {
    let here = value.map { value in
      steps > 0
        ? (list.lastIndex { $0 <= value } ?? -1) : (list.firstIndex { $0 >= value } ?? list.count)
    }
    let next = (here ?? -1) + steps
    return next < 0 ? nil : list[min(list.count - 1, next)]
  }
}
