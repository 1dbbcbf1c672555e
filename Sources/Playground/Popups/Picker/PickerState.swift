import Problems
import TerminalUI

/// What the problem picker shows: the families, the problems of one, a template to fill in, or a
/// question to type.
struct PickerState: Popup {
  enum Page: Sendable {
    case families
    case problems(family: String)
    case template(TemplateForm)
    case question(QuestionForm)
  }

  /// A row of the lists.
  enum Row: Sendable, Hashable {
    case emblem
    case family(name: String, summary: String, levels: ClosedRange<Int>, example: String)
    case template(id: String, title: String, example: String)
    case problem(Problem)
    case own
  }

  var page = Page.families
  /// What rows must contain.
  var filter = TextField()
  var position = ListPosition()
  /// The rows of the page, before filtering, and after.
  var all: [Row] = []
  var rows: [Row] = []
  /// What the problems on the page are drawn from.
  var seed: UInt64 = 1
  var showsSolution = false
  /// The family whose page was open, to come back to its row.
  var openFamily: String?

  init(_ state: PlaygroundState) {
    let isEmblem = state.question.problem == ProblemLibrary.apples.id
    openFamily = isEmblem ? nil : state.question.family
    showFamilies()
  }

  var selectedRow: Row? { rows.indices.contains(position.selected) ? rows[position.selected] : nil }

  var contexts: [KeyContext] {
    switch page {
    case .families, .problems: [.problems]
    case .template: [.template]
    case .question: [.question]
    }
  }

  var takesText: Bool { true }

  // MARK: Pages

  mutating func showFamilies() {
    page = .families
    all = [.emblem] + ProblemLibrary.families.map(Self.familyRow) + [.own]
    filter = TextField()
    let index = all.firstIndex { $0 != .emblem && openFamily != nil && $0.family == openFamily }
    position = ListPosition(selected: index ?? 0)
    refilter()
  }

  mutating func showProblems(of family: String) {
    openFamily = family
    page = .problems(family: family)
    all = Self.templateRows(of: family) + Self.problemRows(of: family, seed: seed)
    filter = TextField()
    position = ListPosition()
    refilter()
  }

  /// Problems of the same family drawn from the next seed.
  mutating func drawOthers() {
    guard case .problems(let family) = page else { return }
    seed &+= 1
    let (text, position) = (filter, position)
    showProblems(of: family)
    filter = text
    self.position = position
    refilter()
  }

  private static func familyRow(_ family: any ProblemFamily) -> Row {
    let easiest = family.levels(in: .heldout).lowerBound
    let id = ProblemID(family: family.name, level: easiest, seed: 1, index: 0)
    let example = (try? ProblemLibrary.problem(id))?.question ?? ""
    return .family(
      name: family.name, summary: family.summary, levels: family.levels, example: example)
  }

  private static func templateRows(of family: String) -> [Row] {
    ProblemTemplate.all.filter { $0.family == family }.map {
      .template(id: $0.id, title: $0.title, example: (try? $0.renderDefaults())?.question ?? "")
    }
  }

  /// How many problems of each level a family's page lists.
  private static let problemsPerLevel = 4

  private static func problemRows(of family: String, seed: UInt64) -> [Row] {
    guard let levels = try? ProblemLibrary.family(family).levels(in: .heldout) else { return [] }
    return levels.flatMap { level in
      let problems = try? ProblemLibrary.problems(
        family: family, level: level, count: problemsPerLevel, seed: seed)
      return (problems ?? []).map { Row.problem($0) }
    }
  }

  // MARK: Filtering

  /// Shows the rows that contain every word of the filter; the way to a question of one's own
  /// always stays.
  mutating func refilter() {
    let words = filter.text.lowercased().split(separator: " ")
    rows = all.filter { row in
      row == .own || words.allSatisfy { row.searchText.contains($0) }
    }
    position.move(by: 0, count: rows.count)
    showsSolution = false
  }

  /// Inserts pasted text into whatever takes text.
  mutating func insert(_ text: String) {
    switch page {
    case .families, .problems:
      filter.insert(text)
      refilter()
    case .template(var form):
      form.insert(text)
      page = .template(form)
    case .question(var form):
      form.insert(text)
      page = .question(form)
    }
  }
}

extension PickerState.Row {
  /// The family a row belongs to.
  var family: String? {
    switch self {
    case .emblem: ProblemLibrary.apples.family
    case .family(let name, _, _, _): name
    case .problem(let problem): problem.family
    case .template, .own: nil
    }
  }

  /// What the filter looks at.
  fileprivate var searchText: String {
    switch self {
    case .emblem: "apples " + ProblemLibrary.apples.question.lowercased()
    case .family(let name, let summary, _, let example):
      "\(name) \(summary) \(example)".lowercased()
    case .template(_, let title, _): "change \(title)".lowercased()
    case .problem(let problem):
      "\(problem.id) level \(problem.level) \(problem.question)".lowercased()
    case .own: ""
    }
  }

  /// The problem that Enter asks.
  var problem: Problem? {
    switch self {
    case .emblem: ProblemLibrary.apples
    case .problem(let problem): problem
    case .family, .template, .own: nil
    }
  }
}
