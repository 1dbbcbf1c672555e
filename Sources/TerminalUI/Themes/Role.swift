/// What a part of the screen means, such as `token.heat.3`. A theme gives each role a style; a role
/// without one of its own takes the style of the name before its last dot, and so on up.
public struct Role: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral {
  public let rawValue: String

  public init(rawValue: String) { self.rawValue = rawValue }
  public init(stringLiteral value: String) { self.rawValue = value }

  /// The role whose style this one falls back to; nil at the top.
  public var parent: Role? {
    rawValue.lastIndex(of: ".").map { Role(rawValue: String(rawValue[..<$0])) }
  }

  /// The role of a level, such as `token.heat.3` from `token.heat` and 3.
  public func level(_ index: Int) -> Role { Role(rawValue: "\(rawValue).\(index)") }

  public static let text: Role = "ui.text"
  public static let dim: Role = "ui.dim"
  public static let border: Role = "ui.border"
  public static let borderFocus: Role = "ui.border.focus"
  public static let title: Role = "ui.title"
  public static let tab: Role = "ui.tab"
  public static let tabActive: Role = "ui.tab.active"
  public static let status: Role = "ui.status"
  public static let selection: Role = "ui.selection"
  public static let input: Role = "ui.input"
  public static let key: Role = "ui.key"
  public static let error: Role = "ui.error"
  public static let warning: Role = "ui.warning"
  public static let notice: Role = "ui.notice"
  public static let popup: Role = "ui.popup"

  public static let tokenPrompt: Role = "token.prompt"
  public static let tokenInjected: Role = "token.injected"
  public static let tokenChosen: Role = "token.chosen"
  public static let tokenEnd: Role = "token.eos"
  /// Levels 0 (least) to 4 (most) of the chosen token's probability.
  public static let tokenHeat: Role = "token.heat"
  /// Levels 0 (sure) to 4 (torn) of the distribution's entropy.
  public static let tokenEntropy: Role = "token.entropy"
  /// Levels 0 (least) to 4 (most) of the margin between the first and the second token.
  public static let tokenMargin: Role = "token.margin"

  public static let answerSpan: Role = "answer.span"
  public static let answerCorrect: Role = "answer.correct"
  public static let answerWrong: Role = "answer.wrong"
  public static let answerUnparsed: Role = "answer.unparsed"

  public static let barRaw: Role = "bar.raw"
  public static let barShaped: Role = "bar.shaped"
  public static let barCut: Role = "bar.cut"
  public static let nodePruned: Role = "node.pruned"
  public static let nodeBest: Role = "node.best"
  public static let chartLine: Role = "chart.line"
  public static let chartGrid: Role = "chart.grid"
  /// Levels 1 to 6, for series and answers that must be told apart.
  public static let vote: Role = "vote"

  /// The number of levels in the heat, entropy and margin scales.
  public static let heatLevels = 5
  /// The number of `vote` levels.
  public static let voteLevels = 6

  /// Every role that the program draws with; `ThemeCheck` wants a style for each.
  public static let all: [Role] =
    [
      text, dim, border, borderFocus, title, tab, tabActive, status, selection, input, key, error,
      warning, notice, popup, tokenPrompt, tokenInjected, tokenChosen, tokenEnd, answerSpan,
      answerCorrect, answerWrong, answerUnparsed, barRaw, barShaped, barCut, nodePruned, nodeBest,
      chartLine, chartGrid,
    ] + scales.flatMap { scale in (0..<heatLevels).map(scale.level) }
    + (1...voteLevels).map(vote.level)

  /// The scales whose lightness runs in one direction.
  public static let scales: [Role] = [tokenHeat, tokenEntropy, tokenMargin]
}
