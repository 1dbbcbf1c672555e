import Decoding
import Problems
import Reasoning
import TerminalUI
import Traces

/// The lines at the top of every screen: the question with its right answer and the model, the runs,
/// and the tabs. A low terminal has the tabs in one line and the rest in another.
enum TitleLines {
  /// What a click hits.
  enum Target: Sendable, Hashable {
    case tab(ScreenID)
    case run(Int)
    /// The next (1) or previous (-1) run, which lies beyond the line.
    case runs(Int)
    case question, model, help
  }

  /// From this height on the title has three lines, below it two.
  private static let tallHeight = 20

  static func height(_ size: Size) -> Int { size.height < tallHeight ? 2 : 3 }

  private static let helpHint = "? keys"

  // MARK: Layout

  /// Where its parts lie.
  struct Layout {
    /// The question, its right answer and the model.
    var title: Rect
    var runs: Rect
    var tabs: [TabBar.Tab]
    /// The hint to the help.
    var help: Rect

    init(_ session: SessionState) {
      let size = session.size
      let isFolded = TitleLines.height(size) == 2
      // Where room is scarce the key alone is left of it.
      let hint = size.width < 76 && isFolded ? 1 : DisplayWidth.of(helpHint)
      help = Rect(x: max(0, size.width - hint - 1), y: 0, width: hint, height: 1)
      let screens = session.screens
      let (ids, letters) = (screens.ids, screens.letters)
      let places = screens.tabs.compactMap { ids.firstIndex(of: $0) }
      let all = places.map { place in
        // Only the first nine have a number.
        (key: place < 9 ? "\(place + 1)" : "g\(letters[place])", title: ids[place].title)
      }
      let groups = places.map { screens.groups[$0] }
      let borders = Set(groups.indices.dropFirst().filter { groups[$0] != groups[$0 - 1] })
      // The group in which one is stands in full.
      let own = screens.tabs.firstIndex(of: session.screen).map { groups[$0] }
      let whole =
        (groups.firstIndex { $0 == own } ?? 0)..<(1 + (groups.lastIndex { $0 == own } ?? -1))
      let line = Rect(x: 0, y: isFolded ? 0 : 2, width: size.width, height: 1)
      if isFolded {
        tabs = TabBar.layout(
          all, borders: borders, whole: whole,
          in: Rect(x: 0, y: 0, width: help.x - 1, height: 1))
        let split = max(30, size.width * 2 / 5)
        runs = Rect(x: 0, y: 1, width: size.width - split, height: 1)
        title = Rect(x: runs.right, y: 1, width: split, height: 1)
      } else {
        tabs = TabBar.layout(all, borders: borders, whole: whole, in: line)
        title = Rect(x: 0, y: 0, width: help.x - 1, height: 1)
        runs = Rect(x: 0, y: 1, width: size.width, height: 1)
      }
    }
  }

  /// What lies at a place; nil for what does nothing.
  static func target(at point: Point, _ session: SessionState) -> Target? {
    guard point.y < height(session.size), !Chrome.isTooSmall(session.size) else { return nil }
    let layout = Layout(session)
    let tabs = zip(session.screens.tabs, layout.tabs)
    if let tab = tabs.first(where: { $0.1.rect.contains(point) }) { return .tab(tab.0) }
    if layout.help.contains(point) { return .help }
    if layout.runs.contains(point) {
      return RunLine(RunList(session), session, in: layout.runs).target(at: point)
    }
    guard layout.title.contains(point) else { return nil }
    let parts = TitleParts(session, in: layout.title)
    return point.x < parts.modelStart ? .question : .model
  }

  // MARK: Drawing

