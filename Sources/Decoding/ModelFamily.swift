/// How a model of a family differs from the others: its size, how it was trained, and how far.
public struct FamilyMember: Sendable, Hashable {
  /// What a model was trained for last.
  public struct Stage: RawRepresentable, Sendable, Hashable {
    public var rawValue: String

    public init(rawValue: String) { self.rawValue = rawValue }

    /// Pre-trained: goes on with text.
    public static let base = Stage(rawValue: "base")
    /// Fine-tuned to think between tags before it answers.
    public static let think = Stage(rawValue: "think")

    /// Such as `thinks between tags`.
    public var explanation: String { self == .think ? "thinks between tags" : rawValue }
  }

  /// The label of the size, such as `0.9M`.
  public var size: String
  public var parameters: Int
  public var stage: Stage
  /// Tokens it was trained on.
  public var tokensSeen: Int
  /// The format of most weights, such as `F16`.
  public var fileType: String
  /// The file's size in bytes.
  public var bytes: Int
  public var path: String

  public init(
    size: String, parameters: Int, stage: Stage, tokensSeen: Int, fileType: String, bytes: Int,
    path: String
  ) {
    self.size = size
    self.parameters = parameters
    self.stage = stage
    // No file says what would overflow.
    self.tokensSeen = min(max(0, tokensSeen), 1_000_000_000_000_000)
    self.fileType = fileType
    self.bytes = bytes
    self.path = path
  }

  /// The training tokens in short: `8M`, `2.5M`, `300k`.
  public var tokens: String { Self.label(ofTokens: tokensSeen) }

  /// A number of training tokens in short, as files and models are named by it: `8M`, `2.5M`, `300k`.
  ///
  /// From 3.5 million on to whole millions, since checkpoints lie some millions apart.
  public static func label(ofTokens count: Int) -> String {
    if count < 1000 { return "\(count)" }
    if count < 999_500 { return "\((count + 500) / 1000)k" }
    let tenths = (count + 50_000) / 100_000
    return tenths < 35 && tenths % 10 != 0
      ? "\(tenths / 10).\(tenths % 10)M" : "\((count + 500_000) / 1_000_000)M"
  }

  /// Such as `base 2M @8M tokens`.
  public var title: String { "\(stage.rawValue) \(size) @\(tokens) tokens" }

  /// The file's name without its folders and its ending.
  public var fileName: String {
    let name = path.split(separator: "/").last ?? Substring(path)
    return String(name.hasSuffix(".gguf") ? name.dropLast(5) : name)
  }

  /// What two files share that hold the same weights.
  fileprivate var weights: [String] { [size, stage.rawValue, "\(tokensSeen)"] }
}

/// Models of one kind that differ along three axes: size, stage and training tokens.
///
/// Each has a short name: `2m` is the final base model of a size, `2m@8M` the one after 8 million
/// tokens, `2m-think` or only `think` the one fine-tuned to think.
public struct ModelFamily: Sendable, Hashable {
  /// By size, then stage with base first, then training tokens, ascending. Of files with the same
  /// weights only one: the standard, else the most exact.
  public let members: [FamilyMember]
  /// The labels of the sizes, ascending.
  public let sizes: [String]
  /// The member that is used unless another is asked for.
  public let standard: FamilyMember?

  /// - Parameters:
  ///   - files: the members, in any order.
  ///   - path: the file of the standard.
  public init(_ files: [FamilyMember] = [], standard path: String? = nil) {
    var kept: [[String]: FamilyMember] = [:]
    for file in files {
      guard let other = kept[file.weights] else {
        kept[file.weights] = file
        continue
      }
      // Of equals the first by name, so that the answer is always the same.
      let isBetter = (file.bytes, other.path) > (other.bytes, file.path)
      if file.path == path || (other.path != path && isBetter) { kept[file.weights] = file }
    }
    var smallest: [String: Int] = [:]
    for member in kept.values {
      smallest[member.size] = min(smallest[member.size] ?? .max, member.parameters)
    }
    sizes = smallest.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map(\.key)
    let order = Dictionary(uniqueKeysWithValues: sizes.enumerated().map { ($1, $0) })
    members = kept.values.sorted {
      let (a, b) = (order[$0.size] ?? 0, order[$1.size] ?? 0)
      if a != b { return a < b }
      if $0.stage != $1.stage {
        return $1.stage != .base && ($0.stage == .base || $0.stage.rawValue < $1.stage.rawValue)
      }
      return $0.tokensSeen < $1.tokensSeen
    }
    standard = members.first { $0.path == path }
  }

  public var isEmpty: Bool { members.isEmpty }

  // MARK: The axes

  /// The stages of a size, base first.
  public func stages(of size: String) -> [FamilyMember.Stage] {
    members.filter { $0.size == size }.reduce(into: []) { stages, member in
      if stages.last != member.stage { stages.append(member.stage) }
    }
  }

  /// The checkpoints of a size at a stage by training tokens; the last one is the final model.
  public func checkpoints(of size: String, _ stage: FamilyMember.Stage) -> [FamilyMember] {
    members.filter { $0.size == size && $0.stage == stage }
  }

