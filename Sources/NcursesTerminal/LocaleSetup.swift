import CNcurses
import TerminalUI

/// ncurses turns characters into bytes by the locale's character set, so that one must be UTF-8
/// before anything but ASCII can be drawn.
enum LocaleSetup {
  /// Sets the character set (and nothing else of the locale, so that numbers keep their form) and
  /// returns what can be drawn with it.
  static func prepare(glyphs: Glyphs) -> Glyphs {
    setlocale(LC_CTYPE, "")
    if isUTF8 { return glyphs }
    guard glyphs == .unicode else { return .ascii }
    for name in ["C.UTF-8", "C.utf8", "en_US.UTF-8"] where setlocale(LC_CTYPE, name) != nil {
      if isUTF8 { return .unicode }
    }
    return .ascii
  }

  private static var isUTF8: Bool {
    nl_langinfo(nl_item(CODESET)).map { String(cString: $0).uppercased() == "UTF-8" } ?? false
  }
}
