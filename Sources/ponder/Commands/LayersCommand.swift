import ArgumentParser
import Decoding
import Engine

struct LayersCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "layers",
    abstract: "Show what each layer of a model would say behind a text.",
    discussion: """
      Each layer is read by the model's own output norm and projection (the logit lens), and each \
      head is silenced at the last token alone, to see how much it moves the next one. Layers, heads \
      and tokens count from 1; layer 0 is the embedding.
      """)

  @OptionGroup var options: ModelOptions

  @Option(
    help: ArgumentHelp(
      "The text to read, with what the model expects around it.", valueName: "text"))
  var prompt: String?

  @Option(help: ArgumentHelp("Token ids instead, separated by commas.", valueName: "ids"))
  var ids: String?

  @Option(
    help: ArgumentHelp(
      "The token to follow: the first of this text (default: the likeliest).", valueName: "text"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "What is silenced, separated by commas: head:LAYER.HEAD, attention:LAYER, "
        + "feed-forward:LAYER, token:POSITION.", valueName: "parts"))
  var without: String?

  @Flag(inversion: .prefixedNo, help: "Also silences each head at the last token.")
  var heads = true

  @Flag(help: "Also prints where each head looks, and with json the residual stream.")
  var attention = false

  @Option(help: "\(OutputFormat.names)") var format: OutputFormat = .text

  // MARK: The answer

  private struct Reading: Encodable {
    var layer: Int
    /// The likeliest tokens with the logarithms of their probabilities.
    var top: [TokenID]
    var topLogProbabilities: [Double]
    /// Of the token that is followed, behind the layer and between its blocks.
    var logProbability: Double
    var logProbabilityAfterAttention: Double?
    /// In bits.
    var entropy: Double
    /// log p of the token when a head is silenced at the last position.
    var withoutHead: [Double]?
    /// [heads][positions]
    var attention: [[Float]]?
    /// [width]
    var residual: [Float]?
  }

  private struct Answer: Encodable {
    var model: String
    var tokens: [TokenID]
    var token: TokenID
    /// The logarithm of its probability with nothing silenced, and with what is.
    var logProbability: Double
    var logProbabilityWithout: Double?
    /// KL in nats from what the model says to what it says without those parts.
    var divergence: Double?
    var layers: [Reading]
  }

  func validate() throws {
    guard (prompt == nil) != (ids == nil) else {
      throw ValidationError("Give the text to read once: either --prompt TEXT or --ids IDS.")
    }
  }

  func run() throws {
    let model = try ModelLoader.load(path: options.path(), options: options.engineOptions)
    let tokens = try readTokens(model)
    let ablations = try parts(model, length: tokens.count)
    var tree = TokenTree()
    let node = tree.extend(.root, with: tokens)
    let followed = try token.map { text in
      guard let id = model.vocabulary.tokenize(continuing: text, parsingSpecial: true).first else {
        throw UserError.usage("--token takes the text of a token, such as \" 8\".")
      }
      return id
    }
    let own = try model.distributions(at: [node], in: tree)[0]
    let chosen = followed ?? own.argmax
    let request = InspectionRequest(node: node, ablations: ablations, tokens: [chosen])
    let found = try model.inspect(request, in: tree) { true }
    let withoutHead = try (heads ? found.layers.indices : 0..<0).map { layer in
      try model.logProbabilities(
        of: chosen, withoutHeadsOf: layer, request, found, in: tree
      ) { true }
    }
    let answer = Answer(
      model: model.identity.name, tokens: tokens, token: chosen,
      logProbability: own.logProbability(of: chosen),
      logProbabilityWithout: ablations.isEmpty
        ? nil : found.distribution.logProbability(of: chosen),
      divergence: ablations.isEmpty ? nil : own.divergence(from: found.distribution),
      layers: readings(found, withoutHead))
    switch format {
    case .json: try StandardOutput.writeJSON(answer)
    case .text: try StandardOutput.write(text(answer, model))
    }
  }

  private func readings(_ found: ModelInspection, _ withoutHead: [[Double]]) -> [Reading] {
    let lenses = [found.embedding] + found.layers.map(\.reading)
    return lenses.enumerated().map { row, lens in
      let layer = row > 0 ? found.layers[row - 1] : nil
      return Reading(
        layer: row, top: lens.topTokens, topLogProbabilities: lens.topLogProbabilities,
        logProbability: lens.logProbabilities.first ?? -.infinity,
        logProbabilityAfterAttention: layer?.afterAttention.logProbabilities.first,
        entropy: lens.entropy, withoutHead: row > 0 && heads ? withoutHead[row - 1] : nil,
        attention: attention ? layer?.attention : nil,
        residual: attention ? found.residuals[row] : nil)
    }
  }

  private func text(_ answer: Answer, _ model: TransformerModel) -> String {
    func label(_ token: TokenID) -> String {
      let bytes = model.vocabulary.bytes(of: token)
      let text = String(decoding: bytes, as: UTF8.self).debugDescription
      return bytes.isEmpty ? model.vocabulary.name(of: token) : text
    }
    func share(_ log: Double?) -> String {
      fixed(log.map(TokenDistribution.probability(ofLog:)))
    }
    var text = "p(\(label(answer.token)))  \(share(answer.logProbability))"
    if let without = answer.logProbabilityWithout, let nats = answer.divergence {
      text += " → \(share(without)) without \(self.without ?? "")   KL \(fixed(nats))"
    }
    let table = TextTable<Reading>(columns: [
      .init("layer", isNumber: true) { $0.layer == 0 ? "emb" : "\($0.layer)" },
      .init("says") { $0.top.first.map(label) ?? "" },
      .init("p", isNumber: true) { share($0.logProbability) },
      .init("after attention", isNumber: true) { share($0.logProbabilityAfterAttention) },
      .init("bits", isNumber: true) { fixed($0.entropy) },
      .init("p without each head") {
        ($0.withoutHead ?? []).map(share).joined(separator: " ")
      },
    ])
    text += "\n\n" + table.text(answer.layers)
    guard attention else { return text }
    for reading in answer.layers {
      for (head, weights) in (reading.attention ?? []).enumerated() {
        let order = weights.indices.sorted {
          weights[$0] != weights[$1] ? weights[$0] > weights[$1] : $0 < $1
        }
        let places = order.prefix(5).map {
          "\($0 + 1) \(label(answer.tokens[$0])) \(fixed(Double(weights[$0])))"
        }
        text += "head \(reading.layer).\(head + 1)  \(places.joined(separator: "  "))\n"
      }
    }
    return text
  }

  // MARK: What is asked

  private func readTokens(_ model: TransformerModel) throws -> [TokenID] {
    if let prompt {
      let tokens = model.vocabulary.tokenize(prompt: prompt)
      guard !tokens.isEmpty else { throw UserError.usage("--prompt has no tokens to read.") }
      return tokens
    }
    return try (ids ?? "").split(separator: ",", omittingEmptySubsequences: false).map { part in
      guard let id = TokenID(part.trimmingPrefix { $0 == " " }) else {
        throw UserError.usage(
          "--ids takes whole numbers separated by commas, such as 1,2,3; found '\(part)'.")
      }
      return id
    }
  }

  /// What `--without` names.
  private func parts(_ model: TransformerModel, length: Int) throws -> Set<Ablation> {
    guard let without else { return [] }
    return Set(
      try without.split(separator: ",", omittingEmptySubsequences: false).map { part in
        guard let found = ablation(part.drop { $0 == " " }, model, length) else {
          throw UserError.usage(
            "--without takes parts such as head:4.2, attention:3, feed-forward:2 and token:5, of "
              + "\(model.layerCount) layers, \(model.configuration.headCount) heads and \(length) "
              + "tokens here; found '\(part)'.")
        }
        return found
      })
  }

  private func ablation(
    _ text: Substring, _ model: TransformerModel, _ length: Int
  ) -> Ablation? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let numbers = text[text.index(after: colon)...].split(
      separator: ".", omittingEmptySubsequences: false
    ).map { Int($0) ?? 0 }
    guard let first = numbers.first, first > 0, let last = numbers.last, last > 0 else {
      return nil
    }
    let isLayer = first <= model.layerCount
    switch (text[..<colon], numbers.count) {
    case ("head", 2) where isLayer && last <= model.configuration.headCount:
      return .head(layer: first - 1, head: last - 1)
    case ("attention", 1) where isLayer: return .attention(layer: first - 1)
    case ("feed-forward", 1) where isLayer: return .feedForward(layer: first - 1)
    case ("token", 1) where first <= length: return .token(position: first - 1)
    default: return nil
    }
  }
}
