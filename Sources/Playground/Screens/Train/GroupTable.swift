import Decoding
import Learning
import Problems
import TerminalUI
import Traces

/// The samples of one problem that a step learns from, with what each is worth and how its tokens
/// are pushed.
struct GroupTable {
  let train: TrainScreen
  let group: TrainingSamples
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 1 else { return }
    let count = train.groups.count
    // Only some of a step's problems are kept with their samples.
    let batch = train.training.start.map { TrainingSettings($0.used).batch } ?? 0
    let all = batch > count ? " kept of \(batch)" : ""
    let place = count > 1 ? "\(train.group + 1) of \(count)\(all), " : ""
    let note = "\(place)step \(group.step)"
    let gold = group.question.gold.map { " right \(PathText.head($0, columns: 12))" } ?? ""
    let room = rect.width - DisplayWidth.of(note) - DisplayWidth.of(gold) - 12
    let question = PathText.middle(
      PathText.oneLine(group.question.text.utf8), columns: max(8, room))
    let inside = Panel.draw(
      "\(question)\(gold)", note: note, in: rect, theme: theme, on: &buffer)
    Table.draw(
      columns(width: rect.width), count: group.samples.count, position: train.samples, in: inside,
      theme: theme, on: &buffer
    ) { group.samples.indices.contains($0) ? group.samples[$0] : nil }
  }

  private func columns(width: Int) -> [ItemColumn<TrainingSample>] {
    let reading = TokenReading(group.samples.first, of: train.training.start?.recipe)
    if reading == .logRatio { return pairColumns(width: width) }
    let isWide = width >= 78
    func figure(
      _ title: String, _ width: Int, _ value: @escaping (TrainingSample) -> String?
    ) -> ItemColumn<TrainingSample> {
      .init(title, .fixed(width), .right) { $1.text(orDash: value($0)) }
    }
    var columns: [ItemColumn<TrainingSample>] = [
      .init("", .fixed(1)) { sample, cell in
        cell.text(sample.isRight ? "✓" : "✗", sample.isRight ? .answerCorrect : .answerWrong)
      },
      .init("sample", .fill) { sample, cell in
        SaidText.line(sample.said) {
          Pushes.style(Pushes.at($0, of: sample), theme: theme, over: cell.base)
        }
      }, figure("r", 4) { Format.share2($0.reward) },
    ]
    // What is not sampled to be compared has no advantage, and no ratio.
    let isCompared = reading == .push && group.samples.contains { $0.advantage != nil }
    if isCompared { columns.append(figure("Â", 5) { $0.advantage.map(Format.signed) }) }
    if isCompared, isWide {
      columns += [
        figure("ρ", 4) { $0.ratio.map { Format.fixed($0, 2) } },
        figure("clip", 4) { $0.clipped.map { $0 == 0 ? "·" : Format.share2($0) } },
        figure("k3", 4) { $0.divergence.map { Format.share2($0) } },
      ]
    }
    columns.append(
      .init(reading.title, .fixed(width >= 100 ? 20 : isWide ? 12 : 8)) { sample, cell in
        Pushes.strip(sample, columns: cell.width, theme: theme, over: cell.base)
      })
    return columns
  }
}

