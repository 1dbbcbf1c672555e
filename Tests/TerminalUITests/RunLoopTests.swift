import TerminalFixtures
import TerminalUI
import Testing

@Suite struct RunLoopTests {
  private let size = Size(width: 20, height: 3)

  @Test func drawsOnceForManyEventsAndLosesNone() {
    let terminal = TestTerminal(size: size)
    terminal.send(.key(KeyEvent("a")), .key(KeyEvent("b")), .key(KeyEvent("c")))
    var typed = ""
    runLoop(on: terminal) { event, control in
      if case .key(let key) = event, let character = key.typed { typed.append(character) }
      control.needsRender = true
    } render: { buffer in
      buffer.put(typed, x: 0, y: 0)
      return Point(x: typed.count, y: 0)
    }
    #expect(typed == "abc")
    #expect(terminal.screen.textSnapshot() == "abc\n\n\n")
    #expect(terminal.cursor == Point(x: 3, y: 0))
    #expect(terminal.frames == 2)
    #expect(!terminal.isTornDown)
  }

  @Test func dropsFramesButNeverEvents() {
    let terminal = TestTerminal(size: size)
    for _ in 0..<500 { terminal.send(.wake) }
    var seen = 0
    runLoop(on: terminal) { event, control in
      if event == .wake { seen += 1 }
      control.needsRender = true
    } render: { buffer in
      buffer.put("\(seen)", x: 0, y: 0)
      return nil
    }
    #expect(seen == 500)
    #expect(terminal.frames <= 3)
    #expect(terminal.screen.textSnapshot().hasPrefix("500\n"))
  }

  @Test func sleepsUntilSomethingChanges() {
    let terminal = TestTerminal(size: size)
    terminal.send(.focus(true))
    runLoop(on: terminal) { _, _ in
    } render: { _ in
      nil
    }
    #expect(terminal.frames == 1)
    #expect(terminal.now == .zero)
  }

  @Test func animatesAtItsInterval() {
    let terminal = TestTerminal(size: size)
    var ticks = 0
    runLoop(on: terminal) { event, control in
      ticks += 1
      control.needsRender = true
      if ticks == 10 { control.exits = true }
    } render: { _ in
      nil
    }
    // Without an interval nothing wakes it.
    #expect(ticks == 1)
    let animated = TestTerminal(size: size, script: [[.wake]])
    ticks = 0
    runLoop(on: animated) { event, control in
      control.animationInterval = .milliseconds(100)
      control.needsRender = true
      ticks += 1
      if ticks == 11 { control.exits = true }
    } render: { _ in
      nil
    }
    #expect(animated.now == .seconds(1))
    #expect(animated.frames == 11)
  }

  @Test func redrawsEverythingAfterAResize() {
    let terminal = TestTerminal(size: size)
    terminal.send(.resize(Size(width: 5, height: 2)))
    runLoop(on: terminal) { _, _ in
    } render: { buffer in
      buffer.put("\(buffer.size.width)", x: 0, y: 1)
      return nil
    }
    #expect(terminal.screen.size == Size(width: 5, height: 2))
    #expect(terminal.screen.textSnapshot() == "\n5\n")
  }

  @Test func suspendIsPassedOn() {
    let terminal = TestTerminal(size: size)
    terminal.type("z")
    runLoop(on: terminal) { event, control in
      if event == .key(KeyEvent("z")) { control.suspends = true }
    } render: { _ in
      nil
    }
    #expect(terminal.suspensions == 1)
  }

  @Test func aWakeFromAnotherThreadIsSeen() async {
    let terminal = TestTerminal(size: size)
    let waker = terminal.waker
    await Task.detached { waker.wake() }.value
    var woken = 0
    runLoop(on: terminal) { event, _ in
      if event == .wake { woken += 1 }
    } render: { _ in
      nil
    }
    #expect(woken == 1)
  }
}
