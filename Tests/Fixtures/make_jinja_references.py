"""Writes jinja.json: small templates and what Python's jinja2 makes of them.

    pip install jinja2 && python3 make_jinja_references.py

The environment is set up as Hugging Face's transformers sets it up for chat templates. A case that
jinja2 refuses has no text, but the name of the error; JinjaTests wants an error there, too.
"""

import json
import os
from datetime import datetime

import jinja2
import jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

NOW = datetime(2026, 11, 5, 14, 3, 9)


class Generation(jinja2.ext.Extension):
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        call = self.call_method("_said")
        return jinja2.nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _said(self, caller):
        return caller()


class Namespace(jinja2.utils.Namespace):
    def __init__(*args, **kwargs):
        if any(name.startswith("_") for name in dict(*args[1:], **kwargs)):
            raise jinja2.exceptions.SecurityError("a name begins with an underscore")
        jinja2.utils.Namespace.__init__(*args, **kwargs)


def environment():
    def raise_exception(message):
        raise jinja2.exceptions.TemplateError(message)

    def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
        return json.dumps(
            x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    made = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, jinja2.ext.loopcontrols]
    )
    made.filters["tojson"] = tojson
    made.globals["raise_exception"] = raise_exception
    made.globals["strftime_now"] = NOW.strftime
    made.globals["namespace"] = Namespace
    return made


VARIABLES = {
    "name": "Ada",
    "text": "  one two\tthree\n four  ",
    "words": ["pear", "Apple", "fig", "apple", "Fig"],
    "numbers": [3, 1, 2, 10, -4],
    "empty": [],
    "nothing": None,
    "yes": True,
    "half": 0.5,
    "seven": 7,
    "odd": "straße ΑΣ ΟΔΟΣ ǆ ﬁn é 👩‍🚀 \u00a0",
    "quotes": "it's \"so\"\\\u0007\u007f",
    "messages": [
        {"role": "system", "content": "Be kind."},
        {"role": "user", "content": "Hi <b> & 'you'"},
        {"role": "assistant", "content": "Hello", "calls": [{"id": 1}, {"id": 2}]},
    ],
    "tool": {"name": "add", "args": {"b": 2, "a": [1, None, True, 1.5, "x\n"]}, "items": 3},
}

# In one order, whatever reads the file.
VARIABLES = json.loads(json.dumps(VARIABLES, sort_keys=True))

