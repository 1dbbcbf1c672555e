/// Finds what makes a theme hard to read.
public enum ThemeCheck {
  /// WCAG 2's contrast ratio for text (success criterion 1.4.3).
  static let textContrast = 4.5

  /// Roles that are drawn as lines, fills or blocks, for which the ratio for text does not count.
  private static let graphics: Set<Role> = [
    .border, .borderFocus, .barRaw, .barShaped, .barCut, .chartLine, .chartGrid,
  ]

  /// What is wrong with a theme in full colour: roles without a style, text that stands out too
  /// little from its background, and scales whose lightness does not run in one direction.
  public static func problems(palette: Palette, roles: RoleMap) -> [String] {
    let theme = Theme(palette: palette, roles: roles)
    return missing(theme) + dim(theme) + unordered(theme)
  }

  private static func missing(_ theme: Theme) -> [String] {
    Role.all.filter { !theme.hasStyle(for: $0) }.map { "\($0.rawValue) has no style" }
  }

  private static func dim(_ theme: Theme) -> [String] {
    Role.all.filter { !graphics.contains($0) }.compactMap { role in
      let style = theme[.text].overlaid(by: theme[role])
      guard let ratio = style.foreground.contrast(with: style.background), ratio < textContrast
      else { return nil }
      let rounded = (ratio * 10).rounded(.down) / 10
      return "\(role.rawValue) has a contrast of \(rounded); text needs \(textContrast)"
    }
  }

  private static func unordered(_ theme: Theme) -> [String] {
    Role.scales.compactMap { scale in
      let lightness = (0..<Role.heatLevels).compactMap {
        OKLab(theme.level(scale, $0).foreground)?.lightness
      }
      let steps = zip(lightness, lightness.dropFirst()).map { $1 - $0 }
      if steps.allSatisfy({ $0 > 0 }) || steps.allSatisfy({ $0 < 0 }) { return nil }
      return "the lightness of \(scale.rawValue) does not run in one direction"
    }
  }
}
