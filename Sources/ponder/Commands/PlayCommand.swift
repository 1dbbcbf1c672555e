import ArgumentParser
import Decoding
import Engine
import Foundation
import NcursesTerminal
import Playground
import Problems
import Reasoning
import TerminalUI
import Traces

struct PlayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "play", abstract: "Open the playground (the default).",
    discussion: "In the playground press ? for the keys.")

  @OptionGroup var question: QuestionOptions
  @OptionGroup var model: ModelOptions
  @OptionGroup var options: RunOptions

  @Option(help: "Start a strategy at once, on the screen that shows it.")
  var strategy: String?

  @Option(help: "A theme from 'ponder themes', or a base16 file.")
  var theme: String?

  @Option(help: "Colours: none, 16, 256 or truecolor (default: what the terminal supports).")
  var colors: String?

  @Option(help: ArgumentHelp("Show a saved trace, without a model.", valueName: "trace"))
  var replay: String?

  @Option(help: ArgumentHelp("Save the session in this file.", valueName: "file"))
  var trace: String?

  func validate() throws {
    if let colors, ColorDepth(name: colors) == nil {
      throw ValidationError("--colors must be none, 16, 256 or truecolor.")
    }
  }

  func run() throws {
    if let strategy { _ = try StrategyRegistry.strategy(named: strategy) }
    let saved = try replay.map { try TraceFile.read(URL(fileURLWithPath: $0)) }
    let themes = try Themes.library()
    var preferences = UserConfig.preferences()
    let themeName = try chosenTheme(themes, &preferences)
    let file = saved == nil || model.model != nil ? try chosenModel(&preferences) : nil
    let asked = try question.resolve() ?? Question(ProblemLibrary.apples)
    let prompts = try PromptLibrary.bundled()
    let keep = try keeper(after: saved)

    let terminal = try NcursesTerminal(
      preferredDepth: colors.flatMap { ColorDepth(name: $0) },
      environment: ProcessInfo.processInfo.environment)
    let depth = terminal.colorDepth
    var settings = options.settings(detail: DistributionSummary.savedDetail)
    preferences.apply(to: &settings) { options.gives($0) }
    var state = PlaygroundState(
      size: terminal.size, question: asked, settings: settings, catalog: catalog(themes),
      themeName: themeName)
    if let saved { state.show(Trace(saved.records)) }
    state.strategyAtStart = strategy
    state.prefer(preferences)
    let inbox = ActionInbox()
    let opener = EngineOpener(options: model.engineOptions, parallel: options.parallel)
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: opener, prompts: prompts, keep: keep, studies: Sessions.studies,
        config: UserConfig.file), inbox: inbox)
    let shell = PlaygroundShell(
      state: state,
      view: PlaygroundView(
        theme: try themes.theme(themeName, depth: depth), glyphs: terminal.glyphs),
      session: session, inbox: inbox,
      loadTheme: { try themes.theme($0, depth: depth) }, pace: opener.pace)
    let signal = shell.run(on: terminal, model: file)
    if let signal { terminal.exit(bySignal: signal) }
    terminal.tearDown()
    if let failure = shell.failure { throw failure }
  }

  /// The theme that was asked for, else the one that is preferred.
  ///
  /// - Throws: `ThemeError` for a theme that was asked for: it is told before the screen is taken.
  private func chosenTheme(
    _ themes: ThemeLibrary, _ preferences: inout Preferences
  ) throws -> String {
    guard theme == nil, let preferred = preferences.theme else {
      let name = theme ?? ThemeLibrary.defaultName
      _ = try themes.theme(name, depth: .none)
      return name
    }
    do {
      _ = try themes.theme(preferred, depth: .none)
      return preferred
    } catch {
      preferences.note("\(error)")
      _ = try themes.theme(ThemeLibrary.defaultName, depth: .none)
      return ThemeLibrary.defaultName
    }
  }

  /// The file of the model that was asked for, else of the one that is preferred.
  private func chosenModel(_ preferences: inout Preferences) throws -> String {
    func found(_ path: String) throws -> String {
      guard FileManager.default.fileExists(atPath: path) else {
        throw UserError.missingFile("There is no model at \(path).")
      }
      return path
    }
    if model.model == nil, let preferred = preferences.model {
      do {
        return try found(try BundledModels.path(of: preferred))
      } catch {
        preferences.note("\(error)")
      }
    }
    return try found(try model.path())
  }

  /// Makes the file that keeps this session. A replayed trace is left as it is: what is done
  /// after it goes into a session that begins with a copy of it.
  private func keeper(after saved: TraceFile?) throws -> @Sendable () throws -> TraceJournal {
    let file =
      trace.map { URL(fileURLWithPath: $0) } ?? Sessions.folder.appending(path: Sessions.newName())
    if trace != nil, FileManager.default.fileExists(atPath: file.path) {
      // A file that is no trace is told before the screen is taken.
      _ = try TraceFile.read(file)
    }
    return {
      guard let saved, !FileManager.default.fileExists(atPath: file.path) else {
        return try TraceJournal(at: file)
      }
      let journal = try TraceJournal(at: file, header: nil)
      journal.append(saved.records)
      return journal
    }
  }

  private func catalog(_ themes: ThemeLibrary) -> Catalog {
    var catalog = Catalog()
    catalog.themes = themes.names
    catalog.family = (try? BundledModels.family()) ?? ModelFamily()
    let members = Set(catalog.family.members.map(\.path))
    let others = ((try? BundledModels.all()) ?? []).filter { !members.contains($0.path) }
    catalog.models = others.map { url in
      Catalog.ModelEntry(
        name: GGUFPartName.modelName(ofFile: url.path), path: url.path,
        detail: (try? GGUFFile(path: url.path)).map {
          "\($0.parameterCount) parameters, \($0.fileType)"
        } ?? "cannot be read")
    }
    if let folder = try? Resources.folder("Samples/Lessons"),
      let files = try? FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: nil)
    {
      catalog.lessons = files.sorted { $0.path < $1.path }.compactMap { url in
        guard url.pathExtension == "md", let lesson = try? Lesson.read(url.path) else { return nil }
        return Catalog.LessonEntry(title: lesson.title, path: url.path, summary: lesson.summary)
      }
    }
    catalog.sessions = Sessions.all()
    return catalog
  }
}
