/// A report of `eval` that is put together strategy by strategy.
protocol StrategyReport: Encodable, Sendable {
  /// What was found out about a strategy, one row for each family or part of one.
  associatedtype Found: Sendable

  init(model: String)
  mutating func add(_ rows: [Found], strategy: String)
  var table: String { get }
}
