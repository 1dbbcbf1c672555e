import Decoding

extension TableLanguageModel {
  /// The mission's own example as an exact table: "I have 3 apples, my dad has 2 more apples than
  /// me. How many apples do we have in total?"
  ///
  /// The likeliest first token answers at once (.34) and is mostly wrong; four openers (.165
  /// each) reason and are mostly right. Greedy decoding and the likeliest path give 5; the
  /// marginal over paths gives 8 with .6212 against .3182 for 5.
  ///
  /// A new model each time, with nothing looked up yet.
  package static var apples: TableLanguageModel {
    let question: [TokenID] = [0]
    let pieces = [
      "Q: I have 3 apples, my dad has 2 more apples than me. "
        + "How many apples do we have in total?\nA:",
      " 5", " My dad has 3 + 2 = 5 apples.", " Dad has 5.", " So dad has 2 more than 3.",
      " We start with 3 apples.", " The answer is", " 8", " 10", " 6", ".", "<end>",
      " Let's think step by step.",
    ]
    let (five, answer, eight, ten, six, stop, end) =
      (TokenID(1), TokenID(6), TokenID(7), TokenID(8), TokenID(9), TokenID(10), TokenID(11))
    let openers: [TokenID] = [2, 3, 4, 5]
    return TableLanguageModel(name: "apples", pieces: pieces, end: end) { prefix in
      var path = prefix.starts(with: question) ? Array(prefix.dropFirst()) : prefix
      if path.first == 12 { path.removeFirst() }
      guard let first = path.first else {
        return Dictionary(
          uniqueKeysWithValues: [(five, 0.34)] + openers.map { ($0, 0.165) })
      }
      let reasoned = openers.contains(first)
      guard reasoned || first == five else { return [end: 1] }
      switch path.count {
      case 1: return [answer: 1]
      case 2:
        return reasoned
          ? [eight: 0.90, five: 0.07, six: 0.03] : [five: 0.80, ten: 0.12, eight: 0.08]
      case 3: return [stop: 1]
      default: return [end: 1]
      }
    }
  }
}