/// A sample in full, each token tinted by the push that it got; below every line of text how hard
/// that is.
struct PushedText {
  let sample: TrainingSample
  /// Its place in the group, from 1.
  let number: Int
  var reading = TokenReading.push
  /// The token under the cursor; nil for none.
  var marked: Int?
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.height > 1 else { return }
    let inside = Panel.draw("sample \(number)", in: rect, theme: theme, on: &buffer)
      .inset(horizontal: 1, vertical: 0)
    if rect.width >= 60 {
      let legend = reading.legend(theme, over: theme[.text])
      let width = DisplayWidth.of(legend.text)
      buffer.put(" ", x: rect.right - width - 4, y: rect.y, style: theme[.text])
      let end = buffer.put(legend, x: rect.right - width - 3, y: rect.y, width: width)
      buffer.put(" ", x: end, y: rect.y, style: theme[.text])
    }
    let styled = SaidText.line(sample.said) {
      let style = Pushes.style(Pushes.at($0, of: sample), theme: theme, over: theme[.text])
      return $0 == marked ? style.adding(.reverse) : style
    }
    let text = WrappedText(styled, width: max(1, inside.width))
    for (row, line) in text.lines.enumerated() {
      let y = inside.y + row * 2
      guard y < inside.bottom else { break }
      for placed in line.clusters {
        let style = styled.runs[placed.run].style
        buffer.put(placed.cluster, x: inside.x + placed.column, y: y, style: style)
        guard y + 1 < inside.bottom, let token = styled.runs[placed.run].tag else { continue }
        let push = Pushes.at(token, of: sample)
        for column in 0..<placed.cluster.width {
          buffer.put(
            Pushes.glyph(push), x: inside.x + placed.column + column, y: y + 1,
            style: Pushes.style(push, theme: theme, over: theme[.text]))
        }
      }
    }
  }
}

/// What was said, on one line.
enum SaidText {
  /// Each token as a run of its own, tagged with its place.
  static func line(_ said: SaidTokens, style: (Int) -> Style) -> StyledText {
    var text = StyledText()
    for (index, piece) in TokenText.pieces(said.tokens.map(\.bytes)).enumerated() {
      let shown = PathText.oneLine(piece.utf8)
      let isFirst = text.runs.isEmpty
      text.append(
        isFirst ? String(shown.drop { $0 == " " }) : shown, style: style(index), tag: index)
    }
    return text
  }
}

/// How tokens are pushed, as colours and as signs.
enum Pushes {
  /// From -1 to 1: the root of its size, since a long answer's push is shared out among its tokens and
  /// would not be seen beside that of a short one.
  static func at(_ token: Int, of sample: TrainingSample) -> Double {
    guard sample.push.indices.contains(token), sample.push[token].isFinite else { return 0 }
    let push = max(-1, min(1, sample.push[token]))
    return push < 0 ? -(-push).squareRoot() : push.squareRoot()
  }

  /// The colour of what is right for what becomes likelier, that of what is wrong for what becomes less
  /// likely, which is underlined as well; hard pushes are bold. A role's own attributes tell the two
  /// apart where there is no colour.
  static func style(_ push: Double, theme: Theme, over base: Style) -> Style {
    guard abs(push) >= 0.1 else { return base }
    var style = theme.style(push > 0 ? .answerCorrect : .answerWrong, over: base)
    let hasColour = style.foreground != theme.style(.text, over: base).foreground
    style.attributes.remove([.bold, .underline])
    if push < 0 { style.attributes.insert(.underline) }
    if abs(push) >= 0.25 && hasColour || push > 0 && !hasColour { style.attributes.insert(.bold) }
    return style
  }

  static func glyph(_ push: Double) -> String { push == 0 ? "·" : Sparkline.glyph(abs(push)) }

  /// The pushes of a sample's tokens in so many columns: a column for a token where there is room,
  /// else the hardest of some.
  static func strip(
    _ sample: TrainingSample, columns: Int, theme: Theme, over base: Style
  ) -> StyledText {
    var text = StyledText()
    let count = sample.said.tokens.count
    for column in 0..<min(max(0, columns), count) {
      let first = column * count / min(columns, count)
      let last = max(first, (column + 1) * count / min(columns, count) - 1)
      let push = (first...last).map { at($0, of: sample) }.max { abs($0) < abs($1) } ?? 0
      text.append(glyph(push), style: style(push, theme: theme, over: base))
    }
    return text
  }
}

extension Format {
  /// `+1.12`, `-.84`.
  static func signed(_ value: Double) -> String {
    (value > 0 ? "+" : "") + share2(value)
  }

  /// Two digits without the leading zero, and nothing behind the point of a whole number: `.71`,
  /// `1`, `-.84`, `1.12`.
  static func share2(_ value: Double) -> String {
    guard value.isFinite else { return "—" }
    let text = constant(value)
    if text.hasPrefix("0.") { return String(text.dropFirst()) }
    return text.hasPrefix("-0.") ? "-" + text.dropFirst(2) : text
  }
}
