import Testing

@testable import Engine

@Suite struct SHA256Tests {
  private func digest(_ pieces: [[UInt8]]) -> String {
    var digest = SHA256()
    for piece in pieces { digest.update(piece) }
    return digest.hexadecimal()
  }

  /// The examples of FIPS 180-2, appendix B.
  @Test func publishedExamples() {
    #expect(
      digest([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    #expect(
      digest([Array("abc".utf8)])
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      digest([Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)])
        == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    let tenThousand = [UInt8](repeating: UInt8(ascii: "a"), count: 10_000)
    #expect(
      digest(Array(repeating: tenThousand, count: 100))
        == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
  }

  @Test func piecesDoNotMatter() {
    let message = (0..<300).map { UInt8($0 % 251) }
    for length in 0...message.count {
      let whole = digest([Array(message[..<length])])
      let cut = length / 3
      #expect(digest([Array(message[..<cut]), Array(message[cut..<length])]) == whole)
      #expect(digest(message[..<length].map { [$0] }) == whole)
    }
  }
}
