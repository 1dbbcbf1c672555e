/// Why weights do not make a model.
public enum ModelError: Error, Equatable, CustomStringConvertible {
  case unsupportedArchitecture(String, supported: [String])
  case invalidConfiguration(String)
  case missingTensor(String)
  case wrongShape(tensor: String, expected: [Int], found: [Int])
  case unsupportedFormat(tensor: String, format: String, supported: [String])
  /// A tensor that changes the result in a way that is not computed here.
  case unsupportedTensor(String, architecture: String)
  /// Metadata that change the result in a way that is not computed here.
  case unsupportedMetadata(key: String, value: String)
  case instructionSetUnavailable(String, available: [String])
  /// Training changes the weights of this model in no way that is known here.
  case untrainable(String)
  case outOfMemory(bytes: Int)
  /// Whoever asked for the model has given up on it.
  case cancelled

  public var description: String {
    switch self {
    case .unsupportedArchitecture(let name, let supported):
      "The model has the architecture \"\(name)\"; supported: \(list(supported))."
    case .invalidConfiguration(let what): "The model's metadata make no sense: \(what)"
    case .missingTensor(let name):
      "The model lacks the tensor \"\(name)\"; the file is incomplete, get it again."
    case .wrongShape(let tensor, let expected, let found):
      "The tensor \"\(tensor)\" has shape \(found) where \(expected) is needed."
    case .unsupportedFormat(let tensor, let format, let supported):
      "The tensor \"\(tensor)\" is stored as \(format); supported: \(list(supported))."
    case .unsupportedTensor(let name, let architecture):
      "The model has the tensor \"\(name)\", which is not supported in models of the architecture "
        + "\"\(architecture)\"."
    case .unsupportedMetadata(let key, let value):
      "The model's metadata state \(key) = \(value), which is not supported."
    case .instructionSetUnavailable(let name, let available):
      "This machine cannot run \(name) kernels; available: \(list(available))."
    case .untrainable(let why): "This model cannot be trained: \(why)"
    case .outOfMemory(let bytes):
      "There is not enough memory: \(bytes) bytes are needed; use a smaller model."
    case .cancelled: "Loading was stopped."
    }
  }

  private func list(_ names: [String]) -> String { names.joined(separator: ", ") }
}
