public import Decoding
public import Problems

extension ThinkingTags {
  /// The tags that a model declares by having each as one token that spells it; nil without them.
  /// A model that has the tokens and does not use them is read as if it had none.
  public init?(declaredBy vocabulary: any Vocabulary) {
    let declared = ThinkingTags.known.first { tags in
      [tags.open, tags.close].allSatisfy { tag in
        let ids = vocabulary.tokenize(continuing: tag)
        return ids.count == 1 && vocabulary.bytes(of: ids).elementsEqual(tag.utf8)
      }
    }
    guard let declared else { return nil }
    self = declared
  }
}
