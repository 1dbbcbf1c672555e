/// "Today is Monday. What day is it in 10 days?" and "It is 9:40. What time is it 35 minutes
/// later?"
struct CalendarFamily: ProblemFamily {
  let name = "calendar"
  let summary = "weekdays and clock times, some days, hours or minutes away"
  let levels = 1...4
  let principle = "Leave out whole weeks, and go to the full hour first."
  let isCore = false

  /// A span of time, by which a question goes on or back.
  struct Move: Sendable, Hashable {
    var amount: Int
    var unit: Unit
    var isBack: Bool

    enum Unit: String, Sendable { case minute, hour, day }

    /// "1 hour", "35 minutes".
    var text: String { Self.text(amount, unit) }

    static func text(_ amount: Int, _ unit: Unit) -> String {
      "\(amount) \(unit.rawValue)\(amount == 1 ? "" : "s")"
    }

    /// By how many minutes of the clock it goes on.
    func minutes(_ amount: Int) -> Int { (isBack ? -1 : 1) * amount * (unit == .hour ? 60 : 1) }
  }

  static let weekdays = [
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday",
  ]

  /// Level 1: within the week or the hour; 2: into the next; 3: many weeks, or hours and minutes;
  /// 4: the same, back.
  func draft(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    guard random.chance(0.5) else { return Self.clock(level: level, using: &random) }
    let days = random.int([1...6, 7...20, 21...99, 7...99][level - levels.lowerBound])
    return Self.draft(
      weekday: random.int(0...6), Move(amount: days, unit: .day, isBack: level == 4), level: level)
  }

  /// No time goes past one o'clock: on a clock of 12 hours and on one of 24 it is the same.
  private static func clock(level: Int, using random: inout ProblemRandom) -> ProblemDraft {
    let isBack = level == 4
    let grain = level < 3 ? 5 : 1
    let hours = level < 3 ? 0 : random.int(1...4)
    while true {
      let minute = grain * random.int(1...(60 / grain - 1))
      let amount = grain * random.int(1...(60 / grain - 1))
      let turns = isBack ? amount > minute : minute + amount > 60
      let isFull = isBack ? amount == minute : minute + amount == 60
      guard !isFull, turns == (level > 1) else { continue }
      let hour = isBack ? random.int((hours + 2)...12) : random.int(1...(11 - hours))
      return draft(
        time: 60 * hour + minute, hours: Move(amount: hours, unit: .hour, isBack: isBack),
        minutes: Move(amount: amount, unit: .minute, isBack: isBack), level: level)
    }
  }

  // MARK: Weekdays

  static func draft(weekday: Int, _ move: Move, level: Int) -> ProblemDraft {
    let sign = move.isBack ? "-" : "+"
    return ProblemDraft(structure: "\(day(weekday)) \(sign) \(move.amount)") { random, fault in
      work(weekday: weekday, move, level: level, using: &random, fault: fault)
    }
  }

  private static func day(_ number: Int) -> String { weekdays[(number % 7 + 7) % 7] }

  private static func work(
    weekday: Int, _ move: Move, level: Int, using random: inout ProblemRandom, fault: Fault?
  ) -> WorkedProblem {
    let (today, span) = (day(weekday), move.text)
    let question = random.pick(
      move.isBack
        ? [
          "Today is \(today). What day was it \(span) ago?",
          "If today is \(today), what day was it \(span) ago?",
          "It is \(today). What day of the week was it \(span) before?",
        ]
        : [
          "Today is \(today). What day is it in \(span)?",
          "If today is \(today), what day is it in \(span)?",
          "It is \(today). What day of the week will it be \(span) from now?",
        ])
    var steps: [Step] = []
    var rest = move.amount
    if move.amount >= 7 {
      let read = Fault.misread(fault, at: 0, move.amount)
      rest = Fault.apply(fault, at: 0, to: read % 7)
      steps.append(
        Step(lead: "Leave out whole weeks", text: "\(read) - \(read - read % 7) = \(rest)"))
    }
    var (from, wrong) = (weekday, 0)
    if let fault, fault.step == steps.count {
      // Another day, and never the same.
      let shift = fault.delta % 7 == 0 ? 1 : fault.delta
      if fault.kind == .operand { from += shift } else { wrong = shift }
    }
    let answer = day(from + (move.isBack ? -rest : rest) + wrong)
    let away = "\(Move.text(rest, .day)) \(move.isBack ? "before" : "after")"
    steps.append(
      Step(
        lead: move.isBack ? "Count back" : "Count on", text: "\(away) \(day(from)) is \(answer)"))
    return worked(
      steps, start: "on \(today)", level: level, question: question, answer: answer,
      directSentence: "The day is \"\(answer)\".")
  }

