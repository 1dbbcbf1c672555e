/// A lesson being played.
public struct LessonState: Sendable {
  public var step = 0
}
