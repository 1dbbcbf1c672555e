/// Tells whether a question has a form that the bundled models were trained on.
///
/// A form is what is left of a question without its names, things and numbers. Questions are
/// compared clause by clause, because families put clauses together in many ways.
public enum ProblemForms {
  /// The family that has every clause of the question; nil when none has.
  public static func family(of question: String) -> String? {
    let words = words(of: question)
    guard !words.isEmpty else { return nil }
    return families.first { family in
      clauses(words, family.vocabulary).allSatisfy { family.clauses.contains($0) }
    }?.name
  }

  private struct Family: Sendable {
    var name: String
    /// Every clause of its questions, as a form.
    var clauses: Set<[String]> = []
    /// The words that are part of a form and not put into one.
    var vocabulary: Set<String> = []
  }

  /// How many questions of each level a family's forms are learned from.
  private static let questionsPerLevel: UInt64 = 150

  private static let families: [Family] = ProblemLibrary.trainedFamilies.map { family in
    let questions = family.levels(in: .heldout).flatMap { level in
      (0..<questionsPerLevel).compactMap { index in
        try? ProblemLibrary.problem(
          ProblemID(family: family.name, level: level, seed: 0, index: index)
        ).question
      }
    }
    let templates = ProblemTemplate.all.filter { $0.family == family.name }
      .compactMap { try? $0.renderDefaults().question }
    let emblem = family.name == ProblemLibrary.apples.family ? [ProblemLibrary.apples.question] : []
    let all = (questions + templates + emblem).map { words(of: $0) }
    var forms = Family(name: family.name)
    var counts: [String: Int] = [:]
    for question in all {
      for word in Set(question.lazy.filter { !$0.isName }.map { $0.text.lowercased() }) {
        counts[word, default: 0] += 1
      }
    }
    // What comes up in few questions was put in: invented names and words.
    let common = counts.filter { $0.value * 50 >= all.count && slots[$0.key] == nil }
    forms.vocabulary = Set(common.keys)
    for question in all { forms.clauses.formUnion(clauses(question, forms.vocabulary)) }
    return forms
  }

  private struct Word {
    var text: String
    /// Whether a mark behind it ends a clause.
    var endsClause: Bool
    /// Whether it is a name by its place: after "my", or in upper case inside a sentence.
    var isName: Bool
  }

  private static func words(of text: String) -> [Word] {
    var startsSentence = true
    var followsMy = false
    return text.split(whereSeparator: \.isWhitespace).compactMap { part in
      let isEnd = part.last.map { ".,?!:;".contains($0) } ?? false
      let bare = part.drop { !$0.isLetter && !$0.isNumber && $0 != "\"" }
      var word = Substring(bare)
      while let last = word.last, !last.isLetter, !last.isNumber, last != "\"" { word.removeLast() }
      // Signs of arithmetic say nothing about the form.
      guard !word.isEmpty else { return nil }
      defer {
        startsSentence = part.last.map { ".?!".contains($0) } ?? false
        followsMy = word.lowercased() == "my"
      }
      let isCapital = word.first?.isUppercase == true && word != "I" && !startsSentence
      return Word(text: String(word), endsClause: isEnd, isName: isCapital || followsMy)
    }
  }

  /// What stands for the words that families put in.
  private static let slots: [String: String] = {
    var slots: [String: String] = [:]
    for name in ProblemWords.names { slots[name.lowercased()] = "NAME" }
    for relative in ProblemWords.relatives { slots[relative] = "NAME" }
    for object in ProblemWords.objects {
      slots[object] = "THING"
      slots[ProblemWords.singular(object)] = "THING"
    }
    slots["an"] = "a"
    // What is called by a letter; "a" is a word.
    for letter in "bcdefghjklmnopqrstuvwxyz" { slots[String(letter)] = "LETTER" }
    return slots
  }()

  private static func clauses(_ words: [Word], _ vocabulary: Set<String>) -> Set<[String]> {
    var clauses: Set<[String]> = []
    var clause: [String] = []
    for word in words {
      let form = word.isName ? "NAME" : form(word.text, vocabulary)
      if clause.last != form || form != "NUMBER" { clause.append(form) }
      if word.endsClause {
        clauses.insert(clause)
        clause = []
      }
    }
    if !clause.isEmpty { clauses.insert(clause) }
    return clauses
  }

  private static func form(_ word: String, _ vocabulary: Set<String>) -> String {
    if word.first == "\"" { return "QUOTED" }
    if word.first?.isNumber == true { return "NUMBER" }
    if word.count == 3, word.hasSuffix("'s") { return "LETTERS" }
    let lower = word.lowercased()
    if let slot = slots[lower] { return slot }
    if vocabulary.contains(lower) { return lower }
    return word.first?.isUppercase == true ? "NAME" : "THING"
  }
}
