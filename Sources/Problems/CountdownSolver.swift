/// Tries every way to join numbers by `+`, `*` and `-`, where no value falls below 0, until the
/// target is made. The order is fixed, so the first solution and the number of visited nodes are
/// the same in every run.
struct CountdownSolver {
  private struct Item {
    var value: Int
    var node: Int
  }

  private enum Node {
    case number(Int)
    case operation(Character, Int, Int)
  }

  private let target: Int
  private var nodes: [Node] = []
  /// How many joins of two numbers were tried.
  private(set) var visited = 0
  private var visit: (ArithmeticExpression) -> Bool

  /// The first solution in the solver's order, in normal form.
  static func first(_ puzzle: NumberPuzzle) -> (solution: ArithmeticExpression?, visited: Int) {
    var found: ArithmeticExpression?
    let visited = search(puzzle) { expression in
      found = expression
      return false
    }
    return (found, visited)
  }

  /// Calls `visit` with each solution in normal form until it returns false; returns how many
  /// joins were tried.
  static func search(
    _ puzzle: NumberPuzzle, visit: @escaping (ArithmeticExpression) -> Bool
  ) -> Int {
    let numbers = puzzle.numbers.sorted()
    var solver = CountdownSolver(target: puzzle.target, visit: visit)
    solver.nodes = numbers.map(Node.number)
    _ = solver.join(numbers.enumerated().map { Item(value: $1, node: $0) })
    return solver.visited
  }

  /// Returns whether to go on.
  private mutating func join(_ items: [Item]) -> Bool {
    guard items.count > 1 else {
      guard let only = items.first, only.value == target else { return true }
      return visit(expression(only.node).normalized)
    }
    for i in items.indices {
      for j in items.indices where j > i {
        var rest = items
        rest.remove(at: j)
        rest.remove(at: i)
        for sign in ["+", "*", "-"] as [Character] {
          // Only the larger minus the smaller does not fall below 0.
          let isSwapped = sign == "-" && items[i].value < items[j].value
          let (left, right) = isSwapped ? (items[j], items[i]) : (items[i], items[j])
          guard
            let value = try? ArithmeticExpression.applied(sign, left.value, right.value)
          else { continue }
          visited += 1
          nodes.append(.operation(sign, left.node, right.node))
          let goesOn = join(rest + [Item(value: value, node: nodes.count - 1)])
          nodes.removeLast()
          guard goesOn else { return false }
        }
      }
    }
    return true
  }

  private func expression(_ node: Int) -> ArithmeticExpression {
    switch nodes[node] {
    case .number(let value): .number(value)
    case .operation(let sign, let left, let right):
      .joined(sign, expression(left), expression(right))
    }
  }
}
