import Learning
import Problems
import TerminalUI
import Traces

extension TrainScreen {
  func draw(
    in rect: Rect, _ session: SessionState, view: PlaygroundView, on buffer: inout CellBuffer
  ) -> Point? {
    let theme = view.theme
    let layout = TrainLayout(in: rect, self)
    drawHeader(session, in: layout.header, theme: theme, on: &buffer)
    guard !isEmpty else {
      if activity == nil { drawOrder(in: orderArea(in: rect), theme: theme, on: &buffer) }
      return nil
    }
    for (curve, rect) in zip(curves, layout.charts) {
      CurvePicture(curve: curve, step: step, steps: plannedSteps, theme: theme)
        .draw(in: rect, on: &buffer)
    }
    if let group = shownGroup {
      GroupTable(train: self, group: group, theme: theme).draw(in: layout.group, on: &buffer)
      if let sample = shownSample {
        draw(sample, in: group, layout, theme: theme, on: &buffer)
      }
    }
    AnswersPanel(train: self, layout: layout, theme: theme).draw(on: &buffer)
    drawVotes(in: layout.votes, theme: theme, on: &buffer)
    if let problem {
      buffer.put(
        "⚠ \(problem)", x: layout.note.x + 1, y: layout.note.y, style: theme[.warning],
        width: layout.note.width - 2)
    } else {
      Panel.note(note(rect.width), in: layout.note, theme: theme, on: &buffer)
    }
    return nil
  }

  /// What surprises everyone, where it is so; else what the figures are.
  private func note(_ width: Int) -> String {
    if let note = shownGroup?.pairNote(isLong: width >= 120) { return note }
    if hasOneUpdate {
      let loss = training.steps[step]?[.loss].map { " (here \(Format.fixed($0, 3)))" } ?? ""
      return width >= 120
        ? "One update a batch: ρ is 1 throughout, so the policy loss is about 0\(loss) while its "
          + "gradient is not: the advantages sum to 0, their pushes do not."
        : "One update a batch: ρ = 1 and the loss is about 0, but its gradient is not."
    }
    let problems =
      training.isMeasuredOnTraining ? "problems it trains on" : "problems it is not trained on"
    return "greedy and reasoned: \(problems), 95 % Wilson; the rest: its batches"
  }

  // MARK: Header

  private func drawHeader(
    _ session: SessionState, in rect: Rect, theme: Theme, on buffer: inout CellBuffer
  ) {
    let start = isEmpty ? nil : training.start
    var left = StyledText(start?.recipe ?? order.recipe, style: theme[.title])
    let model = start?.model ?? session.readyModel?.identity
    if let model { left.append("  \(model.shortName)", style: theme[.text]) }
    let used = start.map { TrainingSettings($0.used) } ?? TrainingSettings(order.used)
    let uses = RecipeRegistry.description(of: start?.recipe ?? order.recipe)?.settings ?? []
    if uses.contains(.reward), used.reward != .exact {
      left.append("  reward \(used.reward)", style: theme[.warning])
    }
    let right = status(theme)
    let room = rect.width - DisplayWidth.of(left.text) - DisplayWidth.of(right.text) - 6
    left.append(
      "  \(PathText.head(start?.problems ?? order.problems, columns: max(8, room)))",
      style: theme[.dim])
    Panel.header(left, right, in: rect, on: &buffer)
  }

  private func status(_ theme: Theme) -> StyledText {
    if let activity {
      if activity.isWaiting, !activity.isStopping {
        return StyledText(
          "step \(activity.done) of \(activity.total), paused", style: theme[.warning])
      }
      if activity.isStopping {
        return StyledText("\(activity.text), then it stops", style: theme[.warning])
      }
      var progress = activity.progress
      (progress.title, progress.unit, progress.secondsEach) = ("", nil, nil)
      return StyledText(
        [activity.text, progress.text()].filter { !$0.isEmpty }.joined(separator: ", "),
        style: theme[.notice])
    }
    guard !isEmpty else { return StyledText("\(order.steps) steps", style: theme[.dim]) }
    let at = "step \(training.lastStep) of \(plannedSteps)"
    switch training.end?.reason {
    case .completed: return StyledText("\(at), complete", style: theme[.dim])
    case .failed: return StyledText("\(at), failed", style: theme[.error])
    case .stopped: return StyledText("\(at), stopped", style: theme[.warning])
    case nil: return StyledText("\(at), cut off", style: theme[.warning])
    }
  }

