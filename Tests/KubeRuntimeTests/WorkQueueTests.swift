import KubeCore
import KubeRuntime
import KubeTestSupport
import Synchronization
import Testing

@Suite("Work queue")
struct WorkQueueTests {
    private var queue = WorkQueueState<String>()

    private mutating func take(at now: Duration = .zero) -> String? {
        guard case .run(let key, _) = queue.next(at: now) else { return nil }
        return key
    }

    @Test("a key that waits is not added twice, and order is kept")
    mutating func deduplication() {
        for key in ["a", "b", "a", "c", "b"] { queue.add(key, at: .zero) }
        #expect([take(), take(), take(), take()] == ["a", "b", "c", nil])
    }

    @Test("a key that is added while it runs, runs once more after it is done, and never beside itself")
    mutating func again() {
        queue.add("a", at: .zero)
        #expect(take() == "a")
        queue.add("a", at: .zero)
        queue.add("a", at: .zero)
        #expect(take() == nil)
        queue.done("a", at: .zero)
        #expect(take() == "a")
        queue.done("a", at: .zero)
        #expect(take() == nil)
    }

    @Test("keys of normal priority come first, each priority in its order")
    mutating func priorities() {
        for key in ["a", "b"] { queue.add(key, priority: .low, at: .zero) }
        for key in ["c", "d"] { queue.add(key, at: .seconds(1)) }
        #expect(queue.depth(.low) == 2 && queue.depth(.normal) == 2)
        let order = (0..<5).map { _ in take(at: .seconds(2)) }
        #expect(order == ["c", "d", "a", "b", nil])
    }

    @Test("a key that waits with low priority and really changes comes up with the others, once")
    mutating func raised() {
        for key in ["a", "b"] { queue.add(key, priority: .low, at: .zero) }
        queue.add("c", at: .zero)
        let isRaised = queue.add("b", at: .zero)
        let isLowered = queue.add("b", priority: .low, at: .zero)
        #expect(isRaised && !isLowered)
        let order = (0..<4).map { _ in take() }
        #expect(order == ["c", "b", "a", nil])
    }

    @Test("a key of low priority comes up under any load once it has waited for ten seconds")
    mutating func patience() {
        queue.add("low", priority: .low, at: .zero)
        for second in 0..<10 {
            queue.add("n\(second)", at: .seconds(second))
            #expect(take(at: .seconds(second)) == "n\(second)")
        }
        queue.add("n10", at: .seconds(10))
        #expect(take(at: .seconds(10)) == "low")
    }

    @Test("a key that is tried again keeps its priority, and a due time has the highest that was asked for")
    mutating func priorityOfRetries() {
        queue.add("a", priority: .low, at: .zero)
        #expect(take() == "a")
        queue.addAgain("a", after: .seconds(1), at: .zero)
        queue.done("a", at: .zero)
        queue.add("b", after: .seconds(1), priority: .low, at: .zero)
        queue.add("b", after: .seconds(2), at: .zero)
        _ = queue.next(at: .seconds(1))
        #expect(queue.depth(.low) == 1)
        #expect(take(at: .seconds(1)) == "a")
    }

    @Test("many keys of both priorities are each handed out once, whatever the order of their additions")
    mutating func manyKeys() {
        var generator = SeededGenerator(seed: 5)
        var expected: Set<String> = []
        for number in 0..<2000 {
            let key = "k\(Int.random(in: 0..<700, using: &generator))"
            queue.add(key, priority: Bool.random(using: &generator) ? .low : .normal, at: .milliseconds(number))
            expected.insert(key)
        }
        var taken: [String] = []
        while let key = take(at: .seconds(2)) {
            taken.append(key)
            queue.done(key, at: .seconds(2))
        }
        #expect(taken.count == expected.count && Set(taken) == expected)
        #expect(queue.depth == 0 && queue.depth(.low) == 0 && queue.depth(.normal) == 0)
    }

    @Test("of several due times the earliest holds, in any order", arguments: [[5, 2, 9], [9, 5, 2], [2, 5, 9]])
    mutating func earliest(seconds: [Int]) {
        for second in seconds { queue.add("a", after: .seconds(second), at: .zero) }
        #expect(queue.next(at: .seconds(1)) == .wait(until: .seconds(2)))
        #expect(take(at: .seconds(2)) == "a")
        queue.done("a", at: .seconds(2))
        #expect(queue.next(at: .seconds(100)) == .wait(until: nil))
    }

