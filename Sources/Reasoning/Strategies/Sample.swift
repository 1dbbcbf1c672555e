import Decoding
import Synchronization
import Traces

/// Independent samples, shown side by side; the first one answers.
struct Sample: Strategy {
  public static let description = StrategyDescription(
    name: "sample", title: "Sampling",
    summary: "Draws every token from the re-shaped distribution.",
    paper: "Holtzman et al. 2020, arXiv 1904.09751 (top-p)", cost: "one path per sample",
    shape: .branches, defaultPrompting: .plain, defaultTemperature: 0.7,
    settings: [.prompting, .samples, .temperature, .topK, .topP, .minP, .maxTokens, .seed])

  public func answer(_ run: Run) async throws -> String? {
    let start = try run.insertPrompt()
    let paths = (0..<max(1, run.settings.samples ?? 1)).map {
      run.sampledPath($0, from: start, temperature: Self.description.defaultTemperature)
    }
    let first = Mutex<String?>(nil)
    _ = try await run.decode(paths) { result in
      let outcome = run.conclude(result.path, result.reason)
      if result.path == 0 { first.withLock { $0 = outcome.answer } }
    }
    return first.withLock { $0 }
  }
}
