import ArgumentParser
import Decoding
import Engine
import Learning
import Measuring
import ModelStores
import NcursesTerminal
import Problems
import Reasoning
import Serving
import TerminalUI
import Traces
import Training

/// An error that knows with which status it ends the program: as a wrong use of it unless it says
/// otherwise.
protocol ExitingError: Error {
  var exitCode: ExitCode { get }
}

extension ExitingError {
  var exitCode: ExitCode { .usage }
}

/// Exit statuses, from sysexits.h.
extension ExitCode {
  static let usage = ExitCode(64)
  static let badData = ExitCode(65)
  static let missingFile = ExitCode(66)

  /// How every command ends that a signal has stopped, after it has printed what it has: 130 for
  /// Ctrl-C, 143 for SIGTERM, as shells report a program that the signal has killed.
  static func interrupted(by signal: Int32) -> ExitCode { ExitCode(128 + signal) }
}

extension GGUFError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .notFound, .cannotOpen, .missingPart: .missingFile
    case .cannotWrite: .failure
    default: .badData
    }
  }
}

extension TokenizerError: ExitingError {
  var exitCode: ExitCode { .badData }
}

extension ModelError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .instructionSetUnavailable: .usage
    case .outOfMemory: .failure
    default: .badData
    }
  }
}

extension ChatTemplateError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .unreadable: .badData
    case .missingFile: .missingFile
    case .noSwitch, .noTemplate: .usage
    }
  }
}

extension LanguageModelError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .tokenOutOfRange: .usage
    case .contextExceeded: .badData
    default: .failure
    }
  }
}

extension MixtureError: ExitingError {}
extension ProblemError: ExitingError {}
extension ProblemTemplateError: ExitingError {}
extension StudyError: ExitingError {}

extension StrategyError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .unknown, .unfit: .usage
    default: .failure
    }
  }
}

extension LearningError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .unknownRecipe, .noProblems, .tooManyIterations, .offPolicy, .nothingToCompare, .noReward:
      .usage
    default: .failure
    }
  }
}

extension TrainingError: ExitingError {
  var exitCode: ExitCode { .failure }
}

extension TextFileError: ExitingError {
  var exitCode: ExitCode {
    if case .malformed = self { .badData } else { .missingFile }
  }
}

extension CheckpointError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .unreadable: .missingFile
    case .otherSettings: .usage
    case .foreign, .otherVersion, .damaged, .otherModel: .badData
    }
  }
}

extension TokenFileError: ExitingError {
  var exitCode: ExitCode {
    if case .unreadable = self { .missingFile } else { .badData }
  }
}

extension PretrainingError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .invalidShape: .usage
    case .isRunning, .cannotWrite, .diverged: .failure
    case .notPretraining: .badData
    }
  }
}

extension CallError: ExitingError {
  var exitCode: ExitCode { .failure }
}

extension LoadError: ExitingError {
  var exitCode: ExitCode { .failure }
}

extension ServiceTimesError: ExitingError {
  var exitCode: ExitCode {
    if case .unreadable = self { .missingFile } else { .badData }
  }
}

extension TraceError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .missing, .unreadable, .isFolder: .missingFile
    case .unwritable: .failure
    default: .badData
    }
  }
}

extension ThemeError: ExitingError {
  var exitCode: ExitCode { isMissing ? .missingFile : .badData }
}

extension TerminalError: ExitingError {
  var exitCode: ExitCode { .failure }
}

extension ReferenceError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .malformed: .usage
    case .notHere, .incomplete: .missingFile
    }
  }
}

extension DownloadError: ExitingError {
  var exitCode: ExitCode {
    switch self {
    case .noSuchRepository, .noModel, .noSuchFile, .noWheel: .missingFile
    case .badAddress: .usage
    default: .failure
    }
  }
}
