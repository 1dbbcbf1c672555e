/// A text whose parts have their own styles, such as tokens coloured by their probability.
public struct StyledText: Hashable, Sendable {
  public struct Run: Hashable, Sendable {
    public var text: String
    public var style: Style
    /// What the run stands for, such as a token's position; comes back from `WrappedText.tag(at:)`.
    public var tag: Int?

    public init(_ text: String, style: Style = .plain, tag: Int? = nil) {
      self.text = text
      self.style = style
      self.tag = tag
    }
  }

  public var runs: [Run]

  public init(_ runs: [Run] = []) { self.runs = runs }

  public init(_ text: String, style: Style = .plain) { self.init([Run(text, style: style)]) }

  /// The whole text without styles.
  public var text: String { runs.map(\.text).joined() }

  public mutating func append(_ text: String, style: Style = .plain, tag: Int? = nil) {
    runs.append(Run(text, style: style, tag: tag))
  }

  /// The text with `base` wherever a run leaves a colour open.
  public func over(_ base: Style) -> StyledText {
    StyledText(runs.map { Run($0.text, style: base.overlaid(by: $0.style), tag: $0.tag) })
  }

  /// The text's clusters, each with the index of the run in which it starts. A mark that starts a
  /// run is drawn on the end of the run before it.
  func clusters() -> [(cluster: DisplayCluster, run: Int)] {
    var result: [(cluster: DisplayCluster, run: Int)] = []
    var run = 0
    var runEnd = runs.first?.text.utf8.count ?? 0
    for cluster in DisplayClusters(text) {
      while cluster.source.lowerBound >= runEnd, run + 1 < runs.count {
        run += 1
        runEnd += runs[run].text.utf8.count
      }
      result.append((cluster, run))
    }
    return result
  }
}

extension CellBuffer {
  /// Draws a styled text on one line and returns the column after it. At most `width` columns are
  /// used; a text that needs more ends in `…`.
  @discardableResult
  public mutating func put(_ text: StyledText, x: Int, y: Int, width: Int? = nil) -> Int {
    put(text.clusters().map { ($0.cluster, text.runs[$0.run].style) }, x: x, y: y, width: width)
  }
}
