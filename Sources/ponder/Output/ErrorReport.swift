import ArgumentParser
import Decoding
import Engine
import Foundation
import NcursesTerminal
import Problems
import TerminalUI
import Traces

/// How errors reach the user: one line on standard error and an exit status.
enum ErrorReport {
  /// Exit statuses, from sysexits.h.
  enum Status {
    static let usage: Int32 = 64
    static let badData: Int32 = 65
    static let missingFile: Int32 = 66
    static let other: Int32 = 1
  }

  /// Prints an error and ends the process. Requests for help are no errors.
  static func exit(with error: any Error) -> Never {
    if error is StandardOutput.Closed { Foundation.exit(0) }
    let code = Ponder.exitCode(for: error)
    guard code != .success else { Ponder.exit(withError: error) }
    if !(error is ExitCode) {
      let message = line(for: error)
      FileHandle.standardError.write(Data("ponder: \(message)\n".utf8))
    }
    Foundation.exit(status(of: error) ?? code.rawValue)
  }

  /// The message in one line, without control characters that could disturb the terminal.
  private static func line(for error: any Error) -> String {
    var message = status(of: error) == nil ? Ponder.message(for: error) : "\(error)"
    if Ponder.exitCode(for: error) == .validationFailure {
      if message.hasPrefix("Error: ") { message.removeFirst("Error: ".count) }
      message += message.hasSuffix(".") ? " See 'ponder help'." : "; see 'ponder help'."
    }
    let scalars = message.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? " " : Character(scalar)
    }
    return String(scalars).split(separator: " ").joined(separator: " ")
  }

  /// The exit status of this program's own errors; nil for those of the argument parser and of the
  /// system.
  private static func status(of error: any Error) -> Int32? {
    switch error {
    case let error as UserError: error.status
    case GGUFError.notFound, GGUFError.cannotOpen, GGUFError.missingPart: Status.missingFile
    case GGUFError.cannotWrite: Status.other
    case is GGUFError, is TokenizerError: Status.badData
    case ModelError.instructionSetUnavailable: Status.usage
    case ModelError.outOfMemory: Status.other
    case is ModelError: Status.badData
    case LanguageModelError.tokenOutOfRange: Status.usage
    case is ProblemError, is ProblemTemplateError: Status.usage
    case LanguageModelError.contextExceeded: Status.badData
    case is LanguageModelError: Status.other
    case is MixtureError: Status.usage
    case TextFileError.missing, TextFileError.missingPrompt, TextFileError.unreadable:
      Status.missingFile
    case is TextFileError: Status.badData
    case TraceError.missing, TraceError.unreadable, TraceError.isFolder: Status.missingFile
    case TraceError.unwritable: Status.other
    case is TraceError: Status.badData
    case let error as ThemeError: error.isMissing ? Status.missingFile : Status.badData
    case is TerminalError: Status.other
    default: nil
    }
  }
}

/// An error that the command line itself finds.
enum UserError: Error, CustomStringConvertible {
  /// What was asked for makes no sense.
  case usage(String)
  case missingFile(String)
  case badData(String)
  /// A run that went wrong on the way.
  case failed(String)

  var status: Int32 {
    switch self {
    case .usage: ErrorReport.Status.usage
    case .missingFile: ErrorReport.Status.missingFile
    case .badData: ErrorReport.Status.badData
    case .failed: ErrorReport.Status.other
    }
  }

  var description: String {
    switch self {
    case .usage(let message), .missingFile(let message), .badData(let message),
      .failed(let message):
      message
    }
  }
}
