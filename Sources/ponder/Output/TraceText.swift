import Foundation
import Measuring
import Reasoning
import Traces

/// A trace as text for people: paths in the order of their numbers, or where a verifier ranks them the
/// first first; votes when they are done.
struct TraceText {
  private var trace = Trace()
  /// By run, the paths that have ended and do not stand in the text yet.
  private var waiting: [Int: WaitingPaths] = [:]
  private var trainings: [Int: TrainingText] = [:]

  init() {}

  /// Paths end in any order. They wait here for those before them.
  private struct WaitingPaths {
    var lines: [Int: String] = [:]
    /// The number of the path that comes next.
    var next = 0

    /// Takes a path that has ended, and gives what can be written now.
    mutating func add(_ line: String, path: Int) -> String {
      // A path that ends again, because it went on, is written again at once.
      if path < next { return line }
      lines[path, default: ""] += line
      var text = ""
      while let line = lines.removeValue(forKey: next) {
        text += line
        next += 1
      }
      return text
    }
  }

  /// The text that an event adds.
  mutating func text(for record: TraceRecord) -> String {
    trace.apply(record)
    if case .training(let event) = record.event {
      return trainings[record.run, default: TrainingText()].text(for: event)
    }
    if case .load(let event) = record.event {
      // Its figures are those of the whole.
      guard case .ended = event, let load = trace.loads[record.run] else { return "" }
      return LoadFigures(load).text
    }
    guard let run = trace.runs[record.run] else { return "" }
    switch record.event {
    case .injected(let injection) where injection.role == .prompt:
      return String(decoding: injection.bytes, as: UTF8.self) + "\n\n"
    case .retrieved(let found):
      let score = String(format: "%.2f", found.score)
      let place = "\(found.source), bytes \(found.start) to \(found.end)"
      return "[\(found.rank)] \(place), BM25 \(score)\n"
    case .pathFinished(let end):
      // Where they rank is known at the end.
      if Self.isRanking(run) { return "" }
      return waiting[record.run, default: WaitingPaths()].add(path(end, run), path: end.path)
    case .finished(let end):
      let rest = waiting.removeValue(forKey: record.run)?.lines.sorted { $0.key < $1.key } ?? []
      let paths = Self.isRanking(run) ? ranked(run) : rest.map(\.value).joined()
      return paths + conclusion(end, run)
    default: return ""
    }
  }

  private static func isRanking(_ run: RunTrace) -> Bool {
    run.start.flatMap { StrategyRegistry.description(of: $0.strategy)?.shape } == .ranking
  }

  /// The candidates by falling score, of equals the first; those without one at the end. Then what
  /// the verifier wrote.
  private func ranked(_ run: RunTrace) -> String {
    let candidates = run.solutionPaths.filter { run.paths[$0]?.end != nil }
    let kind = Score.Kind.rankings.first { kind in
      candidates.contains { run.paths[$0]?.wholeScore(kind) != nil }
    }
    func score(_ number: Int) -> Double? {
      kind.flatMap { run.paths[number]?.wholeScore($0)?.value }
    }
    let order = candidates.sorted {
      let (a, b) = (score($0) ?? -.infinity, score($1) ?? -.infinity)
      return a > b || (a == b && $0 < $1)
    }
    func line(_ number: Int) -> String {
      guard let end = run.paths[number]?.end else { return "" }
      let value = score(number).map { String(format: "%.3f", $0) }
      return path(end, run, note: value.flatMap { value in kind.map { "\($0.rawValue) \(value)" } })
    }
    let others = run.pathNumbers.filter { !candidates.contains($0) }
    let written = others.map(line).joined()
    return order.map(line).joined() + (written.isEmpty ? "" : "\nverification:\n" + written)
  }

