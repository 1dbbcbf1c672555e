import Foundation
public import Problems

/// The prompt templates of a directory (Samples/Prompts).
public struct PromptLibrary: Hashable, Sendable {
  public let directory: String

  public init(directory: String) { self.directory = directory }

  /// The prompt for a question.
  /// - Parameters:
  ///   - family: The problem's family, whose own examples are preferred.
  ///   - corpus: where passages are looked up, a file or a folder; nil for the worked examples.
  ///   - passages: how many of them stand in a prompt that asks for some.
  /// - Throws: `TextFileError` for a template or example file that is missing or malformed.
  public func prompt(
    _ prompting: Prompting, question: String, family: String? = nil, corpus: String? = nil,
    passages: Int = Retrieve.defaultPassages
  ) throws(TextFileError) -> Prompt {
    let template = try template(prompting)
    let exemplars = try exemplars(of: template, at: path(of: prompting), family: family)
    guard template.asksForPassages else {
      return template.render(question: question, exemplars: exemplars)
    }
    return template.render(
      question: question, exemplars: exemplars,
      passages: try retrieved(passages, for: question, from: corpus ?? "\(directory)/few-shot"))
  }

  /// The passages that fit a question best, best first. A worked example that gives the question
  /// away is none.
  func retrieved(
    _ count: Int, for question: String, from corpus: String
  ) throws(TextFileError) -> [RetrievedPassage] {
    let passages = try PassageCorpus.read(corpus).passages.filter { passage in
      !passage.text.hasPrefix("Q:") || !Exemplar(text: passage.text).leaks(into: question)
    }
    return BM25(passages.map(\.text)).best(count, for: question).map {
      RetrievedPassage(passage: passages[$0.passage], score: $0.score)
    }
  }

  /// The template that a value of `--prompting` names.
  public func template(_ prompting: Prompting) throws(TextFileError) -> PromptTemplate {
    let path = path(of: prompting)
    if case .file(let name) = prompting, !FileManager.default.fileExists(atPath: path),
      case let known = names, !known.isEmpty
    {
      throw .missingPrompt(name, known: known)
    }
    return try PromptTemplate.parse(TextFile.read(path), path: path)
  }

  private func path(of prompting: Prompting) -> String {
    guard case .file(let path) = prompting else { return "\(directory)/\(prompting).txt" }
    // A bare name is a file that lies here, or else a template of the library.
    let named = "\(directory)/\(path).txt"
    guard !path.contains("/"), !FileManager.default.fileExists(atPath: path),
      FileManager.default.fileExists(atPath: named)
    else { return path }
    return named
  }

  /// The names of the templates there are, in order.
  public var names: [String] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return files.filter { name in
      // Worked examples are text files too, but ask nothing.
      name.hasSuffix(".txt")
        && (try? TextFile.read("\(directory)/\(name)"))?.contains("{question}") == true
    }.map { String($0.dropLast(4)) }.sorted()
  }

  private func exemplars(
    of template: PromptTemplate, at templatePath: String, family: String?
  ) throws(TextFileError) -> [Exemplar] {
    guard let named = template.exemplarPath else { return [] }
    let folder = URL(fileURLWithPath: templatePath).deletingLastPathComponent().path
    let path = named.hasPrefix("/") ? named : "\(folder)/\(named)"
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory),
      isDirectory.boolValue
    else { return try Exemplar.parse(TextFile.read(path)) }
    if let family, !family.contains("/") {
      let own = "\(path)/\(family).txt"
      if FileManager.default.fileExists(atPath: own) {
        return try Exemplar.parse(TextFile.read(own))
      }
    }
    return try Exemplar.parse(TextFile.read("\(path)/mixed.txt"))
  }
}
