import ArgumentParser
import Foundation
import ModelStores
import Playground
import Synchronization

/// Fetches models for the command line: says what and how much, shows how far it is, and ends well on
/// Ctrl-C.
enum ModelFetch {
  /// - Returns: the path of the model's file.
  /// - Throws: `DownloadError`, `UserError`; `ExitCode` when a signal has stopped it.
  static func run(_ reference: ModelReference) async throws -> String {
    guard !isOffline else {
      throw UserError.usage("HF_HUB_OFFLINE is set, so that nothing is fetched.")
    }
    let line = ProgressLine()
    defer { line.clear() }
    var observer = PullObserver()
    observer.planned = { plan in
      let size = plan.bytes.map { ", \(Format.bytes($0))" } ?? ""
      let files = plan.files.count == 1 ? plan.files[0] : "\(plan.files.count) files"
      StandardError.tell("fetching \(plan.name) (\(files)\(size))")
    }
    observer.progress = { line.show(bytes: $0.bytes, of: $0.totalBytes, before: $0.bytesBefore) }
    let pull = ModelPull(ownFolder: NamedModel.folder)
    let (end, signal) = try await cancellingOnSignal {
      [observer] () -> Result<String, any Error> in
      do {
        return .success(try await pull.run(reference, observer: observer))
      } catch {
        return .failure(error)
      }
    }
    if let signal, case .failure(is CancellationError) = end {
      line.clear()
      StandardError.tell("stopped; 'ponder pull \(reference)' goes on from here")
      throw ExitCode.interrupted(by: signal)
    }
    return try end.get()
  }

  /// The same for a caller that cannot suspend.
  static func waiting(for reference: ModelReference) throws -> String {
    let end = Ending()
    let isDone = DispatchSemaphore(value: 0)
    Task.detached {
      do {
        end.set(.success(try await run(reference)))
      } catch {
        end.set(.failure(error))
      }
      isDone.signal()
    }
    isDone.wait()
    return try end.get()
  }

  /// What a task leaves for who waits for it.
  private final class Ending: Sendable {
    private let result = Mutex<Result<String, any Error>>(.failure(CancellationError()))

    func set(_ result: Result<String, any Error>) { self.result.withLock { $0 = result } }
    func get() throws -> String { try result.withLock { $0 }.get() }
  }

  /// Whether the environment forbids the network, as Hugging Face's own programs read it.
  static var isOffline: Bool {
    ["1", "true", "yes", "on"].contains(
      ProcessInfo.processInfo.environment["HF_HUB_OFFLINE"]?.lowercased() ?? "")
  }
}
