extension Theme {
  /// The styles that a palette and a role map give on a terminal of some depth.
  ///
  /// Without colour the attributes of `Theme.plain` carry the roles. Where few colours make a role
  /// look like plain text, or its text like its background, these attributes are added.
  public init(palette: Palette, roles: RoleMap, depth: ColorDepth = .trueColor) {
    let isLight = palette.isLight
    guard depth != .none else {
      self.init(name: palette.name, isLight: isLight, styles: PlainRoles.styles)
      return
    }
    let builder = ThemeBuilder(palette: palette, roles: roles, depth: depth)
    self.init(name: palette.name, isLight: isLight, styles: builder.styles())
  }
}

/// Works out the style of every role.
private struct ThemeBuilder {
  let palette: Palette
  let roles: RoleMap
  let depth: ColorDepth

  func styles() -> [Role: Style] {
    var quantizer = Quantizer(depth: depth)
    var styles = roles.entries.mapValues { entry in
      Style(
        foreground: entry.foreground.map(color) ?? .default,
        background: entry.background.map(color) ?? .default, attributes: entry.attributes)
    }
    let background = roles.entries[.text]?.background.map(fullColor)
    for (scale, ramp) in roles.ramps {
      let colors = LightnessRamp(
        stops: (ramp.firstIsStrongest ? ramp.stops : ramp.stops.reversed()).map { palette[$0] },
        background: background, isLight: palette.isLight
      ).colors(count: Role.heatLevels)
      for (level, color) in (ramp.firstIsStrongest ? colors.reversed() : colors).enumerated() {
        let role = scale.level(level)
        styles[role] = scaleStyle(role, color: color, modifiers: styles[role]?.attributes ?? [])
      }
    }
    let full = styles
    for (role, style) in styles { styles[role] = quantizer(style) }
    let text = styles[.text] ?? .plain
    for (role, style) in styles where role != .text {
      guard ThemeBuilder.isLost(style, on: text, full: full[role] ?? style, fullText: full[.text])
      else { continue }
      let attributes = style.attributes.union(PlainRoles.attributes[role] ?? [])
      styles[role] = Style(attributes: attributes)
    }
    return styles
  }

  /// The style of one level of a scale. Few colours cannot tell all levels apart, so there the
  /// attributes must.
  private func scaleStyle(_ role: Role, color: Color, modifiers: Style.Attributes) -> Style {
    let plain = PlainRoles.attributes[role] ?? modifiers
    switch depth {
    case .none, .ansi8: return Style(attributes: plain)
    case .ansi16: return Style(foreground: color, attributes: plain)
    case .indexed256, .trueColor: return Style(foreground: color, attributes: modifiers)
    }
  }

  /// Whether quantising took away what set a style apart from plain text, or made it unreadable.
  private static func isLost(
    _ style: Style, on text: Style, full: Style, fullText: Style?
  ) -> Bool {
    let shown = text.overlaid(by: style)
    let wanted = (fullText ?? .plain).overlaid(by: full)
    if wanted == fullText { return false }
    let isInvisible =
      shown.foreground == shown.background && shown.foreground != .default
      && wanted.foreground != wanted.background
    return shown == text || isInvisible
  }

  private func color(_ paint: RoleMap.Paint) -> Color {
    guard case .slot(let slot) = paint, depth <= .ansi16 else { return fullColor(paint) }
    return ansi(slot)
  }

  private func fullColor(_ paint: RoleMap.Paint) -> Color {
    switch paint {
    case .slot(let slot): palette[slot]
    case .color(let color): color
    }
  }

  /// The ANSI colour that stands for a slot. The user's own palette decides how it looks, so the
  /// slot's meaning counts, not its RGB value.
  private func ansi(_ slot: Palette.Slot) -> Color {
    let dark: [UInt8] = [
      0, 0, 8, 8, 7, 7, 15, 15, 9, 3, 11, 10, 14, 12, 13, 5, 0, 0, 9, 11, 10, 14, 12, 13,
    ]
    let light: [UInt8] = [
      15, 15, 7, 8, 8, 0, 0, 0, 1, 1, 3, 2, 6, 4, 5, 5, 15, 15, 1, 3, 2, 6, 4, 5,
    ]
    let isGrey = slot.index >= 8 && (OKLab(palette[slot])?.chroma ?? 0) < 0.03
    guard !isGrey else { return Quantizer.nearest(to: palette[slot], depth: .ansi16) }
    return .indexed((palette.isLight ? light : dark)[slot.index])
  }
}

/// Colours from weak to strong against a background, evenly apart in lightness, readable throughout.
struct LightnessRamp {
  /// The strong end first.
  let stops: [Color]
  /// nil for the terminal's own, taken as black or white.
  let background: Color?
  let isLight: Bool

  /// WCAG's contrast for text, and a little more because colours are rounded.
  private static let contrast = 4.6

  func colors(count: Int) -> [Color] {
    let labs = stops.compactMap { OKLab($0) }
    guard !labs.isEmpty, count > 1 else { return [] }
    let hues = (0..<count).map { level in hue(labs, at: Double(level) / Double(count - 1)) }
    let strong = isLight ? 0.28 : 0.84
    var weak = isLight ? 0.85 : 0.35
    let step = isLight ? -0.01 : 0.01
    let ground = background ?? (isLight ? .rgb(255, 255, 255) : .rgb(0, 0, 0))
    while abs(weak - strong) > 0.1,
      hues.contains(where: { (placed($0, weak).contrast(with: ground) ?? 21) < Self.contrast })
    { weak += step }
    return hues.enumerated().map { level, hue in
      placed(hue, weak + (strong - weak) * Double(level) / Double(count - 1))
    }
  }

  /// The hue at `t` in 0...1 along the stops, the last of which is the weak end.
  private func hue(_ labs: [OKLab], at t: Double) -> OKLab {
    let place = (1 - t) * Double(labs.count - 1)
    let index = min(labs.count - 1, Int(place))
    let next = min(labs.count - 1, index + 1)
    return labs[index].mixed(with: labs[next], place - Double(index))
  }

  private func placed(_ hue: OKLab, _ lightness: Double) -> Color {
    OKLab(lightness: lightness, a: hue.a, b: hue.b).color
  }
}
