import Decoding
import Foundation
import Synchronization
import Traces

/// Loads models. The last one asked for wins.
final class ModelWorker: Worker {
  enum Kind: Hashable { case load }

  let jobs: Jobs<Kind>
  private let bench: Workbench
  /// Those who work on the model at hand.
  private let users: [any Worker]
  /// Counts the models asked for.
  private let newest = Mutex(0)

  init(_ bench: Workbench, users: [any Worker]) {
    self.bench = bench
    self.users = users
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: ModelEffect) {
    switch work {
    case .load(let path): load(path)
    }
  }

  private func load(_ typed: String) {
    let path = UserFolder.expanded(typed)
    let name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    let number = newest.withLock { newest in
      newest += 1
      return newest
    }
    bench.post(.model(.loading(ModelLoad(name: name))))
    jobs.start(.load, isOvertaking: true) { [self] in
      let opener = bench.configuration.opener
      var (model, summary) = try await onThread { [bench] isWanted in
        try opener.open(path: path) { bytes, total in
          guard isWanted() else { return false }
          bench.post(.model(.loading(ModelLoad(name: name, bytes: bytes, totalBytes: total))))
          return true
        }
      }
      summary.isInspectable = model is any InspectableModel
      let decoder = Decoder(model: model, slots: summary.slots)
      try newest.withLock { newest in
        guard newest == number else { throw CancellationError() }
        bench.model = Workbench.Model(decoder: decoder, path: path)
      }
      for user in users { await user.leaveModel() }
      return (summary, model.vocabulary)
    } ending: {
      .model(ModelNews(of: name, $0))
    }
  }
}

extension ModelNews {
  fileprivate init(of name: String, _ ending: Ending<(ModelSummary, any Vocabulary)>) {
    switch ending {
    case .done((let summary, let vocabulary)): self = .ready(summary, vocabulary)
    case .failed(let why): self = .failed(name: name, why: why)
    case .cancelled: self = .cancelled(name: name)
    }
  }
}
