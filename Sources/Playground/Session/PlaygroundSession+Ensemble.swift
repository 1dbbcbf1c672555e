import Decoding
import Reasoning
import Synchronization
import Traces

extension PlaygroundSession {
  /// The models that a strategy uses: for an ensemble also the further ones, or their mixture.
  func models(
    for strategy: any Strategy, _ settings: RunSettings, beside decoder: Decoder
  ) async throws -> (decoder: Decoder, peers: [Decoder]) {
    guard strategy is Ensemble else { return (decoder, []) }
    let isMixture = settings.combine == .mixture
    let (path, known) = work.withLock { ($0.path, $0.ensemble) }
    let key = "\(path) \(settings.with ?? "") \(isMixture)"
    var decoders = known?.key == key ? known?.decoders ?? [] : []
    if decoders.isEmpty {
      let opener = configuration.opener
      var all = try await onThread { try opener.ensemble(of: path, settings) }
      if isMixture { all = [try MixtureModel(all)] }
      decoders = all.map { Decoder(model: $0, slots: decoder.slots) }
      let made = decoders
      work.withLock { $0.ensemble = (key, made) }
    }
    guard isMixture, let mixed = decoders.first else { return (decoder, decoders) }
    return (mixed, [])
  }
}
