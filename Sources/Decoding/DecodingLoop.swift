import Foundation
import Synchronization

/// A list of continuations on its way through the loop.
struct DecodingJob: Sendable {
  let continuations: [Continuation]
  let urgency: Urgency
  let cancellation: Cancellation
  let onEvent: @Sendable (DecodingEvent) -> Void
  let completion: @Sendable ([PathResult]) -> Void
}

/// The loop behind `Decoder`: what other threads hand in is behind a lock, everything else
/// belongs to the thread in `run()`.
final class DecodingLoop: @unchecked Sendable {
  private struct Inbox {
    var jobs: [DecodingJob] = []
    /// In the order in which they were asked for.
    var changes: [TreeChange] = []
    var isStopped = false
    var isWoken = false
  }

  /// What other threads want done to the tree.
  private enum TreeChange {
    case insert([TokenID], after: NodeID)
    case keepOnly([NodeID], above: Int)
  }

  private let model: any LanguageModel
  private let slots: Int
  private let condition = NSCondition()
  private var inbox = Inbox()

  // The loop's own, touched by its thread only.
  private var tree = TokenTree()
  private var waiting: [OpenJob] = []
  private var interactive: [OpenPath] = []
  private var background: [OpenPath] = []
  /// The background path with which the next pass begins, when not all fit into one.
  private var turn = 0
  /// How many background paths take part in a pass; lowered when the KV cache is too small.
  private var width: Int
  /// The KV cache does not hold all background paths. Then they do not take turns, which would
  /// compute each of them anew at every turn: the first run to their end while the others wait.
  private var isCacheBound = false

  init(model: any LanguageModel, slots: Int) {
    self.model = model
    self.slots = slots
    width = max(1, min(slots, model.tokensPerPass))
  }

  // MARK: Other threads

  func insert(_ tokens: [TokenID], after node: NodeID) {
    condition.withLock { inbox.changes.append(.insert(tokens, after: node)) }
  }

  func keepOnly(pathsTo nodes: [NodeID], above count: Int) {
    condition.withLock { inbox.changes.append(.keepOnly(nodes, above: count)) }
  }

  func submit(_ job: DecodingJob) {
    condition.withLock {
      inbox.jobs.append(job)
      condition.signal()
    }
  }

  func wake() {
    condition.withLock {
      inbox.isWoken = true
      condition.signal()
    }
  }

  func stop() {
    condition.withLock {
      inbox.isStopped = true
      condition.signal()
    }
  }

  // MARK: The loop's thread

  func run() {
    while takeInbox() {
      dropCancelled()
      admit()
      pass()
    }
    for path in interactive + background { finish(path, .cancelled) }
    for job in waiting { job.cancelUnstarted() }
  }

  /// Takes what was handed in, sleeping while there is nothing to do; false when stopped.
  private func takeInbox() -> Bool {
    condition.lock()
    defer { condition.unlock() }
    let isIdle = interactive.isEmpty && background.isEmpty && waiting.isEmpty
    while isIdle && inbox.jobs.isEmpty && !inbox.isStopped { condition.wait() }
    waiting += inbox.jobs.map(OpenJob.init)
    for change in inbox.changes { make(change) }
    let goesOn = !inbox.isStopped
    inbox = Inbox()
    inbox.isStopped = !goesOn
    return goesOn
  }

  private func make(_ change: TreeChange) {
    switch change {
    case .insert(let tokens, let node): tree.extend(node, with: tokens)
    case .keepOnly(let nodes, let count):
      guard tree.count > count else { return }
      let open = (interactive + background).map(\.tip)
      let starts = waiting.flatMap { $0.job.continuations.map(\.start) }
      tree.keepOnly(pathsTo: nodes + open + starts)
    }
  }

