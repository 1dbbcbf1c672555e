/// An expression in exact normal form: a sum of products of numbers, roots, π and variables.
///
/// √12 and 2√3, 3π/4 and 0.75π, x(x + 1) and x² + x are the same value. What is not multiplied
/// out, such as ln 2 or a quotient by a sum, is a factor of its own, named by its spelling; two
/// such factors may then be worth the same without being found equal, but never the other way
/// round.
struct AlgebraicForm: Hashable, Sendable {
  /// How often each factor is in a product, by its name: `3` to ½ is √3, `x` to 2 is x².
  /// Exponents are never 0, and those of whole numbers lie between 0 and 1.
  typealias Product = [String: Exponent]

  struct Exponent: Hashable, Sendable {
    let top: Int
    let bottom: Int

    init(_ top: Int, over bottom: Int = 1) {
      var (a, b) = (abs(top), abs(bottom))
      while b != 0 { (a, b) = (b, a % b) }
      let divisor = max(a, 1) * (bottom < 0 ? -1 : 1)
      (self.top, self.bottom) = (top / divisor, bottom / divisor)
    }

    /// nil where the result is of no use to anyone.
    static func + (a: Self, b: Self) -> Self? {
      guard a.isSmall, b.isSmall else { return nil }
      return Self(a.top * b.bottom + b.top * a.bottom, over: a.bottom * b.bottom)
    }
    static func * (a: Self, b: Self) -> Self? {
      guard a.isSmall, b.isSmall else { return nil }
      return Self(a.top * b.top, over: a.bottom * b.bottom)
    }
    private var isSmall: Bool { abs(top) < 1 << 20 && bottom < 1 << 20 }

    var text: String { bottom == 1 ? "\(top)" : "(\(top)/\(bottom))" }
  }

  /// The coefficients of the products; none is 0.
  private(set) var terms: [Product: ExactNumber]

  private static let termLimit = 40
  private static let factorLimit = 40

  private init(terms: [Product: ExactNumber]) { self.terms = terms.filter { !$0.value.isZero } }

  init(_ number: ExactNumber) { self.init(terms: [[:]: number]) }

  /// A factor of its own: π, a variable, a function of something.
  init(factor name: String) { self.init(terms: [[name: Exponent(1)]: .one]) }

  /// The value, if it is a rational number.
  var number: ExactNumber? {
    if terms.isEmpty { return .zero }
    guard terms.count == 1, let term = terms.first, term.key.isEmpty else { return nil }
    return term.value
  }

  /// Whether nothing in it is unknown: numbers, roots, π and e.
  var isConstant: Bool {
    terms.keys.allSatisfy { product in
      product.keys.allSatisfy { Self.isWhole($0) || ["π", "e", "i", "∞"].contains($0) }
    }
  }

  private static func isWhole(_ name: String) -> Bool { name.utf8.first?.isASCIIDigit ?? false }

  // MARK: Arithmetic; nil where the result would be too long

  static prefix func - (form: Self) -> Self { Self(terms: form.terms.mapValues { -$0 }) }

  static func + (left: Self, right: Self) -> Self? {
    var terms = left.terms
    for (product, coefficient) in right.terms {
      guard let sum = (terms[product] ?? .zero) + coefficient else { return nil }
      terms[product] = sum
    }
    return terms.count <= termLimit ? Self(terms: terms) : nil
  }

  static func * (left: Self, right: Self) -> Self? {
    guard left.terms.count * right.terms.count <= termLimit else { return nil }
    var sum = Self(.zero)
    for (a, x) in left.terms {
      for (b, y) in right.terms {
        guard let coefficient = x * y, let term = product(a, b, coefficient), let next = sum + term
        else { return nil }
        sum = next
      }
    }
    return sum
  }

  private static func product(_ a: Product, _ b: Product, _ coefficient: ExactNumber) -> Self? {
    var joined = a
    for (name, exponent) in b {
      guard let sum = (joined[name] ?? Exponent(0)) + exponent else { return nil }
      joined[name] = sum
    }
    return reduced(joined, coefficient)
  }

