public import Decoding

/// Texts that begin alike, before they are packed.
public struct TextGroup: Sendable, Hashable {
  /// What they share; at least one token.
  public var prompt: [TokenID]
  /// What each text has after it.
  public var continuations: [[TokenID]]

  public init(prompt: [TokenID], continuations: [[TokenID]]) {
    self.prompt = prompt
    self.continuations = continuations
  }
}

extension PackedRows {
  /// One of the passes that a batch is cut into.
  public struct Pass: Sendable {
    public var rows = PackedRows()
    /// The texts in it, in the order of their targets.
    public var texts: [Text] = []
  }

  /// A text of a batch, and where its targets are.
  public struct Text: Sendable, Hashable {
    /// Its group, as an index into the batch.
    public var group: Int
    /// Its continuation, as an index into those of the group.
    public var continuation: Int
    /// Its targets, as indices into those of the pass.
    public var targets: Range<Int>
  }

  /// Cuts a batch into passes of at most so many rows, in order: gradients of one pass after another
  /// add up to those of all texts at once.
  ///
  /// A group that has too many rows is cut between its continuations, and its prompt computed in
  /// each pass. A text is never cut: one that is longer has a pass of its own.
  public static func passes(_ groups: [TextGroup], atMost limit: Int) -> [Pass] {
    var passes: [Pass] = []
    var pass = Pass()
    for (number, group) in groups.enumerated() {
      var next = 0
      while next < group.continuations.count {
        // What fits beside the prompt; the last token of a text takes no row.
        var rows = pass.rows.count + group.prompt.count
        let first = next
        while next < group.continuations.count {
          rows += max(0, group.continuations[next].count - 1)
          guard rows <= limit || (next == first && pass.texts.isEmpty) else { break }
          next += 1
        }
        if next > first {
          let targets = pass.rows.add(
            prompt: group.prompt, continuations: Array(group.continuations[first..<next]))
          for (index, range) in targets.enumerated() {
            pass.texts.append(Text(group: number, continuation: first + index, targets: range))
          }
        }
        guard next < group.continuations.count else { continue }
        passes.append(pass)
        pass = Pass()
      }
    }
    if !pass.texts.isEmpty { passes.append(pass) }
    return passes
  }
}
