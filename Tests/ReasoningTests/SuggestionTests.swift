import Testing

@testable import Problems

@Suite struct SuggestionTests {
  private static let known = [
    "greedy", "sample", "cot", "self-consistency", "best-of-n", "step-beam", "self-correct",
  ]

  @Test(arguments: [
    ("gredy", "greedy"), ("GREEDY", "greedy"), ("greddy", "greedy"), ("cto", "cot"),
    ("best_of_n", "best-of-n"), ("bestofn", "best-of-n"), ("self-consistancy", "self-consistency"),
    ("step", "step-beam"), ("simple", "sample"),
  ])
  func aSlipOfTheFingersIsUnderstood(typed: String, meant: String) {
    #expect(Suggestion.nearest(to: typed, among: Self.known) == meant)
  }

  /// A guess that is far off helps nobody, and of two beginnings neither is likelier.
  @Test(arguments: ["", "x", "luck", "beam-me-up", "self", "zzzzzzzz", "c"])
  func whatIsNearNothingIsNotGuessedAt(typed: String) {
    #expect(Suggestion.nearest(to: typed, among: Self.known) == nil)
  }

  @Test func whatIsSaid() {
    #expect(
      Suggestion.remedy(for: "ct", among: ["cat", "dog"]) == "choose one of cat, dog")
    #expect(
      Suggestion.remedy(for: "cta", among: ["cat", "dog"])
        == "did you mean cat? Choose one of cat, dog")
    #expect(Suggestion.hint(for: "cta", among: ["cat", "dog"]) == "; did you mean cat?")
    #expect(Suggestion.hint(for: "xyz", among: ["cat"]) == "; choose one of cat")
    #expect(Suggestion.hint(for: "xyz", among: (0..<9).map { "cat\($0)" }) == "")
  }

  /// One letter left out, doubled, changed or swapped with its neighbour is one edit, either way.
  @Test(arguments: 0..<200) func oneSlipIsOneEdit(seed: UInt64) throws {
    var random = SeededBits(seed: seed)
    let word = Array(try #require(Self.known.randomElement(using: &random)))
    let place = Int.random(in: 0..<word.count - 1, using: &random)
    var slip = word
    switch seed % 4 {
    case 0: slip.remove(at: place)
    case 1: slip.insert("q", at: place)
    case 2: slip[place] = "q"
    default: slip.swapAt(place, place + 1)
    }
    let edits = slip == word ? 0 : 1
    #expect(Suggestion.distance(word, slip) == edits)
    #expect(Suggestion.distance(slip, word) == edits)
    #expect(Suggestion.distance(word, word) == 0)
  }
}
