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
    if let strategy { try options.check([try StrategyRegistry.strategy(named: strategy)]) }
    let saved = try replay.map { try TraceFile.read(URL(fileURLWithPath: $0)) }
    let themes = try Themes.library()
    let themeName = theme ?? ThemeLibrary.defaultName
    let file = saved == nil || model.model != nil ? try model.path() : nil
    if let file, !FileManager.default.fileExists(atPath: file) {
      throw UserError.missingFile("There is no model at \(file).")
    }
    // A bad theme is told before the screen is taken.
    _ = try themes.theme(themeName, depth: .none)
    let asked = try question.resolve() ?? Question(ProblemLibrary.apples)
    let prompts = try PromptLibrary.bundled()
    let keep = try keeper(after: saved)

    let terminal = try NcursesTerminal(
      preferredDepth: colors.flatMap { ColorDepth(name: $0) },
      environment: ProcessInfo.processInfo.environment)
    let depth = terminal.colorDepth
    let settings = options.settings(detail: DistributionSummary.savedDetail)
    var state = PlaygroundState(
      size: terminal.size, question: asked, settings: settings, catalog: catalog(themes),
      themeName: themeName)
    if let saved { state.show(Trace(saved.records)) }
    state.strategyAtStart = strategy
    let inbox = ActionInbox()
    let opener = EngineOpener(options: model.engineOptions, parallel: options.parallel)
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: opener, prompts: prompts, keep: keep, studies: Sessions.studies), inbox: inbox)
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
