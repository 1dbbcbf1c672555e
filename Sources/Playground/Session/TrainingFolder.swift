import Foundation
import Measuring
import Traces

/// Where a training keeps its checkpoint and the weights of its steps: a folder whose name says what
/// is trained, so that the same training comes to the same place.
final class TrainingFolder: Sendable {
  let url: URL
  private let descriptor: Int32

  /// What all trainings of the playground may take, in bytes; the oldest go first.
  private static let budget = 2 << 30

  /// Makes the folder of a training, and keeps others from training there.
  ///
  /// - Parameters:
  ///   - model: the digest of the model that training begins with.
  ///   - isAnew: whether what is there is removed first.
  /// - Throws: `TrainingFolderError`.
  init(of order: TrainingOrder, model: String, in parent: URL, isAnew: Bool) throws {
    var digest = TextDigest()
    let values = order.table.map { "\($0.name) \($0.text(of: order.used))" }
    for text in [model, order.problems, "\(order.steps)"] + values {
      digest.add(Array(text.utf8) + [0])
    }
    url = parent.appending(path: "\(order.recipe)-\(digest.text)")
    do {
      Self.tidy(parent, but: url)
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
      descriptor = open(url.path, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw TrainingFolderError(why: "it cannot be opened.") }
      do { try FileLock.take(descriptor) } catch {
        close(descriptor)
        throw TrainingFolderError(why: "another Ponder trains the same there.")
      }
      guard isAnew else { return }
      for file in try FileManager.default.contentsOfDirectory(
        at: url, includingPropertiesForKeys: nil)
      { try FileManager.default.removeItem(at: file) }
    } catch let error as TrainingFolderError {
      throw error
    } catch {
      throw TrainingFolderError(why: WholeFile.reason(error))
    }
  }

  deinit { close(descriptor) }

  /// Removes the oldest trainings where all take too much room.
  private static func tidy(_ parent: URL, but own: URL) {
    let manager = FileManager.default
    let keys: Set<URLResourceKey> = [.contentModificationDateKey, .fileSizeKey]
    func size(_ folder: URL) -> Int {
      let files = manager.enumerator(at: folder, includingPropertiesForKeys: Array(keys))
      return (files?.compactMap { $0 as? URL } ?? []).reduce(0) {
        $0 + ((try? $1.resourceValues(forKeys: keys))?.fileSize ?? 0)
      }
    }
    let found = try? manager.contentsOfDirectory(
      at: parent, includingPropertiesForKeys: Array(keys))
    var folders = (found ?? []).map { url in
      (
        url: url, size: size(url),
        date: (try? url.resourceValues(forKeys: keys))?.contentModificationDate ?? .distantPast
      )
    }
    folders.sort { $0.date < $1.date }
    var total = folders.reduce(0) { $0 + $1.size }
    for folder in folders
    where total > budget && folder.url.lastPathComponent != own.lastPathComponent {
      try? manager.removeItem(at: folder.url)
      total -= folder.size
    }
  }
}

/// Why nothing can be kept of a training.
private struct TrainingFolderError: Error, CustomStringConvertible {
  var why: String
  var description: String { "The training cannot be kept: \(why)" }
}
