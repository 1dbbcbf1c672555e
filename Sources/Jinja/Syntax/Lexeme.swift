/// A token of a template.
struct Lexeme: Sendable {
  enum Kind: Hashable, Sendable {
    /// Text outside of all tags.
    case data(String)
    case outputStart
    case outputEnd
    case tagStart
    case tagEnd
    case name(String)
    case string(String)
    case integer(Int)
    case float(Double)
    case sign(String)
    case end
  }

  var kind: Kind
  var position: JinjaPosition

  /// As messages call it.
  var spelling: String {
    switch kind {
    case .data: "text"
    case .outputStart: "“{{”"
    case .outputEnd: "“}}”"
    case .tagStart: "“{%”"
    case .tagEnd: "“%}”"
    case .name(let name): "“\(name)”"
    case .string: "a string"
    case .integer(let value): "“\(value)”"
    case .float(let value): "“\(value)”"
    case .sign(let sign): "“\(sign)”"
    case .end: "the end of the template"
    }
  }
}
