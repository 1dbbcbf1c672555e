import ArgumentParser
import Decoding
import Foundation
import NcursesTerminal
import Playground
import Problems
import Reasoning
import RemoteModels
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
    let replayed = try replay.map {
      try TraceFile.read(URL(fileURLWithPath: UserFolder.expanded($0)))
    }
    let file = traceFile
    // A file that is no trace is told before the screen is taken; a session goes on.
    let saved = try replayed ?? file.flatMap { try TraceFile.existing(at: $0) }
    let themes = try Themes.library()
    var preferences = UserConfig.preferences()
    let themeName = try chosenTheme(themes, &preferences)
    let model =
      replayed == nil || self.model.model != nil ? try chosenModel(&preferences) : nil
    let asked = try question.resolve() ?? Question(ProblemLibrary.apples)
    let prompts = try PromptLibrary.bundled()
    let inbox = ActionInbox()
    let keep = keeper(in: file, after: replayed, goingOn: saved, inbox)

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
    let opener = EngineOpener(
      options: self.model.engineOptions, remote: self.model.remote, parallel: options.parallel)
    let session = PlaygroundSession(
      PlaygroundSession.Configuration(
        opener: opener, prompts: prompts, keep: keep, sessions: Sessions.folder,
        studies: Sessions.studies, trainings: Sessions.trainings, config: UserConfig.file),
      inbox: inbox)
    let shell = PlaygroundShell(
      state: state,
      view: PlaygroundView(
        theme: try themes.theme(themeName, depth: depth), glyphs: terminal.glyphs),
      session: session, inbox: inbox,
      loadTheme: { try themes.theme($0, depth: depth) }, pace: opener.pace)
    let signal = shell.run(on: terminal, model: model)
    if let signal { terminal.exit(bySignal: signal) }
    terminal.tearDown()
    if let failure = shell.failure { throw failure }
  }

  /// Where the session is kept, when somebody says so.
  private var traceFile: URL? { trace.map { URL(fileURLWithPath: UserFolder.expanded($0)) } }
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
      guard RemoteAddress.isAddress(path) || FileManager.default.fileExists(atPath: path) else {
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
    return try found(try model.source())
  }

  /// Makes the file that keeps this session. A replayed trace is left as it is: what is done
  /// after it goes into a session that begins with a copy of it. What is done while another Ponder
  /// writes the file goes into a copy too.
  private func keeper(
    in asked: URL?, after replayed: TraceFile?, goingOn saved: TraceFile?, _ inbox: ActionInbox
  ) -> JournalMaker {
    let file = asked ?? Sessions.folder.newSession()
    return { place in
      if let replayed, !FileManager.default.fileExists(atPath: (place ?? file).path) {
        let journal = try TraceJournal(at: place ?? file, header: nil)
        journal.append(replayed.records)
        return journal
      }
      do {
        return try TraceJournal(at: place ?? file)
      } catch TraceError.inUse where place == nil {
        let length = replayed == nil ? saved?.length ?? 0 : 0
        let journal = try Sessions.folder.journal(inCopyOf: file, length: length)
        if let replayed { journal.append(replayed.records) }
        inbox.tell(sessionGoesOnIn: journal.url.path)
        return journal
      }
    }
  }

  private func catalog(_ themes: ThemeLibrary) -> Catalog {
    var catalog = Catalog()
    catalog.themes = themes.names
    catalog.family = (try? BundledModels.family()) ?? ModelFamily()
    catalog.models = BundledModels.others().map {
      Catalog.ModelEntry(
        name: $0.name, path: $0.path, detail: $0.explanationWithFile,
        verifier: Judges.trained($0.lineage)?.name)
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
    catalog.sessions = Sessions.folder.files().map(\.path)
    return catalog
  }
}
