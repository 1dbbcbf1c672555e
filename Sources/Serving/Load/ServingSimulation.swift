/// How long things take on some machine: measured here, or a GPU's figures from a file.
public struct ServiceTimes: Sendable, Hashable, Codable {
  /// Seconds of a pass, whatever it computes.
  public var pass: Double
  /// Seconds that each token of a prompt adds.
  public var promptToken: Double
  /// Seconds that each text that is decoded adds.
  public var decodedToken: Double
  /// Bytes of keys and values that a token has.
  public var bytesPerToken: Double
  /// Bytes a second between two machines, and seconds until the first of them is there.
  public var bandwidth: Double
  public var latency: Double
  /// Tokens of prompts that a pass computes at most.
  public var tokensPerPass: Int
  /// Texts that are decoded at once.
  public var slots: Int

  public init(
    pass: Double, promptToken: Double, decodedToken: Double, bytesPerToken: Double = 0,
    bandwidth: Double = .infinity, latency: Double = 0, tokensPerPass: Int = 512, slots: Int = 16
  ) {
    self.pass = pass
    self.promptToken = promptToken
    self.decodedToken = decodedToken
    self.bytesPerToken = bytesPerToken
    self.bandwidth = bandwidth
    self.latency = latency
    self.tokensPerPass = tokensPerPass
    self.slots = slots
  }

  private enum CodingKeys: String, CodingKey {
    case pass, bandwidth, latency, slots
    case promptToken = "prompt_token"
    case decodedToken = "decoded_token"
    case bytesPerToken = "bytes_per_token"
    case tokensPerPass = "tokens_per_pass"
  }

  func passTime(prompt: Int, decoded: Int) -> Double {
    pass + Double(prompt) * promptToken + Double(decoded) * decodedToken
  }

  func transferTime(prompt: Int) -> Double {
    latency + (bytesPerToken > 0 ? Double(prompt) * bytesPerToken / bandwidth : 0)
  }
}

/// Where prompts and answers are computed.
public enum ServingLayout: Sendable, Hashable {
  /// Both on each of so many machines: a pass has tokens of both.
  case colocated(Int)
  /// Prompts on some, answers on others, keys and values sent from the ones to the others.
  case disaggregated(prefill: Int, decode: Int)

  public var machines: Int {
    switch self {
    case .colocated(let count): count
    case .disaggregated(let prefill, let decode): prefill + decode
    }
  }
}

/// A request of a load.
public struct LoadRequest: Sendable, Hashable {
  public var sent: Double
  /// Tokens of the prompt, and of the answer.
  public var prompt: Int
  public var output: Int

  public init(sent: Double, prompt: Int, output: Int) {
    (self.sent, self.prompt, self.output) = (sent, max(1, prompt), max(1, output))
  }
}

/// Serves a load in simulated time, by the rules that the decoder goes by: slots are filled in order of
/// arrival, each pass gives every text one token, and what is left of a pass goes to prompts.
///
/// It is a discrete-event simulation: its figures are as good as the times it is given, and nothing of it
/// is measured.
public struct ServingSimulation: Sendable {
  public var times: ServiceTimes
  public var layout: ServingLayout

  public init(_ times: ServiceTimes, _ layout: ServingLayout) {
    (self.times, self.layout) = (times, layout)
  }

  /// - Returns: what becomes of each request, in the order given.
  public func run(_ requests: [LoadRequest]) -> [RequestTimes] {
    var told = requests.map { RequestTimes(sent: $0.sent, prompt: $0.prompt) }
    let order = requests.indices.sorted { (requests[$0].sent, $0) < (requests[$1].sent, $1) }
    switch layout {
    case .colocated(let machines):
      // Whoever comes goes to the next machine in turn, as a simple router has it.
      for machine in 0..<max(1, machines) {
        let own = order.enumerated().filter { $0.offset % max(1, machines) == machine }.map(
          \.element)
        passes(
          own.map { Work(request: $0, ready: requests[$0].sent, prompt: requests[$0].prompt) },
          requests, &told)
      }
    case .disaggregated(let prefill, let decode):
      let ready = prefills(order, requests, machines: max(1, prefill), &told)
      for machine in 0..<max(1, decode) {
        let own = ready.enumerated().filter { $0.offset % max(1, decode) == machine }.map(\.element)
        passes(own, requests, &told)
      }
    }
    return told
  }

  private struct Work {
    var request: Int
    /// When it can be begun.
    var ready: Double
    /// Tokens of its prompt that are still to be computed.
    var prompt: Int
  }

  /// Prompts one after another, each on the machine that is free first; then they are sent on.
  ///
  /// - Returns: what is to be decoded, in the order in which it is ready.
  private func prefills(
    _ order: [Int], _ requests: [LoadRequest], machines: Int, _ told: inout [RequestTimes]
  ) -> [Work] {
    var free = Array(repeating: 0.0, count: machines)
    var ready: [Work] = []
    for request in order {
      let machine = free.indices.min { (free[$0], $0) < (free[$1], $1) } ?? 0
      let start = max(free[machine], requests[request].sent)
      var left = requests[request].prompt
      var now = start
      while left > 0 {
        let piece = min(left, times.tokensPerPass)
        now += times.passTime(prompt: piece, decoded: 0)
        left -= piece
      }
      free[machine] = now
      told[request].prefillStart = start
      told[request].prefillEnd = now
      // The first token falls out of the prompt's last pass.
      told[request].tokens = [now]
      guard requests[request].output > 1 else { continue }
      let there = now + times.transferTime(prompt: requests[request].prompt)
      told[request].transferEnd = there
      ready.append(Work(request: request, ready: there, prompt: 0))
    }
    return ready.sorted { ($0.ready, $0.request) < ($1.ready, $1.request) }
  }

  /// One machine's passes, until all of its work is done.
  private func passes(_ work: [Work], _ requests: [LoadRequest], _ told: inout [RequestTimes]) {
    var coming = work[...]
    var open: [Work] = []
    var now = 0.0
    while !coming.isEmpty || !open.isEmpty {
      if open.isEmpty, let next = coming.first { now = max(now, next.ready) }
      while open.count < times.slots, let next = coming.first, next.ready <= now {
        open.append(next)
        coming.removeFirst()
      }
      var room = times.tokensPerPass
      var (prompt, decoded) = (0, 0)
      var advanced: [Int] = []
      for index in open.indices {
        if open[index].prompt == 0 {
          decoded += 1
          advanced.append(index)
          continue
        }
        guard room > 0 else { continue }
        let request = open[index].request
        if told[request].prefillStart == nil { told[request].prefillStart = now }
        let piece = min(open[index].prompt, room)
        open[index].prompt -= piece
        room -= piece
        prompt += piece
        if open[index].prompt == 0 { advanced.append(index) }
      }
      now += times.passTime(prompt: prompt, decoded: decoded)
      for index in advanced {
        let request = open[index].request
        if told[request].prefillEnd == nil { told[request].prefillEnd = now }
        told[request].tokens.append(now)
      }
      open.removeAll { told[$0.request].tokens.count >= requests[$0.request].output }
    }
  }
}
