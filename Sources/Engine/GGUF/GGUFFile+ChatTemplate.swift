extension GGUFFile {
  /// The chat template in the metadata, a Jinja program; nil if there is none. Templates for other
  /// purposes have names of their own (`tokenizer.chat_template.tool_use`) and are left aside.
  public var chatTemplate: String? {
    metadata["tokenizer.chat_template"]?.text ?? metadata["tokenizer.chat_template.default"]?.text
  }
}