  /// The member of a size that is most like another one: of its stage and training tokens where
  /// there is one, else the final one.
  public func member(of size: String, like other: FamilyMember?) -> FamilyMember? {
    let stages = stages(of: size)
    guard let stage = stages.first(where: { $0 == other?.stage }) ?? stages.first else {
      return nil
    }
    let all = checkpoints(of: size, stage)
    guard let other, !isFinal(other) else { return all.last }
    return all.first { $0.tokens == other.tokens } ?? all.last
  }

  /// Whether no other of its size and stage has seen more tokens.
  public func isFinal(_ member: FamilyMember) -> Bool {
    checkpoints(of: member.size, member.stage).allSatisfy { $0.tokensSeen <= member.tokensSeen }
  }

  /// The member whose size comes next, the smallest after the largest.
  public func nextSize(after member: FamilyMember) -> FamilyMember? {
    let index = sizes.firstIndex(of: member.size).map { ($0 + 1) % sizes.count } ?? 0
    guard sizes.indices.contains(index) else { return nil }
    return self.member(of: sizes[index], like: member)
  }

  /// The checkpoint before (-1) or after (1) a member; nil where there is none.
  public func checkpoint(_ step: Int, from member: FamilyMember) -> FamilyMember? {
    let all = checkpoints(of: member.size, member.stage)
    return step < 0
      ? all.last { $0.tokensSeen < member.tokensSeen }
      : all.first { $0.tokensSeen > member.tokensSeen }
  }

  /// The final model of the next stage of the same size; nil where there is only one.
  public func nextStage(after member: FamilyMember) -> FamilyMember? {
    let stages = stages(of: member.size)
    let index = stages.firstIndex(of: member.stage).map { ($0 + 1) % stages.count } ?? 0
    guard stages.indices.contains(index), stages[index] != member.stage else { return nil }
    return checkpoints(of: member.size, stages[index]).last
  }

  // MARK: Names

  /// Such as `2m`, `2m@8M` or `2m-think`.
  public func name(of member: FamilyMember) -> String {
    let stage = member.stage == .base ? "" : "-\(member.stage.rawValue)"
    return member.size.lowercased() + stage + (isFinal(member) ? "" : "@\(member.tokens)")
  }

  /// All names with what they stand for: of each size and stage the final model first, then its
  /// checkpoints.
  public var names: [(name: String, member: FamilyMember)] {
    let named = sizes.flatMap { size in
      stages(of: size).flatMap { stage -> [FamilyMember] in
        let all = checkpoints(of: size, stage)
        return all.suffix(1) + all.dropLast()
      }
    }.map { (name: name(of: $0), member: $0) }
    let bare = Set(members.map(\.stage)).subtracting([.base]).map(\.rawValue).sorted()
    return named + bare.compactMap { name in member(named: name).map { (name, $0) } }
  }

  /// All names, as an error lists them.
  public var listOfNames: String { names.map(\.name).joined(separator: ", ") }

  /// Finds a member by its short name, in small or capital letters, or by its file's name.
  ///
  /// - Parameter current: the model at hand: what the name leaves open, the size of `think` or
  ///   the size and stage of `@8M`, is as in this one, else as in the standard.
  public func member(named name: String, like current: FamilyMember? = nil) -> FamilyMember? {
    if let file = members.first(where: { $0.fileName == name }) { return file }
    let parts = name.lowercased().split(
      separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
    guard let words = parts.first, let wanted = size(and: String(words), like: current) else {
      return nil
    }
    let tokens = parts.count > 1 ? String(parts[1]) : nil
    if words.isEmpty, tokens == nil { return nil }
    for size in wanted.sizes {
      let all = checkpoints(of: size, wanted.stage)
      guard let tokens else {
        if let final = all.last { return final }
        continue
      }
      let found = all.first {
        $0.tokens.lowercased() == tokens || $0.tokens.lowercased() == tokens + "m"
      }
      if let found { return found }
    }
    return nil
  }

  /// What the part of a name before `@` says: sizes, the likeliest first, and a stage. nil when
  /// it says nothing known.
  private func size(
    and words: String, like current: FamilyMember?
  ) -> (sizes: [String], stage: FamilyMember.Stage)? {
    let near = [current?.size, standard?.size].compactMap { $0 }.filter(sizes.contains)
    // A large model shows more than a small one.
    let anySize = near + sizes.reversed()
    if words.isEmpty { return (anySize, current?.stage ?? .base) }
    var size: String?
    var stage: FamilyMember.Stage?
    for word in words.split(separator: "-", omittingEmptySubsequences: false) {
      if size == nil, let known = sizes.first(where: { $0.lowercased() == word }) {
        size = known
      } else if stage == nil,
        let known = members.first(where: { $0.stage.rawValue.lowercased() == word })
      {
        stage = known.stage
      } else {
        return nil
      }
    }
    guard let size else { return stage.map { (anySize, $0) } }
    return ([size], stage ?? stages(of: size).first ?? .base)
  }
}
