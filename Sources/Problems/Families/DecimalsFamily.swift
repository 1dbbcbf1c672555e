/// "Which number is larger, 9.11 or 9.8?", and the same digits as version numbers, where the
/// answer is the other one.
struct DecimalsFamily: ProblemFamily {
  /// Whether the digits behind the point are one number (versions) or decimal places.
  let isVersions: Bool
  var levels: ClosedRange<Int> { isVersions ? 1...8 : 1...4 }
  var principle: String {
    isVersions ? "Compare versions part by part." : "Compare the whole parts, then place by place."
  }

  var name: String { isVersions ? "versions" : "decimals" }
  var summary: String {
    isVersions ? "the newest of two to four versions" : "the larger of two decimal numbers"
  }

  /// Level 1: other whole parts; 2: as many places; 3: more places is more; 4: more places is
  /// less, as in 9.11 and 9.8. Versions have four more; see `VersionList`.
  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    if level > 4 { return VersionList.drawn(level: level, using: &random).draft(level: level) }
    while true {
      let whole = random.int(1...20)
      let places = level == 2 ? random.int(1...2) : 1
      let left = Self.fraction(places, using: &random)
      let right = Self.fraction(level > 2 ? 2 : places, using: &random)
      let other = level == 1 ? random.int(1...20) : whole
      if whole == other && level == 1 || left == right { continue }
      if level > 2, left.first == right.first { continue }
      if level == 3, left > right { continue }
      if level == 4, left < right { continue }
      let pair = ["\(whole).\(left)", "\(other).\(right)"]
      return draft(pair[0], pair[1], level: level)
    }
  }

  /// Digits that end in no zero, so that the number has one spelling.
  private static func fraction(_ places: Int, using random: inout ProblemRandom) -> String {
    let last = String(random.int(1...9))
    return places == 1 ? last : String(random.int(1...9)) + last
  }

  func draft(_ a: String, _ b: String, level: Int) -> ProblemDraft {
    let pair = [a, b].sorted()
    return ProblemDraft(structure: pair.joined(separator: " ")) { [self] random, fault in
      work(pair.shuffled(using: &random), level: level, using: &random, isWrong: fault != nil)
    }
  }

  static func question(
    _ pair: [String], isVersions: Bool, using random: inout ProblemRandom
  ) -> String {
    let (a, b) = (pair[0], pair[1])
    return random.pick(
      isVersions
        ? [
          "Which version is newer, \(a) or \(b)?", "Is version \(a) or version \(b) newer?",
          "What is the newer version, \(a) or \(b)?",
        ]
        : [
          "Which number is larger, \(a) or \(b)?", "Which is bigger, \(a) or \(b)?",
          "What is the larger number, \(a) or \(b)?",
        ])
  }

  private func work(
    _ pair: [String], level: Int, using random: inout ProblemRandom, isWrong: Bool
  ) -> WorkedProblem {
    let (a, b) = (pair[0], pair[1])
    let question = Self.question(pair, isVersions: isVersions, using: &random)
    let parts = pair.map { $0.split(separator: ".").map(String.init) }
    let sameWhole = parts[0][0] == parts[1][0]
    let keys = sameWhole ? padded(parts[0][1], parts[1][1]) : (parts[0][0], parts[1][0])
    let leftWins = (Int(keys.0) ?? 0 > Int(keys.1) ?? 0) != isWrong
    let winner = leftWins ? a : b
    let sign = leftWins ? ">" : "<"
    let relation = leftWins ? "more" : "less"
    let subject = sameWhole ? (isVersions ? "minor" : "part") : (isVersions ? "major" : "whole")
    let equation = "\(keys.0) \(sign) \(keys.1)"
    let adjective = isVersions ? "newer" : "larger"
    let same = sameWhole ? "\(parts[0][0]) = \(parts[1][0])" : nil
    let aligned =
      sameWhole && !isVersions
      ? "\(parts[0][0]).\(keys.0) and \(parts[1][0]).\(keys.1)" : "\(a) and \(b)"
    return WorkedProblem(
      level: level, question: question, answer: winner, steps: [same, equation].compactMap { $0 },
      chains: StyledChains(
        terse: ["So \(same.map { "\($0), " } ?? "")\(equation)."],
        sentences: ["Compare \(aligned).", "\(keys.0) is \(relation) than \(keys.1)."],
        restating: [
          sameWhole
            ? "Both have \(parts[0][0]) in front." : "Whole parts: \(parts[0][0]), \(parts[1][0]).",
          "\(keys.0) is \(relation) than \(keys.1), so \(winner) is \(adjective).",
        ],
        sequence: ["First, look at the \(subject): \(keys.0), \(keys.1).", "Then, \(equation)."],
        fused: ["Line up \(aligned).", "\(equation), so \(winner) is \(adjective)."]),
      directSentence: nil)
  }

  /// What to compare behind equal whole parts: version parts as they are, decimal places
  /// filled up with zeros to the same length.
  private func padded(_ a: String, _ b: String) -> (String, String) {
    guard !isVersions else { return (a, b) }
    let places = max(a.count, b.count)
    return (
      a + String(repeating: "0", count: places - a.count),
      b + String(repeating: "0", count: places - b.count)
    )
  }
}
