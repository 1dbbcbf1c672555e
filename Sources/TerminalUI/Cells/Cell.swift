/// One cell of the screen: what is drawn there and how.
public struct Cell: Hashable, Sendable {
  /// What is drawn; empty in the right half of a wide cluster.
  public let text: String
  /// 1 or 2 columns, or 0 in the right half of a wide cluster.
  public let width: Int8
  public var style: Style

  /// An empty cell.
  public static func blank(_ style: Style = .plain) -> Cell {
    Cell(text: " ", width: 1, style: style)
  }

  /// The right half of a wide cluster.
  public static func continuation(_ style: Style) -> Cell { Cell(text: "", width: 0, style: style) }

  public var isContinuation: Bool { width == 0 }
}

extension Cell {
  /// The cell that starts a cluster.
  init(_ cluster: DisplayCluster, style: Style) {
    self.init(text: cluster.text, width: Int8(cluster.width), style: style)
  }
}
