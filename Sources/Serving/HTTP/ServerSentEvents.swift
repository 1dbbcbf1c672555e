/// Reads Server-Sent Events from bytes as they come (WHATWG HTML, section 9.2), their data only.
public struct ServerSentEvents: Sendable {
  private var line: [UInt8] = []
  private var data: [UInt8] = []
  private var hasData = false
  private var endedInReturn = false

  public init() {}

  /// Takes bytes, however they are cut.
  ///
  /// - Returns: the data of the events that they complete, lines joined by line feeds.
  /// - Throws: `CallError.badAnswer` for an event without end.
  public mutating func append(_ bytes: [UInt8]) throws(CallError) -> [[UInt8]] {
    var events: [[UInt8]] = []
    for byte in bytes {
      let followsReturn = endedInReturn
      endedInReturn = byte == 0x0D
      switch byte {
      case 0x0A where followsReturn: continue
      case 0x0A, 0x0D:
        if let event = endLine() { events.append(event) }
      default: line.append(byte)
      }
      guard line.count + data.count <= Self.longest else {
        throw .badAnswer("an event without end")
      }
    }
    return events
  }

  private static let longest = 64 << 20

  private mutating func endLine() -> [UInt8]? {
    defer { line = [] }
    guard !line.isEmpty else {
      defer { (data, hasData) = ([], false) }
      return hasData ? data : nil
    }
    guard line.starts(with: Self.field) else { return nil }
    var value = line.dropFirst(Self.field.count)
    if value.first == 0x20 { value = value.dropFirst() }
    if hasData { data.append(0x0A) }
    data += value
    hasData = true
    return nil
  }

  private static let field = Array("data:".utf8)
}
