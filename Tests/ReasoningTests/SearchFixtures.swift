import Decoding
import DecodingFixtures
import Synchronization

@testable import Problems
@testable import Reasoning
@testable import Traces

/// Solutions of three steps with three choices each, ` a.` ` b.` ` c.`, and an answer that is the
/// number of the way, from 0 to 26; behind a tag the model says how good the steps so far are.
enum StepTable {
  static let end = TokenID(7)
  static let firstAnswer = TokenID(8)
  static let pieces =
    ["Q: ?", " a.", " b.", " c.", PromptFormat.stepTag, PromptFormat.rightStep]
    + [PromptFormat.wrongStep, "<end>"] + (0..<27).map { " The answer is \($0)." }

  /// The choices among tokens.
  static func choices(_ tokens: some Sequence<TokenID>) -> [Int] {
    tokens.filter { (1...3).contains($0) }.map { Int($0) - 1 }
  }

  static func number(_ choices: [Int]) -> Int { choices.reduce(0) { $0 * 3 + $1 } }

  /// - Parameters:
  ///   - chances: how likely each choice is after others.
  ///   - value: what p(+) is behind some choices, as a share of + and −.
  static func model(
    chances: @escaping @Sendable ([Int]) -> [Double] = { _ in [0.4, 0.3, 0.3] },
    value: @escaping @Sendable ([Int]) -> Double
  ) -> TableLanguageModel {
    TableLanguageModel(name: "steps", pieces: pieces, end: end) { prefix in
      let choices = choices(prefix)
      if prefix.last == 4 {
        let right = value(choices)
        return [5: right * 0.8, 6: (1 - right) * 0.8, end: 0.2]
      }
      if (prefix.last ?? 0) >= end || prefix.contains(4) { return [end: 1] }
      if choices.count == 3 { return [firstAnswer + TokenID(number(choices)): 1] }
      return Dictionary(uniqueKeysWithValues: zip(1...3, chances(choices)))
    }
  }

  /// Values of their own for all beginnings, between .05 and .95.
  static func digest(_ seed: Int) -> @Sendable ([Int]) -> Double {
    { choices in
      let mixed = choices.reduce(seed * 37 + 11) { ($0 * 31 + $1 + 7) % 1009 }
      return 0.05 + 0.9 * Double(mixed) / 1009
    }
  }

  static let all: [[Int]] = (0..<27).map { [$0 / 9, $0 / 3 % 3, $0 % 3] }
}

/// A model that notes how many nodes it is asked at once.
final class ObservedModel: LanguageModel {
  let base: TableLanguageModel
  private let sizes = Mutex<[Int]>([])

  init(_ base: TableLanguageModel) { self.base = base }

  var identity: ModelIdentity { base.identity }
  var vocabulary: any Vocabulary { base.vocabulary }
  var contextLength: Int { base.contextLength }
  var passes: [Int] { sizes.withLock { $0 } }

  func forward(_ request: ForwardRequest, in tree: TokenTree) throws -> ForwardResult {
    sizes.withLock { $0.append(request.nodes.count) }
    return try base.forward(request, in: tree)
  }
}

extension ObservedModel {
  /// Runs a strategy on the table's question.
  func run(_ strategy: any Strategy, _ settings: RunSettings, slots: Int) async -> RunTrace {
    let log = Mutex<[TraceRecord]>([])
    await strategy.run(
      Question(text: vocabulary.token(0).text, kind: .number, isRaw: true), settings: settings,
      decoder: Decoder(model: self, slots: slots), library: PromptLibrary(directory: "")
    ) { record in log.withLock { $0.append(record) } }
    return Trace(log.withLock { $0 }).runs[1] ?? RunTrace()
  }
}
