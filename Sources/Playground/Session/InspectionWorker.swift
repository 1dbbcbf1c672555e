import Decoding
import Synchronization

/// Looks into the model at hand. Only the last question is of interest.
final class InspectionWorker: Worker {
  enum Kind: Hashable { case read }

  let jobs: Jobs<Kind>
  private let bench: Workbench

  init(_ bench: Workbench) {
    self.bench = bench
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: InspectionEffect) {
    switch work {
    case .read(let tokens, let question): read(tokens, question)
    case .stop:
      jobs.cancel()
      bench.post(.inspection(.stopped))
    }
  }

  private func read(_ tokens: [TokenID], _ question: InspectionQuestion) {
    let model = bench.model?.decoder.model
    jobs.start(.read, isOvertaking: true) { [bench] in
      guard let model else { throw NoModel() }
      guard let model = model as? any InspectableModel else {
        throw LanguageModelError.lacksCapability("a look into its layers")
      }
      try await onThread { isWanted in
        try Look(model: model, question: question, tokens: tokens, isWanted: isWanted).run {
          if isWanted() { bench.post(.inspection($0)) }
        }
      }
    } ending: {
      .inspection(.ended(question, $0))
    }
  }

  /// One question and the way to its answer.
  private struct Look {
    let model: any InspectableModel
    let question: InspectionQuestion
    let isWanted: () -> Bool
    private let tree: TokenTree
    private let node: NodeID

    init(
      model: any InspectableModel, question: InspectionQuestion, tokens: [TokenID],
      isWanted: @escaping () -> Bool
    ) {
      (self.model, self.question, self.isWanted) = (model, question, isWanted)
      var tree = TokenTree()
      node = tree.extend(.root, with: tokens)
      self.tree = tree
    }

    /// Reads the layers, then what the heads do, from the last layer back.
    func run(_ tell: (InspectionNews) -> Void) throws {
      let chosen = try question.chosen ?? likeliest()
      var request = InspectionRequest(
        node: node, tokens: [chosen] + (question.named.map { [$0] } ?? []))
      let whole = try model.inspect(request, in: tree, isWanted: isWanted)
      var now = whole
      if !question.ablations.isEmpty {
        request.ablations = question.ablations
        now = try model.inspect(request, in: tree, isWanted: isWanted)
      }
      tell(.read(question, LayerReading(chosen: chosen, whole: whole, now: now)))
      for layer in now.layers.indices.reversed() where !now.layers[layer].attention.isEmpty {
        let heads = try model.logProbabilities(
          of: chosen, withoutHeadsOf: layer, request, now, in: tree, isWanted: isWanted)
        tell(.heads(question, layer: layer, heads))
      }
    }

    private func likeliest() throws -> TokenID {
      let piece = ForwardRequest(nodes: [node], tokenLimit: model.tokensPerPass)
      while true {
        guard isWanted() else { throw CancellationError() }
        if let found = try model.forward(piece, in: tree).distributions[0] { return found.argmax }
      }
    }
  }
}
