import Foundation
import Measuring
import Traces

/// Where the playground keeps its sessions: `$XDG_STATE_HOME/ponder`, by default
/// `~/.local/state/ponder`.
enum Sessions {
  static var folder: SessionFolder { .standard }

  /// Where studies are kept.
  static var studies: StudyStore { StudyStore(folder: folder.url.appending(path: "studies")) }

  /// Where the weights and checkpoints of the playground's trainings are kept.
  static var trainings: URL { folder.url.appending(path: "trainings") }
}
