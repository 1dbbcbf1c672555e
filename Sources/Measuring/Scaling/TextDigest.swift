import Foundation
package import Reasoning
package import Traces

/// Tells texts apart, for names of files: FNV-1a in 64 bits (Fowler, Noll and Vo). Not against an
/// adversary.
package struct TextDigest {
  package init() {}

  private var hash: UInt64 = 0xCBF2_9CE4_8422_2325

  package mutating func add(_ bytes: some Sequence<UInt8>) {
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
  }

  /// Sixteen hexadecimal digits.
  package var text: String {
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: max(0, 16 - digits.count)) + digits
  }
}

extension PromptLibrary {
  /// A digest of all texts that prompts are made of: the library's own, and the files that the
  /// settings name.
  package func digest(_ settings: RunSettings) -> String {
    var paths = [directory]
    if let prompting = settings.prompting, case .file(let path)? = Prompting(prompting) {
      paths.append(path)
    }
    if let corpus = settings.corpus { paths.append(corpus) }
    var digest = TextDigest()
    for path in paths {
      let names = (try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []
      for name in names.isEmpty ? [""] : names.sorted() {
        let file = name.isEmpty ? path : "\(path)/\(name)"
        guard let data = FileManager.default.contents(atPath: file) else { continue }
        digest.add(Array(name.utf8) + [0])
        digest.add(data)
      }
    }
    return digest.text
  }
}
