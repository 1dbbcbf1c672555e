import Decoding
import Foundation
import Synchronization
import Traces

/// Loads models. The last one asked for wins.
final class ModelWorker: Worker {
  enum Kind: Hashable { case load, find }

  /// What comes of opening.
  fileprivate enum Opened: Sendable {
    case model(ModelSummary, any Vocabulary)
    case absent(AbsentModel)
  }

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
    case .load(let path): load(path, isFetched: false)
    case .fetch(let name): load(name, isFetched: true)
    case .find: find()
    }
  }

  private func find() {
    jobs.start(.find) { [bench] in
      try await onThread { isWanted in
        bench.configuration.opener.otherModels(isWanted: isWanted)
      }
    } ending: {
      .model(.found($0))
    }
  }

  /// - Parameter isFetched: the model is fetched over the network first.
  private func load(_ typed: String, isFetched: Bool) {
    let asked = ModelAddress.isOne(typed) ? typed : UserFolder.expanded(typed)
    let name =
      ModelAddress.isOne(asked)
      ? asked : URL(fileURLWithPath: asked).deletingPathExtension().lastPathComponent
    let number = newest.withLock { newest in
      newest += 1
      return newest
    }
    bench.post(.model(.loading(ModelLoad(name: name))))
    jobs.start(.load, isOvertaking: true) { [self] in
      do {
        return try await open(asked, name: name, number: number, isFetched: isFetched)
      } catch let error as AbsentModel {
        return .absent(error)
      }
    } ending: {
      .model(ModelNews(of: name, asked: typed, $0))
    }
  }

  private func open(
    _ asked: String, name: String, number: Int, isFetched: Bool
  ) async throws -> Opened {
    let opener = bench.configuration.opener
    let tell: @Sendable (Int, Int) -> Void = { [bench] bytes, total in
      bench.post(.model(.loading(ModelLoad(name: name, bytes: bytes, totalBytes: total))))
    }
    let path = isFetched ? try await opener.fetch(asked, observer: tell) : asked
    var (model, summary) = try await onThread { isWanted in
      try opener.open(path: path) { bytes, total in
        guard isWanted() else { return false }
        tell(bytes, total)
        return true
      }
    }
    summary.isInspectable = model is any InspectableModel
    let decoder = Decoder(model: model, slots: summary.slots)
    try newest.withLock { newest in
      guard newest == number else { throw CancellationError() }
      // A name in another program's store stands for a file.
      bench.model = Workbench.Model(decoder: decoder, path: summary.path)
    }
    for user in users { await user.leaveModel() }
    return .model(summary, model.vocabulary)
  }
}

extension ModelNews {
  fileprivate init(of name: String, asked: String, _ ending: Ending<ModelWorker.Opened>) {
    switch ending {
    case .done(.model(let summary, let vocabulary)): self = .ready(summary, vocabulary)
    case .done(.absent(let absent)): self = .absent(asked: asked, why: "\(absent)")
    case .failed(let why): self = .failed(name: name, why: why)
    case .cancelled: self = .cancelled(name: name)
    }
  }
}
