import ArgumentParser
import Decoding
import Foundation
import Problems
import Reasoning
import Traces

/// What strategies can be told on the command line.
struct RunOptions: ParsableArguments {
  @Option(help: "How many paths are decoded at once.")
  var parallel: Int = 8

  @OptionGroup var asked: SettingOptions<StandardSettings>

  @Option(help: "Candidates listed with each token (default: 5, or 64 when a trace is written).")
  var detail: Int?

  func validate() throws {
    guard (1...4096).contains(parallel) else {
      throw ValidationError("--parallel must be from 1 to 4096.")
    }
    if let detail, detail < 0 { throw ValidationError("--detail must be 0 or more.") }
  }

  /// What was asked for.
  func settings(detail fallback: Int) -> RunSettings {
    var settings = asked.settings
    settings.detail = detail ?? fallback
    return settings
  }

  /// Whether a setting was given at all.
  func gives(_ setting: Setting) -> Bool { asked.given[setting.name] != nil }

  /// The verifiers that were named; nil where none was.
  var verifiers: VerifierList? {
    asked.given[Setting.verifier.name].flatMap {
      VerifierList($0, hasJudge: asked.settings.verifierModel != nil)
    }
  }

  /// Looks whether strategies can do what the settings say.
  ///
  /// - Parameter turnsKnobs: whether what each strategy spends is set for it.
  /// - Throws: `StrategyError.unfit` for settings that do not fit each other.
  func check(_ strategies: [any Strategy], turnsKnobs: Bool = false) throws {
    for description in strategies.map({ $0.description }) {
      var settings = asked.settings
      if turnsKnobs, let knob = description.knob(settings) {
        settings = knob.turned(to: knob.least, in: settings)
      }
      if let conflict = description.conflict(in: settings) { throw conflict }
    }
  }

  /// Looks whether a question can be put to the model at all.
  ///
  /// - Throws: `ChatTemplateError` for a template that cannot be used.
  func checkTemplate(_ model: any LanguageModel) throws {
    _ = try model.chatTemplate(asked.settings).map {
      try Prompt(text: "2 + 2?").inChat(
        $0, system: asked.settings.system, thinking: asked.settings.thinking,
        date: asked.settings.date)
    }
  }
}

/// One or more verifiers.
struct VerifierList {
  var names: [VerifierName]
  private let isAll: Bool

  /// - Parameter hasJudge: whether a model is named to read with; without one `all` leaves out what
  ///   reads with no other.
  /// - Returns: nil for text that names none, such as `default`.
  init?(_ text: String, hasJudge: Bool) {
    isAll = text == "all"
    names = ((try? Setting.verifier.values(in: text)) ?? []).compactMap {
      VerifierName(rawValue: $0)
    }
    if isAll, !hasJudge { names.removeAll(where: \.needsJudge) }
    if names.isEmpty { return nil }
  }

  /// The verifiers for questions: `all` leaves out what cannot judge each of them.
  func names(for questions: [Question]) -> [VerifierName] {
    guard isAll, !questions.allSatisfy(ExactVerifier.canJudge) else { return names }
    return names.filter { $0 != .exact }
  }
}