# One expression each, printed by itself.
EXPRESSIONS = r"""
1 + 2 * 3 - 4
2 ** 3 ** 2
-2 ** 2
7 // 2, -7 // 2, 7 // -2, -7 // -2
7 % 3, -7 % 3, 7 % -3, -7 % -3
7.5 // 2, -7.5 // 2, 7.5 % 2, -7.5 % 2
7 / 2, 6 / 2, 1 / 3
2 ** -1, 2 ** 0.5, (-8) ** 2
1 / 0
1 // 0
1 % 0
1e3, 1.5e-7, 1e16, 1e15, 123456789012345680.0, 1e22, 0.1 + 0.2, 1e-4, 1e-5, 100.0, 5e-324
1_000, 0x1F, 0b101, 0o17, 1_0.5
true + true, -true, true * 3, True == 1, 1 == 1.0, false == 0
yes, nothing, True, None, none, false
"a" "b" 'c'
'a' + 1
'a' ~ 1 ~ none ~ true ~ 1.50 ~ [1, 'x']
'ab' * 3, 3 * 'ab', 'ab' * -1, [1] * 2, (1,) * 2
[1, 2] + [3], (1,) + (2,), [] + []
[1] + (2,)
"\n\t\\\x41\u00e9\U0001F600\101\q\'" ~ '\"'
name, name[0], name[-1], name[5], name[1:], name[:-1], name[::-1], name[::2]
name.0, numbers.1
numbers[1:3], numbers[-2:], numbers[:2], numbers[::-1], numbers[10:], numbers[3:1:-1]
numbers[::0]
(1, 2, 3)[1:], (1,), (), 1, [], {}
{'a': 1, 'b': [2, {'c': none}], 3: 'd', 'a': 4}
{'a': 1}['a'], {'a': 1}.a, {1: 'x'}[1], {1: 'x'}[true], {1: 'x'}[1.0], {(1, 2): 'x'}[(1, 2)]
{[1]: 2}
tool.items is callable, tool['items'], tool.name, tool.args.b, tool['args']['a'][1]
tool.missing
tool.missing.deeper
missing.attribute
missing['item']
missing()
missing + 1
missing ~ 'x'
missing == none, missing == missing, not missing
missing is defined, missing is none, missing is undefined, missing is string
missing | length, missing | list, missing | default('d'), missing | default
missing in [1], 1 in missing
missing | upper, missing | join(','), missing | trim
missing < 1
missing | int
-missing
1 < 2 < 3, 1 < 3 < 2, 1 == 1 != 2, 3 > 2 >= 2
1 < 'a'
[1, 2] < [1, 3], (1,) < (1, 0), 'a' < 'b', 'Z' < 'a', 'é' > 'z'
[1] < (1,)
'a' in 'cat', 'dog' not in 'cat', '' in '', 1 in [1, 2], 'a' in {'a': 1}, none in [none]
1 in 'a'
1 in none
not 1 == 2, not (true and false), not not true
1 and 2, 0 and 2, 0 or '' or 'x', '' or none, [] and 1
1 if true else 2, 1 if false else 2, 1 if false
(1 if false) ~ 'x'
'a' if yes and name else 'b' if nothing else 'c'
yes is true, yes is boolean, 1 is boolean, 1 is true, none is none, 1 is integer, true is integer
1.0 is float, 1 is float, 1 is number, true is number, '1' is number
'a' is string, [] is string, {} is mapping, [] is mapping
'a' is iterable, 1 is iterable, {} is iterable, none is iterable, missing is iterable
'a' is sequence, {} is sequence, range(3) is sequence, (1,) is sequence, 1 is sequence
3 is odd, 3 is even, 4 is even, 9 is divisibleby 3, 9 is divisibleby(2)
1 is eq 1, 1 is equalto(2), 1 is ne 2, 1 is lt 2, 2 is ge 2, 3 is in [3], 1 is sameas 1, true is sameas 1
'a' is odd
'ab' is lower, 'AB' is upper, 'A1' is upper, '1' is upper, 1 is lower
name is defined and name is string and name is not none
1 is nonsense
'upper' is filter, 'x' is filter, 'odd' is test
[1, 2, 3] is not string, missing is not defined
text.strip(), text.lstrip(), text.rstrip(), text.split(), text.split(none, 1), text.rsplit(none, 1)
'a,b,,c'.split(','), 'a,b,c'.split(',', 1), 'a,b,c'.rsplit(',', 1), ''.split(','), ''.split()
'abc'.split('')
'a--b--c'.split('--')[-1], 'x</think>y</think>z'.split('</think>')[-1].lstrip('\n')
'xxabcxx'.strip('x'), 'xyabc'.lstrip('yx'), 'abcxy'.rstrip('xy')
'a\nb\r\nc\rd\x0be\u2028f\n'.splitlines(), 'a\nb'.splitlines(true)
'hello'.startswith('he'), 'hello'.endswith('lo'), 'hello'.startswith(('x', 'h')), 'hello'.startswith('l', 2)
'hello'.endswith('l', 0, 4), 'hello'.startswith('')
'hello'.find('l'), 'hello'.rfind('l'), 'hello'.find('z'), 'hello'.index('e'), 'hello'.count('l'), 'hello'.count('')
'hello'.index('z')
'hello'.replace('l', 'L'), 'hello'.replace('l', 'L', 1), 'abc'.replace('', '-'), 'aaa'.replace('aa', 'b')
odd.upper(), odd.lower(), odd.title(), odd.capitalize(), odd.swapcase()
odd | upper, odd | lower, odd | title, odd | capitalize, odd | length
"hello wORLD it's-a (test) [x".title()
"hello wORLD it's-a (test) [x" | title
'HELLO'.capitalize(), ''.capitalize(), 'hELLO wORLD' | capitalize
'abc'.isdigit(), '12'.isdigit(), '²'.isdigit(), '²'.isdecimal(), '½'.isnumeric(), 'aé'.isalpha(), 'a1'.isalnum(), ''.isalpha()
' \t'.isspace(), ''.isspace(), 'AB1'.isupper(), 'ab'.islower(), 'é'.isascii()
'a'.center(5) ~ '|', 'ab'.center(5, '*'), 'ab'.ljust(4, '-'), 'ab'.rjust(4), '-7'.zfill(4), 'a'.zfill(3)
'a=b=c'.partition('='), 'a=b=c'.rpartition('='), 'abc'.partition('=')
'prefix-x'.removeprefix('prefix-'), 'x.py'.removesuffix('.py'), 'x'.removesuffix('y')
', '.join(words), '-'.join('abc'), ''.join([])
','.join([1, 2])
'a'.nonsense
'a'.nonsense()
'{} {} {0}'.format(1, 2)
'{0} {1} {0}'.format('a', 'b')
'{a} {b[0]} {c.name}'.format(a=1, b=[2], c=tool)
'{{}} {:>5} {:<5}| {:^5} {:*^7}'.format('a', 'b', 'c', 'd')
'{:d} {:5d} {:05d} {:,} {:x} {:+d} {:.2f} {:.3} {:%} {:e}'.format(1, 2, 3, 1234567, 255, 4, 3.14159, 2.71828, 0.25, 12345.678)
'{!r} {!s}'.format('a', 'b')
'{}'.format()
'{'.format(1)
'%s and %r, %d, %5.2f|%-5s|%05d|%x|%%|%+d|%e' % ('a', 'b', 3, 3.14159, 'c', 42, 255, 7, 1234.5)
'%s' % 'x', '%s' % [1], '%s %s' % (1, 2), '%(a)s-%(b)d' % {'a': 'x', 'b': 2}
'%s %s' % 'x'
'%d' % 'x'
'%s' % (1, 2)
'%c%c' % (65, 'b')
'%s' | format('x'), '%(a)s' | format(a=1)
tool.keys(), tool.values() | list, tool.args.items(), tool | length
tool.get('name'), tool.get('none'), tool.get('none', 'd'), tool.args.get('b')
tool.args | items | list, tool | dictsort, {'b': 1, 'A': 2, 'a': 3} | dictsort, {'b': 1, 'A': 2} | dictsort(true)
{'b': 1, 'a': 2} | dictsort(by='value'), {'b': 1, 'a': 2} | dictsort(reverse=true)
none | items | list
missing | items | list
words.append('x')
tool.update({'a': 1})
words.index('fig'), numbers.count(1), (1, 2).index(2)
words | sort, words | sort(true), words | sort(case_sensitive=true), numbers | sort(reverse=true)
words | unique | list, words | unique(true) | list, words | min, words | max, numbers | min, numbers | max, [] | min
numbers | sum, messages | map(attribute='content') | map('length') | sum, [[1], [2]] | sum(start=[])
numbers | map('string') | join('+'), numbers | map('abs') | list, words | map('upper') | list
messages | map(attribute='role') | join(' '), messages | map(attribute='calls', default=[]) | list
messages | map(attribute='calls.0.id') | list
messages | selectattr('role', 'equalto', 'user') | map(attribute='content') | first
messages | rejectattr('role', 'in', ['user', 'system']) | list | length
messages | selectattr('calls') | list | length, messages | selectattr('calls', 'defined') | list | length
messages | selectattr('role', '==', 'user') | list
messages | sort(attribute='role') | map(attribute='role') | list
numbers | select('odd') | list, numbers | reject('greaterthan', 2) | list, [0, 1, '', 'a'] | select | list
numbers | select | length
numbers | select('nonsense') | list
numbers | first, numbers | last, [] | first, 'abc' | first, 'abc' | last
numbers | reverse | list, 'abc' | reverse
numbers | batch(2) | list, numbers | batch(3, 0) | list
numbers | join, numbers | join(', '), [1, [2], none] | join('-'), messages | join(',', attribute='role')
'abc' | list, {'a': 1} | list, range(3) | list, (1, 2) | list
1 | list
'3' | int, 'x' | int, '3.9' | int, 3.9 | int, ' 12 ' | int, '0x1f' | int(0, 16), 'z' | int(7), none | int, true | int, '1_0' | int
'3.5' | float, 'x' | float, 3 | float, '1e3' | float, 'inf' | float
3.7 | round, 2.5 | round, 3.14159 | round(2), 3.1 | round(0, 'ceil'), 3.9 | round(method='floor'), 7 | round, 2.675 | round(2)
-3 | abs, (-3) | abs, -2.5 | abs
3.7 | string, none | string, true | string, [1] | string
'  a ' | trim, 'xxaxx' | trim('x')
'a\nb\n\nc' | indent, 'a\nb\n\nc' | indent(2, true), 'a\n\nb' | indent(2, blank=true), 'a\nb' | indent('> ')
'a b a' | replace('a', 'c'), 'aaa' | replace('a', 'b', 2), 12 | replace(1, 3)
'one two three' | truncate(9), 'one two three' | truncate(9, true), 'one' | truncate(5), 'one two three' | truncate(11, false, '…', 0)
'one two, three_4' | wordcount, 'x' | center(5)
'<a href="x">&\'' | escape, '<' | e, ('<' | safe) + '<', '<' + ('<' | safe), ('<' | safe) ~ '<'
'a' | default('b'), '' | default('b'), '' | default('b', true), none | default('b'), none | d('b', true)
tool | tojson
tool | tojson(indent=2)
tool | tojson(sort_keys=true, separators=(',', ':'))
quotes | tojson, odd | tojson, odd | tojson(ensure_ascii=true), [] | tojson, {} | tojson(indent=4), [[], {}] | tojson(indent=1)
[1, 2.0, 1e20, none, true, 'a', (1, 2)] | tojson, {1: 2, none: 3, true: 4} | tojson
missing | tojson
{'a': missing} | tojson
range(3) | tojson
quotes, [quotes], [odd], ['\n\t\x00\u200b\U000e0001']
['a\'b', 'a"b', 'a\'b"c']
range(5) | list, range(1, 4) | list, range(5, 0, -2) | list, range(3), range(0, 9, 2)[1], range(3)[-1]
range(0, 1, 0)
range(200000)
dict(a=1, b=2), dict({'a': 1}, b=2), dict([['x', 1]])
namespace(a=1).a, namespace(a=1).b, namespace({'a': 2}).a
strftime_now('%Y-%m-%d %H:%M:%S'), strftime_now('%d %B %Y, %A'), strftime_now('%-d %b %y %a %j %I%p %% %e')
raise_exception('no ' ~ name)
name | upper | lower | title, name.upper().lower()
name | nonsense
(name | nonsense) if false else 'ok'
'ok' if true else name | nonsense
none.x
none()
1.x
name()
[1, 2, 3].2, [[1, 2]].0.1
"a" if name == "Ada" and not nothing else "b"
not name in ['Ada'], name not in ['Bob']
{'a': 1}.items() | list, {'a': 1}.items() | length
(1, 2) == [1, 2], [1, 2] == [1, 2], {'a': 1} == {'a': 1.0}, '1' == 1, none == false
-1 | abs, (1 - 2) | abs, 1 + 2 | string | length
'a' is string and 'b' is string
joiner()() ~ 'x'
1 +
1 2
(1
'open
[1, 2
@
a = 1
"" is
x is string is defined
{'a' 1}
f(a=1, 2)
""".strip("\n").split("\n")

