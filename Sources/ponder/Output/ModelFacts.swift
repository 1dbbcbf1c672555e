import Decoding
import Engine
import Foundation
import Playground
import Problems
import Reasoning
import Traces
import Training

/// What `ponder info` tells of a model; as JSON the answer of `--format json`.
struct ModelFacts: Encodable {
  /// What memory is counted for unless somebody asks for another length.
  static let usualContext = 4096
  /// Files up to this size are digested at once; of larger ones that takes seconds.
  private static let digestedAtOnce = 64 << 20

  var file: String
  /// Whether the model can be used here.
  var runs: Bool
  /// Why not.
  var obstacles: [String]
  var warnings: [String]
  var architecture: String
  var parameters: Int
  var layers: Int?
  var contextLength: Int?
  var vocabularySize: Int?
  var tokenizer: String
  var fileType: String
  var fileBytes: Int
  var sha256: String?
  /// The family of the chat template; `jinja` for one of no known family, `none` without, and for one
  /// that cannot be used the reason.
  var chatTemplate: String
  /// What the template does about thinking.
  var thinking: String?
  /// The tags between which the model thinks, if it declares any.
  var thinkingTags: [String]?
  /// In bytes; nil for a model that does not run.
  var memory: Memory?
  /// Where a trained model comes from.
  var trained: Origin?

  struct Memory: Encodable {
    /// For so many tokens.
    var context: Int
    var weights: Int
    /// Of the keys and values.
    var cache: Int
    /// Of the states of recurrent layers; nil without any.
    var states: Int?
    var total: Int
  }

  struct Origin: Encodable {
    var parent, parentHash, recipe: String
    var steps: Int
    var seed: UInt64?
    var rate: Double?
    var problems, reward: String?
    /// How it judges, and what has to be known for that; nil for one that was not trained to.
    var verifier: String?
    var verifierNumbers: [String: Double]?
    var teacher, teacherHash: String?
  }

  /// - Parameters:
  ///   - context: the tokens that memory is counted for; nil for the usual number.
  ///   - digestsAll: also a file that this takes seconds of.
  init(_ file: GGUFFile, path: String, context: Int?, kvFormat: KVFormat, digestsAll: Bool) {
    let report = ModelReport(file, kvFormat: kvFormat)
    self.file = path
    (runs, obstacles, warnings) = (report.runs, report.obstacles, report.warnings)
    architecture = report.architecture ?? "unknown"
    (parameters, layers) = (report.parameterCount, report.layerCount)
    (contextLength, vocabularySize) = (report.contextLength, report.vocabularySize)
    tokenizer = report.tokenizer ?? "none"
    (fileType, fileBytes) = (report.fileType, report.fileBytes)
    sha256 = digestsAll || file.size <= Self.digestedAtOnce ? file.sha256() : nil
    let chat = Result { try ChatTemplate.chosen(.auto, declared: report.chatTemplate) }
    chatTemplate = Self.name(of: chat)
    thinking = try? chat.get()?.thinkingInWords
    let tags =
      (try? chat.get())?.thinking ?? report.vocabulary.flatMap { ThinkingTags(declaredBy: $0) }
    thinkingTags = tags.map { [$0.open, $0.close] }
    let tokens = context ?? min(Self.usualContext, report.contextLength ?? Self.usualContext)
    if let weights = report.weightBytes, let cache = report.cacheBytes(context: tokens) {
      let states = report.stateBytes(context: tokens)
      memory = Memory(
        context: tokens, weights: weights, cache: cache, states: states,
        total: weights + cache + (states ?? 0))
      if let most = report.contextLength, tokens > most {
        warnings.append("The model was made for \(most) tokens at most.")
      }
    }
    trained = Lineage(file.metadata).map { Origin($0) }
  }

  /// A file that is no model.
  init(unreadable path: String, _ why: String) {
    file = path
    (runs, obstacles, warnings) = (false, [why], [])
    (architecture, parameters, tokenizer, fileType) = ("—", 0, "none", "—")
    (fileBytes, chatTemplate) = (0, "—")
  }

  private static func name(of chat: Result<ChatTemplate?, any Error>) -> String {
    switch chat {
    case .success(let template): template?.name ?? "none"
    case .failure(let error): "\(error)"
    }
  }

  /// For people.
  ///
  /// - Parameter lineage: where a trained model comes from.
  func text(_ lineage: Lineage?) -> String {
    var lines = [
      ("file", file), ("runs", runs ? "yes" : "no"),
    ]
    lines += obstacles.map { ("", $0) }
    lines += [
      ("architecture", architecture), ("parameters", "\(parameters)"),
      ("layers", Self.shown(layers)), ("context length", Self.shown(contextLength)),
      ("vocabulary size", Self.shown(vocabularySize)), ("tokenizer", tokenizer),
      ("file type", fileType), ("file size", Format.bytes(fileBytes)),
      ("sha256", sha256 ?? "not read; --sha256 does"), ("chat template", chatTemplate),
      ("thinking tags", thinkingTags?.joined(separator: " … ") ?? "none"),
      ("thinking", thinking ?? "no template to tell"),
    ]
    if let memory {
      lines.append(
        (
          "memory",
          "\(Format.bytes(memory.total)): \(Format.bytes(memory.weights)) for weights, "
            + "\(Format.bytes(memory.cache)) for \(memory.context) tokens"
            + (memory.states.map { ", \(Format.bytes($0)) for their states" } ?? "")
        ))
    }
    if let lineage { lines.append(("trained", lineage.explanation)) }
    var text = lines.map { $0.0.padded(to: Self.margin) + $0.1 + "\n" }.joined()
    for line in lineage?.details.folded(indent: Self.margin) ?? [] { text += line + "\n" }
    return text
  }

  private static let margin = 17

  private static func shown(_ number: Int?) -> String { number.map { "\($0)" } ?? "unknown" }
}

extension ModelFacts.Origin {
  init(_ lineage: Lineage) {
    self.init(
      parent: lineage.parent, parentHash: lineage.parentHash, recipe: lineage.recipe,
      steps: lineage.steps, seed: lineage.seed, rate: lineage.rate, problems: lineage.problems,
      reward: lineage.reward, verifier: lineage.verifier,
      verifierNumbers: lineage.verifier == nil ? nil : lineage.verifierNumbers,
      teacher: lineage.teacher, teacherHash: lineage.teacherHash)
  }
}
