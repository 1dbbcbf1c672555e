import Foundation
import Testing

@testable import TerminalUI

@Suite struct ChartTests {
  @Test(arguments: [false, true])
  func placesAndValuesAreInverse(isLogarithmic: Bool) throws {
    let scale = try #require(
      ChartScale(of: [3, 40, 5000], isLogarithmic: isLogarithmic))
    for value in [3.0, 17, 40, 999, 5000] {
      let position = scale.position(of: value)
      #expect((0...1).contains(position))
      #expect(abs(scale.value(at: position) - value) < 1e-9 * value)
    }
    #expect(scale.position(of: 3) < scale.position(of: 40))
  }

  /// Doubling is the same distance everywhere on a logarithmic scale.
  @Test func logarithmicStepsAreEven() throws {
    let scale = ChartScale(1...1024, isLogarithmic: true)
    for exponent in 0...10 {
      let position = scale.position(of: pow(2, Double(exponent)))
      #expect(abs(position - Double(exponent) / 10) < 1e-12)
    }
  }

  @Test func whatHasNoPlaceIsLeftOut() throws {
    #expect(ChartScale(of: []) == nil)
    #expect(ChartScale(of: [0, -1], isLogarithmic: true) == nil)
    #expect(ChartScale(of: [.nan, .infinity]) == nil)
    let one = try #require(ChartScale(of: [7], isLogarithmic: true))
    #expect(abs(one.position(of: 7) - 0.5) < 1e-12)
    #expect(ChartScale(2...2).position(of: 2) == 0.5)
  }

  @Test func ticksAreRoundAndInside() throws {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      let low = pow(10, Double.random(in: -2...6, using: &random))
      let high = low * pow(10, Double.random(in: 0.01...6, using: &random))
      for isLogarithmic in [false, true] {
        let scale = ChartScale(low...high, isLogarithmic: isLogarithmic)
        for count in [1, 3, 8] {
          let ticks = scale.ticks(atMost: count)
          #expect(ticks.count <= count)
          #expect(ticks == ticks.sorted())
          #expect(ticks.allSatisfy(scale.range.contains))
        }
        #expect(!isLogarithmic || high / low < 10 || !scale.ticks(atMost: 8).isEmpty)
      }
    }
    #expect(ChartScale(0.9...4.1, isWhole: true).ticks(atMost: 8) == [1, 2, 3, 4])
    #expect(
      ChartScale(1...8, isLogarithmic: true, isWhole: true).ticks(atMost: 9)
        == [1, 2, 3, 4, 5, 6, 7, 8])
    #expect(ChartScale(0...1).ticks(atMost: 6) == [0, 0.2, 0.4, 0.6000000000000001, 0.8, 1])
    #expect(
      ChartScale(1...100, isLogarithmic: true).ticks(atMost: 8) == [1, 2, 5, 10, 20, 50, 100])
  }

  /// Any ten curves have colours of their own, and more, or those of an oracle, other dashes.
  @Test func curvesAreToldApart() {
    let points = [1.0, 10].map { ChartPoint(x: $0, y: 0.5, interval: nil) }
    func strokes(_ series: [SvgChart.Series]) -> [Substring] {
      SvgChart(
        title: "", notes: [], xTitle: "", yTitle: "", x: ChartScale(1...10), y: ChartScale(0...1),
        series: series, xText: { "\($0)" }, yText: { "\($0)" }
      ).svg.split(separator: "\n").filter { $0.hasPrefix("<polyline") }
    }
    let many = (0..<20).map { SvgChart.Series(name: "\($0)", points: points) }
    let lines = strokes(many)
    #expect(lines.count == 20)
    #expect(Set(lines).count == 20)
    #expect(!lines.prefix(10).contains { $0.contains("dash") })
    let oracles = many.map { SvgChart.Series(name: $0.name, points: points, isDashed: true) }
    #expect(Set(lines + strokes(oracles)).count == 40)
  }

  @Test func aChartIsOnePictureWithEveryCurve() throws {
    let points = [1.0, 10, 100].map {
      ChartPoint(x: $0, y: 0.5, interval: 0.4...0.6)
    }
    let chart = SvgChart(
      title: "a < b & \"c\"", notes: ["note"], xTitle: "tokens", yTitle: "accuracy",
      x: ChartScale(1...100, isLogarithmic: true), y: ChartScale(0...1),
      series: [
        .init(name: "one & only", points: points),
        .init(name: "oracle", points: Array(points.prefix(1)), isDashed: true),
      ], xText: { "\(Int($0))" }, yText: { "\($0)" }
    ).svg
    #expect(chart.contains("<title>a &lt; b &amp; &quot;c&quot;</title>"))
    #expect(chart.contains("one &amp; only"))
    #expect(chart.components(separatedBy: "<polyline").count == 2)
    #expect(chart.components(separatedBy: "<polygon").count == 2)
    #expect(!chart.contains("nan"))
    #expect(!chart.contains("inf"))
    // The ends and the middle of a logarithmic axis.
    #expect(chart.contains("points=\"70,208 315,208 560,208\""))
    for tag in ["svg", "g", "text"] {
      let opened = chart.components(separatedBy: "<\(tag) ").count
      #expect(opened == chart.components(separatedBy: "</\(tag)>").count)
    }
  }
}
