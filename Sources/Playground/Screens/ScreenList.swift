import Reasoning

/// The screens there are. Their keys follow this order, so that a new one takes no other's.
public struct ScreenList: Sendable {
  var types: [any Screen.Type]

  init(_ types: [any Screen.Type]) { self.types = types }

  /// Adding a screen is one file and one line here.
  public static let standard = ScreenList([
    DecodeScreen.self,
    BranchesScreen.self,
    VotesScreen.self,
    TreeScreen.self,
    VerifyScreen.self,
    SearchScreen.self,
    StepsScreen.self,
    ScaleScreen.self,
    TrainScreen.self,
    LayersScreen.self,
  ])

  static func + (list: ScreenList, type: any Screen.Type) -> ScreenList {
    ScreenList(list.types + [type])
  }

  public var ids: [ScreenID] { types.map { $0.id } }

  /// The screen of a name; nil for an unknown one.
  public func id(named name: String) -> ScreenID? { ids.first { $0.name == name } }

  /// The screen that runs of a strategy open on: the first that claims them, Decode when none does.
  func home(of strategy: StrategyDescription) -> ScreenID {
    types.first { $0.shapes.contains(strategy.shape) }?.id ?? DecodeScreen.id
  }

  func companion(of screen: ScreenID) -> ScreenID? { types.first { $0.id == screen }?.companion }

  /// What each screen is for, in the order of the list.
  var groups: [ScreenGroup] { types.map { $0.group } }

  /// The screens as their tabs stand: by groups, within a group in the order of the list.
  var tabs: [ScreenID] {
    ScreenGroup.allCases.flatMap { group in types.filter { $0.group == group }.map { $0.id } }
  }

  /// The letter that shows each screen behind `g`: the first of its name that no screen before it
  /// has.
  var letters: [Character] {
    var taken: Set<Character> = []
    return ids.map { id in
      let all = Array(id.name) + "abcdefhijklmnopqrstuvwxyz"
      // `g` itself goes to the top of a list.
      let letter = all.first { $0 != "g" && !taken.contains($0) } ?? " "
      taken.insert(letter)
      return letter
    }
  }
}
