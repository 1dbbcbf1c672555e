public import Traces

extension LoadPlan {
  /// When requests come.
  public var arrivals: Arrivals {
    switch pattern {
    case .poisson: .poisson(rate: rate)
    case .burst: .gamma(rate: rate, burstiness: Self.burstiness)
    case .even: .even(rate: rate)
    case .all: .together
    }
  }

  private static let burstiness = 0.25

  /// The requests, in order of arrival. The same seed gives the same.
  public var coming: [LoadRequest] {
    arrivals.times(requests, seed: seed).enumerated().map { number, sent in
      LoadRequest(sent: sent, prompt: promptTokens(of: number), output: outputTokens)
    }
  }

  /// The tokens of a request's prompt.
  private func promptTokens(of number: Int) -> Int {
    guard let long, long.every > 0, (number + 1) % long.every == 0 else { return promptTokens }
    return long.tokens
  }

  /// The same load at another rate.
  public func at(rate: Double) -> LoadPlan {
    var plan = self
    plan.rate = rate
    return plan
  }
}
