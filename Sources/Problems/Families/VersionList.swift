/// Two to four version numbers of three parts, of which the newest is asked for.
struct VersionList: Sendable {
  /// The parts of each, in the order of the question.
  var versions: [[Int]]

  /// Level 5: the first parts are the same; 6: the first two are; 7 and 8: three and four versions
  /// that share many parts. Direct answers do not get far here, as several comparisons follow from
  /// each other.
  static func drawn(level: Int, using random: inout ProblemRandom) -> VersionList {
    let count = max(2, level - 4)
    while true {
      let first = random.int(1...20)
      let second = [random.int(1...20), random.int(1...20)]
      let versions = (0..<count).map { index in
        let parts =
          switch level {
          case 5: [first, second[index]]
          case 6: [first, second[0]]
          default: [first + (random.chance(0.2) ? 1 : 0), random.pick(second)]
          }
        return parts + [random.int(1...20)]
      }
      let isFit = Set(versions).count == count && (level == 6 || second[0] != second[1])
      if isFit { return VersionList(versions: versions) }
    }
  }

  /// The list in one order, whatever the question's.
  var structure: String { sorted.map(Self.text).joined(separator: " ") }

  private var sorted: [[Int]] { versions.sorted { $0.lexicographicallyPrecedes($1) } }

  static func text(_ version: [Int]) -> String { version.map(String.init).joined(separator: ".") }

  func draft(level: Int) -> ProblemDraft {
    let versions = sorted
    return ProblemDraft(structure: structure) { random, fault in
      VersionList(versions: versions.shuffled(using: &random))
        .work(level: level, using: &random, fault: fault)
    }
  }

  private func question(using random: inout ProblemRandom) -> String {
    let texts = versions.map(Self.text)
    guard texts.count > 2, let last = texts.last else {
      return DecimalsFamily.question(texts, isVersions: true, using: &random)
    }
    let listed = ProblemWords.list(texts)
    return random.pick([
      "Which version is the newest, \(texts.dropLast().joined(separator: ", ")) or \(last)?",
      "What is the newest version of \(listed)?", "Which of \(listed) is the newest version?",
    ])
  }

  /// What was compared, up to the first difference: "2 = 2, 14 > 9".
  private static func comparison(_ left: [Int], _ right: [Int], isGreater: Bool) -> String {
    let same = zip(left, right).prefix { $0 == $1 }.map { "\($0) = \($1)" }
    guard same.count < min(left.count, right.count) else { return same.joined(separator: ", ") }
    let sign = isGreater ? ">" : "<"
    return (same + ["\(left[same.count]) \(sign) \(right[same.count])"]).joined(separator: ", ")
  }

  private func work(
    level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let question = question(using: &random)
    var newest = versions.first ?? []
    var steps: [String] = []
    var chains = StyledChains(restating: ["Begin with \(Self.text(newest))."])
    var line = "Line up \(Self.text(newest))"
    for (index, version) in versions.dropFirst().enumerated() {
      let isGreater = version.lexicographicallyPrecedes(newest) != (fault?.step == index)
      let compared = Self.comparison(newest, version, isGreater: isGreater)
      let (left, right) = (Self.text(newest), Self.text(version))
      if !isGreater { newest = version }
      let winner = Self.text(newest)
      steps.append(compared)
      chains.tell(
        "\(left) or \(right): \(compared), \(winner)",
        sentence: "Compare \(left) and \(right): \(compared), so \(winner) is newer",
        restated: "Now \(right): \(compared), so \(winner)",
        ordered: "\(left) and \(right): \(compared), \(winner) wins")
      line += ", \(right), \(compared), so \(winner)"
    }
    chains.fused = [line + "."]
    return WorkedProblem(
      level: level, question: question, answer: Self.text(newest), steps: steps, chains: chains,
      directSentence: nil)
  }
}
