import Testing

@testable import Problems

@Suite struct ProblemFormsTests {
  @Test func everyProblemHasItsFamilysForm() throws {
    for family in ProblemLibrary.trainedFamilies {
      for level in family.levels(in: .heldout) {
        for problem in try ProblemLibrary.problems(
          family: family.name, level: level, count: 20, seed: 4711)
        {
          #expect(ProblemForms.family(of: problem.question) == family.name, "\(problem.question)")
        }
      }
    }
  }

  @Test(arguments: [
    "I have 4 bananas, my neighbor has 3 more bananas than me. How many bananas do we have in total?",
    "What is (12 + 3) * 4?",
    "How many s's are in \"mississippi\"?",
  ])
  func otherNamesAndNumbersKeepTheForm(question: String) {
    #expect(ProblemForms.family(of: question) != nil)
  }

  @Test(arguments: [
    "", "?", "What is the capital of France?", "Who wrote Hamlet?",
    "How many piano tuners are there in a city of three million people?",
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many in May.",
    "Is it raining?", "Today is Monday. What day is it in 10 days?", "What is 47 times 36?",
    "Write a poem about apples.",
  ])
  func otherQuestionsHaveNone(question: String) {
    #expect(ProblemForms.family(of: question) == nil)
  }
}