TEMPLATES = [
    # Text and white space.
    "",
    "plain\n",
    "plain\n\n",
    "a{{ 1 }}\nb\n",
    "a {{- 1 -}} b",
    "a\n  {{- 1 -}}  \n b",
    "  {% if true %}\n  x\n  {% endif %}\n y\n",
    "  {%+ if true %}\n  x\n  {%+ endif %}\n y\n",
    "a  {%- if true -%}  b  {%- endif -%}  c",
    "a  {% if true +%}\n  b{% endif +%}\n",
    "{# c #}\na{# c #}b\n  {# c #}  \nd {#- c -#} e",
    "{#+ c +#}\nx",
    "{# {{ 1 }} {% if %} #}x",
    "  {% raw %}\n {{ x }} {% y %} {# z #}\n  {% endraw %}\n z",
    "a {%- raw -%}  {{ x }}  {%- endraw -%} b",
    "{{ '{{' }}{{ '}}' }}{{ \"{% raw %}\" }}",
    "{{ {'a': {'b': 1}}.a.b }}{{{'a':1}['a']}}",
    "a\r\nb\rc\n{% if true %}\r\nd{% endif %}\r\n",
    "x{% if true %}\n\n\ny{% endif %}",
    "\t {% set a = 1 %} \n{{ a }}",
    "{% set a = 1 %}{% set b = 2 %}\n{{ a }}{{ b }}",
    "{{ 1 }}  {% if true %}x{% endif %}",
    " {% if true %} {% endif %} |",
    "{{-1}}{{+1}}{{ -1 }}",
    "{% %}",
    "{{ }}",
    "{{ 1",
    "{% if true",
    "{# open",
    "{% raw %} x",
    # Conditions.
    "{% if nothing %}a{% elif empty %}b{% elif yes %}c{% else %}d{% endif %}",
    "{% if missing %}a{% else %}b{% endif %}",
    "{% if yes %}a",
    "{% endif %}",
    "{% if yes %}a{% endfor %}",
    "{% if false %}{{ x | nonsense }}{% endif %}ok",
    "{% if false %}{{ x is nonsense }}{% endif %}ok",
    "{% for x in [] %}{{ x | nonsense }}{% endfor %}ok",
    "{% nonsense %}",
    # Loops.
    "{% for n in numbers %}{{ loop.index }}/{{ loop.length }}:{{ n }}{% if not loop.last %}, {% endif %}{% endfor %}",
    "{% for n in numbers %}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }};{% endfor %}",
    "{% for n in numbers %}{{ loop.previtem }}<{{ n }}>{{ loop.nextitem }};{% endfor %}",
    "{% for n in numbers %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }} {% endfor %}",
    "{% for n in numbers if n > 1 %}{{ n }}{{ loop.length }}{% else %}none{% endfor %}",
    "{% for n in numbers if n > 100 %}{{ n }}{% else %}none{% endfor %}",
    "{% for n in empty %}x{% else %}empty{% endfor %}",
    "{% for k, v in tool.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k in tool %}{{ k }} {% endfor %}",
    "{% for k, v in tool | items %}{{ k }} {% endfor %}",
    "{% for (a, b), c in [((1, 2), 3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
    "{% for a, b in [1] %}{% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}",
    "{% for c in 'añ' %}[{{ c }}]{% endfor %}",
    "{% for x in nothing %}{% endfor %}",
    "{% for x in missing %}a{% else %}b{% endfor %}",
    "{% for x in 5 %}{% endfor %}",
    "{% for n in numbers %}{% if n == 2 %}{% break %}{% endif %}{{ n }}{% endfor %}|",
    "{% for n in numbers %}{% if n == 2 %}{% continue %}{% endif %}{{ n }} {% endfor %}|",
    "{% for a in [1, 2] %}{% for b in [1, 2, 3] %}{% if b == 2 %}{% break %}{% endif %}{{ a }}{{ b }} {% endfor %}{{ loop.index }}{% endfor %}",
    "{% break %}",
    "{% for n in [1, 2] %}{{ loop.cycle('a', 'b', 'c') }}{% endfor %}",
    "{% for n in [1, 1, 2] %}{{ loop.changed(n) }} {% endfor %}",
    "{% for n in [1] %}{% for m in [1] %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}{% endfor %}",
    "{% for m in messages | selectattr('role', 'ne', 'system') %}{{ m.role }}{{ loop.last }} {% endfor %}",
    "{% for x in [1, 2] + [3] %}{{ x }}{% endfor %}{{ x }}",
    "{% for x in 1, 2 %}{{ x }}{% endfor %}",
    "{% for x in [3] if x %}{{ x }}{% endfor %}",
    "{% for x in ([1] if yes else [2]) %}{{ x }}{% endfor %}",
    "{% for m in messages[1:] %}{{ m['role'] }} {% endfor %}",
    "{% for m in messages | reverse %}{{ m['role'] }} {% endfor %}",
    # Scopes and assignment.
    "{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = i + 5 %}{{ x }} {% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% if false %}{% set x = 2 %}{% endif %}{{ x is defined }}",
    "{% set ns = namespace(n=0, found=false) %}{% for i in numbers %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}{{ ns.found }}{{ ns.other is defined }}",
    "{% set ns = namespace() %}{% set ns.a = 1 %}{% set ns.a = ns.a + 1 %}{{ ns.a }}",
    "{% set tool.name = 1 %}",
    "{% set missing.name = 1 %}",
    "{% set a, b = 1, 2 %}{{ b }}{{ a }}",
    "{% set a = 1, 2 %}{{ a }}",
    "{% set a = [] %}{% set a = a + [1] %}{{ a }}",
    "{% set a %}x {{ name }} y{% endset %}[{{ a }}]",
    "{% set a | upper | replace('X', 'z') %}x {{ name }}{% endset %}[{{ a }}]",
    "{% set a %}{% set b = 1 %}{% endset %}{{ b is defined }}",
    "{% set true = 1 %}",
    "{% set name = name ~ '!' %}{{ name }}",
    "{% set loop = 1 %}{% for i in [1] %}{{ loop.index }}{% endfor %}{{ loop }}",
    "{% with a = 1, b = 2 %}{{ a + b }}{% set c = 3 %}{% endwith %}{{ c is defined }}",
    "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}",
    "{% set ns = namespace(_x=1) %}",
    # Macros.
    "{% macro greet(who, mark='!') %}Hi {{ who }}{{ mark }}{% endmacro %}{{ greet('you') }} {{ greet('you', '?') }} {{ greet(mark='.', who='me') }}",
    "{% macro m(a) %}[{{ a }}{{ a is defined }}]{% endmacro %}{{ m() }}{{ m(none) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
    "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}",
    "{% macro m(a) %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, x=4) }}",
    "{% macro m(a=1, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m() }}{{ m(2) }}{{ m(2, 3) }}",
    "{% macro m(n) %}{{ n }}{% if n > 0 %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(4) }}",
    "{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}",
    "{% macro m() %}{% set x = 5 %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{{ x }}",
    "{% macro m() -%}\n  a\n{%- endmacro %}[{{ m() }}]{{ m() | length }}{{ m() is string }}",
    "{% macro m() %}{{ caller() }}!{% endmacro %}{% call m() %}in{{ name }}{% endcall %}",
    "{% macro m(l) %}{% for i in l %}{{ caller(i, i * 2) }}{% endfor %}{% endmacro %}{% call(a, b) m([1, 2]) %}<{{ a }}{{ b }}>{% endcall %}",
    "{% macro m() %}x{% endmacro %}{% call m() %}y{% endcall %}",
    "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}",
    "{% for i in [1, 2] %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}",
    "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}B{% endmacro %}{{ a() }}",
    "{% macro m(a, a) %}{% endmacro %}",
    "{% macro m(x) %}{{ x.a }}{% endmacro %}{{ m({'a': 1}) }}{{ m(x={'a': 2}) }}",
    "{% macro m(*a) %}{% endmacro %}",
    "{% macro f(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ f(*[1, 2]) }}{{ f(**{'a': 3, 'b': 4}) }}",
    "{% macro m() %}{% for x in [1] %}{{ loop.index }}{% endfor %}{% endmacro %}{% for y in [1, 2] %}{{ m() }}{{ loop.index }}{% endfor %}",
    # Blocks.
    "{% filter upper %}a {{ name }}{% endfilter %}",
    "{% filter replace('a', 'b') | upper %}a{% endfilter %}",
    "{% generation %}said {{ name }}{% set z = 1 %}{% endgeneration %}{{ z is defined }}",
    "{% for m in messages %}{% if m.role == 'assistant' %}{% generation %}{{ m.content }}{% endgeneration %}{% endif %}{% endfor %}",
    "{% print 1 + 1 %}",
    "{% include 'x' %}",
    "{% import 'x' as y %}",
    "{% extends 'x' %}",
    "{% do 1 %}",
    # Whole conversations, in the forms that models are trained on.
    "{{ bos }}{% for m in messages %}<|{{ m.role }}|>\n{{ m['content'] | trim }}<|end|>\n{% endfor %}{% if go %}<|assistant|>\n{% endif %}",
    "{% if messages[0]['role'] == 'system' %}{% set rest = messages[1:] %}{% set sys = messages[0]['content'] %}{% else %}{% set rest = messages %}{% endif %}\n{% for m in rest %}\n{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}\n{{ raise_exception('roles must alternate') }}\n{% endif %}\n{% if loop.first and sys is defined %}\n{{ '[S]' + sys + '[/S]' }}\n{%- endif %}\n{{ '[' ~ m['role'] | upper ~ ']' }}\n{% endfor %}",
    "{%- for m in messages %}\n    {%- set content = m.content if m.content is string else '' %}\n    {%- if '</b>' in content %}\n        {{- content.split('</b>')[-1] }}\n    {%- elif m.calls %}\n        {%- for c in m.calls %}\n            {{- '\\n' if not loop.first }}{{ c | tojson }}\n        {%- endfor %}\n    {%- else %}\n        {{- '<' + m.role + '>' + content }}\n    {%- endif %}\n{%- endfor %}",
    "{{ raise_exception('only ' ~ messages | length) if messages | length > 2 else 'fine' }}",
    "{% if tools is defined and tools is not none %}T{% endif %}{% if not thinking | default(false) %}N{% endif %}",
]


def main():
    made = environment()
    cases = []
    for text in TEMPLATES + ["{{ " + each + " }}" for each in EXPRESSIONS]:
        case = {"template": text}
        try:
            case["text"] = made.from_string(text).render(**VARIABLES)
        except Exception as error:
            case["error"] = type(error).__name__
        cases.append(case)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "jinja.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"variables": VARIABLES, "cases": cases}, file, ensure_ascii=True, indent=0)
        file.write("\n")
    refused = sum("error" in case for case in cases)
    print(f"{path}: {len(cases)} cases, {refused} of them refused by jinja2")


main()
