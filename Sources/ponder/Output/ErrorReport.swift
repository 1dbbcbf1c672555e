import ArgumentParser
import Foundation

/// How errors reach the user: one line on standard error and an exit status.
enum ErrorReport {
  /// Prints an error and ends the process. Requests for help are no errors.
  static func exit(with error: any Error) -> Never {
    if error is StandardOutput.Closed { Foundation.exit(0) }
    let code = Ponder.exitCode(for: error)
    guard code != .success else { Ponder.exit(withError: error) }
    if !(error is ExitCode) { StandardError.tell(line(for: error)) }
    Foundation.exit(((error as? any ExitingError)?.exitCode ?? code).rawValue)
  }

  /// The message in one line, without control characters that could disturb the terminal.
  private static func line(for error: any Error) -> String {
    var message = error is any ExitingError ? "\(error)" : Ponder.message(for: error)
    if Ponder.exitCode(for: error) == .validationFailure {
      if message.hasPrefix("Error: ") { message.removeFirst("Error: ".count) }
      let isWhole = [".", "?"].contains(where: message.hasSuffix)
      message += isWhole ? " See 'ponder help'." : "; see 'ponder help'."
    }
    let scalars = message.unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? " " : Character(scalar)
    }
    return String(scalars).split(separator: " ").joined(separator: " ")
  }
}

/// An error that the command line itself finds.
struct UserError: ExitingError, CustomStringConvertible {
  var exitCode: ExitCode
  var description: String

  /// What was asked for makes no sense.
  static func usage(_ message: String) -> Self { Self(exitCode: .usage, description: message) }
  static func missingFile(_ message: String) -> Self {
    Self(exitCode: .missingFile, description: message)
  }
  static func badData(_ message: String) -> Self { Self(exitCode: .badData, description: message) }
  /// A run that went wrong on the way.
  static func failed(_ message: String) -> Self { Self(exitCode: .failure, description: message) }
}
