/// Sentences of everyday text. Predicting the next word of such text is many tasks at once
/// (Wei, "Some intuitions about large language models", 2023): facts, grammar, opposites,
/// feelings, translation, counting.
enum PlainText {
  /// Two to five sentences, beginning like the questions of the curriculum with no space.
  static func passage(using random: inout ProblemRandom) -> String {
    (0..<random.int(2...5)).map { _ in sentence(using: &random) }.joined(separator: " ")
  }

  private static func sentence(using random: inout ProblemRandom) -> String {
    switch random.int(0...7) {
    case 0:
      let (country, capital) = random.pick(capitals)
      return random.pick([
        "The capital of \(country) is \(capital).", "\(capital) is the capital of \(country).",
      ])
    case 1:
      let (word, opposite) = random.pick(opposites)
      return random.pick([
        "The opposite of \(word) is \(opposite).", "It is not \(word), it is \(opposite).",
      ])
    case 2:
      let (thing, colour) = random.pick(colours)
      return "\(thing) \(colour)."
    case 3:
      let (word, spanish) = random.pick(translations)
      return "The word for \(word) in Spanish is \(spanish)."
    case 4:
      let name = random.pick(ProblemWords.names)
      return random.chance(0.5)
        ? "\(name) liked the \(random.pick(shows)). It was \(random.pick(good))."
        : "\(name) left the \(random.pick(shows)). It was \(random.pick(bad))."
    case 5:
      let (one, many) = random.pick(verbs)
      let names = random.sample(2, from: ProblemWords.names)
      let place = random.pick(["at home", "in the garden", "at school"])
      return random.chance(0.5)
        ? "\(names[0]) \(one) \(place)." : "\(names[0]) and \(names[1]) \(many) \(place)."
    case 6:
      let first = random.int(0...(days.count - 1))
      return "After \(days[first]) comes \(days[(first + 1) % days.count])."
    default:
      let first = random.int(1...15)
      return "Count: " + (first...(first + 4)).map(String.init).joined(separator: ", ") + "."
    }
  }

  static let days = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]
  private static let capitals = [
    ("France", "Paris"), ("Spain", "Madrid"), ("Italy", "Rome"), ("Japan", "Tokyo"),
    ("China", "Beijing"), ("Egypt", "Cairo"), ("Peru", "Lima"), ("Kenya", "Nairobi"),
    ("Norway", "Oslo"), ("Cuba", "Havana"), ("Austria", "Vienna"), ("Greece", "Athens"),
  ]
  private static let opposites = [
    ("hot", "cold"), ("big", "small"), ("old", "new"), ("fast", "slow"), ("high", "low"),
    ("light", "dark"), ("early", "late"), ("full", "empty"), ("hard", "soft"), ("good", "bad"),
  ]
  private static let colours = [
    ("Grass is", "green"), ("Snow is", "white"), ("Coal is", "black"), ("The sky is", "blue"),
    ("Blood is", "red"), ("A lemon is", "yellow"), ("A carrot is", "orange"),
  ]
  private static let translations = [
    ("dog", "perro"), ("cat", "gato"), ("house", "casa"), ("water", "agua"), ("bread", "pan"),
    ("book", "libro"), ("sun", "sol"), ("moon", "luna"), ("milk", "leche"), ("red", "rojo"),
  ]
  private static let shows = ["film", "play", "show", "book", "game"]
  private static let good = ["great", "funny", "lovely", "clever"]
  private static let bad = ["boring", "awful", "slow", "much too long"]
  private static let verbs = [
    ("plays", "play"), ("reads", "read"), ("sings", "sing"), ("works", "work"),
    ("sleeps", "sleep"), ("walks", "walk"),
  ]
}
