import Testing

@testable import ponder

/// How tables of results are set.
@Suite struct TextTableTests {
  private typealias Table = TextTable<(name: String, count: Int)>

  private let rows = [(name: "greedy", count: 7), (name: "self-consistency", count: 120)]

  @Test func columnsWithoutAWidthAreAsWideAsTheirCells() {
    let table = Table(columns: [
      Table.Column("strategy") { $0.name }, Table.Column("n", isNumber: true) { "\($0.count)" },
      Table.Column("mark") { $0.count > 10 ? "!" : "" },
    ])
    #expect(
      table.text(rows) == """
        strategy            n  mark
        greedy              7
        self-consistency  120  !

        """)
  }

  @Test func whatIsTooLongIsStillSetOffFromTheNextColumn() {
    let table = Table(columns: [
      Table.Column("strategy", 10) { $0.name }, Table.Column("n") { "\($0.count)" },
    ])
    #expect(
      table.text(rows) == """
        strategy  n
        greedy    7
        self-consistency 120

        """)
  }
}
