import ArgumentParser

/// How a command that has one answer prints it.
enum OutputFormat: String, CaseIterable, ExpressibleByArgument {
  case json
  case text
}
