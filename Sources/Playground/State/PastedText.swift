/// What a text field takes of a pasted text: only what can be seen. A control character is no text,
/// and must not act as a key either.
enum PastedText {
  /// All of it on one line.
  static func line(_ text: String) -> String {
    String(self.text(text).map { $0.isNewline || $0 == "\t" ? " " : $0 })
  }

  /// With its line breaks and tabs.
  static func text(_ text: String) -> String {
    var kept = String.UnicodeScalarView()
    for scalar in text.replacing("\r\n", with: "\n").unicodeScalars {
      if scalar == "\r" {
        kept.append("\n")
      } else if scalar.properties.generalCategory != .control || scalar == "\n" || scalar == "\t" {
        kept.append(scalar)
      }
    }
    return String(kept)
  }
}
