import Foundation
import Testing

@testable import Jinja

/// What no template may do: run long, take much memory, or bring the program down.
@Suite struct JinjaLimitTests {
  private static let day = JinjaDate(year: 2026, month: 1, day: 1)

  private func error(_ program: String, _ limits: JinjaLimits = JinjaLimits()) -> JinjaError? {
    do {
      _ = try JinjaTemplate(program, limits: limits).render(["x": .input("x")], now: Self.day)
      return nil
    } catch {
      return error
    }
  }

  private static let deep = 100_000

  @Test(arguments: [
    // Nesting of the program.
    "{{ " + String(repeating: "(", count: deep) + "1" + String(repeating: ")", count: deep) + " }}",
    "{{ " + String(repeating: "[", count: deep) + " }}",
    "{{ " + String(repeating: "-", count: deep) + "1 }}",
    "{{ " + String(repeating: "not ", count: deep) + "1 }}",
    "{{ 1" + String(repeating: "+1", count: deep) + " }}",
    "{{ 1" + String(repeating: "|abs", count: deep) + " }}",
    "{{ x" + String(repeating: ".a", count: deep) + " }}",
    "{{ x" + String(repeating: "[0]", count: deep) + " }}",
    "{{ 1" + String(repeating: " if 1 else 1", count: 50_000) + " }}",
    "{{ 1" + String(repeating: " if 1", count: deep) + " }}",
    "{{ 1" + String(repeating: " and 1", count: deep) + " }}",
    "{{ 1" + String(repeating: "**1", count: deep) + " }}",
    String(repeating: "{% if 1 %}", count: 50_000),
    "{% for " + String(repeating: "(", count: deep) + "x in y %}{% endfor %}",
    // Running without end.
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% if a %}{% endif %}{% endfor %}{% endfor %}",
    "{{ range(1000000000) }}",
    // Growing without end.
    "{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(s='xx') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('x', ns.s) %}{% endfor %}",
    "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s.replace('', ns.s) %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(99) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
    "{% set ns = namespace(s=[1], t=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}",
    "{% set ns = namespace(s='x') %}{% for i in range(9999) %}{% set ns.s = {'a': ns.s} %}{% endfor %}",
    "{% for i in range(9999) %}{{ 'x' * 99999 }}{% endfor %}",
    "{{ 'x' * 10000000000 }}", "{{ [1] * 10000000000 }}", "{{ 'x' | center(10000000000) }}",
    "{{ '%9999999999d' % 1 }}", "{{ '{:>9999999999}'.format(1) }}", "{{ 'x'.zfill(10000000000) }}",
    "{{ ('x\n' * 9999) | indent(999999) }}", "{{ [1] | tojson(indent=999999999) }}",
    "{{ [1] | batch(9999999999, 1) | list }}", "{{ 2 ** 9999999999 }}", "{{ 9 ** 99 }}",
    "{{ -(-9223372036854775807 - 1) }}", "{{ (-9223372036854775807 - 1) // -1 }}",
    "{{ 9223372036854775807 + 1 }}", "{{ 99999999999999999999 }}", "{{ 1e300 | int }}",
  ])
  func boundedProgramsEndInAnError(_ program: String) {
    var limits = JinjaLimits()
    limits.steps = 200_000
    let error = error(program, limits)
    #expect(error != nil)
    #expect(error?.kind != .raised)
  }

  /// What holds itself, or hangs together in long chains, is taken apart without harm.
  @Test(arguments: [
    "{% set ns = namespace() %}{% set ns.self = ns %}{{ ns.self.self is defined }}",
    "{% set ns = namespace(c=none) %}{% for i in range(50000) %}{% set n = namespace(c=ns.c) %}{% set ns.c = n %}{% endfor %}",
    "{% set ns = namespace() %}{% set first = namespace() %}{% set ns.c = first %}{% for i in range(50000) %}{% set n = namespace() %}{% set c = ns.c %}{% set c.next = [n] %}{% set ns.c = n %}{% endfor %}",
    "{% set ns = namespace(f=none) %}{% for i in range(20000) %}{% set g = ns.f %}{% macro m() %}{{ g }}{% endmacro %}{% set ns.f = m %}{% endfor %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(60) %}{% for x in [ns.l] %}{% set ns.l = [1] %}{% endfor %}{% endfor %}",
  ])
  func chainsAreTakenApart(_ program: String) {
    #expect(error(program) == nil)
  }

  @Test func stateThatNestsTooDeepIsRefused() {
    let chain =
      "{% set ns = namespace(l=none) %}{% for i in range(9999) %}"
      + "{% for x in [ns.l] %}{% set ns.l = loop %}{% endfor %}{% endfor %}"
    #expect(error(chain)?.kind == .limit)
    let bound =
      "{% set ns = namespace(f={}) %}{% for i in range(9999) %}"
      + "{% set ns.f = {'a': ns.f.get} if i is odd else {'a': ns.f} %}{% endfor %}"
    #expect(error(bound)?.kind == .limit)
  }

  @Test func limitsAreThoseThatAreSet() {
    var limits = JinjaLimits()
    limits.programBytes = 10
    #expect(error("0123456789", limits) == nil)
    #expect(error("01234567890", limits)?.kind == .limit)
    limits = JinjaLimits()
    limits.steps = 100
    #expect(error("{% for i in range(5) %}{{ i }}{% endfor %}", limits) == nil)
    #expect(error("{% for i in range(50) %}{{ i }}{% endfor %}", limits)?.kind == .limit)
    limits = JinjaLimits()
    limits.characters = 8
    #expect(error("12345678", limits) == nil)
    #expect(error("12345678{{ 9 }}", limits)?.kind == .limit)
    limits = JinjaLimits()
    limits.rangeLength = 3
    #expect(error("{{ range(3) | list }}", limits) == nil)
    #expect(error("{{ range(4) | list }}", limits)?.kind == .limit)
  }

  @Test(arguments: [
    ("a\nb {{ 1 + }}", 2, 10), ("{% if x %}", 1, 11), ("\n\n  {{ x.a.b }}", 3, 10),
    ("a\n{{ 'open }}", 2, 4), ("{# a\n\n", 1, 1), ("{{ x }}\n{% nonsense %}", 2, 1),
    ("{% include 'x' %}", 1, 1), ("a\n\n{{ missing + 1 }}", 3, 4), ("{{ x | nonsense }}", 1, 8),
    ("{% if x is nonsense %}{% endif %}", 1, 12), ("{{ (1 }}", 1, 7), ("\n{{ 1 / 0 }}", 2, 4),
  ])
  func errorsTellThePlace(_ program: String, _ line: Int, _ column: Int) {
    #expect(error(program)?.position == JinjaPosition(line: line, column: column))
  }

  @Test func aRefusalIsTheTemplatesOwn() {
    let refusal = error("a\n{{ raise_exception('no ' ~ 'roles') }}")
    #expect(refusal?.kind == .raised)
    #expect(refusal?.reason == "no roles")
    #expect(refusal?.position.line == 2)
  }

  @Test func readNamesAreKnown() throws {
    let template = try JinjaTemplate(
      "{% macro m(a) %}{{ a ~ inner }}{% endmacro %}{% if enable_thinking %}{{ x.attribute }}{% endif %}"
    )
    #expect(template.names.isSuperset(of: ["inner", "enable_thinking", "x"]))
    #expect(!template.names.contains("attribute"))
  }

  /// Programs that are broken in every way end in text or in an error, and soon.
  @Test func brokenProgramsNeverCrash() throws {
    let references = try JinjaReferenceTests.references.get()
    let variables = references.variables.members(isInput: true)
    let programs = references.cases.map { Array($0.template.unicodeScalars) }
    var limits = JinjaLimits()
    limits.steps = 20_000
    var random = Splitmix(state: 14)
    var rendered = 0
    for round in 0..<6000 {
      var program = programs[round % programs.count]
      for _ in 0...random.below(3) {
        let other = programs[random.below(programs.count)]
        let place = random.below(program.count + 1)
        let length = min(random.below(6), program.count - place)
        switch random.below(5) {
        case 0: program.removeSubrange(place..<(place + length))
        case 1: program.insert(contentsOf: program[place..<(place + length)], at: place)
        case 2: program.insert(contentsOf: other, at: place)
        case 3:
          let start = random.below(other.count + 1)
          let end = min(start + 1 + random.below(8), other.count)
          program.replaceSubrange(place..<(place + length), with: other[min(start, end)..<end])
        default:
          let signs = Array("{}%#-+|.,:()[]'\"\\~*/=<>! 0_aé\n\u{0}".unicodeScalars)
          program.insert(signs[random.below(signs.count)], at: place)
        }
      }
      var view = String.UnicodeScalarView()
      view.append(contentsOf: program)
      do {
        let parts = try JinjaTemplate(String(view), limits: limits).render(variables, now: Self.day)
        rendered += 1
        #expect(!parts.contains { $0.text.isEmpty })
      } catch {
        #expect(error.position.line >= 1)
        #expect(!error.reason.isEmpty)
      }
    }
    #expect(rendered > 100)
  }

  private struct Splitmix {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return Int((z ^ (z >> 31)) % UInt64(max(bound, 1)))
    }
  }
}
