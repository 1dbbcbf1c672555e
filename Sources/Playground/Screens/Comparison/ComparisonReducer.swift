import TerminalUI

extension PlaygroundState {
  /// A command while a comparison is on screen.
  mutating func comparisonCommand(
    _ command: Command, _ place: WritableKeyPath<PlaygroundState, Comparison?>
  ) -> [Effect] {
    guard let comparison = self[keyPath: place] else { return [] }
    switch command {
    case .back, .dismiss, .compare: self[keyPath: place] = nil
    case .up: scrollComparison(by: -1, place)
    case .down: scrollComparison(by: 1, place)
    case .pageUp: scrollComparison(by: -8, place)
    case .pageDown: scrollComparison(by: 8, place)
    case .top: scrollComparison(by: -comparison.scroll, place)
    case .openInDecode, .activate, .right, .take:
      return open(comparison.parting, of: comparison.run)
    default: break
    }
    return []
  }

  private mutating func scrollComparison(
    by lines: Int, _ place: WritableKeyPath<PlaygroundState, Comparison?>
  ) {
    guard let comparison = self[keyPath: place] else { return }
    let layout = comparisonLayout(comparison)
    let last = max(0, comparisonLines(comparison, layout) - layout.textHeight)
    self[keyPath: place]?.scroll = max(0, min(last, comparison.scroll + lines))
  }

  private func comparisonLayout(_ comparison: Comparison) -> ComparisonLayout {
    ComparisonLayout(
      in: Chrome.rect(of: screen, self) ?? Chrome.content(self),
      candidates: comparison.candidates.count,
      hasShared: comparison.shared > 0)
  }

  /// How many lines the compared texts take.
  private func comparisonLines(_ comparison: Comparison, _ layout: ComparisonLayout) -> Int {
    let digest = comparison.run == runs.branches ? branches.digest : votes.digest
    guard let left = digest.paths[comparison.left], let right = digest.paths[comparison.right]
    else { return 0 }
    return ComparisonText(comparison, left: left, right: right, width: layout.textWidth)
      .lines.count
  }

  mutating func comparisonMouse(
    _ mouse: MouseEvent, _ place: WritableKeyPath<PlaygroundState, Comparison?>
  ) -> [Effect] {
    switch mouse.action {
    case .wheelUp: return comparisonCommand(.up, place)
    case .wheelDown: return comparisonCommand(.down, place)
    default: return []
    }
  }
}
