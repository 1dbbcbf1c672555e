import Glibc
import Synchronization
import TerminalUI

/// A pipe that ends a wait in `poll`. Bytes written before the reader looks are one wake.
final class WakePipe: Waker {
  let reader: Int32
  private let writer: Int32
  private let isPending = Atomic(false)

  init() throws { (reader, writer) = try WakePipe.makePipe() }

  deinit {
    close(reader)
    close(writer)
  }

  public func wake() {
    guard !isPending.exchange(true, ordering: .acquiringAndReleasing) else { return }
    var byte: UInt8 = 1
    _ = write(writer, &byte, 1)
  }

  /// Whether `wake` was called since the last time. Emptying the pipe comes before clearing the
  /// flag, so that a wake in between is seen now rather than lost.
  func take() -> Bool {
    var bytes: (UInt64, UInt64) = (0, 0)
    while read(reader, &bytes, MemoryLayout.size(ofValue: bytes)) > 0 {}
    return isPending.exchange(false, ordering: .acquiringAndReleasing)
  }

  /// A pipe whose ends never block and are not inherited.
  static func makePipe() throws -> (reader: Int32, writer: Int32) {
    var ends: [Int32] = [0, 0]
    guard pipe(&ends) == 0 else {
      throw TerminalError.unavailable(String(cString: strerror(errno)))
    }
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    return (ends[0], ends[1])
  }
}