  private func dropCancelled() {
    func isCancelled(_ path: OpenPath) -> Bool { path.job.job.cancellation.isCancelled }
    let cancelled = interactive.filter(isCancelled) + background.filter(isCancelled)
    interactive.removeAll(where: isCancelled)
    background.removeAll(where: isCancelled)
    for path in cancelled { finish(path, .cancelled) }
    for job in waiting where job.job.cancellation.isCancelled { job.cancelUnstarted() }
    waiting.removeAll { $0.next == nil }
  }

  /// Fills free slots in submission order. Interactive paths need none.
  private func admit() {
    for job in waiting {
      while let index = job.next, job.job.urgency == .interactive || background.count < slots {
        job.started += 1
        let path = OpenPath(job: job, index: index, depth: tree.depth(of: job.start(index)))
        if let text = path.continuation.text, tree.tokens(to: path.tip) != text {
          finish(path, .failed(DecodingFailure.collision.description))
        } else if path.continuation.budget <= 0 {
          finish(path, .budget)
        } else if job.job.urgency == .interactive {
          interactive.append(path)
        } else {
          background.append(path)
        }
      }
    }
    waiting.removeAll { $0.next == nil }
  }

  private func pass() {
    let full = { (path: OpenPath) in path.depth >= self.model.contextLength }
    let overlong = interactive.filter(full) + background.filter(full)
    interactive.removeAll(where: full)
    background.removeAll(where: full)
    for path in overlong { finish(path, .contextFull) }

    let group = nextGroup()
    let paths = interactive + group
    if paths.isEmpty {
      width = max(1, min(slots, model.tokensPerPass))
      isCacheBound = false
      return
    }
    do {
      try forward(paths)
    } catch LanguageModelError.cacheExhausted where group.count > 1 {
      // Too many different texts at once: go on with fewer; the others wait and are recomputed.
      width = group.count / 2
      isCacheBound = true
    } catch {
      // One bad path must not take the others with it.
      for path in paths {
        do {
          try forward([path])
        } catch {
          retire(path, .failed("\(error)"))
        }
      }
    }
  }

  /// The background paths of the next pass. When there are more than a pass should take, they
  /// take turns; whose turn it is depends on nothing but their order.
  private func nextGroup() -> [OpenPath] {
    guard background.count > width, !isCacheBound else {
      turn = 0
      return Array(background.prefix(width))
    }
    if turn >= background.count { turn = 0 }
    let group = (background[turn...] + background[..<turn]).prefix(width)
    turn = (turn + width) % background.count
    return Array(group)
  }

  private func forward(_ paths: [OpenPath]) throws {
    // Every path may move on, and what is left of the budget goes to prefills.
    let limit = max(paths.count, model.tokensPerPass)
    let request = ForwardRequest(nodes: paths.map(\.tip), tokenLimit: limit)
    advance(paths, try model.forward(request, in: tree))
  }

  private func advance(_ paths: [OpenPath], _ result: ForwardResult) {
    for (index, path) in paths.enumerated() {
      path.count(computed: result.computed.indices.contains(index) ? result.computed[index] : 0)
      guard result.distributions.indices.contains(index),
        let distribution = result.distributions[index]
      else { continue }
      guard distribution.isProper else {
        retire(path, .failed("The model's logits are not finite; its weights may be damaged."))
        continue
      }
      let token = path.choose(distribution)
      let bytes = model.vocabulary.bytes(of: token)
      if path.ends(before: bytes) {
        retire(path, .step)
        continue
      }
      guard let node = tree.extended(path.tip, with: token) else {
        retire(path, .failed(DecodingFailure.collision.description))
        continue
      }
      path.job.job.onEvent(
        .chosen(
          ChosenToken(
            path: path.continuation.path, parent: path.tip, token: token,
            distribution: distribution)))
      path.append(token, at: node, distribution, bytes: bytes)
      if let reason = path.finishReason { retire(path, reason) }
    }
  }

  private func retire(_ path: OpenPath, _ reason: FinishReason) {
    interactive.removeAll { $0 === path }
    background.removeAll { $0 === path }
    finish(path, reason)
  }

  private func finish(_ path: OpenPath, _ reason: FinishReason) { path.job.finish(path, reason) }
}
