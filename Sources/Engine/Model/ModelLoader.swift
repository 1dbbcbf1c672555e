import Decoding
import Foundation

/// Opens models: the one way from a file to something that computes.
public enum ModelLoader {
  /// Maps a GGUF file, checks it and prepares its weights.
  ///
  /// - Parameter observer: is told how far the weights are, and may give up.
  /// - Throws: `GGUFError` when the file cannot be read or is damaged, `TokenizerError` when its
  ///   vocabulary cannot be used, `ModelError` when its weights do not make a model that this
  ///   engine computes.
  public static func load(
    path: String, options: EngineOptions = EngineOptions(), observer: LoadObserver? = nil
  ) throws -> TransformerModel {
    let file = try GGUFFile(path: path)
    return try load(
      file, name: name(ofFile: path, type: file.fileType), options: options, observer: observer)
  }

  /// What a model is called: its file's name without its ending and its type, which is shown
  /// beside it.
  public static func name(ofFile path: String, type: String) -> String {
    let name = GGUFPartName.modelName(ofFile: path)
    for separator in [".", "-", "_"] where name.count > type.count + 1 {
      let ending = separator + type
      if name.lowercased().hasSuffix(ending.lowercased()) {
        return String(name.dropLast(ending.count))
      }
    }
    return name
  }

  /// The weights of an open file, as they stand there.
  package static func store(_ file: GGUFFile, name: String = "model") -> any WeightStore {
    MappedWeightStore(file, name: name)
  }

  /// The same from an open file.
  ///
  /// - Parameter name: how the model is called in traces and status lines.
  public static func load(
    _ file: GGUFFile, name: String, options: EngineOptions = EngineOptions(),
    observer: LoadObserver? = nil
  ) throws -> TransformerModel {
    let vocabulary = try file.vocabulary()
    return try TransformerModel(
      configuration: ModelConfiguration(file, vocabularySize: vocabulary.count),
      weights: MappedWeightStore(file, name: name), vocabulary: vocabulary,
      chatTemplate: file.chatTemplate, options: options, observer: observer)
  }
}
