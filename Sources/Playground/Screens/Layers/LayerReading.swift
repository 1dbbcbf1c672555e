public import Decoding
import TerminalUI

/// What Layers asks about one place of a text.
public struct InspectionQuestion: Sendable, Hashable {
  /// The place: the next token is looked at.
  public var node: NodeID
  public var ablations: Set<Ablation>
  /// The token whose probability is followed; nil for the one that the model finds likeliest when
  /// nothing is silenced.
  public var chosen: TokenID?
  /// Another one, by a person's choice.
  public var named: TokenID?
  /// Tells apart what is asked twice: of all answers only those to the last are of interest.
  public var number = 0

  /// Whether another question asks the same.
  func asksTheSame(as other: InspectionQuestion?) -> Bool {
    var own = self
    own.number = other?.number ?? -1
    return own == other
  }
}

/// What the model shows of its inside at one place.
struct LayerReading: Sendable {
  /// The token that is followed. Every lens tells its probability first, then that of the named one.
  var chosen: TokenID
  /// With nothing silenced.
  var whole: ModelInspection
  /// With what is silenced; the same where nothing is.
  var now: ModelInspection

  var layerCount: Int { now.layers.count }

  /// The lens in a row of the table: the embedding's, then that behind each layer.
  func lens(_ row: Int) -> LensReading? {
    if row == 0 { return now.embedding }
    return now.layers.indices.contains(row - 1) ? now.layers[row - 1].reading : nil
  }

  /// The layer of a row, from 0; nil for the embedding's.
  func layer(ofRow row: Int) -> Int? { now.layers.indices.contains(row - 1) ? row - 1 : nil }

  func headCount(_ layer: Int) -> Int {
    now.layers.indices.contains(layer) ? now.layers[layer].attention.count : 0
  }

  /// Where a head looks; nil where there is no such head. [positions]
  func attention(_ place: HeadPlace) -> [Float]? {
    guard now.layers.indices.contains(place.layer) else { return nil }
    let heads = now.layers[place.layer].attention
    return heads.indices.contains(place.head) ? heads[place.head] : nil
  }

  /// The probability of the token that is followed, with nothing silenced and now.
  var probabilities: (whole: Double, now: Double) {
    (whole.distribution.probability(of: chosen), now.distribution.probability(of: chosen))
  }
}

/// A head, its layer and its number in it counted from 0.
struct HeadPlace: Sendable, Hashable {
  var layer: Int
  var head: Int

  /// As screens name it, counted from 1: `4.2`.
  var name: String { "\(layer + 1).\(head + 1)" }
}

/// How likely the followed token becomes when single heads are silenced at the place alone.
struct HeadEffects: Sendable, Equatable {
  /// log p without each head, by layer. [heads]
  private(set) var logProbabilities: [Int: [Double]] = [:]

  mutating func insert(_ values: [Double], layer: Int) { logProbabilities[layer] = values }

  func probability(without place: HeadPlace) -> Double? {
    guard let heads = logProbabilities[place.layer], heads.indices.contains(place.head) else {
      return nil
    }
    return TokenDistribution.probability(ofLog: heads[place.head])
  }

  /// The heads by how much the probability moves without them, those that move it most first.
  func ranking(from probability: Double) -> [HeadPlace] {
    let all = logProbabilities.flatMap { layer, heads in
      heads.enumerated().map { head, log in
        (
          place: HeadPlace(layer: layer, head: head),
          move: abs(TokenDistribution.probability(ofLog: log) - probability)
        )
      }
    }
    return all.sorted {
      $0.move != $1.move
        ? $0.move > $1.move
        : ($0.place.layer, $0.place.head) < ($1.place.layer, $1.place.head)
    }.map(\.place)
  }
}

/// A share of attention, or a move of a probability, as a sign that needs no colour.
enum HeatSign {
  static let signs = ["·", "░", "▒", "▓", "█"]

  /// How much of its attention a head gives to a token, from 0 (hardly any) to 4.
  static func level(ofAttention weight: Float) -> Int {
    [0.04, 0.12, 0.3, 0.6].count { weight >= $0 }
  }

  /// How much a probability moves, from 0 (hardly at all) to 4.
  static func level(ofMove move: Double) -> Int {
    [0.005, 0.03, 0.1, 0.3].count { abs(move) >= $0 }
  }
}
