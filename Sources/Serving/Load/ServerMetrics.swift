/// What a server counts of itself: the counters, sums and counts of Prometheus' text format. Gauges and
/// buckets are left out; what labels tell apart is added up.
public struct ServerMetrics: Sendable, Hashable {
  /// By name.
  public private(set) var counters: [String: Double] = [:]

  public init(_ text: String) {
    var kinds: [Substring: Substring] = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      if line.hasPrefix("#") {
        let words = line.split(separator: " ")
        if words.count == 4, words[1] == "TYPE" { kinds[words[2]] = words[3] }
        continue
      }
      // A label's value may hold blanks, and a time may follow the value.
      let end = line.lastIndex(of: "}").map { line.index(after: $0) }
      let name = line.prefix { $0 != "{" && $0 != " " }
      let rest = line[(end ?? name.endIndex)...].split(separator: " ")
      guard let value = rest.first.flatMap({ Double($0) }), value.isFinite,
        Self.isCounter(name, kinds)
      else { continue }
      counters[String(name), default: 0] += value
    }
  }

  private static func isCounter(_ name: Substring, _ kinds: [Substring: Substring]) -> Bool {
    if kinds[name] == "counter" { return true }
    for suffix in ["_sum", "_count"] where name.hasSuffix(suffix) {
      let base = name.dropLast(suffix.count)
      if kinds[base] == "histogram" || kinds[base] == "summary" { return true }
    }
    return false
  }

  /// What has been added since.
  public func since(_ before: ServerMetrics) -> [(name: String, value: Double)] {
    counters.compactMap { name, value in
      let more = value - (before.counters[name] ?? 0)
      return more == 0 ? nil : (name, more)
    }.sorted { $0.name < $1.name }
  }
}
