/// A style for every role, ready for the colours that a terminal has.
public struct Theme: Hashable, Sendable {
  public let name: String
  /// Whether the background is light.
  public let isLight: Bool
  private let styles: [Role: Style]

  public init(name: String, isLight: Bool = false, styles: [Role: Style]) {
    self.name = name
    self.isLight = isLight
    self.styles = styles
  }

  /// The style of a role, else that of the nearest role above it, else that of `ui.text`.
  public subscript(role: Role) -> Style {
    var current: Role? = role
    while let name = current {
      if let style = styles[name] { return style }
      current = name.parent
    }
    return styles[.text] ?? .plain
  }

  /// Level `index` of a scale, such as `theme.level(.tokenHeat, 3)`; clamped to the scale's levels.
  public func level(_ scale: Role, _ index: Int) -> Style {
    self[scale.level(min(Role.heatLevels - 1, max(0, index)))]
  }

  /// The style of the `index`-th of several things to be told apart, counted from 0 and repeating.
  public func series(_ index: Int) -> Style {
    self[Role.vote.level(1 + ((index % Role.voteLevels) + Role.voteLevels) % Role.voteLevels)]
  }

  /// Whether the role, or one above it, has a style of its own.
  func hasStyle(for role: Role) -> Bool {
    styles[role] != nil || role.parent.map(hasStyle) ?? false
  }

  /// A theme of attributes alone, which needs no files.
  public static let plain = Theme(name: "plain", styles: PlainRoles.styles)
}