    @Test("adding a key at once replaces its due time")
    mutating func immediately() {
        queue.add("a", after: .seconds(5), at: .zero)
        queue.add("a", at: .zero)
        #expect(take() == "a")
        queue.done("a", at: .zero)
        #expect(queue.next(at: .seconds(9)) == .wait(until: nil))
    }

    @Test("a due time that comes while the key runs leads to one more run")
    mutating func dueWhileRunning() {
        queue.add("a", at: .zero)
        _ = take()
        queue.add("a", after: .seconds(1), at: .zero)
        #expect(queue.next(at: .seconds(2)) == .wait(until: nil))
        queue.done("a", at: .seconds(3))
        #expect(queue.next(at: .seconds(3)) == .run("a", waited: .seconds(2)))
    }

    @Test("failures of a key double its delay until they are forgotten")
    mutating func failures() {
        #expect((0..<3).map { _ in queue.nextDelay("a") } == [5, 10, 20].map { .milliseconds($0) })
        #expect(queue.nextDelay("b") == .milliseconds(5))
        queue.forget("a")
        #expect(queue.nextDelay("a") == .milliseconds(5))
    }

    @Test("after a shutdown nothing is handed out or taken in")
    mutating func shutDown() {
        queue.add("a", at: .zero)
        queue.shutDown()
        queue.add("b", at: .zero)
        #expect(queue.next(at: .zero) == .finished)
        #expect(queue.depth == 0)
    }

    @Test("no addition is lost and no key runs twice at once, in any order of events", arguments: 1...150)
    func interleavings(seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        var queue = WorkQueueState<Int>()
        var running: Set<Int> = []
        var unserved: [Int: Int] = [:]
        var now = Duration.zero
        for tick in 0..<400 {
            let key = Int.random(in: 0..<5, using: &generator)
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                queue.add(key, at: now)
                unserved[key] = tick
            case 1:
                queue.add(key, after: .milliseconds(Int.random(in: 0..<50, using: &generator)), at: now)
                unserved[key] = tick
            case 2:
                now += .milliseconds(Int.random(in: 0..<20, using: &generator))
            case 3:
                guard let key = running.randomElement(using: &generator) else { continue }
                running.remove(key)
                queue.done(key, at: now)
            default:
                guard case .run(let key, _) = queue.next(at: now) else { continue }
                if !running.insert(key).inserted { Issue.record("seed \(seed), tick \(tick): \(key) runs twice") }
                unserved[key] = nil
            }
        }
        for key in running { queue.done(key, at: now) }
        drain: while true {
            switch queue.next(at: now) {
            case .run(let key, _):
                unserved[key] = nil
                queue.done(key, at: now)
            case .wait(until: let due?): now = due
            case .wait(until: nil), .finished: break drain
            }
        }
        #expect(unserved.isEmpty, "seed \(seed)")
    }

    @Test("waiting workers are woken by additions, by due times and by shutdown")
    func shell() async {
        let clock = TestClock()
        let queue = WorkQueue<String>(name: "test", clock: clock)
        let keys = Shared<[String]>([])
        let worker = Task {
            while let key = await queue.next() {
                keys.withLock { $0.append(key) }
                queue.done(key)
            }
        }
        queue.add("now")
        queue.add("later", after: .seconds(5))
        await eventually("a worker that waits for the due time") { clock.nextWake == .seconds(5) }
        clock.advance(by: .seconds(5))
        await eventually("the key that was due") { keys.value.count == 2 }
        queue.add("again")
        await eventually("the third key") { keys.value.count == 3 }
        queue.shutDown()
        await worker.value
        #expect(keys.value == ["now", "later", "again"])
    }

    @Test("a queue follows a store, beginning with what is there")
    func followsStore() async {
        let (writer, reader) = Store<Widget>.make()
        writer.apply(.applied(Widget("a", version: "1")))
        let queue = WorkQueue<ObjectKey>(name: "test")
        let follower = Task { await queue.add(changesOf: reader) { [$0.key] } }
        #expect(await queue.next() == widgetKey("a"))
        writer.apply(.applied(Widget("b", version: "2")))
        #expect(await queue.next() == widgetKey("b"))
        follower.cancel()
        await follower.value
    }
}
