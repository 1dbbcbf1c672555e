import Foundation
import Testing

/// `scale`: studies from the command line, their formats, and that a second look is free.
@Suite struct ScaleCommandTests {
  private static let study = [
    "scale", "--model", "0.2m", "--family", "compare", "--prompting",
    "plain", "--max-tokens", "6",
  ]

  private struct Report: Decodable {
    struct Curve: Decodable {
      var curve: String
      var oracle: Bool
      var points: [Point]
    }

    struct Point: Decodable {
      var knob: Int?
      var level: Int?
      var problems: Int
      var accuracy: Double
      var accuracyCi95: [Double]
      var tokens: Double
      var flops: Double
      var parameters: Int
    }

    var study: String
    var done: Int
    var total: Int
    var curves: [Curve]
  }

  private func inFolder(_ work: (URL, [String: String]) throws -> Void) throws {
    let folder = try Program.temporaryFolder()
    defer { try? FileManager.default.removeItem(at: folder) }
    try work(folder, ["XDG_STATE_HOME": folder.path])
  }

  @Test func samplesAreKeptAndToldInEveryFormat() throws {
    try inFolder { folder, environment in
      let arguments =
        Self.study + [
          "--study", "samples", "--count", "3", "--samples", "4", "--verifier", "likelihood",
        ]
      let first = try Program.run(arguments + ["--format", "json"], environment: environment)
      #expect(first.status == 0, "\(first.errors)")
      #expect(first.errors == "")
      let report = try first.json(Report.self)
      #expect(report.study == "samples")
      #expect(report.done == 3)
      #expect(report.total == 3)
      #expect(report.curves.map(\.curve) == ["pass@k", "majority", "best of k", "weighted vote"])
      for curve in report.curves {
        #expect(curve.points.map(\.knob) == [1, 2, 4])
        for point in curve.points {
          #expect(point.problems == 3)
          #expect(point.accuracyCi95.count == 2)
          #expect((point.accuracyCi95[0]...point.accuracyCi95[1]).contains(point.accuracy))
          #expect(abs(point.flops - 2 * Double(point.parameters) * point.tokens) < 1)
          // No path is longer than it may be.
          #expect(point.tokens <= 6 * Double(point.knob ?? 0))
        }
      }
      let kept = try FileManager.default.contentsOfDirectory(
        atPath: folder.appending(path: "ponder/studies").path)
      #expect(kept.count == 1)
      #expect(kept[0].hasPrefix("samples-"))
      // The same again, whatever its form, adds nothing.
      let second = try Program.run(arguments + ["--format", "json"], environment: environment)
      #expect(second.output == first.output)
      let csv = try Program.run(arguments + ["--format", "csv"], environment: environment)
      #expect(csv.output.split(separator: "\n").count == 1 + 12)
      let picture = folder.appending(path: "chart.svg")
      let svg = try Program.run(
        arguments + ["--format", "svg", "--out", picture.path], environment: environment)
      #expect(svg.status == 0)
      #expect(svg.output == "")
      #expect(svg.errors == "")
      let text = try String(contentsOf: picture, encoding: .utf8)
      #expect(text.hasPrefix("<svg "))
      #expect(text.contains("weighted vote"))
      let table = try Program.run(arguments, environment: environment)
      #expect(table.output.contains("pass@k (oracle)"))
    }
  }

  @Test func difficultyHasAPointForEveryLevel() throws {
    try inFolder { _, environment in
      let result = try Program.run(
        Self.study + ["--study", "difficulty", "--count", "1", "--format", "json"],
        environment: environment)
      #expect(result.status == 0, "\(result.errors)")
      let report = try result.json(Report.self)
      #expect(report.curves.map(\.curve) == ["plain", "think"])
      let levels = report.curves[0].points.compactMap(\.level)
      #expect(levels.count > 1)
      #expect(levels == levels.sorted())
      #expect(report.done == 2 * levels.count)
    }
  }

  @Test func whatMakesNoSenseIsSaid() throws {
    let scale = ["scale", "--family", "compare"]
    try Program.expectFailure(scale, status: 64, saying: "--study")
    try Program.expectFailure(
      ["scale", "--study", "samples"], status: 64, saying: "--family")
    try Program.expectFailure(
      scale + ["--study", "size", "--model", "x"], status: 64, saying: "leave --model out")
    try Program.expectFailure(
      scale + ["--study", "samples", "--samples", "1000"], status: 64, saying: "1 to 256")
    try Program.expectFailure(
      scale + ["--study", "strategies", "--strategy", "magic"], status: 64, saying: "magic")
    try Program.expectFailure(
      ["scale", "--study", "samples", "--family", "nothing"], status: 64, saying: "nothing")
  }
}
