import Foundation
import Playground
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
    guard isDue(isLast: done == total) else { return }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    var line = "\(label)  \(done) of \(total)"
    if let tokens, elapsed > 0 { line += "  \(Int((Double(tokens) / elapsed).rounded())) tokens/s" }
    if done > before, done < total {
      let left = elapsed / Double(done - before) * Double(total - done)
      line += "  about \(Duration.seconds(left.rounded()).formatted(.units())) left"
    }
    StandardError.write("\r\(line)\u{1B}[K")
  }

  /// Shows how far a download is.
  ///
  /// - Parameters:
  ///   - total: nil where nobody knows.
  ///   - before: bytes that were there before the line began.
  func show(bytes: Int, of total: Int?, before: Int) {
    guard isDue(isLast: bytes == total) else { return }
    let elapsed = (ContinuousClock.now - start) / .seconds(1)
    var line = Format.bytes(bytes)
    if let total, total > 0 {
      line += " of \(Format.bytes(total))  \(bytes * 100 / total) %"
    }
    if elapsed > 0.5, bytes > before {
      let rate = Double(bytes - before) / elapsed
      line += "  \(Format.bytes(Int(rate)))/s"
      if let total, total > bytes {
        let left = (Double(total - bytes) / rate).rounded(.up)
        line += "  about \(Duration.seconds(left).formatted(.units())) left"
      }
    }
    StandardError.write("\r\(line)\u{1B}[K")
  }

  /// Whether it is time to draw: at most ten times a second, and at the end.
  private func isDue(isLast: Bool) -> Bool {
    guard isTerminal else { return false }
    let now = ContinuousClock.now
    return state.withLock { state in
      guard now - state.lastShown > .milliseconds(100) || isLast else { return false }
      state.lastShown = now
      state.isShown = true
      return true
    }
  }

  /// Removes the line.
  func clear() {
    if state.withLock({ $0.isShown }) { StandardError.write("\r\u{1B}[K") }
  }
}