  /// A product whose whole factors have exponents between 0 and 1, and i one of 0 and 1.
  private static func reduced(_ product: Product, _ coefficient: ExactNumber) -> Self? {
    guard product.count <= factorLimit else { return nil }
    var (coefficient, left) = (coefficient, product.filter { $0.value.top != 0 })
    for (name, exponent) in left where isWhole(name) {
      let whole = Int((Double(exponent.top) / Double(exponent.bottom)).rounded(.down))
      guard whole != 0 else { continue }
      let base = ExactNumber(integer: name.utf8.map { $0 - ascii("0") })
      guard let power = base.power(whole), let scaled = coefficient * power else { return nil }
      coefficient = scaled
      let rest = Exponent(exponent.top - whole * exponent.bottom, over: exponent.bottom)
      left[name] = rest.top == 0 ? nil : rest
    }
    if let exponent = left["i"], exponent.bottom == 1 {
      let rest = ((exponent.top % 4) + 4) % 4
      if rest >= 2 { coefficient = -coefficient }
      left["i"] = rest % 2 == 0 ? nil : Exponent(1)
    }
    return Self(terms: [left: coefficient])
  }

  /// Divided by another form; nil by 0.
  func divided(by divisor: Self) -> Self? {
    guard let inverse = divisor.inverse else { return nil }
    return self * inverse
  }

  private var inverse: Self? {
    guard let first = terms.min(by: { Self.precedes($0.key, $1.key) }) else { return nil }
    guard terms.count > 1 else {
      guard let coefficient = first.value.inverse else { return nil }
      return Self.reduced(
        first.key.mapValues { Exponent(-$0.top, over: $0.bottom) }, coefficient)
    }
    // a + b√c turns rational when multiplied by a - b√c.
    if terms.count == 2, isOfSquareRoots {
      let conjugate = Self(
        terms: Dictionary(
          uniqueKeysWithValues: terms.map { ($0.key, $0.key == first.key ? $0.value : -$0.value) }))
      if let norm = self * conjugate, norm.number?.isZero == false {
        return norm.inverse.flatMap { conjugate * $0 }
      }
    }
    guard let leading = first.value.inverse, let monic = self * Self(leading) else { return nil }
    return Self(terms: [["(\(monic.text))": Exponent(-1)]: leading])
  }

  private var isOfSquareRoots: Bool {
    terms.keys.allSatisfy { $0.allSatisfy { Self.isWhole($0.key) && $0.value.bottom == 2 } }
  }

  /// To the power of another form.
  func power(_ exponent: Self) -> Self? {
    guard let number = exponent.number else { return opaquePower(exponent) }
    let (top, bottom) = number.quotient
    guard let top = top.small.flatMap({ Int(exactly: $0) }), let bottom = bottom.small,
      top < 1 << 20, bottom < 64
    else { return opaquePower(exponent) }
    let signed = number.isNegative ? -top : top
    return power(Exponent(signed, over: Int(bottom))) ?? opaquePower(exponent)
  }

  private func opaquePower(_ exponent: Self) -> Self? {
    guard !terms.isEmpty else { return nil }
    let (base, power) = (text, exponent.text)
    guard base.utf8.count + power.utf8.count < 200 else { return nil }
    return Self(factor: "(\(base))^(\(power))")
  }

  private func power(_ exponent: Exponent) -> Self? {
    if terms.isEmpty { return exponent.top > 0 ? self : nil }
    if terms.count == 1, let (product, coefficient) = terms.first {
      var powers: Product = [:]
      for (name, own) in product {
        guard let scaled = own * exponent else { return nil }
        powers[name] = scaled
      }
      guard let factors = Self.root(coefficient, exponent) else { return nil }
      return Self.reduced(powers, .one).flatMap { $0 * factors }
    }
    guard exponent.bottom == 1 else { return nil }
    guard exponent.top >= 0 else { return inverse?.power(Exponent(-exponent.top)) }
    guard exponent.top <= 16 else { return nil }
    var result = Self(.one)
    for _ in 0..<exponent.top {
      guard let next = result * self else { return nil }
      result = next
    }
    return result
  }

  /// A rational number to a power.
  private static func root(_ number: ExactNumber, _ exponent: Exponent) -> Self? {
    if exponent.bottom == 1 { return number.power(exponent.top).map { Self($0) } }
    let (top, bottom) = number.quotient
    guard let up = rootProduct(top, exponent),
      let down = rootProduct(bottom, Exponent(-exponent.top, over: exponent.bottom)),
      let result = up * down
    else { return nil }
    guard number.isNegative else { return result }
    // Odd roots of a negative number are negative, square roots imaginary.
    if exponent.bottom % 2 == 1 { return exponent.top % 2 == 0 ? result : -result }
    guard exponent == Exponent(1, over: 2) else { return nil }
    return result * Self(factor: "i")
  }

