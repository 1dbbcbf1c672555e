import Yams

/// A YAML file as a mapping whose entries know their lines.
struct YamlFile {
  let path: String
  let text: String
  let root: Node.Mapping

  /// Reads YAML text; `path` only names it in errors.
  init(_ text: String, path: String) throws(ThemeError) {
    self.path = path
    self.text = text
    let node: Node?
    do {
      node = try Yams.compose(yaml: text)
    } catch {
      throw YamlFile.error(from: error, path: path)
    }
    guard let mapping = node?.mapping else {
      throw ThemeError(
        file: path, line: 1, problem: "this is not a mapping of keys to values",
        remedy: "write one 'key: value' a line")
    }
    root = mapping
  }

  func error(at node: Node?, _ problem: String, _ remedy: String) -> ThemeError {
    ThemeError(file: path, line: node?.mark?.line, problem: problem, remedy: remedy)
  }

  /// The text of a scalar. An unquoted `#` starts a comment in YAML, so that `base00: #181818` has
  /// no value; the colour is then read from the line itself.
  func scalar(_ node: Node, key: Node) -> String? {
    if let text = node.scalar?.string, !text.isEmpty { return text }
    guard let line = key.mark?.line else { return nil }
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.indices.contains(line - 1), let hash = lines[line - 1].firstIndex(of: "#") else {
      return nil
    }
    return String(lines[line - 1][hash...].prefix(7))
  }

  private static func error(from error: any Error, path: String) -> ThemeError {
    var line: Int?
    var problem = "\(error)"
    switch error as? YamlError {
    case .scanner(_, let text, let mark, _), .parser(_, let text, let mark, _),
      .composer(_, let text, let mark, _):
      line = mark.line
      problem = text
    case .duplicatedKeysInMapping(let keys, let context):
      line = context.mark.line
      problem = "the key \(keys.map { "'\($0)'" }.joined(separator: ", ")) comes twice"
    default: break
    }
    return ThemeError(
      file: path, line: line, problem: "not valid YAML: \(problem)",
      remedy: "check quotes, colons and indentation there")
  }
}
