import ArgumentParser
import Foundation
import Learning
import Reasoning
import Traces

/// Where options come from.
protocol SettingSource {
  static var table: SettingTable { get }

  /// What an option's help says: for whom it is, what it does, and what holds where it is not given.
  static func help(of setting: Setting) -> String
}

extension SettingSource {
  static func help(of setting: Setting) -> String {
    let users = setting.strategies
    let isSaid =
      setting.form == .onOff
      || users.count > 4 && setting.traits.isDisjoint(with: [.canBeOff, .isForAll])
    return setting.optionHelp(
      for: users.count <= 4 ? users.map(\.name) : [],
      unset: isSaid ? nil : setting.text(of: RunSettings()))
  }
}

/// The settings of runs.
enum StandardSettings: SettingSource {
  static var table: SettingTable { .standard }
}

/// The settings of trainings.
enum RecipeSettings: SettingSource {
  static var table: SettingTable { .training }

  static func help(of setting: Setting) -> String {
    let users = RecipeRegistry.all.map { $0.description }.filter { $0.settings.contains(setting) }
    let values = users.map { $0.usual(setting) ?? setting.text(of: RunSettings()) }
    // What most take, then who takes something else.
    let usual = values.max { a, b in values.count { $0 == a } < values.count { $0 == b } }
    let others = zip(users, values).filter { $1 != usual }.map { "\($0.name) \($1)" }
    let who = users.count < RecipeRegistry.all.count ? users.map(\.name) : []
    let unset =
      setting.form == .onOff ? nil : usual.map { ([$0] + others).joined(separator: ", ") }
    // What runs say of this row is of votes.
    guard setting == .samples else { return setting.optionHelp(for: who, unset: unset) }
    return setting.optionHelp(
      for: who, what: "how many answers to each problem are sampled", more: "", unset: unset)
  }
}

/// The settings of sampling to a file.
enum SampleSettings: SettingSource {
  static let table = SettingTable([
    .samples, .temperature, .topK, .topP, .prompting, .maxCompletionLength, .seed,
  ])

  static func help(of setting: Setting) -> String {
    typealias Usual = SolutionSampler.Usual
    return switch setting {
    case .samples:
      setting.optionHelp(
        for: [], what: "how many solutions of each problem are sampled", more: "",
        unset: "\(Usual.samples)")
    case .temperature: setting.optionHelp(for: [], unset: "\(Int(Usual.temperature))")
    case .prompting: setting.optionHelp(for: [], unset: Usual.prompting.description)
    case .maxCompletionLength:
      setting.optionHelp(
        for: [], what: "how many tokens a solution may have", more: "",
        unset: "\(Usual.maxCompletionLength)")
    default: setting.optionHelp(for: [], unset: nil)
    }
  }
}

/// The settings of labelling.
enum LabelSettings: SettingSource {
  static var table: SettingTable { .labelling }

  static func help(of setting: Setting) -> String {
    let unset = setting == .prompting ? "think" : setting == .samples ? "4" : nil
    return setting.optionHelp(
      for: [], what: setting == .samples ? "how many solutions to each problem are sampled" : nil,
      more: "", unset: unset ?? setting.text(of: RunSettings()))
  }
}

extension RecipeDescription {
  /// What the recipe takes where nothing is set, as text; nil where that is not one value.
  func usual(_ setting: Setting) -> String? {
    var settings = RunSettings()
    setting.fill(&settings, from: defaults)
    return setting.value(in: settings)
  }
}

/// An option for every row of a table of settings.
///
/// The argument parser finds the options of a type in its mirror and decodes them by their labels;
/// here both are made from the table, so that a row is an option without another line.
struct SettingOptions<Source: SettingSource>: ParsableArguments, CustomReflectable {
  /// What was given, by the name of the setting.
  private(set) var given: [String: String] = [:]
  private(set) var settings = RunSettings()

  init() {}

  init(from decoder: any Swift.Decoder) throws {
    let container = try decoder.container(keyedBy: Name.self)
    for row in Source.table {
      let key = Name(stringValue: row.name)
      if row.form == .onOff {
        guard try container.decode(Flag<Bool>.self, forKey: key).wrappedValue else { continue }
        given[row.name] = "on"
      } else {
        given[row.name] = try container.decode(Option<String?>.self, forKey: key).wrappedValue
      }
      guard let text = given[row.name], let first = try row.values(in: text).first else { continue }
      try row.set(first, in: &settings)
    }
  }

  var customMirror: Mirror {
    Mirror(
      self, children: Source.table.map { ("_\($0.name)", $0.option(help: Source.help(of: $0))) })
  }

  private struct Name: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }
}

extension Setting {
  /// The declaration of its option.
  fileprivate func option(help: String) -> Any {
    if form == .onOff {
      return Flag(
        wrappedValue: false, name: .customLong(name), help: ArgumentHelp(stringLiteral: help))
    }
    return Option<String?>(
      name: .customLong(name), help: ArgumentHelp(help, valueName: placeholder),
      transform: { text in
        for value in try values(in: text) {
          var settings = RunSettings()
          try set(value, in: &settings)
        }
        return text
      })
  }

  /// The values that a text names: one, or of a setting that can be compared several.
  func values(in text: String) throws -> [String] {
    guard traits.contains(.canBeCompared) else { return [text] }
    if text == "all" { return names }
    return text.split(separator: ",", omittingEmptySubsequences: false).map {
      $0.trimmingCharacters(in: .whitespaces)
    }
  }

  /// For whom it is, what it does, and what holds where it is not given.
  ///
  /// - Parameters:
  ///   - users: who uses it; empty for most.
  ///   - unset: nil where that goes without saying.
  ///   - what: instead of what the row says.
  fileprivate func optionHelp(
    for users: [String], what: String? = nil, more: String? = nil, unset: String?
  ) -> String {
    let who = users.isEmpty ? "" : users.joined(separator: ", ") + ": "
    var what = what ?? help
    if who.isEmpty { what = what.prefix(1).uppercased() + what.dropFirst() }
    let more = more ?? self.more
    let usual = unset.map { " (default: \($0))" } ?? ""
    let choice = names.count > 4 ? " One of \(names.joined(separator: ", "))." : ""
    return "\(who)\(what)\(usual).\(choice)\(more.isEmpty ? "" : " \(more)")"
  }

  private var placeholder: String {
    switch form {
    case .whole: "n"
    case .number: "x"
    case .choice(let names) where names.count <= 4: names.joined(separator: "|")
    case .path(_, let names) where !names.isEmpty:
      (names + ["NAME", "FILE"]).joined(separator: "|")
    case .path: "path"
    case .text: "a,b"
    case .choice, .onOff: name
    }
  }
}
