import Decoding
import Reasoning

extension PlaygroundState {
  /// Takes in what came of Decode's effects. What an earlier exploration still comes to is of no
  /// interest any more.
  mutating func receive(_ news: DecodeNews, of run: Int?) -> [Effect] {
    if let run, case .explored(.done(let prompt)) = news {
      return beginExploring(run: run, prompt: prompt)
    }
    guard run == nil || run == explored else { return [] }
    lessonHears(news)
    switch news {
    case .waitInserted(let node), .inserted(.done(let node)): return arrive(at: node)
    case .explored(let ending), .inserted(let ending): tell(ending)
    case .resumed(let ending): tell(ending)
    case .fetched(let node, .done(let distribution)):
      return receiveDistribution(distribution, for: node)
    case .fetched(let node, let ending):
      if case .failed = ending, node == decode.cursor { decode.pendingTakes = 0 }
      tell(ending)
    case .taken(let node, let ending):
      tell(ending)
      guard decode.arriving == node else { return [] }
      if ending.isDone { return arrive(at: node) }
      decode.arriving = nil
      decode.pendingTakes = 0
    case .streamed(let ending): return endStream(ending)
    case .answered(.done(let answer)): return showForcedAnswer(answer.outcome, end: answer.end)
    case .answered(let ending):
      decode.isAsking = false
      tell(ending)
    case .waited(let ending):
      decode.isAsking = false
      tell(ending)
    case .streamStopped, .noted: break
    }
    return []
  }
}
