import Foundation

/// The themes in some folders: palettes (`*.yaml`, `*.yml`) and a role map (`roles.yaml`).
public struct ThemeLibrary: Sendable {
  /// Where themes are looked for; the first folder that has a name wins.
  public let folders: [String]
  /// What to say, in an error, to somebody who typed a name that no theme has.
  private let remedy: @Sendable (_ name: String, _ known: [String]) -> String

  static let roleMapName = "roles"
  /// The theme to use when none is chosen.
  public static let defaultName = "ponder-dark"

  /// - Parameter remedy: such as `choose one of …`, from the name that was typed and those there are.
  public init(
    folders: [String],
    remedy: @escaping @Sendable (_ name: String, _ known: [String]) -> String = {
      "choose one of \($1.joined(separator: ", "))"
    }
  ) {
    self.folders = folders
    self.remedy = remedy
  }

  /// The names of all palettes, sorted.
  public var names: [String] { Set(folders.flatMap(palettes(in:)).map(\.name)).sorted() }

  /// The theme of that name, or in the file at that path, for a terminal of some depth.
  ///
  /// - Throws: `ThemeError` naming the file, the line and a remedy.
  public func theme(_ nameOrPath: String, depth: ColorDepth) throws(ThemeError) -> Theme {
    Theme(palette: try palette(nameOrPath), roles: try roleMap(), depth: depth)
  }

  /// The palette of that name, or in the file at that path.
  public func palette(_ nameOrPath: String) throws(ThemeError) -> Palette {
    let path = try self.path(of: nameOrPath)
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    return try Palette(yaml: try read(path), name: name, path: path)
  }

  /// The role map that all palettes share.
  public func roleMap() throws(ThemeError) -> RoleMap {
    let paths = folders.map { "\($0)/\(ThemeLibrary.roleMapName).yaml" }
    guard let path = paths.first(where: FileManager.default.fileExists(atPath:)) else {
      throw ThemeError(
        file: nil, problem: "roles.yaml is in none of the theme folders (\(folderList))",
        remedy: "run from the checkout, or set PONDER_HOME to the folder that holds Themes",
        isMissing: true)
    }
    return try RoleMap(yaml: try read(path), path: path)
  }

  private func path(of nameOrPath: String) throws(ThemeError) -> String {
    let isPath =
      nameOrPath.contains("/") || [".yaml", ".yml"].contains(where: nameOrPath.hasSuffix)
    if isPath { return NSString(string: nameOrPath).expandingTildeInPath }
    for folder in folders {
      if let found = palettes(in: folder).first(where: { $0.name == nameOrPath }) {
        return found.path
      }
    }
    throw ThemeError(
      file: nil, problem: "there is no theme '\(nameOrPath)' in \(folderList)",
      remedy: remedy(nameOrPath, names) + ", or give the path of a base16 file",
      isMissing: true)
  }

  private var folderList: String { folders.joined(separator: ", ") }

  private func palettes(in folder: String) -> [(name: String, path: String)] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.sorted().compactMap { file in
      let url = URL(fileURLWithPath: file)
      let name = url.deletingPathExtension().lastPathComponent
      guard ["yaml", "yml"].contains(url.pathExtension), name != ThemeLibrary.roleMapName else {
        return nil
      }
      return (name, "\(folder)/\(file)")
    }
  }

  private func read(_ path: String) throws(ThemeError) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw ThemeError(
        file: path, problem: "the file cannot be read", remedy: "check its path and permissions",
        isMissing: true)
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ThemeError(file: path, problem: "the file is not UTF-8", remedy: "save it as UTF-8")
    }
    return text
  }
}
