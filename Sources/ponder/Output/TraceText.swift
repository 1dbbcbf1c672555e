import Foundation
import Measuring
import Reasoning
import Traces

/// A trace as text for people: paths as they end, votes when they are done.
struct TraceText {
  private var trace = Trace()

  init() {}

  /// The text that an event adds.
  mutating func text(for record: TraceRecord) -> String {
    trace.apply(record)
    guard let run = trace.runs[record.run] else { return "" }
    switch record.event {
    case .injected(let injection) where injection.role == .prompt:
      return String(decoding: injection.bytes, as: UTF8.self) + "\n\n"
    case .retrieved(let found):
      let score = String(format: "%.2f", found.score)
      let place = "\(found.source), bytes \(found.start) to \(found.end)"
      return "[\(found.rank)] \(place), BM25 \(score)\n"
    case .pathFinished(let end): return path(end, run)
    case .finished(let end): return conclusion(end, run)
    default: return ""
    }
  }

  private func path(_ end: PathEnd, _ run: RunTrace) -> String {
    let text = run.text(ofPath: end.path).trimmingCharacters(in: .whitespacesAndNewlines)
    var line = String(format: "%3d  ", end.path + 1)
    line += text.replacingOccurrences(of: "\n", with: "\n     ")
    var notes: [String] = []
    if let answer = end.answer { notes.append("answer \(answer)") }
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
    var text = "\(tally.method.title):"
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
    if ranked.count > 8 { text += "  and \(ranked.count - 8) more" }
    if tally.unparsed > 0 { text += "  unparsed: \(tally.unparsed)" }
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