  // MARK: Before and after

  private func drawVotes(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    let votes = training.votes.sorted { $0.step < $1.step }
    guard let first = votes.first, !rect.isEmpty else { return }
    let last = votes.last { $0.step > first.step }
    var text = StyledText("\(first.samples) samples", style: theme[.dim])
    func add(_ title: String, _ value: (TrainingVotes) -> String) {
      text.append("   \(title) ", style: theme[.dim])
      text.append(value(first), style: theme[.text])
      guard let last else { return }
      text.append(" → ", style: theme[.dim])
      text.append(value(last), style: theme[.title])
    }
    add("pass@1") { Format.probability($0.one.value) }
    add("maj@\(first.samples)") { Format.probability($0.majority.value) }
    add("pass@\(first.samples)") { Format.probability($0.any.value) }
    if rect.width >= 120 { add("answers a problem") { Format.fixed($0.distinct, 1) } }
    let steps = last.map { "step \(first.step) → \($0.step)" } ?? "step \(first.step)"
    buffer.put(text, x: rect.x + 1, y: rect.y, width: rect.width - 2)
    let end = rect.right - 1 - DisplayWidth.of(steps)
    if end > rect.x + 3 + DisplayWidth.of(text.text) {
      buffer.put(steps, x: end, y: rect.y, style: theme[.dim])
    }
  }

  // MARK: Nothing yet

  func emptyText(_ session: SessionState) -> EmptyText? {
    guard isEmpty, activity == nil else { return nil }
    let what =
      "Train changes the model's weights and shows how its answers change: it samples, keeps what "
      + "is right, and reasons more with every step."
    guard session.readyModel != nil else {
      return EmptyText(
        title: "Training needs a model", purpose: what, starts: [.init(.openModels, "choose one")],
        source: order.description?.paper)
    }
    if let why = session.readyModel?.trainingObstacle, let model = session.readyModel {
      return EmptyText(
        title: "\(model.identity.shortName) cannot be trained", purpose: "Training needs " + why,
        starts: [.init(.openModels, "choose another model")], source: order.description?.paper)
    }
    return EmptyText(
      title: failure ?? "Nothing is trained yet", purpose: what + " " + beginning(session),
      starts: [
        .init(.own(TrainCommand.go), "start"), .init(.openTraining, "recipe, reward, problems"),
        .init(.openSettings, "its settings"),
      ], source: order.description?.paper)
  }

  /// What Space begins.
  private func beginning(_ session: SessionState) -> String {
    let model = session.readyModel?.identity.shortName ?? "the model"
    let steps = Panel.count(order.steps, "step")
    // What is said to come of it was measured so.
    let isMeasured =
      order.recipe == "grpo" && model == "2m" && order.source == TrainingOrder.usual.source
    return "Space trains \(model) by \(order.recipe), \(steps)"
      + (isMeasured ? ": from guessing to reasoning in six, about 20 s." : ".")
  }

  func emptyArea(in rect: Rect, _ session: SessionState) -> Rect {
    let area = Rect(x: rect.x, y: rect.y + 1, width: rect.width, height: rect.height - 1)
    return activity == nil ? area.splitRows([.fill, .fixed(orderHeight(rect))])[0] : area
  }

  /// As many lines as what is chosen takes, where there is room.
  private func orderHeight(_ rect: Rect) -> Int {
    rect.height < 15 ? 0 : rect.height < 24 ? 5 : RecipeRegistry.all.count + 4
  }

  private func orderArea(in rect: Rect) -> Rect {
    let height = orderHeight(rect)
    return Rect(x: rect.x, y: rect.bottom - height, width: rect.width, height: height)
  }

