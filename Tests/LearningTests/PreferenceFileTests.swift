import Problems
import Testing

@testable import Learning

@Suite struct PreferenceFileTests {
  private func rows(_ text: String) throws -> [PreferenceFile.Row] {
    try PreferenceFile(text, path: "pairs.jsonl").rows
  }

  private static let plain = PreferenceFile.Row(
    prompt: "How many?", chosen: "The answer is 8.", rejected: "5")

  /// The forms that people's data sets come in say the same.
  @Test(arguments: [
    #"{"prompt": "How many?", "chosen": "The answer is 8.", "rejected": "5"}"#,
    #"{"prompt": [{"role": "user", "content": "How many?"}], "chosen": [{"role": "assistant", "#
      + #""content": "The answer is 8."}], "rejected": [{"role": "assistant", "content": "5"}]}"#,
    #"{"prompt": "How many?", "chosen": [{"role": "user", "content": "How many?"}, "#
      + #"{"role": "assistant", "content": "The answer is 8."}], "rejected": "#
      + #"[{"role": "user", "content": "How many?"}, {"role": "assistant", "content": "5"}]}"#,
    #"{"chosen": [{"role": "user", "content": "How many?"}, {"role": "assistant", "#
      + #""content": "The answer is 8."}], "rejected": [{"role": "user", "content": "How many?"}, "#
      + #"{"role": "assistant", "content": "5"}], "score": 3}"#,
  ])
  func allFormsAreUnderstood(line: String) throws {
    #expect(try rows(line) == [Self.plain])
  }

  @Test func emptyLinesAreSkipped() throws {
    let line = #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#
    #expect(try rows("\n\(line)\n  \n\(line)\n").count == 2)
  }

  @Test(arguments: [
    ("no", "this is not a JSON object; every line holds one pair"),
    ("[1]", "this is not a JSON object; every line holds one pair"),
    (#"{"prompt": "a", "chosen": "b"}"#, "“rejected” is missing"),
    (#"{"chosen": "b", "rejected": "c"}"#, "“prompt” is missing"),
    (#"{"prompt": "a", "chosen": "b", "rejected": "b"}"#, "“chosen” and “rejected” are the same"),
    (#"{"prompt": " ", "chosen": "b", "rejected": "c"}"#, "“prompt” is empty"),
    (#"{"prompt": "a", "chosen": "", "rejected": "c"}"#, "“chosen” is empty"),
    (#"{"prompt": "a", "chosen": [], "rejected": "c"}"#, "“chosen” is empty"),
    (
      #"{"prompt": "a", "chosen": 3, "rejected": "c"}"#,
      "“chosen” is neither text nor a list of messages"
    ),
    (
      #"{"prompt": "a", "chosen": [{"role": "assistant"}], "rejected": "c"}"#,
      "“chosen” is neither text nor a list of messages"
    ),
    (
      #"{"prompt": "a", "chosen": [{"role": "user", "content": "b"}], "rejected": "c"}"#,
      "the last message of “chosen” is not the assistant's"
    ),
    (
      #"{"prompt": [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], "#
        + #""chosen": "b", "rejected": "c"}"#,
      "the prompt has 2 messages; only a single question can be put"
    ),
    (
      #"{"prompt": [{"role": "system", "content": "a"}], "chosen": "b", "rejected": "c"}"#,
      "the prompt is not the user's"
    ),
    (
      #"{"chosen": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}], "#
        + #""rejected": [{"role": "user", "content": "z"}, {"role": "assistant", "content": "c"}]}"#,
      "“chosen” and “rejected” answer different questions"
    ),
  ])
  func whatIsWrongIsSaidWithItsLine(line: String, reason: String) {
    let good = #"{"prompt": "a", "chosen": "b", "rejected": "c"}"#
    #expect(throws: TextFileError.malformed(path: "pairs.jsonl", line: 2, reason: reason)) {
      try rows("\(good)\n\(line)")
    }
  }

  @Test func aFileWithoutPairsIsRefused() {
    #expect(
      throws: TextFileError.malformed(
        path: "pairs.jsonl", line: 1, reason: "the file holds no pair")
    ) { try rows("\n") }
  }

  @Test func otherPairsHaveAnotherDigest() throws {
    func digest(_ prompt: String, _ chosen: String, _ rejected: String) throws -> String {
      try PreferenceFile(
        #"{"prompt": "\#(prompt)", "chosen": "\#(chosen)", "rejected": "\#(rejected)"}"#,
        path: "a"
      ).digest
    }
    let one = try digest("a", "b", "c")
    #expect(try digest("a", "b", "c") == one)
    #expect(try digest("a", "c", "b") != one)
    #expect(try digest("ab", "b", "c") != one)
  }
}
