extension GGUFFile {
  /// Files up to this size are digested whole to identify them.
  private static let digestedWhole = 64 << 20
  /// Of larger files this many bytes are taken at each of `sampleCount` places.
  private static let sampleSize = 64 << 10
  private static let sampleCount = 1024

  /// The SHA-256 of the whole file, in hexadecimal; of a split model that of all parts, one after
  /// another. Reads all of it.
  public func sha256() -> String {
    var digest = SHA256()
    for part in parts {
      digest.update(part.bytes)
      part.advise(.done, part.bytes.indices)
    }
    return digest.hexadecimal()
  }

  /// Identifies the weights, in hexadecimal: the file's SHA-256 or, for a file too large to read
  /// at every start, that of its size, its metadata and directory, and evenly spaced samples. A
  /// split model is digested part by part.
  public func identity() -> String {
    guard size > Self.digestedWhole else { return sha256() }
    var digest = SHA256()
    for number in parts.indices { sample(part: number, into: &digest) }
    return digest.hexadecimal()
  }

  private func sample(part number: Int, into digest: inout SHA256) {
    let bytes = parts[number].bytes
    let size = bytes.count
    withUnsafeBytes(of: UInt64(size).littleEndian) { digest.update($0) }
    let dataStart = tensors.lazy.filter { $0.part == number }.map(\.range.lowerBound).min() ?? size
    digest.update(UnsafeRawBufferPointer(rebasing: bytes[..<dataStart]))
    let samples = max(1, Self.sampleCount / parts.count)
    let stride = (size - dataStart) / samples
    for sample in 0..<samples {
      let start = dataStart + sample * stride
      let end = min(start + Self.sampleSize, size)
      digest.update(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
    }
    // What was read here is read again, if at all, row by row.
    parts[number].advise(.done, bytes.indices)
  }
}
