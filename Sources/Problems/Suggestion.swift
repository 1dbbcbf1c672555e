/// What somebody may have meant by a name that does not exist. Commands, strategies, problems,
/// models, templates, settings and themes all ask here.
public enum Suggestion {
  /// The known name that is nearest to what was typed; nil where none is near.
  ///
  /// Near is what takes few letters put in, left out, changed or swapped, or what alone begins with
  /// the letters typed. Capital letters, `_` and spaces make no difference.
  public static func nearest(to name: String, among known: some Sequence<String>) -> String? {
    let typed = letters(name)
    guard !typed.isEmpty else { return nil }
    var best: (name: String, distance: Int)?
    var beginnings: [String] = []
    for candidate in known where candidate != name {
      let letters = letters(candidate)
      if typed.count >= 2, letters.starts(with: typed) { beginnings.append(candidate) }
      // Of short names few letters may differ, or anything would be near.
      let shorter = min(typed.count, letters.count)
      let limit = shorter < 3 ? 0 : max(1, shorter / 3)
      // A letter too many or too few costs at least one.
      guard abs(typed.count - letters.count) <= limit else { continue }
      let distance = Self.distance(typed, letters)
      if distance <= limit, best.map({ distance < $0.distance }) ?? true {
        best = (candidate, distance)
      }
    }
    return best?.name ?? (beginnings.count == 1 ? beginnings[0] : nil)
  }

  /// What an error says after "there is no …": `did you mean greedy? Choose one of …`, or without
  /// a near name `choose one of …`.
  public static func remedy(for name: String, among known: [String]) -> String {
    let choice = "hoose one of \(known.joined(separator: ", "))"
    return nearest(to: name, among: known).map { "did you mean \($0)? C\(choice)" } ?? "c\(choice)"
  }

  /// What a short message adds: `; did you mean greedy?`, or without a near name the names, if they
  /// are few.
  public static func hint(for name: String, among known: [String]) -> String {
    if let near = nearest(to: name, among: known) { return "; did you mean \(near)?" }
    return known.count <= 8 ? "; choose one of \(known.joined(separator: ", "))" : ""
  }

  private static func letters(_ name: String) -> [Character] {
    name.lowercased().map { $0 == "_" || $0 == " " ? "-" : $0 }
  }

  /// How many letters must be put in, left out, changed or swapped with their neighbour: the optimal
  /// string alignment distance.
  static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var before: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
        row.append(cost)
      }
      (before, last) = (last, row)
    }
    return last[b.count]
  }
}