  private func path(_ end: PathEnd, _ run: RunTrace, note: String? = nil) -> String {
    let text = run.text(ofPath: end.path).trimmingCharacters(in: .whitespacesAndNewlines)
    var line = String(format: "%3d  ", end.path + 1)
    line += text.replacingOccurrences(of: "\n", with: "\n     ")
    var notes: [String] = []
    if let answer = end.answer { notes.append("answer \(answer)") }
    if let note { notes.append(note) }
    if let delta = run.paths[end.path]?.score(.delta) {
      notes.append(String(format: "Δ %.3f", delta.value))
    }
    if end.reason == "pruned", let pruning = run.prunings.last(where: { $0.path == end.path }) {
      notes.append("pruned: " + pruning.why)
      if let kind = pruning.kind, let value = pruning.value {
        notes.append("\(kind.rawValue) " + String(format: "%.3f", value))
      }
    } else if !["end_of_text", "stop"].contains(end.reason) {
      notes.append(end.reason)
    }
    return line + (notes.isEmpty ? "" : "  [" + notes.joined(separator: ", ") + "]") + "\n"
  }

  private func conclusion(_ end: RunEnd, _ run: RunTrace) -> String {
    var text = ""
    for method in Tally.Method.allCases {
      guard let tally = run.tally(method) else { continue }
      text += "\n" + votes(tally)
    }
    for number in run.pathNumbers { text += early(number, run) }
    let answer = end.answer ?? "none"
    if let revision = end.revision {
      let verdict = revision.correct.map { $0 ? " (right)" : " (wrong)" } ?? ""
      text += "\nbefore the second look: \(revision.of ?? "none")\(verdict)"
    }
    let verdict = end.correct.map { $0 ? " (right)" : " (wrong)" } ?? ""
    let state = end.reason == .completed ? "" : " — \(end.reason.rawValue)"
    text += "\nanswer: \(answer)\(verdict)\(state)\n"
    let tokens = end.tokens
    text += "tokens: \(tokens.computed) computed (\(tokens.prompt) prompt, "
    text += "\(tokens.generated) generated, \(tokens.injected) injected), "
    return text + "\(tokens.reused) reused\n"
  }

  /// How sure a path was of its answer, before and behind each of its steps.
  private func early(_ number: Int, _ run: RunTrace) -> String {
    let path = run.paths[number]
    let curve =
      path?.scores.filter { $0.kind == .earlyAnswer && $0.answer == nil }.map(\.value) ?? []
    guard !curve.isEmpty, let answer = path?.answer else { return "" }
    let values = curve.map { String(format: "%.3f", $0) }.joined(separator: " → ")
    return "\np(\(answer)) on path \(number + 1), step by step: \(values)\n"
  }

  private func votes(_ tally: Tally) -> String {
    let total = tally.votes.values.reduce(0, +)
    var text = tally.method.title
    // A share is of the answers: paths without one have no vote.
    if tally.method == .majority, total > 0 { text += String(format: " of %.0f answers", total) }
    text += ":"
    let ranked = tally.order.enumerated().sorted {
      let (a, b) = (tally.votes[$0.element] ?? 0, tally.votes[$1.element] ?? 0)
      return a > b || (a == b && $0.offset < $1.offset)
    }
    for (_, answer) in ranked.prefix(8) {
      let weight = tally.votes[answer] ?? 0
      if tally.method == .majority {
        let interval = Statistics.wilsonInterval(successes: Int(weight), trials: Int(total))
        text +=
          "  \(answer) × "
          + String(
            format: "%.0f (%.3f [%.3f, %.3f])", weight, weight / max(total, 1),
            interval.lowerBound, interval.upperBound)
      } else {
        text += "  \(answer): " + String(format: "%.3g", weight)
      }
    }
    if ranked.isEmpty { text += "  none" }
    if ranked.count > 8 { text += "  and \(ranked.count - 8) more" }
    if tally.unparsed > 0 {
      text += "  not counted: \(tally.unparsed) without an answer"
    }
    if let stop = tally.stopped {
      text += "  stopped after \(stop.after) of \(stop.of): \(stop.why.rawValue)"
    }
    return text + "\n"
  }
}

extension Tally.Method {
  /// The method's name for people.
  var title: String {
    switch self {
    case .majority: "majority"
    case .delta: "ΣΔ"
    case .likelihood: "Σ likelihood"
    case .normalizedLikelihood: "Σ normalised likelihood"
    case .verifier: "verifier"
    }
  }
}
