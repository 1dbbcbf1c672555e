/// The functions that every template can call.
extension Interpreter {
  func global(_ name: String) -> Value? {
    let body: Function.Body
    switch name {
    case "range": body = { (run, arguments) throws(JinjaError) in try run.range(arguments) }
    case "dict":
      body = { (run, arguments) throws(JinjaError) in .dictionary(try run.mapping(arguments)) }
    case "namespace":
      body = { (run, arguments) throws(JinjaError) in
        let attributes = try run.mapping(arguments)
        for case .text(let name) in attributes.keys where name.string.hasPrefix("_") {
          throw run.fail("an attribute of a namespace must not begin with “_”")
        }
        let namespace = try run.makeNamespace()
        namespace.attributes = attributes
        return .namespace(namespace)
      }
    case "raise_exception":
      body = { (run, arguments) throws(JinjaError) in
        let bound = try run.bind(arguments, to: ["message"], of: "“raise_exception”")
        throw JinjaError(
          kind: .raised, position: run.position,
          reason: try run.string(bound[0] ?? .text("no reason given")).string)
      }
    case "strftime_now":
      body = { (run, arguments) throws(JinjaError) in
        let bound = try run.bind(arguments, to: ["format"], of: "“strftime_now”")
        return .text(try run.date(run.text(bound[0])))
      }
    case "joiner":
      body = { (run, arguments) throws(JinjaError) in
        let bound = try run.bind(arguments, to: ["sep"], of: "“joiner”")
        let separator = bound[0] ?? .text(", ")
        var isUsed = false
        return .function(
          Function("joiner", depth: separator.depth + 1) { (_, _) throws(JinjaError) in
            defer { isUsed = true }
            return isUsed ? separator : .text("")
          })
      }
    default: return nil
    }
    return .function(Function(name, body: body))
  }

  private func range(_ arguments: Arguments) throws(JinjaError) -> Value {
    guard arguments.keyword.isEmpty, (1...3).contains(arguments.positional.count) else {
      throw fail("“range” takes one to three whole numbers")
    }
    var bounds: [Int] = []
    for value in arguments.positional { bounds.append(try integer(value)) }
    let (start, end) = bounds.count == 1 ? (0, bounds[0]) : (bounds[0], bounds[1])
    let step = bounds.count == 3 ? bounds[2] : 1
    guard step != 0 else { throw fail("the step of a range cannot be 0") }
    let (distance, isTooFar) = end.subtractingReportingOverflow(start)
    guard !isTooFar, step != Int.min else { throw fail("the range is too large") }
    let count =
      (distance > 0) == (step > 0) && distance != 0
      ? (distance.magnitude - 1) / step.magnitude + 1 : 0
    guard count <= limits.rangeLength else {
      throw beyond("a range has more than \(limits.rangeLength) elements")
    }
    return .range(Range(start: start, count: Int(count), step: step))
  }

  /// What `dict(…)` makes of its arguments.
  private func mapping(_ arguments: Arguments) throws(JinjaError) -> Mapping {
    guard arguments.positional.count <= 1 else {
      throw fail("a dictionary is made of not more than one value and of names")
    }
    var mapping = Mapping()
    switch arguments.positional.first {
    case nil: break
    case .dictionary(let other)?: mapping = other
    case let pairs?:
      for pair in try iterate(pairs) {
        let values = try iterate(pair)
        guard values.count == 2 else {
          throw fail("a dictionary is made of pairs, not of \(values.count) values")
        }
        mapping.set(try key(values[0]), values[0], values[1])
      }
    }
    for (name, value) in arguments.keyword { mapping.set(Text(name), value) }
    _ = try checked(.dictionary(mapping))
    return mapping
  }

  // MARK: Dates

  private static let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
  ]
  private static let weekdays = [
    "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
  ]

  /// Python's `strftime` in the C locale.
  private func date(_ format: Text) throws(JinjaError) -> Text {
    var units: [UInt32] = []
    var rest = format.units[...]
    while let unit = rest.popFirst() {
      guard Text.code(unit) == 0x25 else {
        units.append(unit)
        continue
      }
      var flag: Unicode.Scalar?
      if let next = rest.first, ["-", "_", "0"].contains(Text.scalar(next)) {
        flag = Text.scalar(next)
        rest.removeFirst()
      }
      guard let letter = rest.popFirst() else { throw fail("the date's format ends in “%”") }
      guard let text = field(Text.scalar(letter), flag: flag) else {
        throw fail("“%\(Text.scalar(letter))” is no part of a date that can be written")
      }
      units += text.unicodeScalars.map(\.value)
    }
    return Text(units: units)
  }

  private func field(_ letter: Unicode.Scalar, flag: Unicode.Scalar?) -> String? {
    func padded(_ number: Int, _ width: Int = 2, with usual: String = "0") -> String {
      let digits = String(number)
      if flag == "-" { return digits }
      let fill = flag == "_" ? " " : flag == "0" ? "0" : usual
      return String(repeating: fill, count: max(width - digits.count, 0)) + digits
    }
    func all(_ letters: String) -> String {
      letters.unicodeScalars.map {
        $0 == "/" || $0 == ":" || $0 == " " ? String($0) : field($0, flag: nil) ?? ""
      }
      .joined()
    }
    let month = Self.months[(now.month - 1 + 1200) % 12]
    let weekday = Self.weekdays[dayOfWeek]
    switch letter {
    case "Y": return String(now.year)
    case "y": return padded(now.year % 100)
    case "C": return padded(now.year / 100)
    case "m": return padded(now.month)
    case "d": return padded(now.day)
    case "e": return padded(now.day, with: " ")
    case "B": return month
    case "b", "h": return String(month.prefix(3))
    case "A": return weekday
    case "a": return String(weekday.prefix(3))
    case "H": return padded(now.hour)
    case "I": return padded((now.hour + 11) % 12 + 1)
    case "M": return padded(now.minute)
    case "S": return padded(now.second)
    case "f": return "000000"
    case "p": return now.hour < 12 ? "AM" : "PM"
    case "j": return padded(dayOfYear, 3)
    case "w": return String(dayOfWeek)
    case "u": return String(dayOfWeek == 0 ? 7 : dayOfWeek)
    case "F": return "\(now.year)-" + all("m") + "-" + all("d")
    case "D", "x": return all("m/d/y")
    case "T", "X": return all("H:M:S")
    case "R": return all("H:M")
    case "c": return all("a b e H:M:S Y")
    case "Z", "z": return ""
    case "n": return "\n"
    case "t": return "\t"
    case "%": return "%"
    default: return nil
    }
  }

  private var isLeapYear: Bool {
    now.year.isMultiple(of: 4) && (!now.year.isMultiple(of: 100) || now.year.isMultiple(of: 400))
  }

  /// From 1.
  private var dayOfYear: Int {
    let lengths = [31, isLeapYear ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    return lengths.prefix(max(now.month - 1, 0)).reduce(now.day, +)
  }

  /// From 0 for Sunday.
  private var dayOfWeek: Int {
    let before = now.year - 1
    let days = before * 365 + before / 4 - before / 100 + before / 400 + dayOfYear
    return ((days % 7) + 7) % 7
  }
}
