import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// A token of the line that Decode shows, with everything the screen tells of it.
struct LineToken: Sendable, Hashable {
  /// The place after the token.
  var node: NodeID
  var token: Token
  /// What is drawn: empty for a token that only completes a character begun before it.
  var text: String
  var origin: NodeTrace.Origin
  /// Whether the token stands for no text, such as the end of text.
  var isSpecial: Bool
  /// Probability at temperature 1; nil for text that was put in.
  var probability: Double?
  /// Entropy in bits, and p(likeliest) − p(second), of the distribution the token was chosen from.
  var entropy: Double?
  var margin: Double?
  /// The token's place among the likeliest, from 1; nil when the saved ones do not list it.
  var rank: Int?
  /// How many other tokens are known to follow at the same place.
  var alternatives: Int
  /// Whether the user marked the place after the token.
  var isFork: Bool
  /// Whether the token belongs to the answer that was found in a path through it.
  var isAnswer: Bool
}

/// The line that Decode shows: the tokens up to the cursor, then those that redo leads to.
struct DecodeLine: Sendable, Hashable {
  var tokens: [LineToken] = []
  /// How many of them lie before the cursor.
  var cursor = 0
  /// How many belong to the prompt.
  var promptCount = 0

  init() {}

  /// The token before the cursor.
  var last: LineToken? { tokens.indices.contains(cursor - 1) ? tokens[cursor - 1] : nil }

  /// The tokens after the prompt and before the cursor.
  var generated: ArraySlice<LineToken> { tokens[min(promptCount, cursor)..<cursor] }
}

extension DecodeScreen {
  /// Makes the line on screen anew from the cursor, the tail to redo and the trace.
  mutating func refreshLine(_ session: SessionState) {
    let before = session.trace.line(to: session.cursor)
    let after = Array(redo.reversed())
    let nodes = (before + after).compactMap { id in session.trace.node(id).map { (id, $0) } }
    var line = DecodeLine()
    line.cursor = before.count
    line.promptCount = (before + after).firstIndex(of: promptEnd).map { $0 + 1 } ?? 0
    // Characters are not joined across the cursor: what lies after it has not been chosen yet.
    let texts =
      TokenText.pieces(nodes.prefix(line.cursor).map { $0.1.token.bytes })
      + TokenText.pieces(nodes.dropFirst(line.cursor).map { $0.1.token.bytes })
    let forks = Set(self.forks)
    let answers = answerNodes(Set(nodes.map(\.0)), session)
    // While text streams in, only the end of the line is new.
    let kept = isFollowing(session) ? self.line.tokens.prefix(max(0, self.line.cursor - 8)) : []
    line.tokens = nodes.indices.map { index in
      let (id, node) = nodes[index]
      if index < kept.count, kept[index].node == id { return kept[index] }
      return lineToken(
        id, node, texts[index], isFork: forks.contains(id), isAnswer: answers.contains(id), session)
    }
    self.line = line
    explored = explored(after: session.cursor, session)
    odds = isFollowing(session) ? nil : AnswerOdds(line, session)
    verdict = makeVerdict(session, hasEnded: hasEnded(at: session.cursor))
  }

  private func lineToken(
    _ id: NodeID, _ node: NodeTrace, _ text: String, isFork: Bool, isAnswer: Bool,
    _ session: SessionState
  ) -> LineToken {
    let isSpecial = node.token.bytes.isEmpty
    let saved = session.trace.distribution(after: node.parent)?.summary
    return LineToken(
      node: id, token: node.token, text: isSpecial ? session.name(of: node.token.id) : text,
      origin: node.origin, isSpecial: isSpecial,
      probability: node.logProbability.map(TokenDistribution.probability(ofLog:)),
      entropy: node.logProbability == nil ? nil : saved?.entropy,
      margin: node.logProbability == nil ? nil : saved?.margin,
      rank: saved?.tokens.firstIndex(of: node.token.id).map { $0 + 1 },
      alternatives: max(0, session.trace.childCount(of: node.parent) - 1), isFork: isFork,
      isAnswer: isAnswer)
  }

  /// Those of some nodes that belong to an answer found in a path that goes through them.
  private func answerNodes(_ nodes: Set<NodeID>, _ session: SessionState) -> Set<NodeID> {
    var answers: Set<NodeID> = []
    for run in session.trace.runs.values where session.trace.considers(run) {
      for path in run.paths.values {
        guard let span = path.answerSpan, nodes.contains(span.last), nodes.contains(span.first)
        else { continue }
        var node = span.last
        while answers.insert(node).inserted, node != span.first,
          let parent = run.nodes[node]?.parent
        { node = parent }
      }
    }
    return answers
  }

  private func explored(after node: NodeID, _ session: SessionState) -> [ExploredToken] {
    session.trace.children(of: node).compactMap { child in
      session.trace.node(child).map { known in
        ExploredToken(
          node: child, token: known.token.id, label: session.label(of: known.token),
          origin: known.origin,
          probability: known.logProbability.map(TokenDistribution.probability(ofLog:)))
      }
    }
  }
}

