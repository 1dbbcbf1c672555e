import TerminalUI

extension KeyMap {
  static let scale: [KeyBinding] = [
    KeyBinding(
      [key(" ")], .run, "do the study; again to stop it, what it has is kept", hint: "study"),
    KeyBinding([key("]")], .nextStudy(1), "next kind of study", hint: "kind"),
    KeyBinding([key("[")], .nextStudy(-1), "previous kind of study"),
    KeyBinding([key("f")], .nextFamily(1), "next family of problems, or all", hint: "problems"),
    KeyBinding([key("F")], .nextFamily(-1), "previous family of problems"),
    KeyBinding([key("+"), key("=")], .studyCount(1), "more problems"),
    KeyBinding([key("-")], .studyCount(-1), "fewer problems"),
    KeyBinding(
      [KeyEvent(.left), key("h")], .left, "read the curves further to the left", hint: "read"),
    KeyBinding([KeyEvent(.right), key("l")], .right, "read the curves further to the right"),
    KeyBinding([KeyEvent(.up), key("k")], .up, "previous curve"),
    KeyBinding([KeyEvent(.down), key("j")], .down, "next curve"),
    KeyBinding([KeyEvent(.home), key("g")], .top, "first curve"),
    KeyBinding([KeyEvent(.end), key("G")], .bottom, "last curve"),
    KeyBinding(
      [key("v"), KeyEvent(.enter)], .toggleCurve, "hide the curve, or show it again", hint: "hide"),
    KeyBinding([key("a")], .cycleAxis, "another axis: tokens, FLOPs, k, parameters", hint: "axis"),
    KeyBinding([key("y")], .cycleMeasure, "another measure, where there is one"),
    KeyBinding(
      [key("e")], .export, "write the study as SVG, CSV and JSON into this folder", hint: "export"),
    KeyBinding([key("r")], .runAnew, "do the study anew"),
  ]
}
