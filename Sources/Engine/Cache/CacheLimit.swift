import Foundation

/// How much may be kept of keys and values.
public enum CacheLimit: Sendable, Hashable {
  case tokens(Int)
  case bytes(Int)

  /// Reads `8192` or `32k` as tokens, `512M` or `2G` as memory.
  public init?(_ text: String) {
    var digits = text.lowercased()
    for ending in ["ib", "b"] where digits.hasSuffix(ending) { digits.removeLast(ending.count) }
    let isMemory = digits.count < text.count
    let units: [(letter: String, shift: Int)] = [("k", 10), ("m", 20), ("g", 30), ("t", 40)]
    var shift = 0
    if let unit = units.first(where: { digits.hasSuffix($0.letter) }) {
      shift = unit.shift
      digits.removeLast()
    }
    guard !digits.isEmpty, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }),
      let value = Double(digits), value > 0
    else { return nil }
    guard let count = Int(exactly: (value * Double(1 << shift)).rounded(.down)), count > 0 else {
      return nil
    }
    self = isMemory || shift > 10 ? .bytes(count) : .tokens(count)
  }

  /// Tokens for which there is room, in whole blocks and at least one.
  func tokens(_ layout: KVLayout) -> Int {
    switch self {
    case .tokens(let count): max(count / KVLayout.positions, 1) * KVLayout.positions
    case .bytes(let count): max(count / layout.blockBytes, 1) * KVLayout.positions
    }
  }

  /// The limit of keys and values in a model that keeps states as well, which get the other half of
  /// a limit in bytes.
  var besideStates: CacheLimit {
    switch self {
    case .tokens: self
    case .bytes(let count): .bytes(count / 2)
    }
  }

  /// States for which there is room beside keys and values: as many as take the memory of those,
  /// but at most a gibibyte unless the limit is one of memory.
  func states(_ states: StateLayout, beside layout: KVLayout) -> Int {
    let bytes =
      switch self {
      case .tokens: min(1 << 30, tokens(layout) / KVLayout.positions * layout.blockBytes)
      case .bytes(let count): count / 2
      }
    return bytes / max(1, states.byteCount)
  }

  /// States that are kept when nobody says: as many as beside the standard limit of keys and values,
  /// and one for each of 64 paths if they fit into a quarter of what weights leave.
  static func standardStates(
    _ states: StateLayout, beside layout: KVLayout, context: Int, weightBytes: Int, memory: Int
  ) -> Int {
    let limit = standard(layout, context: context, weightBytes: weightBytes, memory: memory)
    let largest = max(0, memory - weightBytes) / 4 / max(1, states.byteCount)
    return max(limit.states(states, beside: layout), min(64, largest))
  }

  /// What is kept when nobody says: up to 65 536 tokens within a gibibyte or a quarter of the
  /// machine's memory, and a whole context if that fits into half of what weights leave.
  ///
  /// - Parameters:
  ///   - context: the most tokens of a path.
  ///   - weightBytes: what the weights take.
  ///   - memory: what the machine has.
  static func standard(
    _ layout: KVLayout, context: Int, weightBytes: Int, memory: Int
  ) -> CacheLimit {
    let usual = min(65_536, CacheLimit.bytes(min(1 << 30, memory / 4)).tokens(layout))
    let largest = CacheLimit.bytes(max(0, memory - weightBytes) / 2).tokens(layout)
    let block = KVLayout.positions
    let wholeContext = (context + block - 1) / block * block
    return .tokens(max(usual, min(wholeContext, largest)))
  }

  /// The memory of this machine, or what a container allows of it, in bytes.
  package static var machineMemory: Int {
    var memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    #if os(Linux)
      for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
        guard let data = try? FileHandle(forReadingFrom: URL(fileURLWithPath: path)).readToEnd(),
          let limit = Int(
            String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)),
          limit > 0
        else { continue }
        memory = min(memory, limit)
      }
    #endif
    return memory
  }
}
