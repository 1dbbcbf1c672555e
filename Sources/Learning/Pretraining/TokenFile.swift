public import Decoding
import Engine
import Foundation
import Problems
import Traces

/// Tokenised documents with a weight for each token, as `ponder curriculum --tokenizer` writes them:
/// see `CurriculumTokens` for the format.
public struct TokenFile: Sendable {
  /// All tokens. Every document stands between two end-of-text tokens.
  let ids: [UInt16]
  /// What each token counts in the loss, in tenths. [ids]
  let weights: [UInt8]
  /// Each document: its opening end-of-text token up to its closing one, which opens the next.
  let documents: [ClosedRange<Int>]
  /// The end-of-text token, which is the first of the file.
  public let end: TokenID
  /// Tells the file's contents from others, in hexadecimal.
  public let digest: String

  public var tokenCount: Int { ids.count }
  public var documentCount: Int { documents.count }

  /// Reads a file.
  ///
  /// - Throws: `TokenFileError`.
  public init(path: String) throws(TokenFileError) {
    let data: Data
    do {
      data = try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
    } catch {
      let isThere = FileManager.default.fileExists(atPath: path)
      throw .unreadable(
        path: path, reason: isThere ? WholeFile.reason(error) : "there is no such file.")
    }
    try self.init(data, path: path)
  }

  /// - Parameter path: where the bytes come from, for errors.
  init(_ data: Data, path: String) throws(TokenFileError) {
    let signature = CurriculumTokens.signature
    guard data.starts(with: signature) else { throw .foreign(path: path) }
    let headerSize = signature.count + 8
    guard data.count >= headerSize else { throw .truncated(path: path) }
    let count = data.dropFirst(signature.count).prefix(8).reversed()
      .reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let (size, overflow) = count.multipliedReportingOverflow(by: 3)
    let rest = UInt64(data.count - headerSize)
    guard !overflow, size <= rest else { throw .truncated(path: path) }
    guard size == rest else { throw .tooLong(path: path) }
    let length = Int(count)
    (ids, weights) = data.withUnsafeBytes { bytes in
      let ids = [UInt16](unsafeUninitializedCapacity: length) { buffer, initialized in
        UnsafeMutableRawBufferPointer(buffer)
          .copyMemory(from: .init(rebasing: bytes[headerSize..<headerSize + 2 * length]))
        initialized = length
      }
      return (ids, [UInt8](bytes[(headerSize + 2 * length)...]))
    }
    digest = data.withUnsafeBytes { WeightDigest.digest(of: [(name: "", bytes: $0)]) }
    guard let end = ids.first, ids.last == end, length > 1 else { throw .noDocuments(path: path) }
    self.end = TokenID(end)
    var documents: [ClosedRange<Int>] = []
    var start = 0
    for index in ids.indices.dropFirst() where ids[index] == end {
      documents.append(start...index)
      start = index
    }
    self.documents = documents
  }

  /// Looks whether a vocabulary has all the tokens.
  ///
  /// - Throws: `TokenFileError.otherVocabulary`.
  public func check(against vocabulary: any Vocabulary, path: String) throws(TokenFileError) {
    guard vocabulary.endOfText.contains(end) else {
      throw .otherVocabulary(path: path, "\(end) is no end of text in it")
    }
    if let highest = ids.max(), Int(highest) >= vocabulary.count {
      throw .otherVocabulary(path: path, "it has no token \(highest)")
    }
  }
}

/// Why a token file cannot be trained on.
public enum TokenFileError: Error, Equatable, CustomStringConvertible {
  case unreadable(path: String, reason: String)
  case foreign(path: String)
  case truncated(path: String)
  case tooLong(path: String)
  case noDocuments(path: String)
  case otherVocabulary(path: String, String)
  /// Its documents do not fill a single batch.
  case tooFewDocuments

  public var description: String {
    switch self {
    case .unreadable(let path, let reason): "Cannot read \(path): \(reason)"
    case .foreign(let path):
      "\(path) is no token file; ponder curriculum --tokenizer FILE --output FILE makes one."
    case .truncated(let path): "\(path) ends too early; make it again."
    case .tooLong(let path): "\(path) has more bytes than tokens; make it again."
    case .noDocuments(let path):
      "\(path) has no documents: it must begin and end with the end of text."
    case .otherVocabulary(let path, let reason):
      "\(path) was made with another vocabulary: \(reason)."
    case .tooFewDocuments: "The documents do not fill a single batch; more are needed."
    }
  }
}
