import Decoding
import TerminalUI

/// Chooses the model whose distributions stand beside those of the model at hand in Decode.
struct BesideChooser: Chooser {
  var position = ListPosition()

  static func open(_ state: inout PlaygroundState) {
    guard state.screen == DecodeScreen.id else { return }
    guard state.readyModel != nil else {
      return state.session.tell("There is no model to compare with; press m to choose one.")
    }
    var chooser = BesideChooser()
    let path = state[DecodeScreen.self].beside?.path
    chooser.position.selected = choices(state).firstIndex { $0?.path == path } ?? 0
    state.popups.append(chooser)
  }

  let title = "Which model beside this one?"
  let heading: String? = "It must have the same tokens: a teacher beside its student."
  var columns: [Table.Column] { [.init("", .fixed(24)), .init("", .fill), .init("", .fixed(3))] }
  let empty = ""

  /// The sizes of the family at the stage of the model at hand, then the other models; nil is none.
  static func choices(_ state: PlaygroundState) -> [Catalog.ModelEntry?] {
    let (family, own) = (state.catalog.family, state.readyModel)
    let sizes = family.sizes.compactMap { size in
      family.member(of: size, like: own?.member ?? family.standard).map {
        Catalog.ModelEntry(name: family.name(of: $0), path: $0.path, detail: "of the family")
      }
    }
    return [nil] + (sizes + state.catalog.models).filter { $0.path != own?.path }.map { $0 }
  }

  func count(_ state: PlaygroundState) -> Int { Self.choices(state).count }

  func rows(_ state: PlaygroundState, _ theme: Theme) -> [[StyledText]] {
    let path = state[DecodeScreen.self].beside?.path
    return Self.choices(state).map { model in
      [
        StyledText(model?.name ?? "none"),
        StyledText(
          model?.detail ?? "the model at hand alone, as the settings shape it",
          style: theme.popup(.dim)),
        StyledText(model?.path == path ? "now" : "", style: theme.popup(.key)),
      ]
    }
  }

  func choose(_ state: inout PlaygroundState) -> [Effect] {
    let choices = Self.choices(state)
    guard choices.indices.contains(position.selected) else { return [] }
    state.popups.removeLast()
    let choice = choices[position.selected]
    return state.onScreen { screen, _ in
      guard var decode = screen as? DecodeScreen else { return [] }
      decode.put(beside: choice.map { ($0.name, $0.path) })
      screen = decode
      return []
    }
  }
}