  /// What Space would start, and the recipes there are.
  private func drawOrder(in rect: Rect, theme: Theme, on buffer: inout CellBuffer) {
    guard rect.height > 2 else { return }
    let inside = Panel.draw(
      "what Space trains", note: "n changes it", in: rect, theme: theme, on: &buffer
    ).inset(horizontal: 1, vertical: 0)
    var y = inside.y
    func line(_ title: String, _ value: String, _ role: Role = .text) {
      guard y < inside.bottom else { return }
      buffer.put(title, x: inside.x, y: y, style: theme[.dim], width: 14)
      buffer.put(value, x: inside.x + 14, y: y, style: theme[role], width: inside.width - 14)
      y += 1
    }
    let recipes = RecipeRegistry.all.map { $0.description }
    let isRoomy = inside.height > recipes.count + 2
    if !isRoomy {
      line("recipe", "\(order.recipe): \(order.description?.summary ?? "")", .title)
    }
    line("problems", order.problems)
    let changed = order.table.filter { !$0.isDefault(order.settings) }.map {
      "\($0.name) \($0.text(of: order.settings))"
    }
    line(
      "steps",
      // What a step costs holds for the recipe's own settings.
      "\(order.steps)   "
        + (changed.isEmpty ? order.description?.cost ?? "" : changed.joined(separator: ", ")))
    guard isRoomy else {
      let others = recipes.map(\.name).filter { $0 != order.recipe }
      return line("other recipes", others.joined(separator: ", "), .dim)
    }
    let width = (recipes.map(\.name.count).max() ?? 0) + 4
    for (index, recipe) in recipes.enumerated() {
      let isChosen = recipe.name == order.recipe
      let name = (isChosen ? "▸ " : "  ") + recipe.name
      line(
        index == 0 ? "recipe" : "",
        name + String(repeating: " ", count: max(1, width - name.count)) + recipe.summary,
        isChosen ? .title : .dim)
    }
  }
}

/// A chart with its title, in which stands what is read at the step.
struct CurvePicture {
  let curve: TrainingCurve
  let step: Int
  /// How many steps the width stands for.
  let steps: Int
  let theme: Theme

  func draw(in rect: Rect, on buffer: inout CellBuffer) {
    guard rect.width > 6, rect.height > 0 else { return }
    buffer.put(title(width: rect.width), x: rect.x + 1, y: rect.y, width: rect.width - 1)
    let plot = TrainLayout.plot(of: rect)
    guard !plot.isEmpty else { return }
    let range = curve.range
    let span = range.upperBound - range.lowerBound
    func place(_ value: Double) -> Double { span > 0 ? (value - range.lowerBound) / span : 0.5 }
    func points(_ readings: [TrainingCurve.Reading], bands: Bool) -> [ChartPoint] {
      readings.map { reading in
        ChartPoint(
          x: Double(reading.step) / Double(steps), y: place(reading.value),
          interval: bands
            ? reading.interval.map { place($0.lowerBound)...place($0.upperBound) } : nil)
      }
    }
    buffer.put(
      String(repeating: "╌", count: plot.width), x: plot.x, y: plot.bottom - 1,
      style: theme[.chartGrid])
    BandChart(
      curves: [
        .init(
          points: points(curve.other, bands: false), style: theme.series(1), isDotted: true),
        .init(points: points(curve.readings, bands: plot.height > 2), style: theme[.chartLine]),
      ],
      level: curve.goal.map { place($0.value) }, cursor: Double(step) / Double(steps),
      intervalStyle: theme[.dim], levelStyle: theme.series(4), cursorStyle: theme[.dim]
    ).draw(in: plot, on: &buffer)
    guard plot.height > 3 else { return }
    for (value, y) in [(range.upperBound, plot.y), (range.lowerBound, plot.bottom - 1)] {
      let text = curve.text(value)
      buffer.put(
        text, x: plot.right - DisplayWidth.of(text), y: y, style: theme[.dim], width: plot.width)
    }
  }

  /// The name, the value at the step with half its interval, and what it is compared with.
  private func title(width: Int) -> StyledText {
    var text = StyledText(curve.title, style: theme[.text])
    func append(_ more: String, _ style: Style) {
      if DisplayWidth.of(text.text + more) < width { text.append(more, style: style) }
    }
    guard let reading = curve.reading(at: step), reading.step == step else {
      // What was measured at an earlier step is not what this one has.
      text.append(" —", style: theme[.dim])
      if let earlier = curve.reading(at: step) {
        append(" (\(curve.text(earlier.value)) at \(earlier.step))", theme[.dim])
      }
      return text
    }
    text.append(" \(curve.text(reading.value))", style: theme[.title])
    if let interval = reading.interval {
      let half = (interval.upperBound - interval.lowerBound) / 2
      append(" ±\(Format.probability((half * 100).rounded() / 100).prefix(3))", theme[.dim])
    }
    if let title = curve.otherTitle, let other = curve.otherReading(at: step) {
      append(" \(title) \(curve.text(other.value))", theme.series(1))
    }
    if let goal = curve.goal {
      append(" ╌ \(goal.title) \(curve.text(goal.value))", theme.series(4))
    }
    return text
  }
}
