public import Decoding
import Problems

/// Documents of the curriculum that the bundled models come from, with all its kinds and families in
/// their proportions. Mixed in while a model learns something else, they keep it from forgetting the
/// rest.
public struct ReplayDocuments: Sendable {
  private let generator: CurriculumGenerator
  private let tokenizer: LearningTextTokenizer

  public init(seed: UInt64, for model: any LanguageModel) {
    generator = CurriculumGenerator(seed: seed)
    tokenizer = LearningTextTokenizer(model)
  }

  /// The documents of a step: the same for the same seed, step and count, and others in every step.
  ///
  /// - Parameter step: from 1.
  /// - Throws: `LanguageModelError.contextExceeded`.
  public func texts(step: Int, count: Int) throws -> [LearningText] {
    try (0..<max(0, count)).map {
      try tokenizer.document(generator.document(max(0, step - 1) * count + $0))
    }
  }
}
