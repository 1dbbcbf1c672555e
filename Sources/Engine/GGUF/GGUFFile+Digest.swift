extension GGUFFile {
  /// Files up to this size are digested whole to identify them.
  private static let digestedWhole = 64 << 20
  /// Of larger files this many bytes are taken at each of `sampleCount` places.
  private static let sampleSize = 64 << 10
  private static let sampleCount = 1024

  /// The SHA-256 of the whole file, in hexadecimal. Reads all of it.
  public func sha256() -> String {
    var digest = SHA256()
    digest.update(file.bytes)
    return digest.hexadecimal()
  }

  /// Identifies the weights, in hexadecimal: the file's SHA-256 or, for a file too large to read
  /// at every start, that of its size, its metadata and directory, and evenly spaced samples.
  public func identity() -> String {
    guard size > Self.digestedWhole else { return sha256() }
    var digest = SHA256()
    withUnsafeBytes(of: UInt64(size).littleEndian) { digest.update($0) }
    let dataStart = tensors.map(\.range.lowerBound).min() ?? size
    digest.update(UnsafeRawBufferPointer(rebasing: file.bytes[..<dataStart]))
    let stride = (size - dataStart) / Self.sampleCount
    for sample in 0..<Self.sampleCount {
      let start = dataStart + sample * stride
      let end = min(start + Self.sampleSize, size)
      digest.update(UnsafeRawBufferPointer(rebasing: file.bytes[start..<end]))
    }
    return digest.hexadecimal()
  }
}
