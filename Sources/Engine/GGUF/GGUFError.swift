/// Which part of a split model a file is, as its metadata say.
public struct GGUFPlace: Hashable, Sendable {
  /// From 0.
  public var number: Int
  public var count: Int
}

/// Why a GGUF file could not be read or written.
public enum GGUFError: Error, Equatable, CustomStringConvertible {
  case cannotOpen(path: String, reason: String)
  case notFound(path: String)
  case notGGUF(path: String)
  case bigEndian
  case unsupportedVersion(UInt32)
  /// A length, count or offset reaches beyond the end of the file.
  case truncated(what: String, offset: Int, needed: UInt64, size: Int)
  case unknownValueType(key: String, code: UInt32)
  case nestedTooDeep(key: String)
  case invalidBoolean(key: String, value: UInt8)
  case duplicateKey(String)
  case duplicateTensor(String)
  case missingKey(String)
  case wrongType(key: String, expected: String, found: String)
  case valueOutOfRange(key: String, value: String, allowed: String)
  case invalidAlignment(UInt64)
  case tooManyDimensions(tensor: String, count: UInt32)
  case invalidShape(tensor: String, shape: [UInt64])
  case unknownTensorType(tensor: String, code: UInt32)
  /// The type was a form of Q4_0 or IQ4_NL, or a trial, which GGUF has given up.
  case withdrawnTensorType(tensor: String, type: String)
  /// Two tensors share bytes of the file.
  case overlappingTensors(String, String)
  case misalignedTensor(tensor: String, offset: UInt64, alignment: UInt64)
  /// A part of a split model is not there.
  case missingPart(path: String, GGUFPlace)
  /// The name of a part does not say which it is, so that the others cannot be found.
  case misnamedPart(path: String, GGUFPlace)
  /// A file beside a part of a split model belongs to something else.
  case partsDisagree(path: String, reason: String)
  case cannotWrite(path: String, reason: String)

  public var description: String {
    switch self {
    case .cannotOpen(let path, let reason): "Cannot open \(path): \(reason)."
    case .notFound(let path): "There is no file \(path); check the path given to --model."
    case .notGGUF(let path):
      "\(path) is not a GGUF file: it does not begin with 'GGUF'. Convert the model to GGUF first."
    case .bigEndian: "The GGUF file is big-endian; convert it to little-endian."
    case .unsupportedVersion(let version):
      "GGUF version \(version) is not supported; supported: 2 and 3. Convert the model again."
    case .truncated(let what, let offset, let needed, let size):
      "The GGUF file ends too early: \(what) at byte \(offset) needs \(needed) bytes, "
        + "but the file has \(size). Download it again."
    case .unknownValueType(let key, let code):
      "The GGUF metadata '\(key)' has the unknown value type \(code); the file is damaged."
    case .nestedTooDeep(let key):
      "The GGUF metadata '\(key)' nests arrays too deeply; the file is damaged."
    case .invalidBoolean(let key, let value):
      "The GGUF metadata '\(key)' holds \(value) where 0 or 1 belongs; the file is damaged."
    case .duplicateKey(let key): "The GGUF metadata has '\(key)' twice; the file is damaged."
    case .duplicateTensor(let name): "The GGUF file has the tensor '\(name)' twice; it is damaged."
    case .missingKey(let key): "The GGUF metadata lacks '\(key)'; the file is incomplete."
    case .wrongType(let key, let expected, let found):
      "The GGUF metadata '\(key)' should be \(expected) but is \(found)."
    case .valueOutOfRange(let key, let value, let allowed):
      "The GGUF metadata '\(key)' is \(value); allowed: \(allowed)."
    case .invalidAlignment(let alignment):
      "The GGUF alignment \(alignment) is not a power of two of at most 1 MiB; the file is damaged."
    case .tooManyDimensions(let tensor, let count):
      "The tensor '\(tensor)' has \(count) dimensions; at most 4 are allowed. The file is damaged."
    case .invalidShape(let tensor, let shape):
      "The tensor '\(tensor)' has the impossible shape \(shape); the file is damaged."
    case .unknownTensorType(let tensor, let code):
      "The tensor '\(tensor)' has the unknown type \(code); the file is damaged or too new. Supported: "
        + TensorFormat.supportedNames.joined(separator: ", ") + "."
    case .withdrawnTensorType(let tensor, let type):
      "The tensor '\(tensor)' has the type \(type), which GGUF has given up; it is not supported. "
        + "Get or make the file again. Supported: "
        + TensorFormat.supportedNames.joined(separator: ", ") + "."
    case .overlappingTensors(let first, let second):
      "The tensors '\(first)' and '\(second)' take the same bytes; the file is damaged."
    case .misalignedTensor(let tensor, let offset, let alignment):
      "The tensor '\(tensor)' starts at \(offset), which is not a multiple of \(alignment); "
        + "the file is damaged."
    case .missingPart(let path, let place):
      "The model is split into \(place.count) files, and part \(place.number + 1) of them is "
        + "missing: \(path). Put all parts into one folder."
    case .misnamedPart(let path, let place):
      "\(path) is part \(place.number + 1) of \(place.count) of a model, but its name does not say "
        + "so; give all parts their original names again (NAME-00001-of-00002.gguf)."
    case .partsDisagree(let path, let reason):
      "\(path) does not belong to this split model: \(reason). Get all parts again."
    case .cannotWrite(let path, let reason): "Cannot write \(path): \(reason)."
    }
  }
}