  private static func rootProduct(_ number: Natural, _ exponent: Exponent) -> Self? {
    guard let primes = factors(of: number) else { return nil }
    var product: Product = [:]
    for (prime, count) in primes {
      guard let power = exponent * Exponent(count) else { return nil }
      product[prime] = power
    }
    return reduced(product, .one)
  }

  /// The prime factors below 10,000, and what is left as one factor or the square of one. A number
  /// beyond 18 digits is one factor.
  private static func factors(of number: Natural) -> [String: Int]? {
    guard number.digitCount <= 60 else { return nil }
    guard var rest = number.small else { return [number.text: 1] }
    var found: [String: Int] = [:]
    var divisor: UInt64 = 2
    while divisor < 10_000, divisor * divisor <= rest {
      if rest % divisor == 0 {
        found["\(divisor)", default: 0] += 1
        rest /= divisor
      } else {
        divisor += divisor == 2 ? 1 : 2
      }
    }
    guard rest != 1 else { return found }
    let root = UInt64(Double(rest).squareRoot().rounded())
    let isSquare = root < 1 << 32 && root * root == rest
    found["\(isSquare ? root : rest)", default: 0] += isSquare ? 2 : 1
    return found
  }

  // MARK: Spelling

  /// The canonical spelling, which reads back as the same form: `2√3`, `(1/3)π`, `x^2 + 2x + 1`.
  var text: String {
    let ordered = terms.sorted { Self.precedes($0.key, $1.key) }
    guard let first = ordered.first else { return "0" }
    return ordered.dropFirst().reduce(into: Self.text(first.key, first.value)) { text, term in
      text += term.value.isNegative ? " - " : " + "
      text += Self.text(term.key, term.value.magnitude)
    }
  }

  private static func text(_ product: Product, _ coefficient: ExactNumber) -> String {
    guard !product.isEmpty else { return coefficient.description }
    var factors = factors(product.filter { $0.value.top > 0 })
    let under = Self.factors(
      product.compactMapValues { $0.top < 0 ? Exponent(-$0.top, over: $0.bottom) : nil })
    let size = coefficient.magnitude
    var number = size.description
    if !size.denominator.isOne { number = "(\(number))" }
    if size != .one || factors.isEmpty { factors.insert(number, at: 0) }
    var text = factors.first ?? ""
    for factor in factors.dropFirst() {
      // A number stands right before what is no number.
      let isGlued = text == number && !isWhole(factor)
      text += (isGlued ? "" : "*") + factor
    }
    if !under.isEmpty {
      text += under.count == 1 ? "/\(under[0])" : "/(\(under.joined(separator: "*")))"
    }
    return (coefficient.isNegative ? "-" : "") + text
  }

  /// The factors in order: roots, then π and the rest by name.
  private static func factors(_ product: Product) -> [String] {
    var texts: [String] = []
    let roots = product.filter { isWhole($0.key) }
    for bottom in Set(roots.values.map(\.bottom)).sorted() {
      // One root of one number, where the exponents are those of one.
      var inside = ExactNumber.one
      for (name, exponent) in roots where exponent.bottom == bottom {
        let base = ExactNumber(integer: name.utf8.map { $0 - ascii("0") })
        inside = base.power(exponent.top).flatMap { inside * $0 } ?? inside
      }
      texts.append(bottom == 2 ? "√\(inside)" : "\(inside)^(1/\(bottom))")
    }
    let others = product.filter { !isWhole($0.key) }
    return texts
      + others.keys.sorted(by: namePrecedes).map { name in
        let exponent = others[name] ?? Exponent(1)
        return exponent == Exponent(1) ? name : "\(name)^\(exponent.text)"
      }
  }

  private static func namePrecedes(_ a: String, _ b: String) -> Bool {
    (a == "π" ? 0 : 1, a) < (b == "π" ? 0 : 1, b)
  }

  /// Higher powers first, numbers last, otherwise by spelling.
  private static func precedes(_ a: Product, _ b: Product) -> Bool {
    func degree(_ product: Product) -> Double {
      product.reduce(0) {
        isWhole($1.key) ? $0 : $0 + Double($1.value.top) / Double($1.value.bottom)
      }
    }
    let (left, right) = (degree(a), degree(b))
    return left != right ? left > right : key(a) < key(b)
  }

  private static func key(_ product: Product) -> String {
    product.keys.sorted().map { "\($0)^\(product[$0]?.text ?? "")" }.joined(separator: "*")
  }
}
