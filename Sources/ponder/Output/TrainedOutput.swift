import Decoding
import Engine
import Foundation
import Learning
import Traces
import Training

/// Where a training puts the model it makes, and beside it what it needs to go on.
struct TrainedOutput {
  /// The model's file, where links lead.
  let url: URL
  /// What was asked for, as messages name it.
  let path: String
  /// Whether a person gave the name.
  private let isGiven: Bool

  /// - Parameters:
  ///   - asked: a path; a name without a slash and without `.gguf` is a file in the user's folder of
  ///     models, as is nil.
  ///   - usual: the name where none is given.
  init(_ asked: String?, usual: String) {
    isGiven = asked != nil
    if let asked, asked.contains("/") || asked.hasSuffix(".gguf") {
      path = UserFolder.expanded(asked)
    } else {
      path = NamedModel.folder.appending(path: "\(asked ?? usual).gguf").path
    }
    url = WholeFile.destination(of: URL(fileURLWithPath: path))
  }

  /// What a training that is not complete needs to go on, and the weights of single steps.
  var folder: URL { URL(fileURLWithPath: url.path + ".training", isDirectory: true) }

  /// Whether a training that writes here can go on.
  var canGoOn: Bool { TrainingRun.canGoOn(in: folder) }

  /// Looks whether the model can be written, so that this is told before the work.
  ///
  /// - Parameters:
  ///   - parent: the model's file that training begins with.
  ///   - anew: whether what is there may be replaced.
  /// - Throws: `UserError`.
  func check(parent: String, anew: Bool) throws {
    var isFolder: ObjCBool = false
    let files = FileManager.default
    if files.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      throw UserError.usage("\(path) is a folder; --output is the file of the model to write.")
    }
    if url.resolvingSymlinksInPath() == URL(fileURLWithPath: parent).resolvingSymlinksInPath() {
      throw UserError.usage(
        "\(path) is the model that training begins with: give another --output.")
    }
    if files.fileExists(atPath: url.path), !canGoOn, !anew {
      throw UserError.usage(
        "\(path) is there already: give another --output, or --anew to train anew and replace it.")
    }
    let place = url.deletingLastPathComponent()
    do {
      if place.path == NamedModel.folder.path {
        try files.createDirectory(at: place, withIntermediateDirectories: true)
      }
      guard files.fileExists(atPath: place.path) else {
        throw UserError.failed("\(path) cannot be written: there is no folder \(place.path).")
      }
      // As it will be written: beside its place first.
      let probe = place.appending(path: ".\(url.lastPathComponent).\(UUID().uuidString)")
      try Data().write(to: probe, options: .withoutOverwriting)
      try files.removeItem(at: probe)
    } catch let error as UserError {
      throw error
    } catch {
      throw UserError.failed("\(path) cannot be written: \(WholeFile.reason(error))")
    }
  }

  /// Makes the folder, and keeps others from training there until this process ends.
  ///
  /// - Parameter anew: whether to begin anew although a training could go on.
  /// - Throws: `UserError` while another process trains there.
  func begin(anew: Bool) throws {
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw UserError.failed("\(folder.path) cannot be made: \(WholeFile.reason(error))")
    }
    let descriptor = open(folder.path, O_RDONLY | O_CLOEXEC)
    do {
      if descriptor >= 0 { try FileLock.take(descriptor) }
    } catch {
      throw UserError.failed("Another process trains \(path).")
    }
    guard anew else { return }
    for file in try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    { try remove(file) }
  }

  /// Writes the weights of a step, in half precision as most models are, or in single like the parent.
  ///
  /// - Parameter isLast: whether it is the last one that was asked for. Another one does not lie in a file
  ///   that is named after that: it has one named after itself, unless the person gave the name.
  /// - Returns: where it lies.
  /// - Throws: `GGUFError.cannotWrite`.
  @discardableResult
  func write(_ run: TrainingRun, step: Int, isLast: Bool) throws -> String {
    guard let trainee = run.trainee as? any KeptTrainee else { return path }
    let lineage = run.lineage(step: step)
    let place = isLast || isGiven ? url : place(of: lineage)
    try trainee.write(
      to: place.path, lineage: lineage,
      format: run.start.fileType == TrainableWeights.FileFormat.f32.rawValue ? .f32 : .f16)
    return place == url ? path : place.path
  }

  /// A file beside the model's that is named after a step: one that is not there, or of the same
  /// training.
  private func place(of lineage: Lineage) -> URL {
    let folder = url.deletingLastPathComponent()
    let name = String(lineage.name.map { $0 == "/" ? "-" : $0 })
    for number in 1..<1000 {
      let place = folder.appending(path: number == 1 ? "\(name).gguf" : "\(name)-\(number).gguf")
      guard FileManager.default.fileExists(atPath: place.path) else { return place }
      let found = (try? GGUFFile(path: place.path)).flatMap { Lineage($0.metadata) }
      if found == lineage { return place }
    }
    return url
  }

  /// Removes what a complete training does not need any more.
  ///
  /// - Parameter keepsSteps: whether the weights of single steps stay, since a trace names them.
  func complete(keepsSteps: Bool) throws {
    guard keepsSteps else { return try remove(folder) }
    for file in try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    where file.lastPathComponent != TrainingRun.stepsFolder { try remove(file) }
  }

  /// Removes the folder where there is nothing in it.
  func tidy() { rmdir(folder.path) }

  private func remove(_ place: URL) throws {
    guard FileManager.default.fileExists(atPath: place.path) else { return }
    do {
      try FileManager.default.removeItem(at: place)
    } catch {
      throw UserError.failed("\(place.path) cannot be removed: \(WholeFile.reason(error))")
    }
  }

  /// What to give to `--model`: the name of a model that is found by it, else the path.
  var handle: String {
    let own = url.resolvingSymlinksInPath()
    return BundledModels.others().first {
      URL(fileURLWithPath: $0.path).resolvingSymlinksInPath() == own
    }?.name ?? path
  }
}
