/// Makes values from the numbers 1 … n by `+` and `*`: first every small value of every subset,
/// then the target as one of them or as a product of two that share out the numbers.
struct SumProductSolver: Sendable {
  /// Values above are met only as a product of two such values.
  static let valueLimit = 63

  /// How many of the ways to make a part are followed; there are more, but none by other parts.
  private static let expressionsPerPart = 2

  let count: Int
  /// Bit v of entry s: subset s can make v.
  private let reachable: [UInt64]
  /// Ways to divide a subset in two that were visited.
  let visited: Int

  /// Solvers for the sizes that problems have.
  static let six = SumProductSolver(count: 6)
  static let seven = SumProductSolver(count: 7)
  static let eight = SumProductSolver(count: 8)
  static let ten = SumProductSolver(count: 10)

  static func of(count: Int) -> SumProductSolver? {
    switch count {
    case 6: six
    case 7: seven
    case 8: eight
    case 10: ten
    default: nil
    }
  }

  /// A solver for 1 … count, at most 12.
  init(count: Int) {
    self.count = min(12, max(1, count))
    var reachable = [UInt64](repeating: 0, count: 1 << self.count)
    var visited = 0
    for subset in 1..<reachable.count {
      if subset & (subset - 1) == 0 { reachable[subset] = 1 << (subset.trailingZeroBitCount + 1) }
      Self.divide(subset) { part, rest in
        visited += 1
        let (a, b) = (reachable[part], reachable[rest])
        var (lefts, made) = (a, reachable[subset])
        while lefts != 0 {
          let left = lefts.trailingZeroBitCount
          lefts &= lefts - 1
          made |= b << left
          // Only factors whose product stays in range.
          var rights = b & (UInt64.max >> (63 - Self.valueLimit / left))
          while rights != 0 {
            made |= 1 << (left * rights.trailingZeroBitCount)
            rights &= rights - 1
          }
        }
        reachable[subset] = made
        return true
      }
    }
    self.reachable = reachable
    self.visited = visited
  }

  /// Every way to divide a subset in two parts, once, while `body` returns true.
  private static func divide(_ subset: Int, _ body: (_ part: Int, _ rest: Int) -> Bool) {
    var part = (subset - 1) & subset
    while part > subset ^ part {
      guard body(part, subset ^ part) else { return }
      part = (part - 1) & subset
    }
  }

  private static func values(_ bits: UInt64) -> [Int] {
    (1...valueLimit).filter { bits & (1 << $0) != 0 }
  }

  /// The small values that all numbers together can make.
  var smallTargets: [Int] { Self.values(reachable[reachable.count - 1]) }

  private func makes(_ subset: Int, _ value: Int) -> Bool {
    (1...Self.valueLimit).contains(value) && reachable[subset] & (1 << value) != 0
  }

  /// Solutions in normal form, each once, in a fixed order, and how many nodes were visited.
  func solutions(target: Int, limit: Int) -> (solutions: [ArithmeticExpression], visited: Int) {
    var found: [ArithmeticExpression] = []
    var seen: Set<ArithmeticExpression> = []
    var visited = visited
    func add(_ expression: ArithmeticExpression) -> Bool {
      let form = expression.normalized
      if seen.insert(form).inserted { found.append(form) }
      return found.count < limit
    }
    guard limit > 0, target > 0 else { return ([], visited) }
    let all = reachable.count - 1
    let perPart = min(limit, Self.expressionsPerPart)
    if makes(all, target) {
      for expression in expressions(all, target, limit: perPart) where !add(expression) {
        return (found, visited)
      }
    }
    for smaller in 2...Self.valueLimit where target % smaller == 0 {
      let larger = target / smaller
      guard smaller <= larger, larger <= Self.valueLimit else { continue }
      Self.divide(all) { part, rest in
        for (one, other) in smaller == larger ? [(part, rest)] : [(part, rest), (rest, part)] {
          visited += 1
          guard makes(one, smaller), makes(other, larger) else { continue }
          for a in expressions(one, smaller, limit: perPart) {
            for b in expressions(other, larger, limit: perPart) where !add(.joined("*", a, b)) {
              return false
            }
          }
        }
        return true
      }
      if found.count >= limit { break }
    }
    return (found, visited)
  }

  /// The first ways in which a subset makes a value, in normal form.
  private func expressions(_ subset: Int, _ value: Int, limit: Int) -> [ArithmeticExpression] {
    if subset & (subset - 1) == 0 {
      let number = subset.trailingZeroBitCount + 1
      return number == value ? [.number(number)] : []
    }
    var found: [ArithmeticExpression] = []
    Self.divide(subset) { part, rest in
      for left in 1...value where makes(part, left) {
        for sign in ["+", "*"] as [Character] {
          guard sign == "+" || value % left == 0 else { continue }
          let right = sign == "+" ? value - left : value / left
          guard makes(rest, right) else { continue }
          for a in expressions(part, left, limit: limit) {
            for b in expressions(rest, right, limit: limit) {
              let joined = ArithmeticExpression.joined(sign, a, b).normalized
              if !found.contains(joined) { found.append(joined) }
              if found.count >= limit { return false }
            }
          }
        }
      }
      return true
    }
    return found
  }
}
