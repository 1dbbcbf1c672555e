import Decoding
import Foundation
import Measuring
import Problems
import Testing
import Traces

/// Samples of other programs, in each of their forms.
@Suite struct SampleFileTests {
  private func file(_ lines: String..., joining: Bool = false) throws -> SampleFile {
    try SampleFile(lines.joined(separator: "\n"), name: "samples", joining: joining)
  }

  private func only(_ lines: String...) throws -> (ImportedQuestion, ImportReport) {
    let file = try SampleFile(lines.joined(separator: "\n"), name: "samples")
    #expect(file.questions.count == 1)
    #expect(file.badLines.isEmpty)
    return (try #require(file.questions.first), ImportReport(file))
  }

  // MARK: Forms

  @Test func searchAndLearn() throws {
    let line = #"""
      {"problem": "3 + 5?", "answer": "8", "completions": ["\\boxed{7}", "\\boxed{7}", "So \\boxed{8}"], "scores": [[0.9, 0.1], [0.9, 0.2], [0.3, 0.8]], "pred": "8", "completion_tokens": [4, 4, 6]}
      """#
    let (question, report) = try only(line)
    #expect(try file(line).format == .searchAndLearn)
    #expect(question.samples.map(\.score) == [0.1, 0.2, 0.8])
    #expect(question.samples.map(\.tokenCount) == [4, 4, 6])
    #expect(report.questions[0].answers == ["7", "7", "8"])
    #expect(report.questions[0].winner(.majority) == "7")
    #expect(report.questions[0].winner(.verifier) == "8")
    #expect(report.accuracies.map(\.rule) == [.single, .vote(.majority), .vote(.verifier), .any])
    #expect(report.accuracies.map(\.estimate.value) == [1.0 / 3, 0, 1, 1])
  }

  @Test func aggregatesStandBeforeStepScores() throws {
    let (question, _) = try only(
      #"{"problem": "p", "completions": ["a", "b"], "scores": [[1], [2]], "agg_scores": [0.5, 0.25]}"#
    )
    #expect(question.samples.map(\.score) == [0.5, 0.25])
  }

  @Test func evaluationHarnessGenerations() throws {
    // The same question once for each filter, as the harness writes it.
    func line(_ filter: String) -> String {
      #"""
      {"doc_id": 0, "doc": {"question": "How many?", "answer": "… #### 18"}, "target": "6 * 3 = 18\n#### 18", "arguments": {"gen_args_0": {"arg_0": "Q: How many?\nA:", "arg_1": {"until": ["Q:"]}}}, "resps": [["The answer is 18.", "The answer is 17."]], "filtered_resps": ["18"], "filter": "\#(filter)", "doc_hash": "d", "prompt_hash": "p", "target_hash": "t"}
      """#
    }
    let (question, report) = try only(line("strict-match"), line("flexible-extract"))
    #expect(question.text == "How many?")
    #expect(question.goldAnswer?.text == "18")
    #expect(report.questions[0].answers == ["18", "17"])
    #expect(report.questions[0].right == 1)
  }

  /// Choices with everything as text, as the harness writes them, and as its values are.
  @Test(arguments: [
    #"[[["-4.5", "False"]], [["-1.5", "True"]], [["-9.0", "False"]]]"#,
    "[[[-4.5, false]], [[-1.5, true]], [[-9.0, false]]]",
  ])
  func evaluationHarnessChoices(resps: String) throws {
    let (question, report) = try only(
      #"""
      {"doc_id": 3, "doc": {"query": "Which?"}, "target": "1", "arguments": [["Which?", " red"], ["Which?", " blue"], ["Which?", " green"]], "resps": \#(resps), "filtered_resps": []}
      """#)
    #expect(question.isChoice)
    #expect(question.gold == " blue")
    #expect(report.questions[0].tallies.map(\.method) == [.likelihood])
    #expect(report.questions[0].winner(.likelihood) == "blue")
    #expect(report.accuracies.map(\.rule) == [.vote(.likelihood)])
    #expect(report.accuracies[0].estimate.value == 1)
  }

  @Test func choicesThatAreAskedWithoutTheQuestionTooCountOnce() throws {
    let (question, _) = try only(
      #"""
      {"doc_id": 3, "doc": {}, "target": "0", "arguments": [["Q", " a"], ["Q", " b"], ["", " a"], ["", " b"]], "resps": [[[-1, true]], [[-2, false]], [[-0.1, false]], [[-0.2, false]]]}
      """#)
    #expect(question.samples.map(\.text) == [" a", " b"])
  }

  @Test func contextsCanBeTheChoices() throws {
    let (question, report) = try only(
      #"""
      {"doc_id": 3, "doc": {}, "target": "1", "arguments": [["Ann was", " glad"], ["Bob was", " glad"]], "resps": [[[-3, false]], [[-2, false]]]}
      """#)
    #expect(question.samples.map(\.text) == ["Ann was", "Bob was"])
    #expect(report.accuracies.map(\.estimate.value) == [1])
  }

  @Test func aLikelihoodOfATextHasNothingToVoteOn() throws {
    #expect(throws: SampleFileError.self) {
      try file(
        #"{"doc_id": 0, "doc": {}, "target": "x", "arguments": {"gen_args_0": {"arg_0": "text"}}, "resps": [["-12.5"]]}"#
      )
    }
  }

  @Test func chatAnswersWithLogProbabilities() throws {
    let (question, report) = try only(
      #"""
      {"id": "c", "object": "chat.completion", "model": "m-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": "It is 8é"}, "finish_reason": "stop", "logprobs": {"content": [{"token": "It is", "logprob": -0.5, "bytes": [73, 116, 32, 105, 115], "top_logprobs": []}, {"token": " 8", "logprob": -0.25, "bytes": null, "top_logprobs": []}, {"token": "\\xc3", "logprob": -1, "bytes": [195], "top_logprobs": []}, {"token": "\\xa9", "logprob": -0.125, "bytes": [169], "top_logprobs": []}]}}, {"index": 1, "message": {"content": "It is 9"}, "logprobs": {"content": [{"token": "It is 9", "logprob": -9999.0, "bytes": null, "top_logprobs": []}]}}]}
      """#)
    #expect(question.model == "m-1")
    #expect(question.text == nil)
    #expect(question.samples[0].logProbability == -1.875)
    #expect(question.samples[0].tokens.count == 4)
    #expect(question.samples[0].ending == "stop")
    #expect(question.samples[1].logProbability == nil)
    #expect(question.samples[1].tokens.map(\.logProbability) == [nil])
    // What one sample lacks cannot weigh the others.
    #expect(report.questions[0].tallies.map(\.method) == [.majority])
    #expect(report.accuracies.isEmpty)
  }

  @Test func completionsInTheOldShapeVoteByTheirProbability() throws {
    func choice(_ text: String, _ logs: String) -> String {
      #"{"text": "\#(text)", "logprobs": {"tokens": ["\#(text)"], "token_logprobs": [\#(logs)]}}"#
    }
    let (question, report) = try only(
      #"{"object": "text_completion", "choices": [\#(choice(" 7", "-1000.5")), \#(choice(" 7", "-1000.5")), \#(choice(" 8", "-1000"))]}"#
    )
    #expect(question.methods == [.majority, .likelihood, .normalizedLikelihood])
    // e⁻⁰·⁵ twice is more than 1, although each probability by itself is 0.
    #expect(report.questions[0].winner(.likelihood) == "7")
    let votes = try #require(report.questions[0].tallies.first { $0.method == .likelihood }?.votes)
    #expect(abs((votes["7"] ?? 0) - 2 * exp(-0.5)) < 1e-12)
    #expect(votes["8"] == 1)
  }

  @Test func answersOfABatchAreFound() throws {
    let (question, _) = try only(
      #"{"custom_id": "r-1", "response": {"status_code": 200, "body": {"object": "chat.completion", "choices": [{"message": {"content": [{"type": "text", "text": "8"}]}}]}}}"#
    )
    #expect(question.name == "r-1")
    #expect(question.samples.map(\.text) == ["8"])
  }

  @Test func tokensThatDoNotSpellTheTextKeepTheirSum() throws {
    let (question, _) = try only(
      #"{"choices": [{"text": " 8", "logprobs": {"tokens": ["token_id:5", "token_id:6"], "token_logprobs": [-1, -2]}}]}"#
    )
    #expect(question.samples[0].tokens.isEmpty)
    #expect(question.samples[0].logProbability == -3)
  }

  @Test func openR() throws {
    let line = #"""
      {"question": "3 + 5?", "groundtruth": "8", "result": {"majority_vote": 1}, "output": [{"path_idx": 0, "text": "The answer is: 8", "value": [0.2, 0.9], "completion_tokens": 9}, {"path_idx": 1, "text": "The answer is: 9", "value": 0.5, "completion_tokens": 9}]}
      """#
    let (question, report) = try only(line)
    #expect(try file(line).format == .openR)
    #expect(question.samples.map(\.score) == [0.9, 0.5])
    #expect(report.questions[0].right == 1)
  }

  @Test func plainCompletions() throws {
    let (question, report) = try only(
      #"{"problem": "p", "answer": 123456789012345678901, "completions": ["123456789012345678901", {"text": "123456789012345678902", "score": 0.5}]}"#
    )
    #expect(question.gold == "123456789012345678901")
    #expect(report.questions[0].right == 1)
    // The first has no score.
    #expect(question.methods == [.majority])
  }

  // MARK: Files

  @Test func samplesOfOneQuestionOnLinesOfTheirOwnAreOneQuestion() throws {
    let lines = (0..<3).map { #"{"question": "2 + 2?", "answer": "4", "response": "\#($0 + 3)"}"# }
    let samples = try SampleFile(
      (lines + [#"{"question": "other", "response": "1"}"#]).joined(separator: "\n"), name: "f")
    #expect(samples.questions.map(\.samples.count) == [3, 1])
    #expect(samples.questions[0].line == 1)
    let joined = try SampleFile(
      (lines + [#"{"question": "other", "response": "1"}"#]).joined(separator: "\n"), name: "f",
      joining: true)
    #expect(joined.questions.map(\.samples.count) == [4])
  }

  @Test func badLinesAreNamedAndTheOthersRead() throws {
    let samples = try file(
      "nonsense", #"{"problem": "p", "completions": ["1"]}"#, "", #"{"a": 1}"#,
      #"{"problem": "q", "completions": [5]}"#, #"{"problem": "q", "completions": []}"#)
    #expect(samples.badLines.map(\.line) == [1, 4, 5, 6])
    #expect(samples.questions.map(\.line) == [2])
    #expect(samples.badLines[1].reason.contains("a"))
  }

  @Test func aWholeFileCanBeOneValue() throws {
    let one = try file("{", #""problem": "p", "completions": ["1"]"#, "}")
    #expect(one.questions.count == 1)
    let several = try file(
      "[", #"{"problem": "p", "completions": ["1"]},"#, #"{"problem": "q", "completions": ["1"]}"#,
      "]")
    #expect(several.questions.map(\.text) == ["p", "q"])
  }

  @Test func aFileWithoutSamplesSaysWhy() throws {
    #expect(throws: SampleFileError.noSamples(name: "samples", first: nil)) { try file("") }
    let error = #expect(throws: SampleFileError.self) { try file(#"{"a": 1}"#) }
    #expect("\(try #require(error))".contains("line 1"))
  }

  /// Whatever is damaged in a file, reading ends in questions and bad lines, and voting over them ends.
  @Test func damagedFilesAreReadToTheirEnd() throws {
    let lines = [
      #"{"problem":"3 + 5?","answer":"8","completions":["\\boxed{7}","So \\boxed{8}"],"scores":[[0.9,0.1],[0.3,0.8]]}"#,
      #"{"doc_id":3,"doc":{"query":"Which?"},"target":"1","arguments":[["Q"," red"],["Q"," blue"]],"resps":[[["-4.5","False"]],[["-1.5","True"]]]}"#,
      #"{"choices":[{"message":{"content":"It is 8"},"logprobs":{"content":[{"token":"It is 8","logprob":-0.5,"bytes":null,"top_logprobs":[]}]}}]}"#,
      #"{"question":"3 + 5?","groundtruth":"8","output":[{"text":"8","value":[0.2,0.9]}]}"#,
    ]
    let values = [
      "null", "-1e308", "\"\"", "[]", "{}", "true", "1e999", "[[[[]]]]", "\"\\ud800\"",
      "99999999999",
    ]
    var random = SplitMix64(state: 15)
    var read = 0
    for _ in 0..<1000 {
      var bytes = Array((lines.randomElement(using: &random) ?? "").utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0:
          bytes.insert(contentsOf: (values.randomElement(using: &random) ?? "").utf8, at: place)
        case 1: bytes.removeSubrange(place..<min(bytes.count, place + 3))
        case 2 where place < bytes.count: bytes[place] = UInt8.random(in: 32..<127, using: &random)
        default: bytes.insert(UInt8(ascii: "\n"), at: place)
        }
      }
      guard let file = try? SampleFile(String(decoding: bytes, as: UTF8.self), name: "f") else {
        continue
      }
      let report = ImportReport(file)
      for accuracy in report.accuracies {
        let interval = try #require(accuracy.estimate.interval)
        #expect(interval.contains(accuracy.estimate.value))
      }
      var trace = ImportedTrace(file)
      for index in file.questions.indices {
        let records = trace.records(ofQuestion: index, run: index + 1)
        let line = try TraceCoding.lines(records)
        #expect(Trace(records).runs[index + 1]?.end != nil)
        #expect(!line.isEmpty)
      }
      read += 1
    }
    #expect(read > 100)
  }

  // MARK: As a trace

  /// What is shown is what a vote taken here would show, and a saved trace of it is the same.
  @Test func aTraceOfSamplesReplays() throws {
    let file = try file(
      #"{"problem":"What is 3 + 5?","answer":"8","completions":["It is 7.","It is 8.","I say 8"],"scores":[0.75,0.25,0.25]}"#,
      #"{"model":"m-1","choices":[{"text":"It is 8","finish_reason":"length","logprobs":{"tokens":["It"," is"," 8"],"token_logprobs":[-0.5,-1,-2]}}]}"#
    )
    var trace = ImportedTrace(file)
    let records = trace.records(ofQuestion: 0, run: 4) + trace.records(ofQuestion: 1, run: 5)
    let saved = try TraceCoding.lines(records).split(separator: UInt8(ascii: "\n"))
    #expect(try saved.map { try TraceCoding.record(fromLine: Data($0)) } == records)

    let folded = Trace(records)
    let first = try #require(folded.runs[4])
    #expect(first.start?.question.gold == "8")
    #expect(first.pathNumbers.map(first.text(ofPath:)) == ["It is 7.", "It is 8.", "I say 8"])
    #expect(first.pathNumbers.map { first.paths[$0]?.answer } == ["7", "8", "8"])
    #expect(first.nodes.values.allSatisfy { $0.logProbability == nil })
    #expect(first.tally(.majority)?.votes == ["7": 1, "8": 2])
    #expect(first.tallies[.majority]?.count == 3)
    #expect(first.tally(.verifier)?.winner == "7")
    #expect(first.tally(.likelihood) == nil)
    #expect(first.end?.answer == "8")
    #expect(first.end?.correct == true)
    let span = try #require(first.paths[1]?.answerSpan)
    #expect(first.nodes[span.first]?.token.text == " 8.")

    let second = try #require(folded.runs[5])
    #expect(second.paths[0]?.nodes.map { second.nodes[$0]?.logProbability } == [-0.5, -1, -2])
    #expect(second.paths[0]?.end?.reason == "length")
    #expect(second.start?.model.name == "m-1")
    #expect(second.start?.model.hash != first.start?.model.hash)
    #expect(second.end?.correct == nil)
  }

  @Test func onlyAsManyQuestionsAreTakenAsFit() throws {
    let line = #"{"problem":"p","completions":["one two three","four five six"]}"#
    let file = try file(line, line.replacing("\"p\"", with: "\"q\""))
    #expect(ImportedTrace.questions(of: file, upTo: 100) == 2)
    #expect(ImportedTrace.questions(of: file, upTo: 6) == 1)
    #expect(ImportedTrace.questions(of: file, upTo: 0) == 1)
  }
}
