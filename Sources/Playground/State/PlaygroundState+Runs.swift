import Decoding
import Problems
import Reasoning
import Traces

/// Bringing runs back on view. Nothing is started for it, and no run is stopped.
extension PlaygroundState {
  /// Shows the run that is listed so many places further on, round at the ends.
  mutating func goToRun(_ offset: Int) -> [Effect] {
    let runs = RunList(session).entries.map(\.run)
    guard let next = runs.cycled(from: session.currentRun, by: offset) else {
      session.tell("Nothing has run yet.")
      return []
    }
    return bringBack(next)
  }

  /// Shows a run with its question, its settings and what its model made of it: on the screen that
  /// keys go to when that can show it, else on the one that fits it.
  mutating func bringBack(_ number: Int) -> [Effect] {
    guard let start = session.trace.runs[number]?.start else {
      // It has only been asked for: its screen waits for it.
      guard let name = session.activities[number]?.strategy else { return [] }
      session.screen = place(number, of: name) ?? session.screen
      return []
    }
    var effects = turn(to: start)
    let old = session.settings
    session.settings = settings(of: start)
    if session.settings != old { adapt(from: old) }
    session.currentRun = number
    place(number, of: start.strategy)
    for index in screens.indices where screens[index].run == number {
      screens[index].restore(&session)
    }
    defer { session.message = session.message ?? remark(on: start, since: old) }
    if let shown = askScreen({ $0.show(number, &$1) }) { return effects + shown + goOnWithWalk() }
    let home = start.description.map(session.screens.home) ?? DecodeScreen.id
    // A member's part of an ensemble is shown like any run of its kind; what no screen claims has
    // its text in Decode.
    for id in [home, DecodeScreen.id] {
      guard let index = screens.firstIndex(where: { $0.id == id }),
        let shown = screens[index].show(number, &session)
      else { continue }
      session.screen = id
      effects += shown + passRequests()
      break
    }
    return effects + goOnWithWalk()
  }

  /// The settings at hand with those in place of them that the run used otherwise. What it would use
  /// just so today stays unset, and no other strategy is kept from its own default.
  private func settings(of start: RunStart) -> RunSettings {
    var settings = session.settings
    // Nobody knows how others' samples were drawn.
    if start.isImported { return settings }
    let description = start.description
    var mine = description?.effective(settings) ?? settings
    var theirs = start.effective
    if description == nil {
      mine.prompting = mine.prompting ?? Prompting.plain.description
      theirs.prompting = theirs.prompting ?? Prompting.plain.description
    }
    for setting in session.settingTable
    where setting.value(in: mine) != setting.value(in: theirs) {
      setting.reset(&settings)
      // A value that a run has had can be set.
      if let value = setting.value(in: theirs) { try? setting.set(value, in: &settings) }
    }
    return settings
  }

  /// Has Decode's walk go on where it was, when it is by the model that is loaded.
  private mutating func goOnWithWalk() -> [Effect] {
    guard session.exploration != session.explored, !session.showsAnotherModel else { return [] }
    return resumedExploration() ?? []
  }

  /// What to know of a run that is shown again: whose it is, and which settings came with it.
  private func remark(on start: RunStart, since old: RunSettings) -> Message? {
    if start.isImported {
      return Message(
        .notice, "Samples of \(start.model.name), read from a file; r votes with the model at hand."
      )
    }
    if session.showsAnotherModel {
      return Message(
        .notice, "This is by \(start.model.name), read from the trace; m loads it to go on.")
    }
    let changed = session.settingTable.filter {
      $0.value(in: session.settings) != $0.value(in: old)
    }
    guard !changed.isEmpty else { return nil }
    let texts = changed.prefix(4).map {
      "\($0.name) \($0.value(in: session.settings) ?? "default")"
    }
    return Message(.notice, "With this run's settings: \(texts.joined(separator: ", ")).")
  }

  /// Turns to the question of a run and to the model that it is by: the screens show what there is
  /// of these two.
  private mutating func turn(to start: RunStart) -> [Effect] {
    var effects = turnView(to: start.model.hash)
    let asked = session.trace.runs.filter { $0.value.start?.question == start.question }
    if start.question != session.question {
      session.question = start.question
      effects += reset(.question)
      for (number, run) in asked.sorted(by: { $0.key < $1.key }) {
        if let strategy = run.start?.strategy { place(number, of: strategy) }
      }
      for index in screens.indices { screens[index].restore(&session) }
    }
    // The person's own walk goes on where it was, when it is by the model that is loaded.
    session.exploration =
      asked.filter { $0.value.start?.isExploration == true && session.trace.considers($0.value) }
      .keys.max()
    return effects
  }

  /// What shows next is by the loaded model again.
  mutating func turnToLoadedModel() -> [Effect] {
    session.readyModel.map { turnView(to: $0.identity.hash) } ?? []
  }

  /// What shows next is by the loaded model again, and Decode goes on with it.
  mutating func goBackToLoadedModel() -> [Effect] {
    guard session.showsAnotherModel else { return [] }
    let effects = turnToLoadedModel()
    session.exploration =
      session.trace.runs.filter { _, run in
        guard let start = run.start, start.isExploration else { return false }
        return start.question == session.question && session.trace.considers(run)
      }.keys.max()
    return effects + (resumedExploration() ?? session.newExploration())
  }

  /// What shows next is by the model of a run.
  mutating func turnView(toRun run: Int) -> [Effect] {
    session.trace.runs[run]?.start.map { turnView(to: $0.model.hash) } ?? []
  }

  private mutating func turnView(to model: String) -> [Effect] {
    // While all runs are by one model, every place is its.
    guard session.trace.model ?? session.trace.onlyModel != model else { return [] }
    session.trace.model = model
    return reset(.view)
  }
}

extension Trace {
  /// The model that all runs are by; nil where there are several.
  fileprivate var onlyModel: String? {
    let models = Set(runs.values.compactMap { $0.start?.model.hash })
    return models.count == 1 ? models.first : nil
  }
}
