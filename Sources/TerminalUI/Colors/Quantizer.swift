/// Turns colours into ones that a terminal of a given depth can show, remembering each answer.
public struct Quantizer: Sendable {
  public let depth: ColorDepth
  private var known: [Color: Color] = [:]

  public init(depth: ColorDepth) { self.depth = depth }

  /// The style with its colours quantised. On 8 colours a bright foreground becomes bold, so that
  /// bright black stays apart from black.
  public mutating func callAsFunction(_ style: Style) -> Style {
    var result = style
    result.foreground = nearest(to: style.foreground)
    result.background = nearest(to: style.background)
    if depth == .ansi8 {
      if case .indexed(let index) = result.foreground, index >= 8 {
        // Bold black is invisible on many 8-colour terminals; dim white is the nearest grey.
        result.foreground = .indexed(index == 8 ? 7 : index - 8)
        result.attributes.insert(index == 8 ? .dim : .bold)
      }
      if case .indexed(let index) = result.background, index >= 8 {
        result.background = .indexed(index == 8 ? 0 : index - 8)
      }
    }
    return result
  }

  /// The colour of the terminal's palette nearest to `color` in OKLab; ties go to the lowest index.
  public mutating func nearest(to color: Color) -> Color {
    if let answer = known[color] { return answer }
    let answer = Quantizer.nearest(to: color, depth: depth)
    known[color] = answer
    return answer
  }

  static func nearest(to color: Color, depth: ColorDepth) -> Color {
    switch (depth, color) {
    case (.none, _): return .default
    case (_, .default), (.trueColor, _), (.indexed256, .indexed): return color
    case (_, .indexed(let index)) where index < 16: return color
    default: break
    }
    guard let wanted = OKLab(color) else { return .default }
    // The first 16 colours are the user's own, so 256 colours are matched in the fixed part only.
    var candidates: [UInt8] = depth == .indexed256 ? Array(16...255) : Array(0...15)
    // A grey stays grey: among so few colours a tinted one may be nearer.
    if depth != .indexed256, wanted.chroma < 0.03 { candidates = [0, 7, 8, 15] }
    let best = candidates.min { a, b in
      distance(from: wanted, to: a) < distance(from: wanted, to: b)
    }
    return best.map(Color.indexed) ?? .default
  }

  private static let labs: [OKLab] = (0...255).map { index in
    let (red, green, blue) = XtermPalette.components(of: UInt8(index))
    return OKLab(red: red, green: green, blue: blue)
  }

  private static func distance(from lab: OKLab, to index: UInt8) -> Double {
    lab.squaredDistance(to: labs[Int(index)])
  }
}
