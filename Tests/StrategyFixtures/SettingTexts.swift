import Reasoning

@testable package import Traces

/// Texts that are put into settings at every door.
package enum SettingTexts {
  /// A row that no part of the program knows of.
  package static let courage = Setting.whole(
    "courage", "how far the model dares to go", at: \.[extra: "courage"], in: 1...9,
    ladder: .rungs([1, 3, 9]), usual: 3)

  /// Values of a setting, borders and what lies beyond them, and texts that are none.
  package static func of(_ setting: Setting) -> [String] {
    let always = [
      "off", "default", "on", "0", "1", "-1", "0.5", "1.5", "5", "many", "nan", "inf", "1e3",
      "99999999999999999999", "12x", "x y", "½", "\"",
    ]
    let own: [String] =
      switch setting.form {
      case .whole(let range):
        [range.lowerBound, range.lowerBound - 1].map { "\($0)" }
          + (range.upperBound == .max
            ? ["\(UInt64.max)"] : [range.upperBound, range.upperBound + 1].map { "\($0)" })
      case .number(let range):
        [
          range.lowerBound, range.upperBound, range.lowerBound - 0.1, range.upperBound + 0.1,
          (range.lowerBound + range.upperBound) / 3,
        ].map { "\($0)" }
      case .choice, .onOff, .text, .path:
        setting.names + ["\(setting.names.first ?? "a")x", "a/b.txt", "2m,think"]
      }
    return own + always
  }

  /// What the row itself makes of a text: the one right answer.
  package static func result(_ setting: Setting, _ text: String) -> Result<
    RunSettings, SettingError
  > {
    var settings = RunSettings()
    do {
      try setting.set(text, in: &settings)
      return .success(settings)
    } catch {
      return .failure(error)
    }
  }
}
