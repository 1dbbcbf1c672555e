import Yams

/// Which palette slots and modifiers each role takes, as `Themes/roles.yaml` says.
///
/// An entry is `role: { fg: base05, bg: base00, modifiers: [bold] }`, each part optional. A scale is
/// `role: { ramp: [base08, base0D], strongest: first }`: its levels run through the hues of the
/// ramp, with lightness set apart evenly, so that they stay in order for any palette and without
/// seeing hues; `strongest` says which end stands out most from the background.
public struct RoleMap: Hashable, Sendable {
  public enum Paint: Hashable, Sendable {
    case slot(Palette.Slot)
    case color(Color)
  }

  public struct Entry: Hashable, Sendable {
    public var foreground: Paint?
    public var background: Paint?
    public var attributes: Style.Attributes
  }

  struct Ramp: Hashable, Sendable {
    public var stops: [Palette.Slot]
    var firstIsStrongest: Bool
  }

  public private(set) var entries: [Role: Entry] = [:]
  private(set) var ramps: [Role: Ramp] = [:]

  /// Reads a role map's text.
  ///
  /// - Throws: `ThemeError` naming the file, the line and a remedy.
  public init(yaml text: String, path: String) throws(ThemeError) {
    let file = try YamlFile(text, path: path)
    for (key, value) in file.root {
      guard let name = key.string, let parts = value.mapping else {
        throw file.error(
          at: key, "'\(key.string ?? "?")' has no parts",
          "write it as 'role: { fg: base05, modifiers: [bold] }'")
      }
      let role = Role(rawValue: name)
      if parts["ramp"] != nil {
        ramps[role] = try RoleMap.ramp(parts, role: name, file: file)
      } else {
        entries[role] = try RoleMap.entry(parts, role: name, file: file)
      }
    }
  }

  private static func entry(
    _ parts: Node.Mapping, role: String, file: YamlFile
  ) throws(ThemeError) -> Entry {
    var entry = Entry(foreground: nil, background: nil, attributes: [])
    for (key, value) in parts {
      switch key.string {
      case "fg": entry.foreground = try paint(value, key: key, file: file)
      case "bg": entry.background = try paint(value, key: key, file: file)
      case "modifiers": entry.attributes = try attributes(value, file: file)
      default:
        throw file.error(
          at: key, "\(role) has an unknown part '\(key.string ?? "?")'",
          "use fg, bg, modifiers, or ramp and strongest")
      }
    }
    return entry
  }

  private static func ramp(
    _ parts: Node.Mapping, role: String, file: YamlFile
  ) throws(ThemeError) -> Ramp {
    let names = parts["ramp"]?.array().compactMap(\.string) ?? []
    let stops = names.compactMap { Palette.Slot(name: $0) }
    guard stops.count == names.count, !stops.isEmpty else {
      throw file.error(
        at: parts["ramp"], "the ramp of \(role) is not a list of palette slots",
        "write it as 'ramp: [base08, base0A, base0D]'")
    }
    let strongest = parts["strongest"]?.string ?? "first"
    guard ["first", "last"].contains(strongest) else {
      throw file.error(
        at: parts["strongest"], "strongest is '\(strongest)'", "write 'first' or 'last'")
    }
    return Ramp(stops: stops, firstIsStrongest: strongest == "first")
  }

  private static func paint(_ node: Node, key: Node, file: YamlFile) throws(ThemeError) -> Paint? {
    let written = file.scalar(node, key: key) ?? ""
    if written == "default" { return nil }
    if let slot = Palette.Slot(name: written) { return .slot(slot) }
    if let color = Color(hex: written) { return .color(color) }
    throw file.error(
      at: node, "'\(written)' is not a colour",
      "use a slot such as base0D, 'default', or six hexadecimal digits in quotes")
  }

  private static func attributes(
    _ node: Node, file: YamlFile
  ) throws(ThemeError) -> Style.Attributes {
    var result: Style.Attributes = []
    for item in node.array() {
      guard let known = Style.Attributes.names.first(where: { $0.name == item.string }) else {
        throw file.error(
          at: item, "'\(item.string ?? "?")' is not a modifier",
          "use \(Style.Attributes.names.map(\.name).joined(separator: ", "))")
      }
      result.insert(known.attribute)
    }
    return result
  }
}
