/// How well a text matches what was typed: its letters in order, with others between.
///
/// Each word that was typed is looked for by itself, in any order. Upper and lower case are the
/// same.
struct FuzzyMatch: Sendable, Hashable {
  /// From the best to the worst way to match.
  enum Quality: Int, Sendable, Comparable {
    /// The whole text was typed, or its beginning.
    case whole, prefix
    /// Words begin with what was typed, or with its letters; or hold it in one piece.
    case wordStarts, pieces
    case scattered

    static func < (a: Quality, b: Quality) -> Bool { a.rawValue < b.rawValue }
  }

  var quality: Quality
  /// The more the better, among matches of one quality.
  var score: Int
  /// The characters that matched, by their places in the text, in order.
  var places: [Int]

  /// - Returns: nil where the text does not hold what was typed.
  init?(_ typed: String, in text: String) {
    let characters = text.lowercased().map { $0 }
    // A letter whose lower case is longer would move the places behind it.
    let letters = characters.count == text.count ? characters : Array(text)
    let starts = Self.wordStarts(Array(text))
    (quality, score, places) = (.wordStarts, 0, [])
    for word in typed.lowercased().split(separator: " ") {
      guard let match = Self.place(Array(word), in: letters, starts: starts) else { return nil }
      quality = max(quality, match.quality)
      score += match.score
      places += match.places
    }
    places = Set(places).sorted()
    let wanted = typed.lowercased()
    if text.lowercased() == wanted {
      quality = .whole
    } else if text.lowercased().hasPrefix(wanted) {
      quality = .prefix
    }
    // Of texts that match alike the shorter one is nearer to what was typed.
    score -= letters.count
  }

  /// Whether a better match than another; of equal ones neither is.
  static func isBetter(_ a: FuzzyMatch, _ b: FuzzyMatch) -> Bool {
    a.quality != b.quality ? a.quality < b.quality : a.score > b.score
  }

  /// The first letters of words: after a character that is no letter or digit, at a capital, and
  /// where digits begin or end.
  private static func wordStarts(_ text: [Character]) -> [Bool] {
    text.indices.map { index in
      guard index > 0 else { return true }
      let (before, here) = (text[index - 1], text[index])
      guard here.isLetter || here.isNumber else { return false }
      return !(before.isLetter || before.isNumber) || (before.isLowercase && here.isUppercase)
        || before.isNumber != here.isNumber
    }
  }

  /// Points for a letter at the start of a word, and for one right behind the one before.
  private static let (startPoints, nextPoints) = (8, 5)

  /// The best places for a word, by dynamic programming over its letters and those of the text.
  private static func place(
    _ word: [Character], in text: [Character], starts: [Bool]
  ) -> (quality: Quality, score: Int, places: [Int])? {
    guard !word.isEmpty, word.count <= text.count else { return nil }
    let piece = piece(word, in: text, starts: starts)
    if let piece, piece.quality == .wordStarts { return piece }
    // [letters of the word][places of the text]: the best score that ends there.
    var scores: [[Int?]] = []
    var origins: [[Int?]] = []
    for (row, letter) in word.enumerated() {
      var line: [Int?] = Array(repeating: nil, count: text.count)
      var origin = line
      // The best of the row before, up to the place before this one.
      var best: (score: Int, place: Int)?
      for place in text.indices {
        if row > 0, place > 0, let before = scores[row - 1][place - 1],
          best.map({ before > $0.score }) ?? true
        {
          best = (before, place - 1)
        }
        guard text[place] == letter else { continue }
        let points = starts[place] ? startPoints : 0
        if row == 0 {
          line[place] = points
          continue
        }
        guard let best else { continue }
        (line[place], origin[place]) = (best.score + points, best.place)
        if let before = scores[row - 1][place - 1], before + nextPoints > best.score {
          (line[place], origin[place]) = (before + nextPoints + points, place - 1)
        }
      }
      scores.append(line)
      origins.append(origin)
    }
    let last = word.count - 1
    let ends = text.indices.filter { scores[last][$0] != nil }
    guard let end = ends.max(by: { (scores[last][$0] ?? 0) < (scores[last][$1] ?? 0) }),
      let score = scores[last][end]
    else { return nil }
    var places = [end]
    for row in stride(from: last, to: 0, by: -1) {
      guard let first = places.first, let origin = origins[row][first] else { break }
      places.insert(origin, at: 0)
    }
    // The first letters of words are as good as the beginning of one.
    if places.allSatisfy({ starts[$0] }) { return (.wordStarts, score, places) }
    return piece ?? (.scattered, score, places)
  }

  /// The word in one piece, at the start of a word if there is such a place.
  private static func piece(
    _ word: [Character], in text: [Character], starts: [Bool]
  ) -> (quality: Quality, score: Int, places: [Int])? {
    let fits = (0...(text.count - word.count)).filter { place in
      word.indices.allSatisfy { text[place + $0] == word[$0] }
    }
    guard let place = fits.first(where: { starts[$0] }) ?? fits.first else { return nil }
    let score = (starts[place] ? startPoints : 0) + (word.count - 1) * nextPoints
    return (
      starts[place] ? .wordStarts : .pieces, score, Array(place..<place + word.count)
    )
  }
}
