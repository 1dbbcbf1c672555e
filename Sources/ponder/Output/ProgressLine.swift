import Foundation
import Synchronization

/// One line on standard error that is rewritten in place: what is done, how fast, how long still.
/// On anything but a terminal it stays silent.
final class ProgressLine: Sendable {
  private struct State {
    var lastShown = ContinuousClock.now - .seconds(1)
    var isShown = false
  }

  private let start = ContinuousClock.now
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private let state = Mutex(State())

  /// Shows progress, at most ten times a second.
  ///
  /// - Parameters:
  ///   - before: what was done before the line began; it says nothing of the pace.
  ///   - tokens: spent since the line began, where that is counted.
  func show(_ label: String, done: Int, of total: Int, before: Int = 0, tokens: Int? = nil) {
    guard isTerminal else { return }
    let now = ContinuousClock.now
    let elapsed = (now - start) / .seconds(1)
    let isDue = state.withLock { state in
      guard now - state.lastShown > .milliseconds(100) || done == total else { return false }
      state.lastShown = now
      state.isShown = true
      return true
    }
    guard isDue else { return }
    var line = "\(label)  \(done) of \(total)"
    if let tokens, elapsed > 0 { line += "  \(Int((Double(tokens) / elapsed).rounded())) tokens/s" }
    if done > before, done < total {
      let left = elapsed / Double(done - before) * Double(total - done)
      line += "  about \(Duration.seconds(left.rounded()).formatted(.units())) left"
    }
    StandardError.write("\r\(line)\u{1B}[K")
  }

  /// Removes the line.
  func clear() {
    if state.withLock({ $0.isShown }) { StandardError.write("\r\u{1B}[K") }
  }
}
