import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

private let noon = MicroTimestamp(microseconds: 1_700_000_000_000_000)

private func occurrence(_ note: String = "Ring found", object: String = "m") -> EventOccurrence {
    let regarding = Event.Reference(apiVersion: "example.org/v1", kind: "Widget", name: object, uid: "uid-\(object)")
    return EventOccurrence(regarding: regarding, kind: .warning, reason: "RingFound", note: note)
}

@Suite("Event correlator")
struct EventCorrelatorTests {
    private var correlator = EventCorrelator(controller: "example.org/test", instance: "pod-1")

    private mutating func decide(_ occurrence: EventOccurrence, _ seconds: Int) -> EventCorrelator.Decision {
        correlator.decide(occurrence, at: .seconds(seconds), wall: noon)
    }

    private mutating func created(_ occurrence: EventOccurrence, _ seconds: Int) -> Event? {
        guard case .create(let event) = decide(occurrence, seconds) else { return nil }
        return event
    }

    @Test("an Event about an object of the whole cluster lives in default and has what the API demands")
    mutating func fields() throws {
        let event = try #require(created(occurrence(), 0))
        #expect(event.metadata.namespace == "default")
        #expect(event.metadata.name.hasPrefix("m."))
        #expect(event.eventTime == noon)
        #expect(event.reportingController == "example.org/test")
        #expect(event.reportingInstance == "pod-1")
        #expect(event.action == "Reconcile")
        #expect(event.type == "Warning")
        #expect(event.regarding?.uid == "uid-m")
    }

    @Test("a server that refuses default gets Events about cluster objects in kube-system from then on")
    mutating func olderNamespace() throws {
        #expect(try #require(created(occurrence(), 0)).metadata.namespace == "default")
        let isFirst = correlator.useOlderNamespace()
        correlator.forget(occurrence())
        #expect(try #require(created(occurrence(), 1)).metadata.namespace == "kube-system")
        let isSecond = correlator.useOlderNamespace()
        #expect(isFirst && !isSecond)
    }

    @Test("the same text at every reconcile is one Event and few writes of its count")
    mutating func series() throws {
        let event = try #require(created(occurrence(), 0))
        #expect(decide(occurrence(), 10) == .patch(event.key, Event.Series(count: 2, lastObservedTime: noon)))
        var patches: [Int] = []
        for second in stride(from: 20, through: 4000, by: 10) {
            switch decide(occurrence(), second) {
            case .patch(_, let series): patches.append(series.count)
            case .counted: break
            default: Issue.record("at \(second) s")
            }
        }
        // Every half hour, and the rest when the series ends.
        #expect(patches == [182, 362])
        #expect(correlator.endSeries(at: .seconds(4300)).isEmpty)
        let ended = correlator.endSeries(at: .seconds(4360))
        #expect(ended.map(\.series.count) == [401])
        #expect(correlator.nextEnd == nil)
    }

    @Test("another text, and the same text after six quiet minutes, is another Event")
    mutating func others() throws {
        let first = try #require(created(occurrence(), 0))
        #expect(created(occurrence("Another ring"), 1) != nil)
        #expect(created(occurrence(object: "n"), 1) != nil)
        let later = correlator.decide(
            occurrence(),
            at: .seconds(360),
            wall: MicroTimestamp(microseconds: noon.microseconds + 360_000_000)
        )
        guard case .create(let second) = later else {
            Issue.record("no new Event")
            return
        }
        #expect(second.key != first.key)
    }

    @Test("one object causes 25 writes at once and then one in five minutes; others are not held back")
    mutating func bucket() {
        let decisions = (0..<30).map { decide(occurrence("note \($0)"), 0) }
        #expect(decisions.prefix(25).allSatisfy { $0 != .limited })
        #expect(decisions.suffix(5).allSatisfy { $0 == .limited })
        #expect(decide(occurrence("x"), 299) == .limited)
        #expect(decide(occurrence("x"), 300) != .limited)
        #expect(decide(occurrence("y"), 300) == .limited)
        #expect(decide(occurrence("z", object: "other"), 300) != .limited)
    }

    @Test("long texts are cut to what the API takes")
    mutating func long() throws {
        let event = try #require(created(occurrence(String(repeating: "ä", count: 2000), object: "m"), 0))
        #expect((event.note?.utf8.count ?? 0) <= 1024)
        let long = String(repeating: "n", count: 253)
        let other = try #require(created(occurrence(object: long), 0))
        #expect(other.metadata.name.utf8.count <= 253)
    }

    @Test("memory is bounded")
    mutating func bounded() {
        var configuration = EventCorrelator.Configuration()
        configuration.capacity = 10
        correlator = EventCorrelator(configuration: configuration, controller: "example.org/test", instance: "p")
        for number in 0..<100 { _ = decide(occurrence(object: "o\(number)"), number) }
        // The newest is still known, the oldest is not.
        #expect(created(occurrence(object: "o99"), 100) == nil)
        #expect(created(occurrence(object: "o0"), 100) != nil)
    }
}

@Suite("Event recorder")
struct EventRecorderTests {
    private let clock = TestClock()
    private let server = ObjectServer()

    private func recorder(queueLimit: Int = 1000) -> EventRecorder {
        EventRecorder(
            KubeAPI(server),
            correlator: EventCorrelator(controller: "example.org/test", instance: "pod-1"),
            manager: "test",
            queueLimit: queueLimit,
            clock: clock,
            wallClock: { noon },
            logger: quiet
        )
    }

    @Test("repetitions become one object with a count")
    func repetitions() async {
        let recorder = recorder()
        let task = Task { await recorder.run() }
        for _ in 0..<10 { recorder.record(.normal, Widget("a"), reason: "Done", note: "All is done") }
        await eventually("two writes") { server.requests.count == 2 }
        await clock.advance(by: .seconds(60), until: "the last count") { server.requests.count == 3 }
        task.cancel()
        await task.value
        #expect(server.requests.map(\.method) == [.post, .patch, .patch])
        #expect(server.objects.count == 1)
        #expect(server.objects.values.first?[path: "series", "count"] == 10)
        #expect(server.requests.first?.path == "/apis/events.k8s.io/v1/namespaces/ns/events")
    }

    @Test("a server that cannot be reached fails nobody, and the Event is written when it is back")
    func unreachable() async {
        server.set(fault: .answerLost)
        let recorder = recorder()
        let task = Task { await recorder.run() }
        recorder.record(occurrence())
        await eventually("a wait") { clock.sleepers == 1 }
        server.set(fault: nil)
        clock.advance(by: .seconds(2))
        // The second attempt finds the object of the first one.
        await eventually("a second attempt") { server.requests.count == 2 }
        await eventually("rest") { clock.sleepers == 1 }
        recorder.record(occurrence())
        await eventually("its count") { server.requests.count == 3 }
        task.cancel()
        await task.value
        #expect(server.objects.values.first?[path: "series", "count"] == 2)
    }

    @Test("what was reported before a stop is still written")
    func stop() async {
        let recorder = recorder()
        recorder.record(occurrence())
        let task = Task { await recorder.run() }
        task.cancel()
        await task.value
        #expect(server.objects.count == 1)
    }

    @Test("a full queue drops and never waits")
    func full() async {
        let recorder = recorder(queueLimit: 2)
        for number in 0..<5 { recorder.record(occurrence("note \(number)")) }
        let task = Task { await recorder.run() }
        await eventually("two Events") { server.objects.count == 2 }
        task.cancel()
        await task.value
        #expect(server.objects.count == 2)
    }
}
