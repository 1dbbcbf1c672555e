extension String {
  /// The text as a field of a table with commas between: one with a comma, a quote or a line end stands in
  /// quotes (RFC 4180).
  public var csvField: String {
    guard contains(where: { ",\"\n\r".contains($0) || $0 == "\r\n" }) else { return self }
    return "\"" + replacing("\"", with: "\"\"") + "\""
  }
}
