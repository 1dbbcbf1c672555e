import Decoding
import DecodingFixtures
import Foundation
import TerminalFixtures
import TerminalUI
import Testing

@testable import Playground
@testable import Traces

/// Another model's distribution beside the model's own.
@Suite struct ModelBesideTests {
  private static func distribution(_ size: Int, using random: inout SplitMix64) -> TokenDistribution
  {
    TokenDistribution(logits: (0..<size).map { _ in Float.random(in: -6...6, using: &random) })
  }

  /// The laws of the two distances, whatever the distributions.
  @Test(arguments: 1...40 as ClosedRange<UInt64>) func agreementKeepsItsLaws(seed: UInt64) throws {
    var random = SplitMix64(state: seed)
    let size = Int.random(in: 2...50, using: &random)
    let p = Self.distribution(size, using: &random)
    let q = Self.distribution(size, using: &random)
    let there = try #require(Agreement(p, q))
    let back = try #require(Agreement(q, p))
    #expect(abs(there.distance - back.distance) < 1e-9)
    #expect((0...1).contains(there.distance))
    // Pinsker: Δ² ≤ KL / 2.
    #expect(there.distance * there.distance <= there.divergence / 2 + 1e-9)
    let same = try #require(Agreement(p, p))
    #expect(same.distance < 1e-9)
    #expect(same.divergence < 1e-9)
    #expect(Agreement(p, Self.distribution(size + 1, using: &random)) == nil)
  }

  @Test func whatIsRuledOutCostsEverything() throws {
    let own = TokenDistribution(logits: [0, -.infinity])
    let other = TokenDistribution(logits: [0, 0])
    let agreement = try #require(Agreement(own, other))
    #expect(agreement.divergence == .infinity)
    #expect(agreement.distance == 0.5)
    let back = try #require(Agreement(other, own))
    #expect(back.divergence.isFinite)
  }

  /// The apples table with every chance pulled towards the mean.
  private static func teacher() -> TableLanguageModel {
    let apples = TableLanguageModel.apples
    return TableLanguageModel(
      name: "teacher", pieces: StepsAskingTests.pieces, end: 7, contextLength: apples.contextLength
    ) { prefix in
      prefix.count == 1 ? [1: 0.5, 2: 0.5] : [3: 1]
    }
  }

  @Test(arguments: [(80, 24), (120, 40)])
  @MainActor func barsStandSideBySide(width: Int, height: Int) async throws {
    let driver = Driver(
      width, height, model: StepsAskingTests.model(), teacher: Self.teacher())
    await driver.start()
    driver.send(.command(.screen(DecodeScreen.id)))
    driver.state.catalog.models = [.init(name: "teacher", path: "teacher", detail: "surer")]
    driver.type("b")
    #expect(driver.state.popups.last is BesideChooser)
    driver.press(KeyEvent(.end), KeyEvent(.enter))
    await driver.wait { $0.decode.besideDistribution != nil }
    // .9 and .1 against .5 and .5: Δ = .4, KL = .5 ln(.5/.9) + .5 ln(.5/.1).
    let agreement = try #require(driver.state.decode.agreement(driver.state.session))
    #expect(abs(agreement.distance - 0.4) < 1e-6)
    #expect(abs(agreement.divergence - (0.5 * log(0.5 / 0.9) + 0.5 * log(5))) < 1e-6)
    Snapshot.check(driver.draw(), named: "decode-beside-\(width)x\(height)")
    // It follows the cursor.
    driver.press(KeyEvent(.right))
    await driver.settle()
    await driver.wait { $0.decode.besideDistribution != nil && $0.decode.beside?.asking == nil }
    #expect(driver.state.decode.table?.node == driver.state.cursor)
    driver.type("b")
    driver.press(KeyEvent(.home), KeyEvent(.enter))
    #expect(driver.state.decode.beside == nil)
    await driver.finish()
  }

  @Test @MainActor func otherTokensCannotBeCompared() async throws {
    let driver = Driver(model: StepsAskingTests.model(), teacher: TableLanguageModel.apples)
    await driver.start()
    driver.send(.command(.screen(DecodeScreen.id)))
    driver.state.catalog.models = [.init(name: "apples", path: "teacher", detail: "other tokens")]
    driver.type("b")
    driver.press(KeyEvent(.end), KeyEvent(.enter))
    await driver.wait { $0.decode.beside?.failure != nil }
    #expect(driver.state.message?.text.contains("other tokens") == true)
    #expect(driver.draw().textSnapshot().contains("cannot be compared"))
    await driver.finish()
  }
}
