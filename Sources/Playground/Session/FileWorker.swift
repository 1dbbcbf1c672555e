import Foundation
import Measuring
import Problems
import Reasoning
import Traces

/// Reads and writes files other than models and studies.
final class FileWorker: Worker {
  enum Kind: Hashable { case file, open, sessions }

  let jobs: Jobs<Kind>
  private let bench: Workbench
  private let recorder: Recorder
  /// Those who add to the session at hand.
  private let writers: [any Worker]

  init(_ bench: Workbench, writers: [any Worker]) {
    self.bench = bench
    self.writers = writers
    recorder = bench.recorder
    jobs = Jobs(bench.inbox)
  }

  func perform(_ work: FileEffect) {
    switch work {
    case .lesson(let path):
      jobs.start(.file) {
        try Lesson.read(UserFolder.expanded(path))
      } ending: {
        .file(.lesson(path, $0))
      }
    case .open(let path):
      jobs.start(.open, isOvertaking: true) { [bench, recorder, writers] in
        let opening = try recorder.read(UserFolder.expanded(path)) { bytes, total in
          try Task.checkCancellation()
          bench.post(.file(.opening(FileProgress(path: path, bytes: bytes, totalBytes: total))))
        }
        // What still runs belongs to the session before.
        for writer in writers { await writer.leaveModel() }
        try Task.checkCancellation()
        recorder.enter(opening)
        return opening.session
      } ending: {
        .file(.opened(path, $0))
      }
    case .stopOpening:
      jobs.cancel(.open)
      bench.post(.file(.openingStopped))
    case .importSamples(let path, let firstRun):
      jobs.start(.file) { [recorder] in
        try Self.importSamples(path, firstRun, recorder)
      } ending: {
        .file(.imported(path, $0))
      }
    case .save(let path):
      jobs.start(.file) { [recorder] in
        try recorder.save(to: path)
      } ending: {
        .file(.saved(path, $0))
      }
    case .keep:
      jobs.start(.file) { [recorder] in
        if let unkept = recorder.settle() { throw unkept }
      } ending: {
        .file(.kept($0))
      }
    case .listSessions:
      jobs.start(.sessions, isOvertaking: true) { [bench, recorder] in
        let own = recorder.path
        let folder = bench.configuration.sessions
        _ = folder?.sessions { sessions in
          bench.post(.file(.sessionsRead(SessionList(sessions, own: own))))
          return !Task.isCancelled
        }
      } ending: {
        .file(.sessionsListed($0))
      }
    case .stopListing:
      jobs.cancel(.sessions)
      bench.post(.file(.listingStopped))
    case .rename(let path, let name):
      jobs.start(.file) { [recorder] in
        try recorder.rename(path, to: name)
      } ending: {
        .file(.renamed(path, $0))
      }
    case .delete(let path):
      jobs.start(.file) { [recorder] in
        try recorder.delete(path)
      } ending: {
        .file(.deleted(path, $0))
      }
    case .list(let path):
      jobs.start(.file) {
        FilePaths.completions(of: path)
      } ending: {
        .file(.listed(path, $0))
      }
    }
  }
}

extension FileWorker {
  /// Reads another program's samples, and leaves the events of their runs.
  ///
  /// - Throws: `TextFileError`, `SampleFileError`; `CancellationError` when it is not wanted any more.
  private static func importSamples(
    _ path: String, _ firstRun: Int, _ recorder: Recorder
  ) throws -> ImportedSamples {
    let url = URL(fileURLWithPath: UserFolder.expanded(path))
    let file = try SampleFile(try TextFile.read(url.path), name: url.lastPathComponent) {
      try Task.checkCancellation()
    }
    let runs = min(
      ImportedSamples.most,
      ImportedTrace.questions(of: file, upTo: ImportedSamples.mostTokens))
    var trace = ImportedTrace(file)
    for index in 0..<runs {
      try Task.checkCancellation()
      for record in trace.records(ofQuestion: index, run: firstRun + index) {
        recorder.record(record)
      }
    }
    return ImportedSamples(
      firstRun: firstRun, runs: runs, questions: file.questions.count, samples: file.sampleCount,
      format: file.format.title, badLines: file.badLines.count,
      firstBadLine: file.badLines.first?.line)
  }
}

/// Paths as people type them.
enum FilePaths {
  /// The files and folders whose paths begin with `path`, written as it is, folders with a slash
  /// behind. Hidden ones only when a dot is typed.
  static func completions(of path: String, limit: Int = 200) -> [String] {
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let start = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let place = UserFolder.expanded(folder.isEmpty ? "." : folder)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place)) ?? []
    let matching = names.filter {
      $0.hasPrefix(start) && (start.hasPrefix(".") || !$0.hasPrefix("."))
    }
    return matching.sorted().prefix(limit).map { name in
      var isDirectory: ObjCBool = false
      let full = place.hasSuffix("/") ? place + name : "\(place)/\(name)"
      _ = FileManager.default.fileExists(atPath: full, isDirectory: &isDirectory)
      return folder + name + (isDirectory.boolValue ? "/" : "")
    }
  }
}