  // MARK: Clock times

  /// A time in minutes.
  static func draft(time: Int, hours: Move, minutes: Move, level: Int) -> ProblemDraft {
    let sign = minutes.isBack ? "-" : "+"
    let structure = "\(text(time: time)) \(sign) \(hours.amount) \(minutes.amount)"
    return ProblemDraft(structure: structure) { random, fault in
      work(time: time, hours: hours, minutes: minutes, level: level, using: &random, fault: fault)
    }
  }

  /// "9:05", on a clock of 12 hours.
  static func text(time: Int) -> String {
    let (hour, minute) = ((time % 720 + 720) % 720).quotientAndRemainder(dividingBy: 60)
    return "\(hour == 0 ? 12 : hour):\(minute < 10 ? "0" : "")\(minute)"
  }

  private static func work(
    time: Int, hours: Move, minutes: Move, level: Int, using random: inout ProblemRandom,
    fault: Fault?
  ) -> WorkedProblem {
    let start = text(time: time)
    let span = (hours.amount > 0 ? "\(hours.text) and " : "") + minutes.text
    let question = random.pick(
      minutes.isBack
        ? [
          "It is \(start). What time was it \(span) earlier?",
          "A train takes \(span) and arrives at \(start). When does it leave?",
          "What time is it \(span) before \(start)?",
        ]
        : [
          "It is \(start). What time is it \(span) later?",
          "A train leaves at \(start) and takes \(span). When does it arrive?",
          "What time is it \(span) after \(start)?",
        ])
    // To the full hour first, and then the rest.
    let toFull = minutes.isBack ? time % 60 : 60 - time % 60
    var (first, rest) = (minutes, minutes)
    first.amount = min(toFull, minutes.amount)
    rest.amount = minutes.amount - first.amount
    var steps: [Step] = []
    var now = time
    let leads = ["Hours", rest.amount > 0 ? "To the hour" : "Within the hour", "The rest"]
    for (lead, move) in zip(leads, [hours, first, rest]) where move.amount > 0 {
      let read = Fault.misread(fault, at: steps.count, move.amount)
      // A wrong result is wrong in what the step changes.
      let moved = Fault.apply(fault, at: steps.count, to: read)
      let before = text(time: now)
      now += move.minutes(moved)
      let sign = move.isBack ? "minus" : "plus"
      steps.append(
        Step(
          lead: lead,
          text: "\(before) \(sign) \(Move.text(read, move.unit)) is \(text(time: now))"))
    }
    let answer = text(time: now)
    return worked(
      steps, start: "at \(start)", level: level, question: question, answer: answer,
      directSentence: "The time is \(answer).")
  }

  // MARK: Solutions

  private struct Step {
    /// What the step does, in words.
    var lead: String
    var text: String
  }

  private static func worked(
    _ steps: [Step], start: String, level: Int, question: String, answer: String,
    directSentence: String
  ) -> WorkedProblem {
    let texts = steps.map(\.text)
    return WorkedProblem(
      level: level, question: question, answer: answer, steps: texts,
      chains: StyledChains(
        terse: texts.told("So ", ""), sentences: steps.map { "\($0.lead): \($0.text)." },
        restating: ["Start \(start)."] + texts.told("", ""),
        sequence: texts.told("First, ", "Then, "),
        fused: ["In short: \(texts.joined(separator: ", then "))."]),
      directSentence: directSentence)
  }
}