/// A continuation of the cursor that somebody has been to.
struct ExploredToken: Sendable, Hashable {
  var node: NodeID
  var token: TokenID
  var label: String
  var origin: NodeTrace.Origin
  /// Probability at temperature 1; nil for text that was put in.
  var probability: Double?
}

/// The answers that the model would give at the cursor if it had to, and, where text was put in just
/// before it, how likely each was without that text.
struct AnswerOdds: Sendable, Hashable {
  struct Row: Sendable, Hashable {
    var answer: String
    /// Before the text that was put in; nil where there is none, or nobody asked.
    var before: Double?
    var now: Double
    /// Whether it is the right one; nil when that is unknown.
    var isCorrect: Bool?

    var greatest: Double { max(before ?? 0, now) }
  }

  /// The likeliest first, now or before: what led before is listed too.
  var rows: [Row]
  /// The text that was put in, in quotes; nil where there is none.
  var inserted: String?
}

extension AnswerOdds {
  /// What a trace knows of the answers at the cursor; nil when nobody has asked there.
  init?(_ line: DecodeLine, _ session: SessionState) {
    let now = session.trace.earlyAnswers(at: session.cursor)
    guard !now.isEmpty else { return nil }
    var before: [(answer: String, probability: Double)] = []
    var inserted: [UInt8] = []
    // Back over what was put in, to the nearest place at which the same was asked.
    for index in stride(from: line.cursor - 1, through: line.promptCount, by: -1) {
      let token = line.tokens[index]
      guard before.isEmpty, token.origin == .injected,
        let parent = session.trace.node(token.node)?.parent
      else { break }
      inserted = token.token.bytes + inserted
      before = session.trace.earlyAnswers(at: parent)
    }
    let rows = now.map { answer, probability in
      AnswerOdds.Row(
        answer: answer, before: before.first { $0.answer == answer }?.probability,
        now: probability, isCorrect: session.question.isCorrect(answer))
    }
    let ranked = rows.enumerated().sorted { a, b in
      let (p, q) = (a.element.greatest, b.element.greatest)
      return p > q || (p == q && a.offset < b.offset)
    }
    self.init(
      rows: ranked.map(\.element), inserted: before.isEmpty ? nil : TokenText.quoted(inserted))
  }
}

/// The text of a line as Decode lays it out, each token tagged with its index.
struct DecodeText {
  /// The cursor. The block would turn into a sign of a bar where only ASCII can be shown.
  static func cursorGlyph(_ glyphs: Glyphs) -> String { glyphs == .ascii ? "|" : "▌" }
  static let forkGlyph = "◆"

  let wrapped: WrappedText
  /// The line on which the cursor is.
  let cursorLine: Int

  /// - Parameter style: how a token looks, by its index.
  init(
    _ line: DecodeLine, width: Int, cursorStyle: Style, glyphs: Glyphs = .unicode,
    style: (Int) -> Style
  ) {
    let cursorGlyph = Self.cursorGlyph(glyphs)
    var text = StyledText()
    var cursorOffset = 0
    for index in line.tokens.indices {
      if index == line.cursor {
        cursorOffset = text.text.utf8.count
        text.append(cursorGlyph, style: cursorStyle)
      }
      let token = line.tokens[index]
      let style = style(index)
      text.append(Self.shown(token), style: style, tag: index)
      if token.isFork { text.append(Self.forkGlyph, style: cursorStyle, tag: index) }
    }
    if line.cursor >= line.tokens.count {
      cursorOffset = text.text.utf8.count
      text.append(cursorGlyph, style: cursorStyle)
    }
    wrapped = WrappedText(text, width: width)
    cursorLine = wrapped.position(ofOffset: cursorOffset).y
  }

  /// A token's text with its line feeds made visible, except in the prompt, where nothing was
  /// chosen.
  private static func shown(_ token: LineToken) -> String {
    guard token.origin != .prompt, token.text.contains("\n") else { return token.text }
    return token.text.split(separator: "\n", omittingEmptySubsequences: false)
      .joined(separator: "↵\n")
  }

  /// The first line that shows in `height` rows, when the text is scrolled back by some lines.
  func firstLine(height: Int, scrollBack: Int) -> Int {
    let last = max(0, wrapped.lines.count - height)
    return min(last, max(0, follow(height) - scrollBack))
  }

  /// The first line when the text is not scrolled: as much as possible of what leads to the
  /// cursor, and below it up to a third of the rows of what lies ahead.
  private func follow(_ height: Int) -> Int {
    let ahead = min(wrapped.lines.count - 1 - cursorLine, height / 3)
    return max(0, cursorLine + ahead - height + 1)
  }

  /// How far the text can be scrolled back, and forth as a negative number.
  func scrollRange(height: Int) -> ClosedRange<Int> {
    let first = follow(height)
    return (first - max(first, wrapped.lines.count - height))...first
  }
}

extension DecodeScreen {
  /// The line's layout without its looks, for finding what lies at a place.
  func plainText(width: Int) -> DecodeText {
    DecodeText(line, width: width, cursorStyle: .plain) { _ in .plain }
  }
}
