/// Numbers in JSON as they are written: a decoder would round what has more digits than it holds.
public enum JSONNumber {
  /// The digits of the number that a field at the top of an object holds; nil for any other value,
  /// and where there is no such field. The object must be well formed.
  public static func text(of field: String, in object: String) -> String? {
    let bytes = Array(object.utf8)
    let key = Array("\"\(field)\"".utf8)
    var (index, depth) = (0, 0)
    while index < bytes.count {
      switch bytes[index] {
      case ascii("{"), ascii("["): depth += 1
      case ascii("}"), ascii("]"): depth -= 1
      case ascii("\""):
        let end = stringEnd(bytes, from: index)
        if depth == 1, bytes[index..<end].elementsEqual(key),
          let number = value(bytes, behind: end)
        {
          return number
        }
        index = end
        continue
      default: break
      }
      index += 1
    }
    return nil
  }

  private static func stringEnd(_ bytes: [UInt8], from start: Int) -> Int {
    var index = start + 1
    while index < bytes.count, bytes[index] != ascii("\"") {
      index += bytes[index] == ascii("\\") ? 2 : 1
    }
    return min(index + 1, bytes.count)
  }

  private static func value(_ bytes: [UInt8], behind key: Int) -> String? {
    var start = key
    while start < bytes.count, bytes[start].isASCIISpace { start += 1 }
    guard start < bytes.count, bytes[start] == ascii(":") else { return nil }
    start += 1
    while start < bytes.count, bytes[start].isASCIISpace { start += 1 }
    var end = start
    while end < bytes.count, bytes[end].isASCIIDigit || "+-.eE".utf8.contains(bytes[end]) {
      end += 1
    }
    return end > start ? String(decoding: bytes[start..<end], as: UTF8.self) : nil
  }
}
