import Foundation

/// Where the files live that come with the program: Themes and Samples.
enum Resources {
  /// The folder of a resource, such as `Samples/Models`: under `PONDER_HOME`, else in
  /// `../share/ponder` beside the program, else in the checkout the program was built in, else in
  /// the current folder.
  ///
  /// - Throws: `UserError.missingFile` if none of these has it.
  static func folder(_ name: String) throws -> URL {
    for root in roots() {
      let folder = root.appending(path: name, directoryHint: .isDirectory)
      if isDirectory(folder) { return folder }
    }
    throw UserError.missingFile(
      "The folder \(name) is not found; set PONDER_HOME to the folder that holds it.")
  }

  private static func roots() -> [URL] {
    if let home = ProcessInfo.processInfo.environment["PONDER_HOME"], !home.isEmpty {
      return [URL(fileURLWithPath: home)]
    }
    var roots: [URL] = []
    if let program = Bundle.main.executableURL?.resolvingSymlinksInPath() {
      let folder = program.deletingLastPathComponent()
      roots.append(folder.deletingLastPathComponent().appending(path: "share/ponder"))
      var ancestor = folder
      while ancestor.path != "/" {
        ancestor.deleteLastPathComponent()
        // A folder called Samples alone could be anybody's.
        if isDirectory(ancestor.appending(path: "Samples/Models")) { roots.append(ancestor) }
      }
    }
    return roots + [URL(fileURLWithPath: FileManager.default.currentDirectoryPath)]
  }

  private static func isDirectory(_ url: URL) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }
}
