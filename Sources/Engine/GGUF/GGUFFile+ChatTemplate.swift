extension GGUFFile {
  /// The chat template in the metadata, a Jinja program; nil if there is none.
  public var chatTemplate: String? { metadata["tokenizer.chat_template"]?.text }
}
