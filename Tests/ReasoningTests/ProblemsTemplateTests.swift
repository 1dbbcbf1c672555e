import Testing

@testable import Problems

struct ProblemsTemplateTests {
  @Test(arguments: ProblemTemplate.all.map(\.id))
  func idsReproduceFilledTemplates(id: String) throws {
    let template = try ProblemTemplate.named(id)
    let problem = try template.renderDefaults()
    #expect(try ProblemLibrary.problem(id: problem.id) == problem)
    #expect(ProblemLibrary.families.contains { $0.name == problem.family })
    for field in template.fields {
      #expect(try field.checked(field.defaultValue) == field.defaultValue)
    }
  }

  @Test func theEmblemIsATemplateAtItsDefaults() throws {
    let problem = try ProblemTemplate.total.renderDefaults()
    #expect(problem.question == ProblemLibrary.apples.question)
    #expect(problem.answer == "8")
    #expect(problem.steps == ProblemLibrary.apples.steps)
  }

  @Test func answersAreComputed() throws {
    #expect(try ProblemTemplate.total.render(["9", "sister", "4", "fewer", "pens"]).answer == "14")
    #expect(try ProblemTemplate.bracket.render(["2", "3", "4", "1"]).answer == "19")
    #expect(try ProblemTemplate.count.render(["p", "pepper"]).answer == "3")
    #expect(try ProblemTemplate.decimals.renderDefaults().answer == "9.8")
    #expect(try ProblemTemplate.versions.renderDefaults().answer == "9.11")
    #expect(try ProblemTemplate.decimals.render(["2.05", "2.5"]).answer == "2.5")
    let coin = try ProblemTemplate.coin.renderDefaults()
    #expect(coin.answer == "no")
  }

  @Test func badValuesAreNamedErrors() {
    let bad: [(ProblemTemplate, [String])] = [
      (.total, ["3", "dad", "2", "more"]), (.total, ["x", "dad", "2", "more", "apples"]),
      (.total, ["1", "dad", "9", "fewer", "apples"]), (.count, ["rr", "strawberry"]),
      (.decimals, ["1.2345", "2"]), (.decimals, ["1.", "2"]), (.decimals, ["", "2"]),
      (.decimals, ["1.5", "1.50"]), (.letters, ["Tom", "A b", "C", "D"]),
    ]
    for (template, values) in bad {
      #expect(throws: ProblemTemplateError.self) { try template.render(values) }
    }
    #expect(throws: ProblemTemplateError.unknownTemplate("no")) { try ProblemTemplate.named("no") }
    #expect(throws: ProblemTemplateError.self) {
      try ProblemLibrary.problem(id: "template/total/1")
    }
  }
}