  static func draw(_ state: PlaygroundState, view: PlaygroundView, on buffer: inout CellBuffer) {
    let session = state.session
    let layout = Layout(session)
    let screens = session.screens.tabs
    let filled = Set(state.screens.filter(state.isFilled).map(\.id))
    TabBar.draw(
      layout.tabs, active: screens.firstIndex(of: session.screen) ?? 0,
      filled: Set(screens.indices.filter { filled.contains(screens[$0]) }), theme: view.theme,
      on: &buffer)
    let help = buffer.put("?", x: layout.help.x, y: layout.help.y, style: view.style(.key))
    if layout.help.width > 1 {
      buffer.put(" keys", x: help, y: layout.help.y, style: view.style(.dim))
    }
    TitleParts(session, in: layout.title).draw(view, on: &buffer)
    RunLine(RunList(session), session, in: layout.runs).draw(view, on: &buffer)
  }
}

/// The question, its right answer, the model and the sampler in one line. The question takes what
/// the others leave, and they give way to it from the right.
private struct TitleParts {
  private let parts: [(x: Int, text: String, role: Role)]
  /// Where the part that names the model begins.
  let modelStart: Int
  private let y: Int

  init(_ session: SessionState, in rect: Rect) {
    y = rect.y
    let question = PathText.oneLine(session.question.text.utf8)
    let gold = session.question.gold.map { "right \(PathText.head($0, columns: 14))" }
    let sampler = Self.sampler(session)
    // From the most to the least that is told beside the question, and how much of the question
    // has to show for it.
    let names = Self.model(session)
    var choices: [(parts: [String], question: Int)] = [([names.long] + sampler, 48)]
    for count in stride(from: sampler.count, through: 1, by: -1) {
      choices.append(([names.short] + sampler.prefix(count), count == 1 ? 20 : 36))
    }
    choices += [([names.short], 12), ([names.shortest], 10), ([], 10)]
    let whole = DisplayWidth.of(question) + 2
    let beside = choices.map { ([gold].compactMap { $0 } + $0.parts, $0.question) }.first {
      choice in
      choice.0.reduce(min(whole, choice.1) + 1) { $0 + 2 + DisplayWidth.of($1) } <= rect.width
    }
    let right = beside?.0 ?? [gold].compactMap { $0 }
    let width = right.reduce(0) { $0 + 2 + DisplayWidth.of($1) }
    let lead = question.hasPrefix("Q:") ? "" : "Q "
    let room = max(0, rect.width - 1 - width)
    // The program's own name stands where nothing has to give way to it.
    let name = "ponder  "
    let isRoomy = DisplayWidth.of(question) + name.count + lead.count <= room
    var x = rect.x + 1
    var found: [(x: Int, text: String, role: Role)] = []
    func add(_ text: String, _ role: Role) {
      found.append((x, text, role))
      x += DisplayWidth.of(text)
    }
    if isRoomy { add(name, .title) }
    add(lead, .dim)
    add(PathText.middle(question, columns: rect.x + 1 + room - x), .text)
    x = rect.right - width
    var modelStart = rect.right
    for (index, text) in right.enumerated() {
      x += 2
      let isGold = index == 0 && gold != nil
      let isModel = index == (gold == nil ? 0 : 1)
      if isModel { modelStart = x }
      add(text, isGold ? .answerCorrect : isModel ? (names.isOther ? .notice : .title) : .dim)
    }
    (parts, self.modelStart) = (found, modelStart)
  }

  func draw(_ view: PlaygroundView, on buffer: inout CellBuffer) {
    for part in parts { buffer.put(part.text, x: part.x, y: y, style: view.style(part.role)) }
  }

  /// A model's name at three lengths.
  private struct Names {
    var long: String
    var short: String
    var shortest: String
    /// Whether it is another model than the loaded one.
    var isOther = false

    init(_ identity: ModelIdentity, before: String = "", behind: String = "") {
      (long, short) = (before + identity.title + behind, before + identity.shortTitle)
      shortest = before + identity.shortName
    }

    init(_ name: String, behind: String = "") {
      long = name + behind
      short = PathText.head(name, columns: 14) + behind
      shortest = short
    }
  }

