import Testing

@testable import Jinja

/// Where each part of the result comes from.
@Suite struct JinjaProvenanceTests {
  private static let day = JinjaDate(year: 2026, month: 1, day: 1)

  private func parts(
    _ program: String
  ) throws -> [JinjaPart] {
    try JinjaTemplate(program).render(
      ["x": .input("<b>\n In <b> "), "t": .trusted("<b>")], now: Self.day)
  }

  /// The parts in one line: input between ‹ and ›.
  private func marked(_ program: String) throws -> String {
    try parts(program).map { $0.isInput ? "‹\($0.text)›" : $0.text }.joined()
  }

  @Test(arguments: [
    ("a{{ x }}b{{ t }}", "a‹<b>\n In <b> ›b<b>"),
    ("{{ '<b>' + x | trim + '<b>' }}", "<b>‹<b>\n In <b>›<b>"),
    ("{{ ('<b>' ~ x ~ '<b>').strip() }}", "<b>‹<b>\n In <b> ›<b>"),
    ("{{ x.split('<b>')[1] }}", "‹\n In ›"),
    ("{{ x.replace('In', '<b>') }}", "‹<b>\n ›<b>‹ <b> ›"),
    ("{{ '[IN]'.replace('IN', x[4:7]) }}", "[‹ In›]"),
    ("{{ ('a' ~ x[5:7] ~ 'b') | upper }}", "A‹IN›B"),
    ("{{ ('a' ~ x[6] ~ 'b')[::-1] }}", "b‹n›a"),
    ("{{ [t, x[0]] | join('-') }}", "<b>-‹<›"),
    ("{{ '%s|%s' % (t, x[1]) }}", "<b>|‹b›"),
    ("{{ '{}|{}'.format(t, x[1]) }}", "<b>|‹b›"),
    ("{{ {'k': x[:4]} | tojson }}", "{\"k\": \"‹<b>\\n›\"}"),
    ("{{ [x[:3]] }}", "['‹<b>›']"),
    ("{% set y %}[{{ x[0] }}]{% endset %}{{ y }}{{ y | length }}", "[‹<›]3"),
    ("{% macro m(a) %}<{{ a }}>{% endmacro %}{{ m(x[1]) }}", "<‹b›>"),
    ("{% filter upper %}a{{ x[1] }}{% endfilter %}", "A‹B›"),
    ("{% for c in x[:2] %}{{ c }}{% endfor %}", "‹<b›"),
    ("{{ 'a' if x == '<b>\n In <b> ' else 'b' }}", "a"),
    ("{{ {'<b>': 'hit'}[x[:3]] }}", "hit"),
    ("{% for k in {x[:3]: 1} %}{{ k }}{% endfor %}", "‹<b>›"),
    ("{{ x | indent(1) }}", "‹<b>›\n ‹ In <b> ›"),
    ("{{ (x[1] ~ 'b') | title }}{{ (x[1] ~ 'B').swapcase() }}", "‹B›b‹B›b"),
    ("{{ x | truncate(5, true, '…', 0) }}", "‹<b>\n›…"),
    ("{{ x[1] | center(3) }}{{ x[1].ljust(2, '.') }}", " ‹b› ‹b›."),
  ])
  func textRemembersWhereItCameFrom(_ program: String, _ expected: String) throws {
    #expect(try marked(program) == expected)
  }

  /// Whether text is input or not changes nothing in what is written.
  @Test func provenanceNeverChangesTheText() throws {
    let references = try JinjaReferenceTests.references.get()
    for reference in references.cases where reference.text != nil {
      let template = try JinjaTemplate(reference.template)
      let trusted = try template.render(
        references.variables.members(isInput: false), now: JinjaReferenceTests.day)
      let input = try template.render(
        references.variables.members(isInput: true), now: JinjaReferenceTests.day)
      #expect(trusted.map(\.text).joined() == input.map(\.text).joined())
      #expect(trusted.count <= 1)
      #expect(!trusted.contains { $0.isInput })
    }
  }

  @Test func partsAreNeverEmptyAndAlternate() throws {
    let rendered = try parts("{{ x }}{{ '' }}{{ x }}a{{ '' }}b{{ x[:0] }}c")
    #expect(rendered.map(\.isInput) == [true, false])
    #expect(!rendered.contains { $0.text.isEmpty })
    #expect(try parts("") == [])
  }
}
