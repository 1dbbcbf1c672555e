import TerminalUI

extension KeyMap {
  static let tree: [KeyBinding] = [
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous line"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next line"),
    KeyBinding([KeyEvent(.pageUp)], .pageUp, "a page up"),
    KeyBinding([KeyEvent(.pageDown)], .pageDown, "a page down"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first line"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last line"),
    KeyBinding([KeyEvent(.right), key("l")], .right, "unfold; then to the likeliest branch"),
    KeyBinding([KeyEvent(.left), key("h")], .left, "fold; then to the line above"),
    KeyBinding([key(" ")], .fold, "fold or unfold the line", hint: "fold"),
    KeyBinding([key("z")], .foldAll, "fold every line; again to unfold all", hint: "all"),
    KeyBinding(
      [KeyEvent(.enter)], .openInDecode, "open the line's end in Decode", hint: "open"),
    KeyBinding(
      [key("o")], .openParting, "open the fork before the line in Decode", hint: "fork"),
    KeyBinding([key("r")], .hoist, "make the line the root of the view", hint: "root"),
    KeyBinding([KeyEvent(.backspace), key("u")], .back, "back to the root before", hint: "back"),
    KeyBinding([key("/")], .findText, "find a text in any line", hint: "find"),
    KeyBinding([key("n")], .nextMatch(1), "next line with the text"),
    KeyBinding([key("N")], .nextMatch(-1), "previous line with the text"),
    KeyBinding([key("b")], .bookmark, "set or take off a bookmark", hint: "mark"),
    KeyBinding([key("]")], .nextBookmark(1), "next bookmark", hint: "next mark"),
    KeyBinding([key("[")], .nextBookmark(-1), "previous bookmark"),
  ]
}
