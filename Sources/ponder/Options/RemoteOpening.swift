import ArgumentParser
import Decoding
import Engine
import Foundation
import Playground
import RemoteModels
import Traces

/// How models of servers are opened.
struct RemoteOpening: Sendable {
  /// A GGUF file of the same model, of which only the vocabulary is read.
  var tokenizer: String?
  /// Requests at once; nil for as many as the server says.
  var requests: Int?
  /// The key may go over a connection that others can read.
  var allowsKeyInTheOpen = false

  /// Asks a server what it is and gives.
  ///
  /// - Throws: `RemoteError`, and whatever keeps the tokenizer's file from being read.
  func open(_ address: String) throws -> RemoteModel {
    let address = try RemoteAddress(address)
    var options = RemoteOptions()
    options.key = RemoteKey(for: address, in: ProcessInfo.processInfo.environment)
    options.key?.mayGoInTheOpen = allowsKeyInTheOpen
    options.slots = requests
    if let tokenizer {
      options.vocabulary = try GGUFFile(path: BundledModels.path(of: tokenizer)).vocabulary()
    }
    return try RemoteModel(address, options: options)
  }

  /// The model of a file or of a server.
  ///
  /// - Throws: whatever keeps it from being opened.
  func model(at source: String, _ options: EngineOptions) throws -> any LanguageModel {
    guard RemoteAddress.isAddress(source) else {
      return try ModelLoader.load(path: source, options: options)
    }
    return try open(source)
  }
}

extension RemoteModel {
  /// What the screens tell about it.
  ///
  /// - Parameter slots: paths that are wanted at once.
  func summary(slots: Int) -> ModelSummary {
    var summary = ModelSummary(
      identity: identity, path: address.description, contextLength: contextLength,
      parameters: capabilities.parameters ?? 0, threads: 0,
      slots: min(slots, capabilities.slots), isBundled: false, chatTemplate: chatTemplate,
      trainingObstacle: "its weights are on \(address.shownServer).")
    summary.remarks = capabilities.remarks
    return summary
  }
}

/// What `ponder info` tells of a remote model.
struct RemoteFacts: Encodable {
  var address: String
  var name: String
  var hash: String
  var server: String
  var build: String?
  var parameters: Int?
  var contextLength: Int?
  var vocabularySize: Int?
  var slots: Int
  /// Forks by ids; else by text.
  var hasIDs: Bool
  var hasExactBytes: Bool
  /// Likeliest tokens that are told.
  var top: Int
  var tellsAllTokens: Bool
  var isAfterSampler: Bool
  var readAhead: Int
  var hasChatTemplate: Bool
  var remarks: [String]

  init(_ model: RemoteModel) {
    let given = model.capabilities
    (address, name, hash) = (
      model.address.description, model.identity.name, model.identity.hash
    )
    (server, build) = (given.kind.rawValue, given.build)
    (parameters, contextLength) = (given.parameters, given.contextLength)
    (vocabularySize, slots) = (given.vocabularySize, given.slots)
    (hasIDs, hasExactBytes) = (given.hasIDs, given.hasBytes)
    (top, tellsAllTokens) = (given.top, given.isComplete)
    (isAfterSampler, readAhead) = (given.isAfterSampler, given.readAhead)
    (hasChatTemplate, remarks) = (given.chatTemplate != nil, given.remarks)
  }

  /// For people.
  static func text(_ model: RemoteModel) -> String {
    var text = "address".padded(to: margin) + model.address.description + "\n"
    for fact in model.capabilities.facts {
      text += fact.name.padded(to: margin) + fact.value + "\n"
    }
    text += "weights".padded(to: margin) + "not known here; the server's words stand for them\n"
    for remark in model.capabilities.remarks {
      text += remark.wrapped().joined(separator: "\n") + "\n"
    }
    return text
  }

  private static let margin = 17
}

extension RemoteError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .badAddress, .secretInAddress, .keyInTheOpen, .noSuchModel, .otherVocabulary: .usage
    default: .failure
    }
  }
}
