/// The words that problems are told in.
enum ProblemWords {
  static let women = [
    "Ann", "Mia", "Sara", "Lucy", "Emma", "Nora", "Ella", "Rosa", "Jane", "Kate", "Lily", "Ruth",
    "Zoe", "Maya", "Olga", "Ines",
  ]
  static let men = [
    "Tom", "Ben", "Max", "Sam", "Leo", "Paul", "Omar", "Jack", "Hugo", "Alan", "Finn", "Karl",
    "Ravi", "Luis", "Dan", "Erik",
  ]
  static let names = women + men

  /// Things in the plural that can be counted, held, bought and given away.
  static let objects = [
    "apples", "pears", "coins", "books", "cards", "balls", "pens", "eggs", "shells", "stamps",
    "marbles", "stones", "cups", "toys", "plums", "nuts", "keys", "hats", "boxes", "roses",
  ]

  /// One of the objects: "pen", "box".
  static func singular(_ objects: String) -> String {
    String(objects.dropLast(objects.hasSuffix("xes") ? 2 : 1))
  }

  /// "a" or "an".
  static func article(before word: String) -> String {
    word.first.map { "aeiou".contains($0) } == true ? "an" : "a"
  }

  /// "pens", "pens and cups", "pens, cups and keys".
  static func list(_ words: [String]) -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " and " + last
  }

  static let relatives = [
    "dad", "mom", "sister", "brother", "friend", "uncle", "aunt", "cousin",
  ]

  static let realWords = [
    "strawberry", "banana", "apple", "letter", "mississippi", "bookkeeper", "coffee", "balloon",
    "pepper", "cherry", "summer", "winter", "rabbit", "butter", "bottle", "kitten", "puppy",
    "tennessee", "committee", "success", "address", "possess", "assess", "raspberry", "blueberry",
    "blackberry", "carrot", "parrot", "mirror", "terror", "horror", "error", "tomorrow", "sorrow",
    "arrow", "narrow", "barrel", "quarrel", "squirrel", "umbrella", "parallel", "excellent",
    "happiness", "loneliness", "keenness", "sleeplessness", "cocoon", "raccoon", "teepee",
    "toffee", "giraffe", "traffic", "office", "muffin", "coconut", "potato", "tomato", "avocado",
    "papaya", "orange", "lemon", "garden", "window", "planet", "rocket", "engine", "forest",
    "mountain", "river", "island", "ocean", "desert", "language", "reasoning", "thinking",
  ]

  private static let onsets = [
    "b", "c", "d", "f", "g", "h", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "br", "st",
    "tr", "pl",
  ]
  private static let vowels = ["a", "e", "i", "o", "u", "a", "e", "o", "ee", "oo"]
  private static let codas = ["", "", "", "n", "r", "l", "s", "t", "rr", "ll", "ss", "tt", "m"]

  /// A pronounceable word that means nothing, of about the given length.
  static func invented(_ length: Int, using random: inout ProblemRandom) -> String {
    var word = ""
    while word.count < length {
      word += random.pick(onsets) + random.pick(vowels) + random.pick(codas)
    }
    return String(word.prefix(length))
  }
}
