/// The attributes that carry each role where there is no colour. They are also what a role falls
/// back to when a terminal's few colours cannot tell it from plain text.
enum PlainRoles {
  static let styles: [Role: Style] = attributes.mapValues { Style(attributes: $0) }

  static let attributes: [Role: Style.Attributes] = {
    var result: [Role: Style.Attributes] = [
      .text: [], .dim: .dim, .border: .dim, .borderFocus: .bold, .title: .bold, .tab: [],
      .tabActive: .reverse, .status: .reverse, .selection: .reverse, .input: .underline,
      .key: .bold, .error: [.bold, .reverse], .warning: .bold, .notice: .underline, .popup: [],
      .tokenPrompt: [], .tokenInjected: .italic, .tokenChosen: .bold, .tokenEnd: .dim,
      .answerSpan: .reverse, .answerCorrect: .bold, .answerWrong: .underline,
      .answerUnparsed: .dim, .barRaw: .dim, .barShaped: [], .barCut: .dim, .nodePruned: .dim,
      .nodeBest: .bold, .chartLine: .bold, .chartGrid: .dim, .vote: [],
    ]
    // The torn end of each scale stands out and the sure end recedes.
    let torn: [Style.Attributes] = [[.bold, .underline], .underline, .bold, [], .dim]
    for level in 0..<Role.heatLevels {
      result[Role.tokenHeat.level(level)] = torn[level]
      result[Role.tokenMargin.level(level)] = torn[level]
      result[Role.tokenEntropy.level(level)] = torn[Role.heatLevels - 1 - level]
    }
    return result
  }()
}
