import Decoding

/// A text as it comes: what a client is told of it.
struct TextProgress {
  private let vocabulary: any Vocabulary
  private var assembler: TextAssembler
  /// Tokens that were not told yet, since their text is not certain.
  private var waiting: [ServedToken] = []
  private var waitingBytes = 0

  /// Text that is certain, with the tokens that have some of it.
  struct Piece {
    var text: String
    var tokens: [ServedToken]
    var isEmpty: Bool { text.isEmpty && tokens.isEmpty }
  }

  init(_ vocabulary: any Vocabulary, stops: [String]) {
    self.vocabulary = vocabulary
    assembler = TextAssembler(stops: stops)
  }

  mutating func add(_ token: ServedToken) -> Piece {
    let bytes = vocabulary.bytes(of: token.id)
    waiting.append(token)
    waitingBytes += bytes.count
    let text = assembler.append(bytes)
    return assembler.isStopped ? cut(text) : told(text)
  }

  /// What is left at the end.
  mutating func finish() -> Piece {
    if assembler.isStopped { return Piece(text: "", tokens: []) }
    let text = assembler.finish()
    defer { waiting = [] }
    return Piece(text: text, tokens: waiting)
  }

  /// The tokens are told as soon as none of their bytes wait.
  private mutating func told(_ text: String) -> Piece {
    guard !text.isEmpty || waitingBytes == 0 else { return Piece(text: "", tokens: []) }
    waitingBytes -= text.utf8.count
    guard waitingBytes > 0 else {
      defer {
        waiting = []
        waitingBytes = 0
      }
      return Piece(text: text, tokens: waiting)
    }
    // The last tokens spell what waits.
    var (kept, bytes) = (0, 0)
    while bytes < waitingBytes, kept < waiting.count {
      kept += 1
      bytes += vocabulary.bytes(of: waiting[waiting.count - kept].id).count
    }
    let tokens = Array(waiting.dropLast(kept))
    waiting.removeFirst(tokens.count)
    return Piece(text: text, tokens: tokens)
  }

  /// At a stop: tokens that begin at it or behind it belong to no text.
  private mutating func cut(_ text: String) -> Piece {
    var tokens: [ServedToken] = []
    var length = 0
    for token in waiting {
      guard length < text.utf8.count else { break }
      tokens.append(token)
      length += vocabulary.bytes(of: token.id).count
    }
    waiting = []
    return Piece(text: text, tokens: tokens)
  }
}

/// A text that is over.
struct FinishedText {
  var text = ""
  var tokens: [ServedToken] = []
  /// Tokens that were generated, those of a stop included.
  var generated = 0
  var end = GenerationEnd(reason: .length, prefilled: 0, reused: 0)

  var finishReason: String { end.reason == .length ? "length" : "stop" }
}

extension ModelService {
  /// All texts of a generation, once they are over.
  ///
  /// - Throws: `APIError`, also when whoever asked has left.
  nonisolated func texts(
    _ generation: Generation, firstToken: (() -> Void)? = nil
  ) async throws(APIError) -> [FinishedText] {
    let vocabulary = model.vocabulary
    var texts = Array(repeating: FinishedText(), count: generation.count)
    var progress = Array(
      repeating: TextProgress(vocabulary, stops: generation.stops), count: generation.count)
    var ended = 0
    for await event in try await start(generation) {
      switch event {
      case .token(let text, let token):
        if texts[text].generated == 0 { firstToken?() }
        texts[text].generated += 1
        texts[text].take(progress[text].add(token))
      case .ended(let text, let end):
        texts[text].take(progress[text].finish())
        texts[text].end = end
        ended += 1
      case .failed(let error): throw error
      }
    }
    guard ended == generation.count else {
      throw APIError(.unavailable, "The request was cancelled.")
    }
    return texts
  }
}

extension FinishedText {
  mutating func take(_ piece: TextProgress.Piece) {
    text += piece.text
    tokens += piece.tokens
  }
}

/// What was used up, as clients are told.
struct Usage {
  var prompt = 0
  var cached = 0
  var completion = 0

  mutating func add(_ end: GenerationEnd) { cached += end.reused }

  var json: JSONText {
    [
      "prompt_tokens": .int(prompt), "completion_tokens": .int(completion),
      "total_tokens": .int(prompt + completion),
      "prompt_tokens_details": ["cached_tokens": .int(cached)],
    ]
  }
}

/// Events for a browser or a program (Server-Sent Events, as the WHATWG writes them down).
enum EventStream {
  static let headers: HTTPHeaders = [
    "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
  ]

  static func event(_ json: JSONText) -> [UInt8] {
    Array("data: ".utf8) + json.bytes + Array("\n\n".utf8)
  }

  static let done = Array("data: [DONE]\n\n".utf8)

  /// A response that is written as it comes. When the client leaves, the work is cancelled.
  static func response(
    _ work: @escaping @Sendable (_ send: @escaping @Sendable ([UInt8]) -> Void) async throws -> Void
  ) -> HTTPResponse {
    let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
    let task = Task {
      do {
        try await work { continuation.yield($0) }
      } catch let error as APIError {
        // The status has been sent: the error goes into the stream.
        continuation.yield(event(error.json))
      } catch {}
      continuation.finish()
    }
    continuation.onTermination = { _ in task.cancel() }
    return HTTPResponse(.ok, headers: headers, body: .stream(stream))
  }
}
