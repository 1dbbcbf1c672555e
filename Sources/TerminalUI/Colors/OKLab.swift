import Foundation

/// A colour in the OKLab space, where distance is close to perceived difference.
///
/// Source: Björn Ottosson, "A perceptual color space for image processing", 2020.
struct OKLab: Hashable, Sendable {
  /// Lightness, 0 (black) to 1 (white).
  var lightness: Double
  /// Green (negative) to red.
  var a: Double
  /// Blue (negative) to yellow.
  var b: Double

  /// The sRGB colour of this lightness and hue. Where sRGB has none that vivid, it is less vivid,
  /// never lighter or darker.
  var color: Color {
    var candidate = self
    for _ in 0..<40 {
      let parts = candidate.linearParts
      if [parts.red, parts.green, parts.blue].allSatisfy({ (-0.0005...1.0005).contains($0) }) {
        break
      }
      candidate.a *= 0.9
      candidate.b *= 0.9
    }
    let parts = candidate.linearParts
    return .rgb(OKLab.encoded(parts.red), OKLab.encoded(parts.green), OKLab.encoded(parts.blue))
  }

  /// Linear sRGB, outside 0...1 where the colour is out of gamut.
  private var linearParts: (red: Double, green: Double, blue: Double) {
    let l = pow3(lightness + 0.3963377774 * a + 0.2158037573 * b)
    let m = pow3(lightness - 0.1055613458 * a - 0.0638541728 * b)
    let s = pow3(lightness - 0.0894841775 * a - 1.2914855480 * b)
    return (
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s
    )
  }

  var chroma: Double { (a * a + b * b).squareRoot() }

  /// The point a share `t` of the way to `other`, `t` in 0...1.
  func mixed(with other: OKLab, _ t: Double) -> OKLab {
    OKLab(
      lightness: lightness + (other.lightness - lightness) * t, a: a + (other.a - a) * t,
      b: b + (other.b - b) * t)
  }

  func squaredDistance(to other: OKLab) -> Double {
    let dl = lightness - other.lightness
    let da = a - other.a
    let db = b - other.b
    return dl * dl + da * da + db * db
  }

  /// sRGB's transfer function, decoded (IEC 61966-2-1).
  static func linear(_ encoded: UInt8) -> Double {
    let value = Double(encoded) / 255
    return value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4)
  }

  private static func encoded(_ linear: Double) -> UInt8 {
    let clipped = min(1, max(0, linear))
    let value = clipped <= 0.0031308 ? 12.92 * clipped : 1.055 * pow(clipped, 1 / 2.4) - 0.055
    return UInt8((value * 255).rounded())
  }

  private func pow3(_ value: Double) -> Double { value * value * value }
}

extension OKLab {
  init(red: UInt8, green: UInt8, blue: UInt8) {
    let r = OKLab.linear(red)
    let g = OKLab.linear(green)
    let b = OKLab.linear(blue)
    let l = cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b)
    let m = cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b)
    let s = cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b)
    self.init(
      lightness: 0.2104542553 * l + 0.7936177850 * m - 0.0040720468 * s,
      a: 1.9779984951 * l - 2.4285922050 * m + 0.4505937099 * s,
      b: 0.0259040371 * l + 0.7827717662 * m - 0.8086757660 * s)
  }

  init?(_ color: Color) {
    guard let (red, green, blue) = color.components else { return nil }
    self.init(red: red, green: green, blue: blue)
  }
}

extension Color {
  /// WCAG 2's relative luminance, 0 (black) to 1 (white); nil for `.default`.
  var relativeLuminance: Double? {
    guard let (red, green, blue) = components else { return nil }
    return 0.2126 * OKLab.linear(red) + 0.7152 * OKLab.linear(green) + 0.0722 * OKLab.linear(blue)
  }

  /// WCAG 2's contrast ratio, 1 (none) to 21; nil if either colour is the terminal's own.
  public func contrast(with other: Color) -> Double? {
    guard let mine = relativeLuminance, let theirs = other.relativeLuminance else { return nil }
    return (max(mine, theirs) + 0.05) / (min(mine, theirs) + 0.05)
  }
}
