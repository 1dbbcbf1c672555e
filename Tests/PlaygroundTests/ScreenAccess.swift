@testable import Playground

/// The state of each bundled screen by name, as most tests look at one of them.
extension PlaygroundState {
  var decode: DecodeScreen {
    get { self[DecodeScreen.self] }
    set { self[DecodeScreen.self] = newValue }
  }
  var branches: BranchesScreen {
    get { self[BranchesScreen.self] }
    set { self[BranchesScreen.self] = newValue }
  }
  var votes: VotesScreen {
    get { self[VotesScreen.self] }
    set { self[VotesScreen.self] = newValue }
  }
  var tree: TreeScreen {
    get { self[TreeScreen.self] }
    set { self[TreeScreen.self] = newValue }
  }
  var verify: VerifyScreen {
    get { self[VerifyScreen.self] }
    set { self[VerifyScreen.self] = newValue }
  }
  var search: SearchScreen {
    get { self[SearchScreen.self] }
    set { self[SearchScreen.self] = newValue }
  }
  var steps: StepsScreen {
    get { self[StepsScreen.self] }
    set { self[StepsScreen.self] = newValue }
  }
  var scale: ScaleScreen {
    get { self[ScaleScreen.self] }
    set { self[ScaleScreen.self] = newValue }
  }
  var layers: LayersScreen {
    get { self[LayersScreen.self] }
    set { self[LayersScreen.self] = newValue }
  }
  var train: TrainScreen {
    get { self[TrainScreen.self] }
    set { self[TrainScreen.self] = newValue }
  }
}

extension ScreenID {
  static let decode = DecodeScreen.id
  static let branches = BranchesScreen.id
  static let votes = VotesScreen.id
  static let tree = TreeScreen.id
  static let verify = VerifyScreen.id
  static let search = SearchScreen.id
  static let steps = StepsScreen.id
  static let scale = ScaleScreen.id
  static let train = TrainScreen.id
  static let layers = LayersScreen.id
  static let allCases = ScreenList.standard.ids
}
