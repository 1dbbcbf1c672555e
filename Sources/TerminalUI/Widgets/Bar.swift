/// A horizontal bar with a resolution of an eighth of a cell.
public enum Bar {
  private static let eighths = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]

  /// The bar as text: `fraction` (0...1, clamped; NaN counts as 0) of `width` columns. Anything
  /// above zero shows at least the thinnest block.
  public static func text(_ fraction: Double, width: Int) -> String {
    let share = fraction.isNaN ? 0 : min(1, max(0, fraction))
    var steps = Int((share * Double(max(0, width)) * 8).rounded())
    if share > 0, steps == 0, width > 0 { steps = 1 }
    return String(repeating: "█", count: steps / 8) + eighths[steps % 8]
  }

  /// Draws a bar along the first row of `rect` and returns the column after its end.
  @discardableResult
  public static func draw(
    _ fraction: Double, in rect: Rect, style: Style, on buffer: inout CellBuffer
  ) -> Int { buffer.put(text(fraction, width: rect.width), x: rect.x, y: rect.y, style: style) }

  /// Draws two values on one scale, the second over the first: what both have as `█`, what only the
  /// second has as `▒`, what only the first has as `░`. So `███▒▒` has grown, `███░░` shrunk.
  ///
  /// - Parameters:
  ///   - fraction: the first value, in 0...1 of the whole width.
  ///   - overlay: the second, on the same scale.
  ///   - more: the style of what only the second has.
  ///   - less: the style of what only the first has.
  public static func draw(
    _ fraction: Double, overlay: Double, in rect: Rect, style: Style, more: Style, less: Style,
    on buffer: inout CellBuffer
  ) {
    let (first, second) = (cells(fraction, width: rect.width), cells(overlay, width: rect.width))
    let both = draw(min(fraction, overlay), in: rect, style: style, on: &buffer)
    let end = rect.x + max(first, second)
    guard both < end else { return }
    buffer.put(
      String(repeating: second > first ? "▒" : "░", count: end - both), x: both, y: rect.y,
      style: second > first ? more : less)
  }

  /// The cells that a bar takes, the one it begins included.
  private static func cells(_ fraction: Double, width: Int) -> Int {
    text(fraction, width: width).count
  }

  /// Draws a bar with the interval of its value as a whisker: `█████├──┼──┤`. Where the whisker
  /// lies inside the bar it is drawn in reverse.
  ///
  /// - Parameters:
  ///   - fraction: the value, in 0...1 of the whole width.
  ///   - interval: its lower and upper limit on the same scale.
  public static func draw(
    _ fraction: Double, interval: ClosedRange<Double>, in rect: Rect, style: Style,
    whiskerStyle: Style, on buffer: inout CellBuffer
  ) {
    guard !rect.isEmpty else { return }
    draw(fraction, in: rect, style: style, on: &buffer)
    let low = column(interval.lowerBound, width: rect.width)
    let high = column(interval.upperBound, width: rect.width)
    let filled = Int((min(1, max(0, fraction)) * Double(rect.width)).rounded(.down))
    for column in low...max(low, high) {
      let glyph: String
      if low == high {
        glyph = "┼"
      } else {
        glyph = column == low ? "├" : column == high ? "┤" : "─"
      }
      let onBar = style.adding(.reverse)
      buffer.put(
        glyph, x: rect.x + column, y: rect.y, style: column < filled ? onBar : whiskerStyle)
    }
  }

  private static func column(_ fraction: Double, width: Int) -> Int {
    let share = fraction.isNaN ? 0 : min(1, max(0, fraction))
    return min(width - 1, Int(share * Double(width)))
  }
}

/// A row of small columns, one for each value.
public enum Sparkline {
  private static let levels = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]

  /// The glyph for a share of the range, 0...1; a missing value is a space.
  public static func glyph(_ share: Double?) -> String {
    guard let share, !share.isNaN else { return " " }
    return levels[min(7, max(0, Int(min(1, max(0, share)) * 8)))]
  }

  /// Draws the last values that fit into the first row of `rect`, from the left, each in the style
  /// that `style` gives for its index.
  public static func draw(
    _ values: [Double?], range: ClosedRange<Double> = 0...1, in rect: Rect,
    on buffer: inout CellBuffer, style: (Int) -> Style
  ) {
    let span = range.upperBound - range.lowerBound
    let first = max(0, values.count - rect.width)
    for index in first..<max(first, values.count) {
      let share = values[index].map { span > 0 ? ($0 - range.lowerBound) / span : 0 }
      buffer.put(glyph(share), x: rect.x + index - first, y: rect.y, style: style(index))
    }
  }
}
