import Reasoning

/// A lesson being played.
public struct LessonState: Sendable {
  var lesson: Lesson
  var name: String
  public var step = 0
}

extension PlaygroundState {
  mutating func begin(_ lesson: Lesson, name: String) -> [Effect] {
    self.lesson = LessonState(lesson: lesson, name: name)
    return []
  }
}
