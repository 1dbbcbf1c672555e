/// A whole number from 0, of any size, in limbs of nine decimal digits.
struct Natural: Hashable, Sendable {
  /// The least significant limb first, without leading zeros; none for 0.
  private var limbs: [UInt32]

  private static let base: UInt64 = 1_000_000_000

  private init(limbs: [UInt32]) {
    self.limbs = limbs
    while self.limbs.last == 0 { self.limbs.removeLast() }
  }

  init(_ value: UInt64) {
    var limbs: [UInt32] = []
    var rest = value
    while rest > 0 {
      limbs.append(UInt32(rest % Self.base))
      rest /= Self.base
    }
    self.init(limbs: limbs)
  }

  /// The number with these decimal digits, from 0 to 9, the most significant first.
  init(digits: some Sequence<UInt8>) {
    let digits = Array(digits)
    var limbs: [UInt32] = []
    var end = digits.count
    while end > 0 {
      let start = max(0, end - 9)
      limbs.append(digits[start..<end].reduce(0) { $0 * 10 + UInt32($1) })
      end = start
    }
    self.init(limbs: limbs)
  }

  static let zero = Natural(0)
  static let one = Natural(1)

  var isZero: Bool { limbs.isEmpty }
  var isOne: Bool { limbs == [1] }

  /// The decimal digits as text.
  var text: String {
    guard let top = limbs.last else { return "0" }
    return limbs.dropLast().reversed().reduce(into: "\(top)") { text, limb in
      let digits = "\(limb)"
      text += String(repeating: "0", count: 9 - digits.count) + digits
    }
  }

  /// How many decimal digits it has; 1 for 0.
  var digitCount: Int {
    guard let top = limbs.last else { return 1 }
    return (limbs.count - 1) * 9 + "\(top)".count
  }

  /// The value, if it fits.
  var small: UInt64? {
    guard limbs.count <= 2 else { return nil }
    return limbs.reversed().reduce(0) { $0 * Self.base + UInt64($1) }
  }

  static func < (left: Self, right: Self) -> Bool {
    guard left.limbs.count == right.limbs.count else { return left.limbs.count < right.limbs.count }
    return left.limbs.reversed().lexicographicallyPrecedes(right.limbs.reversed())
  }

  static func + (left: Self, right: Self) -> Self {
    let (long, short) =
      left.limbs.count < right.limbs.count ? (right.limbs, left.limbs) : (left.limbs, right.limbs)
    var limbs: [UInt32] = []
    limbs.reserveCapacity(long.count + 1)
    var carry: UInt64 = 0
    for index in long.indices {
      let sum = UInt64(long[index]) + (index < short.count ? UInt64(short[index]) : 0) + carry
      limbs.append(UInt32(sum % base))
      carry = sum / base
    }
    limbs.append(UInt32(carry))
    return Natural(limbs: limbs)
  }

  /// The difference; 0 where `right` is larger.
  static func - (left: Self, right: Self) -> Self {
    guard right < left else { return zero }
    var limbs = left.limbs
    var borrow: Int64 = 0
    for index in limbs.indices {
      let below = index < right.limbs.count ? Int64(right.limbs[index]) : 0
      var difference = Int64(limbs[index]) - below - borrow
      borrow = difference < 0 ? 1 : 0
      if difference < 0 { difference += Int64(base) }
      limbs[index] = UInt32(difference)
    }
    return Natural(limbs: limbs)
  }

  static func * (left: Self, right: Self) -> Self {
    var limbs = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count + 1)
    for (i, a) in left.limbs.enumerated() {
      var carry: UInt64 = 0
      for (j, b) in right.limbs.enumerated() {
        let sum = UInt64(a) * UInt64(b) + UInt64(limbs[i + j]) + carry
        limbs[i + j] = UInt32(sum % base)
        carry = sum / base
      }
      limbs[i + right.limbs.count] += UInt32(carry)
    }
    return Natural(limbs: limbs)
  }

  /// The quotient and the rest by a divisor from 1 to 999,999,999.
  func divided(bySmall divisor: UInt32) -> (quotient: Natural, rest: UInt32) {
    var limbs = limbs
    var rest: UInt64 = 0
    for index in limbs.indices.reversed() {
      let part = rest * Self.base + UInt64(limbs[index])
      limbs[index] = UInt32(part / UInt64(divisor))
      rest = part % UInt64(divisor)
    }
    return (Natural(limbs: limbs), UInt32(rest))
  }

  /// The quotient and the rest, by Knuth's algorithm D; nil by 0.
  func divided(by divisor: Natural) -> (quotient: Natural, rest: Natural)? {
    guard let top = divisor.limbs.last else { return nil }
    if self < divisor { return (.zero, self) }
    if divisor.limbs.count == 1 {
      let (quotient, rest) = divided(bySmall: top)
      return (quotient, Natural(UInt64(rest)))
    }
    let base = Self.base
    let scale = Natural(base / (UInt64(top) + 1))
    let low = (divisor * scale).limbs
    var high = (self * scale).limbs
    while high.count <= limbs.count { high.append(0) }
    let size = low.count
    let (first, second) = (UInt64(low[size - 1]), UInt64(low[size - 2]))
    var quotient = [UInt32](repeating: 0, count: high.count - size)
    for index in quotient.indices.reversed() {
      let head = UInt64(high[index + size]) * base + UInt64(high[index + size - 1])
      var guess = head / first
      var left = head % first
      while guess >= base || guess * second > left * base + UInt64(high[index + size - 2]) {
        guess -= 1
        left += first
        if left >= base { break }
      }
      var borrow: Int64 = 0
      var carry: UInt64 = 0
      for offset in 0...size {
        let product = (offset < size ? guess * UInt64(low[offset]) : 0) + carry
        carry = product / base
        var difference = Int64(high[index + offset]) - Int64(product % base) - borrow
        borrow = difference < 0 ? 1 : 0
        if difference < 0 { difference += Int64(base) }
        high[index + offset] = UInt32(difference)
      }
      if borrow > 0 {
        guess -= 1
        var carry: UInt64 = 0
        for offset in 0...size {
          let sum =
            UInt64(high[index + offset]) + (offset < size ? UInt64(low[offset]) : 0) + carry
          high[index + offset] = UInt32(sum % base)
          carry = sum / base
        }
      }
      quotient[index] = UInt32(guess)
    }
    let rest = Natural(limbs: Array(high.prefix(size)))
    return (Natural(limbs: quotient), rest.divided(bySmall: UInt32(scale.small ?? 1)).quotient)
  }

  static func greatestCommonDivisor(_ a: Natural, _ b: Natural) -> Natural {
    var (a, b) = (a, b)
    while !b.isZero {
      let rest = a.divided(by: b)?.rest ?? .zero
      (a, b) = (b, rest)
    }
    return a
  }

  /// The number without the zeros at its end, and how many they were.
  func withoutTrailingZeros() -> (number: Natural, count: Int) {
    guard let full = limbs.firstIndex(where: { $0 != 0 }) else { return (self, 0) }
    var number = Natural(limbs: Array(limbs[full...]))
    var count = full * 9
    while true {
      let (quotient, rest) = number.divided(bySmall: 10)
      guard rest == 0 else { return (number, count) }
      (number, count) = (quotient, count + 1)
    }
  }

  func power(_ exponent: Int) -> Natural {
    var (result, square, rest) = (Natural.one, self, exponent)
    while rest > 0 {
      if rest % 2 == 1 { result = result * square }
      rest /= 2
      if rest > 0 { square = square * square }
    }
    return result
  }
}
