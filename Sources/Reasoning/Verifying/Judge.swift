public import Decoding
public import Traces

/// A model beside the run's own that verifiers read with: what one model has written, another may
/// judge. It is given texts, never tokens, so its vocabulary may be another.
public struct Judge: Sendable {
  /// The model's own loop.
  public var decoder: Decoder
  /// How it was trained to judge, as its file tells; nil for a model that was not.
  public var verifier: VerifierName?
  /// What has to be known for that beside the weights, by name.
  public var numbers: [String: Double]

  public init(_ decoder: Decoder, verifier: VerifierName? = nil, numbers: [String: Double] = [:]) {
    self.decoder = decoder
    self.verifier = verifier
    self.numbers = numbers
  }

  public var identity: ModelIdentity { decoder.model.identity }

  /// Where all that the judge reads begins in traces: none of it is part of the tree of the run's own
  /// model, in which the same tokens are other text, or have other probabilities.
  var root: NodeID {
    .root.appending(contentsOf: identity.hash.utf8.map { TokenID($0) })
  }
}

extension Run {
  /// What verifiers read with: the judge where there is one, else the run's own model.
  var reader: Decoder { judge?.decoder ?? decoder }

  /// Tells of text that was put in for verifiers to read.
  func tellRead(_ ids: [TokenID], after node: NodeID, to end: NodeID) {
    let vocabulary = reader.model.vocabulary
    let tokens = ids.map { vocabulary.token($0) }
    noteRead(ids, after: node)
    emit(
      .injected(
        Injection(role: .strategy, path: nil, parent: read(node), end: read(end), tokens: tokens)))
  }
}

extension RunSettings {
  /// The settings as they are with a judge: it is read as it was trained to be unless they say
  /// otherwise, and its weights are named, on which what comes out depends.
  public func judged(by judge: Judge?) -> RunSettings {
    guard let judge else { return self }
    var settings = self
    settings.verifier = settings.verifier ?? judge.verifier
    settings[extra: "judge"] = judge.identity.hash
    return settings
  }
}
