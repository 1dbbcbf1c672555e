import Decoding
import Reasoning
import Traces

/// Something that a trace tells of a step, beside its figures.
struct StepNote: Sendable, Hashable {
  var label: String
  var text: String
}

extension Episode {
  /// What else a trace tells of a path's steps, each with the step that it belongs to. [steps]
  func notes(in run: RunTrace, path number: Int) -> [[StepNote]] {
    var notes: [[StepNote]] = Array(repeating: [], count: steps.count)
    guard let path = run.paths[number] else { return notes }
    for span in path.spans where span.kind == .recalled {
      guard let place = nodes.firstIndex(of: span.last),
        let step = steps.firstIndex(where: { $0.tokens.contains(place) })
      else { continue }
      notes[step].append(StepNote(label: "↳", text: recollection(span, path)))
    }
    for (index, step) in steps.enumerated() { notes[index] += passages(usedBy: step, run) }
    return notes
  }

  /// Says of a recalled problem whether it is related to the question, and whether it is solved.
  private func recollection(_ span: Span, _ path: PathTrace) -> String {
    func score(_ kind: Score.Kind) -> Double? {
      path.scores.last { $0.kind == kind && $0.node == span.last }?.value
    }
    func verdict(_ value: Double?, _ yes: String, _ no: String, _ unknown: String) -> String {
      value.map { $0 > 0.5 ? yes : no } ?? unknown
    }
    var parts = [
      verdict(
        score(.relevance), "of the question's kind", "of another kind", "its kind is unknown"),
      verdict(
        score(.solved), "its equations hold", "its equations do not hold", "no equations to check"),
    ]
    if let overlap = score(.overlap) {
      parts.append("\(Format.share(overlap)) of the words shared")
    }
    if let shift = path.score(.contextShift) {
      let sign = shift.value < 0 ? "−" : "+"
      parts.append("recalling changes log p(answer) by \(sign)\(Format.fixed(abs(shift.value), 2))")
    }
    return "a recalled problem ends here: " + parts.joined(separator: ", ")
  }

  // MARK: Passages

  /// How many words in a row a step must share with a passage to be said to use it.
  static let sharedWords = 4

  /// The passages of the prompt from which a step has words in a row.
  private func passages(usedBy step: Step, _ run: RunTrace) -> [StepNote] {
    let said = Self.words(step.bytes)
    return run.retrievals.compactMap { passage in
      guard let first = passage.first, let last = passage.last else { return nil }
      let tokens = run.line(to: last)
      guard let start = tokens.firstIndex(of: first) else { return nil }
      let bytes = tokens[start...].flatMap { run.nodes[$0]?.token.bytes ?? [] }
      let shared = Self.sharedRun(said, Self.words(bytes))
      guard shared.count >= Self.sharedWords else { return nil }
      let words = PathText.head(shared.joined(separator: " "), columns: 40)
      return StepNote(
        label: "[\(passage.rank)]",
        text: "“\(words)” is in passage \(passage.rank): \(passage.source), "
          + "bytes \(passage.start) to \(passage.end)")
    }
  }

  private static func words(_ bytes: [UInt8]) -> [Substring] {
    String(decoding: bytes, as: UTF8.self).lowercased().split { !$0.isLetter && !$0.isNumber }
  }

  /// The longest run of words that two texts share; ties go to the first.
  static func sharedRun(_ a: [Substring], _ b: [Substring]) -> [Substring] {
    var best = 0..<0
    var before = Array(repeating: 0, count: b.count + 1)
    for (i, word) in a.enumerated() {
      var row = Array(repeating: 0, count: b.count + 1)
      for (j, other) in b.enumerated() where word == other {
        row[j + 1] = before[j] + 1
        if row[j + 1] > best.count { best = (i + 1 - row[j + 1])..<(i + 1) }
      }
      before = row
    }
    return Array(a[best])
  }
}
