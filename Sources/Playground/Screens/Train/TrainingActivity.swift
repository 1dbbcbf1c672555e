import Traces

/// What a training does, and for how long.
enum TrainingPhase: Sendable, Hashable {
  case opening
  case measuring
  /// From 1.
  case step(Int)
}

/// A sign of life of a training under way.
struct TrainingBeat: Sendable, Hashable {
  var phase: TrainingPhase
  /// How long that has taken so far.
  var seconds: Double
}

/// A training under way.
struct TrainingActivity: Sendable, Hashable {
  var number: Int
  var recipe: String
  var done = 0
  var total: Int
  /// Whether the model is still being opened.
  var isOpening = true
  var isPaused = false
  /// Steps that are taken although it is paused.
  var granted = 0
  var isStopping = false
  /// Seconds that a step takes at least.
  var pace = 0.0
  /// How long a step takes, in seconds; nil before that is known.
  var secondsEach: Double?
  /// nil before the first.
  var beat: TrainingBeat?

  static let paces = [0.0, 1, 2, 5, 10, 30]

  init(number: Int, recipe: String, total: Int) {
    (self.number, self.recipe, self.total) = (number, recipe, total)
  }

  /// The seconds of a step after it is made faster (1) or slower (-1).
  func pace(after step: Int) -> Double {
    let place = (Self.paces.firstIndex(of: pace) ?? 0) - step
    return Self.paces[max(0, min(Self.paces.count - 1, place))]
  }

  /// Takes note of how far it is.
  mutating func come(to training: TrainingTrace) {
    granted = max(0, granted - max(0, training.lastStep - done))
    done = training.lastStep
    if training.start != nil { isOpening = false }
  }

  /// Whether nothing happens until it goes on.
  var isWaiting: Bool { isPaused && granted == 0 }

  /// What is under way, with a sign that moves and the seconds: `step 6 of 8 ⠙ 1.2 s`.
  var text: String {
    let told =
      switch beat?.phase {
      case _ where isOpening: "opening the model"
      case .measuring?: done > 0 ? "step \(done) of \(total), measuring" : "measuring the model"
      case .step(let number)?: "taking step \(number) of \(total)"
      case .opening?, nil:
        done >= total ? "step \(done) of \(total), measuring" : "step \(done) of \(total)"
      }
    guard let beat else { return "\(told) …" }
    let signs = ["⠋", "⠙", "⠸", "⠴", "⠦", "⠇"]
    let sign = signs[Int(min(max(0, beat.seconds), 1e6) * 4) % signs.count]
    let seconds =
      beat.seconds < 10 ? "\(Format.fixed(beat.seconds, 1)) s" : Format.duration(beat.seconds)
    return "\(told) \(sign) \(seconds)"
  }

  var progress: Progress {
    var progress = Progress(
      isPaused ? "\(recipe) paused" : recipe, done, of: total, .steps, isStopping: isStopping)
    // Behind the last step it is only measured once more.
    guard !isPaused, done < total else { return progress }
    progress.secondsEach = secondsEach
    // Whole seconds: more would be a precision that the estimate does not have.
    progress.secondsLeft = secondsEach.map { each in
      let step = max(each, pace)
      let isAtStep = if case .step? = beat?.phase { true } else { false }
      let begun = isAtStep ? min(step, beat?.seconds ?? 0) : 0
      return (step * Double(total - done) - begun).rounded(.up)
    }
    return progress
  }
}
