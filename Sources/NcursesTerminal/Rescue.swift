import CNcurses
import Foundation
import Glibc
import Synchronization

/// What it takes to give the terminal back from anywhere, even from a signal handler: the modes in
/// which it was found and the bytes that undo ours. Everything is prepared beforehand, because a
/// handler may neither allocate nor lock.
enum Rescue {
  private struct Prepared {
    var mode = termios()
    var bytes = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
  }

  nonisolated(unsafe) private static let prepared: UnsafeMutablePointer<Prepared> = {
    let pointer = UnsafeMutablePointer<Prepared>.allocate(capacity: 1)
    pointer.initialize(to: Prepared())
    return pointer
  }()
  private static let isArmed = Atomic(false)

  /// Remembers how to give the terminal back.
  static func prepare(mode: termios, bytes: [UInt8]) {
    let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
    _ = copy.initialize(from: bytes)
    prepared.pointee.bytes.deallocate()
    prepared.pointee = Prepared(mode: mode, bytes: copy)
  }

  /// Says that the terminal is in our modes, or no longer is.
  static func arm(_ isOurs: Bool) { isArmed.store(isOurs, ordering: .releasing) }

  /// Gives the terminal back if it is in our modes. Safe in a signal handler.
  static func restore() {
    guard isArmed.exchange(false, ordering: .acquiringAndReleasing) else { return }
    _ = write(STDOUT_FILENO, prepared.pointee.bytes.baseAddress, prepared.pointee.bytes.count)
    tcsetattr(STDIN_FILENO, TCSADRAIN, &prepared.pointee.mode)
    HeldStandardError.release()
  }
}

/// Keeps what is written to standard error off the screen while the screen is ours.
enum HeldStandardError {
  /// Where standard error led, and where it leads meanwhile; -1 while it is left alone.
  nonisolated(unsafe) private static var original: Int32 = -1
  nonisolated(unsafe) private static var held: Int32 = -1

  static func hold() {
    guard original < 0, isatty(STDERR_FILENO) == 1 else { return }
    let folder = FileManager.default.temporaryDirectory.path
    var name = Array("\(folder)/ponder-stderr-XXXXXX".utf8CString)
    let file = mkstemp(&name)
    guard file >= 0 else { return }
    // Without a name the file goes with the program, however that ends.
    unlink(name)
    _ = fcntl(file, F_SETFD, FD_CLOEXEC)
    let copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0, dup2(file, STDERR_FILENO) >= 0 else { return }
    held = file
    original = copy
  }

  /// Prints what was held back. Safe in a signal handler.
  static func release() {
    guard original >= 0 else { return }
    dup2(original, STDERR_FILENO)
    lseek(held, 0, SEEK_SET)
    var bytes: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
    while true {
      let count = read(held, &bytes, MemoryLayout.size(ofValue: bytes))
      if count <= 0 || write(STDERR_FILENO, &bytes, count) < 0 { break }
    }
    close(original)
    close(held)
    original = -1
  }
}