  /// The model's name and type as `base-0.9m·F16`; of a run by another model than the loaded one
  /// that model's.
  private static func model(_ session: SessionState) -> Names {
    let shown = session.currentRun.flatMap { session.trace.runs[$0]?.start?.model }
    switch session.model {
    case .ready(let summary):
      guard session.showsAnotherModel, let shown, shown.hash != summary.identity.hash else {
        return Names(summary.identity)
      }
      var names = Names(shown, before: "by ")
      names.isOther = true
      return names
    case .loading(let load): return Names(load.name, behind: " …")
    case .failed(let name, _): return Names(name, behind: " ✗")
    case .none:
      let saved = shown ?? session.trace.runs.min { $0.key < $1.key }?.value.start?.model
      return saved.map { Names($0, behind: " (saved)") } ?? Names("no model")
    }
  }

  private static func sampler(_ session: SessionState) -> [String] {
    let sampling = session.sampling
    var parts = ["T \(Format.fixed(sampling.temperature, 1))"]
    if let k = sampling.topK { parts.append("k \(k)") }
    if let p = sampling.topP { parts.append("p \(Format.share(p))") }
    if let p = sampling.minP { parts.append("min-p \(Format.share(p))") }
    parts.append("seed \(session.settings.seed)")
    return parts
  }
}

/// The runs in one line, a chip for each, scrolled so that the run on view shows.
struct RunLine {
  struct Chip {
    var entry: RunEntry
    /// What stands before it where its question begins.
    var lead: String
    var rect: Rect
  }

  private(set) var chips: [Chip] = []
  /// Whether there are more to the left and to the right.
  private(set) var hasEarlier = false
  private(set) var hasLater = false
  private let rect: Rect
  private let label: String
  private let current: Int?
  private let loaded: String?

  init(_ list: RunList, _ session: SessionState, in rect: Rect) {
    self.rect = rect
    current = session.currentRun
    loaded = session.readyModel?.identity.hash ?? Self.usualModel(list)
    label = rect.width >= 60 ? " runs" : ""
    var all: [(entry: RunEntry, lead: String, width: Int)] = []
    for group in list.groups {
      for (index, entry) in group.entries.enumerated() {
        let lead = list.groups.count > 1 && index == 0 ? Self.lead(group.question) : ""
        let width = DisplayWidth.of(RunChip.text(entry, loaded: loaded, theme: .plain).text) + 2
        all.append((entry, lead, width + DisplayWidth.of(lead)))
      }
    }
    // One column at either end is for the signs that there are more.
    let left = rect.x + DisplayWidth.of(label) + 1
    let room = rect.right - 1 - left
    let here = all.firstIndex { $0.entry.run == current } ?? max(0, all.count - 1)
    // The one after the run on view shows where there is room for it.
    let last = min(here + 1, all.count - 1)
    func width(_ range: ClosedRange<Int>) -> Int { all[range].reduce(0) { $0 + $1.width } }
    var first = 0
    while first < here, width(first...last) > room { first += 1 }
    hasEarlier = first > 0
    var x = left
    for (index, item) in all.enumerated().dropFirst(first) {
      // A chip that is wider than the line is cut.
      guard index == first || x + item.width <= left + room else {
        hasLater = true
        break
      }
      let lead = DisplayWidth.of(item.lead)
      chips.append(
        Chip(
          entry: item.entry, lead: item.lead,
          rect: Rect(
            x: x + lead, y: rect.y, width: max(0, min(item.width - lead, left + room - x - lead)),
            height: 1)))
      x += item.width
    }
  }

  /// A question's sign before its runs.
  private static func lead(_ question: Question) -> String {
    let name = question.problem ?? PathText.oneLine(question.text.utf8)
    return "│ \(PathText.head(name, columns: 12)):"
  }

