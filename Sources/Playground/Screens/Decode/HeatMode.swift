public import TerminalUI

/// What the colour of a token tells.
enum HeatMode: Int, CaseIterable, Sendable {
  case probability, entropy, margin, off

  var title: String {
    switch self {
    case .probability: "p chosen"
    case .entropy: "entropy"
    case .margin: "margin"
    case .off: "off"
    }
  }

  /// The figure that the mode tells of a token; with the heat off still p, for the sparkline.
  func value(_ token: LineToken) -> Double? {
    switch self {
    case .probability, .off: token.probability
    case .entropy: token.entropy
    case .margin: token.margin
    }
  }

  /// How sure the model was, from 0 (torn) to 4 (sure).
  func sureness(_ value: Double) -> Int {
    switch self {
    case .entropy:
      // Bits: 1 bit is a coin's toss, 2 bits an even choice of four.
      return 4 - [0.5, 1, 2, 3].count { value >= $0 }
    case .probability, .margin, .off: return [0.2, 0.4, 0.7, 0.9].count { value >= $0 }
    }
  }

  /// The style of a token of some sureness.
  func style(_ sureness: Int, in theme: Theme) -> Style {
    switch self {
    case .probability: theme.level(.tokenHeat, sureness)
    case .entropy: theme.level(.tokenEntropy, Role.heatLevels - 1 - sureness)
    case .margin: theme.level(.tokenMargin, sureness)
    case .off: theme[.text]
    }
  }

  /// The bands in words, the surest first.
  var bands: [(band: Band, meaning: String)] {
    switch self {
    case .probability, .margin: [(.sure, "≥ .7"), (.half, "≥ .4"), (.torn, "less")]
    case .entropy: [(.sure, "< 1 bit"), (.half, "< 2"), (.torn, "more")]
    case .off: []
    }
  }

  /// The range of the sparkline.
  var range: ClosedRange<Double> { self == .entropy ? 0...4 : 0...1 }

  /// The five levels in three, each with a glyph, so that colour is never alone.
  enum Band: Hashable, Sendable {
    case sure, half, torn

    init(sureness: Int) { self = sureness >= 3 ? .sure : sureness == 2 ? .half : .torn }

    var glyph: String {
      switch self {
      case .sure: "●"
      case .half: "◑"
      case .torn: "○"
      }
    }

    /// A level that stands for the band in the legend.
    var sureness: Int {
      switch self {
      case .sure: 4
      case .half: 2
      case .torn: 0
      }
    }
  }
}

extension Theme {
  /// The style of a token that had a probability.
  public func heat(_ probability: Double) -> Style {
    let mode = HeatMode.probability
    return mode.style(mode.sureness(probability), in: self)
  }
}
