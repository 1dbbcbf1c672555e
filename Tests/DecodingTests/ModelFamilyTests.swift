import Testing

@testable import Decoding

@Suite struct ModelFamilyTests {
  static func member(
    _ size: String, _ parameters: Int, _ stage: FamilyMember.Stage = .base, millions: Double = 39,
    type: String = "F16", path: String? = nil
  ) -> FamilyMember {
    FamilyMember(
      size: size, parameters: parameters, stage: stage, tokensSeen: Int(millions * 1e6),
      fileType: type, bytes: parameters * (type == "F16" ? 2 : 1),
      path: path ?? "m/ponder-\(stage.rawValue)-\(size)-\(millions)-\(type).gguf")
  }

  /// In no particular order.
  static let files = [
    member("2M", 2_090_000, .think, millions: 41.5), member("2M", 2_090_000, millions: 39.3),
    member("2M", 2_090_000, millions: 39.3, type: "Q8_0"), member("0.9M", 900_000),
    member("2M", 2_090_000, millions: 16.004), member("2M", 2_090_000, millions: 8.003),
    member("0.1M", 110_000), member("2M", 2_090_000, millions: 24.001),
  ]
  static let family = ModelFamily(files, standard: files[1].path)

  @Test func standsInTheOrderOfItsAxes() {
    let family = Self.family
    #expect(family.sizes == ["0.1M", "0.9M", "2M"])
    #expect(
      family.members.map(\.title) == [
        "base 0.1M @39M tokens", "base 0.9M @39M tokens", "base 2M @8M tokens",
        "base 2M @16M tokens", "base 2M @24M tokens", "base 2M @39M tokens",
        "think 2M @42M tokens",
      ])
    #expect(family.standard == Self.files[1])
    #expect(family.members.filter(family.isFinal).map(\.tokens) == ["39M", "39M", "39M", "42M"])
    #expect(ModelFamily(Self.files.reversed(), standard: Self.files[1].path) == family)
  }

  @Test func theStandardStandsForTheSameWeightsInOtherFormats() {
    let quantized = Self.files[2]
    let family = ModelFamily(Self.files, standard: quantized.path)
    #expect(family.standard == quantized)
    #expect(family.members.count == 7)
    #expect(Self.family.members.allSatisfy { $0.fileType == "F16" })
  }

  @Test func everyNameFindsItsMember() {
    let family = Self.family
    #expect(
      family.names.map(\.name) == [
        "0.1m", "0.9m", "2m", "2m@8M", "2m@16M", "2m@24M", "2m-think", "think",
      ])
    for (name, member) in family.names {
      #expect(family.member(named: name) == member)
      #expect(family.member(named: name.uppercased()) == member)
    }
    for member in family.members {
      #expect(family.member(named: family.name(of: member)) == member)
      #expect(family.member(named: member.fileName) == member)
    }
  }

  @Test(arguments: [
    ("base", "base 2M @39M tokens"), ("2m@16", "base 2M @16M tokens"),
    ("2m@39m", "base 2M @39M tokens"), ("think-2m", "think 2M @42M tokens"),
    ("base-0.9m", "base 0.9M @39M tokens"), ("@8m", "base 2M @8M tokens"),
  ])
  func otherSpellings(name: String, title: String) {
    #expect(Self.family.member(named: name)?.title == title)
  }

  @Test(arguments: [
    "", "@", "3m", "2m@9M", "2m@", "2m-", "-think", "2m-rl", "think-think", "0.1m-think", "2m-2m",
    "2m@8M@8M",
  ])
  func whatIsNoName(name: String) {
    #expect(Self.family.member(named: name) == nil)
    #expect(ModelFamily().member(named: name) == nil)
  }

  /// What a name leaves open is as in the model at hand.
  @Test func namesDependOnTheModelAtHand() throws {
    let small = try #require(Self.family.member(named: "0.9m"))
    #expect(Self.family.member(named: "base", like: small) == small)
    #expect(Self.family.member(named: "think", like: small)?.size == "2M")
    let thinking = try #require(Self.family.member(named: "think"))
    #expect(Self.family.member(named: "@42M", like: thinking) == thinking)
    #expect(Self.family.member(named: "base", like: thinking)?.tokens == "39M")
  }

  @Test func movesAlongEachAxis() throws {
    let family = Self.family
    let final = try #require(family.member(named: "2m"))
    let early = try #require(family.checkpoint(-1, from: final))
    #expect(early.tokens == "24M")
    #expect(family.checkpoint(1, from: early) == final)
    #expect(family.checkpoint(1, from: final) == nil)
    let first = try #require(family.member(named: "2m@8M"))
    #expect(family.checkpoint(-1, from: first) == nil)
    // The sizes go round; one without the checkpoint is final.
    let smallest = try #require(family.nextSize(after: early))
    #expect(smallest.title == "base 0.1M @39M tokens")
    #expect(family.nextSize(after: smallest)?.size == "0.9M")
    // Both stages of a size, and a size with one alone.
    let thinking = try #require(family.nextStage(after: early))
    #expect(thinking.stage == .think)
    #expect(family.nextStage(after: thinking) == final)
    #expect(family.nextStage(after: smallest) == nil)
    #expect(family.member(of: "2M", like: early) == early)
    #expect(family.member(of: "0.9M", like: thinking)?.stage == .base)
    #expect(family.member(of: "7M", like: final) == nil)
    #expect(ModelFamily().nextSize(after: final) == nil)
    #expect(ModelFamily().nextStage(after: final) == nil)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1k"), (299_900, "300k"), (999_499, "999k"), (999_500, "1M"),
    (2_449_000, "2.4M"), (2_500_000, "2.5M"), (4_096_000, "4M"), (8_003_000, "8M"),
    (9_960_000, "10M"),
    (39_321_600, "39M"), (Int.max, "1000000000M"), (-5, "0"),
  ])
  func tokensInShort(count: Int, text: String) {
    let member = FamilyMember(
      size: "1M", parameters: 1, stage: .base, tokensSeen: count, fileType: "F16", bytes: 1,
      path: "a.gguf")
    #expect(member.tokens == text)
  }
}