  /// Without a model at hand: the one that most runs are by.
  private static func usualModel(_ list: RunList) -> String? {
    let all = Dictionary(grouping: list.entries.compactMap(\.model?.hash)) { $0 }
    return all.max { ($0.value.count, $1.key) < ($1.value.count, $0.key) }?.key
  }

  func target(at point: Point) -> TitleLines.Target? {
    if let chip = chips.first(where: { $0.rect.contains(point) }) { return .run(chip.entry.run) }
    if hasEarlier, point.x <= (chips.first?.rect.x ?? 0) { return .runs(-1) }
    if hasLater, point.x >= (chips.last?.rect.right ?? 0) { return .runs(1) }
    return nil
  }

  func draw(_ view: PlaygroundView, on buffer: inout CellBuffer) {
    let theme = view.theme
    let dim = view.style(.dim)
    let start = buffer.put(label, x: rect.x, y: rect.y, style: dim)
    guard let first = chips.first else {
      buffer.put(
        "nothing has run yet", x: start + 1, y: rect.y, style: dim,
        width: max(0, rect.right - start - 2))
      return
    }
    for chip in chips {
      let isCurrent = chip.entry.run == current
      let lead = DisplayWidth.of(chip.lead)
      buffer.put(chip.lead, x: chip.rect.x - lead, y: rect.y, style: dim)
      let base = view.style(isCurrent ? .tabActive : .text)
      buffer.fill(chip.rect, style: base)
      var text = StyledText(isCurrent ? "[" : " ", style: base)
      text.runs += RunChip.text(chip.entry, loaded: loaded, theme: theme, base: base).runs
      text.append(isCurrent ? "]" : " ", style: base)
      buffer.put(text, x: chip.rect.x, y: rect.y, width: chip.rect.width)
    }
    let key = view.style(.key)
    let lead = DisplayWidth.of(first.lead)
    if hasEarlier {
      buffer.put("‹", x: max(rect.x, first.rect.x - lead - 1), y: rect.y, style: key)
    }
    if hasLater { buffer.put("›", x: rect.right - 1, y: rect.y, style: key) }
  }
}

/// What a chip says of a run: `3 vote 40 8✓ .93`.
enum RunChip {
  /// - Parameter loaded: the model at hand; a run of another one names its own.
  static func text(
    _ entry: RunEntry, loaded: String?, theme: Theme, base: Style = .plain
  ) -> StyledText {
    func on(_ role: Role) -> Style { theme.style(role, over: base) }
    var text = StyledText(entry.label, style: on(.dim))
    text.append(" \(entry.title)", style: base)
    if let model = entry.model, let loaded, model.hash != loaded {
      text.append(" \(model.shortName)", style: on(.notice))
    }
    if case .underWay(let done, let all) = entry.progress {
      text.append(" \(done)" + (all.map { "/\($0)" } ?? ""), style: on(.notice))
    }
    if let answer = entry.answer {
      text.append(" ", style: base)
      text.runs += Self.answer(answer, entry.isCorrect, columns: 9, theme: theme, base: base).runs
    }
    if let share = entry.share { text.append(" \(Format.probability(share))", style: base) }
    switch entry.progress {
    case .cancelled: text.append(" stopped", style: on(.warning))
    case .failed: text.append(" failed", style: on(.error))
    case .open where !entry.isWalk: text.append(" cut off", style: on(.warning))
    case .completed, .open, .underWay: break
    }
    return text
  }

  /// An answer with ✓ or ✗ close behind it.
  static func answer(
    _ answer: String, _ isCorrect: Bool?, columns: Int, theme: Theme, base: Style
  ) -> StyledText {
    let sign = isCorrect.map { $0 ? "✓" : "✗" } ?? ""
    return StyledText(
      PathText.head(PathText.oneLine(answer.utf8), columns: columns) + sign,
      style: theme.style(Panel.role(isCorrect: isCorrect), over: base))
  }
}
