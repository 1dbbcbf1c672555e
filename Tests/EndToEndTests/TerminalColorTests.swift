import Foundation
import Testing

extension TerminalTests {
  /// What the terminal can do decides the picture, and every terminal gets a legible one.
  @Suite struct ColorTests {
    struct Tier: CustomTestStringConvertible, Sendable {
      var name: String
      var environment: [String: String]
      var colors: Colors
      var isASCII = false
      var testDescription: String { name }
    }

    enum Colors: Sendable { case none, few, palette }

    static let tiers = [
      Tier(name: "tmux", environment: ["TERM": "screen-256color"], colors: .palette),
      Tier(name: "xterm", environment: ["TERM": "xterm-256color"], colors: .palette),
      Tier(name: "8 colours", environment: ["TERM": "xterm"], colors: .few),
      Tier(
        name: "NO_COLOR", environment: ["TERM": "xterm-256color", "NO_COLOR": "1"], colors: .none),
      Tier(name: "vt100", environment: ["TERM": "vt100"], colors: .none, isASCII: true),
      Tier(
        name: "ASCII", environment: ["TERM": "xterm-256color", "LC_ALL": "C"], colors: .palette,
        isASCII: true),
    ]

    @Test(arguments: tiers) func tier(_ tier: Tier) async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        let picture = try await session.startPlayground(environment: tier.environment)
        #expect(picture.text.contains("I have 3 apples, my dad has"))
        #expect(picture.text.unicodeScalars.allSatisfy(\.isASCII) == tier.isASCII)
        // No part of an escape sequence is left over as text.
        for fragment in ["[?", "[m", "[0;", "[38", "\u{1B}", "^["] {
          #expect(!picture.text.contains(fragment), "\(fragment) in \(picture.text)")
        }
        let colors = foregroundColors(in: try session.coloredScreen())
        switch tier.colors {
        case .none: #expect(colors.isEmpty)
        case .few: #expect(!colors.isEmpty && !colors.contains(38))
        case .palette: #expect(colors.contains(38))
        }
        for key in ["2", "3", "1"] { try session.press(key) }
        try await session.wait("Decode again") { $0.content == picture.content }
        try session.press("q")
        #expect(try await session.exitStatus() == 0)
        try session.expectGivenBack()
        #expect(try await session.lineSettings() == before)
      }
    }

    /// The colours set by the sequences in a text: 30 to 37 and so on, 38 for those of a palette.
    private func foregroundColors(in text: String) -> Set<Int> {
      var found: Set<Int> = []
      for match in text.matches(of: #/\u{1B}\[([0-9;]*)m/#) {
        let numbers = match.1.split(separator: ";").compactMap { Int($0) }
        // What follows 38 and 48 is no attribute.
        let end = numbers.firstIndex { $0 == 38 || $0 == 48 }.map { $0 + 1 } ?? numbers.count
        for number in numbers[..<end] {
          if (30...38).contains(number) || (90...97).contains(number) { found.insert(number) }
          if number == 48 { found.insert(38) }
          if (40...47).contains(number) || (100...107).contains(number) {
            found.insert(number - 10)
          }
        }
      }
      return found
    }

    @Test(arguments: ["dumb", "no-such-terminal", ""])
    func unusableTerminal(_ name: String) async throws {
      try await TerminalSession.with { session in
        let before = try await session.lineSettings()
        let model = try PlaygroundModel.write(to: session.folder)
        try session.start(["play", "--model", model], environment: ["TERM": name])
        #expect(try await session.exitStatus() == 1)
        let text = try session.screen().rows.joined()
        #expect(text.contains("ponder: "))
        #expect(text.contains("TERM=xterm-256color"))
        try session.expectGivenBack()
        #expect(try await session.lineSettings() == before)
      }
    }
  }
}
