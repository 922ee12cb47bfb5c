import KubeCore
import KubeTestSupport
import Testing

@testable import KubeRuntime

private let path = "GET /apis/example.org/v1/widgets"

@Suite("A server that is broken, or away")
struct BrokenServerTests {
    private var generator = SeededGenerator(seed: 7)
    private var watcher = Watcher<Widget>(configuration: .paged)

    private mutating func listed(_ continuation: String?, _ count: Int = 0) -> WatcherStep<Widget> {
        let objects = (0..<count).map { Widget("w\($0)") }
        let page = ObjectPage(objects: objects, resourceVersion: "7", continuation: continuation)
        return watcher.listed(page, at: .zero, using: &generator)
    }

    @Test("A list that gives one token twice fails, with a pause, and begins anew")
    mutating func sameToken() {
        _ = watcher.start(using: &generator)
        #expect(listed("t").next == .list(continuation: "t"))
        let step = listed("t")
        guard case .failure(let error, let delay)? = step.note else {
            Issue.record("\(step)")
            return
        }
        #expect(error.code == .protocolViolation && delay >= .milliseconds(800))
        #expect(watcher.waited(using: &generator).next == .list(continuation: nil))
        // What was counted is forgotten with it.
        #expect(listed("t").next == .list(continuation: "t"))
    }

    @Test("A list without an end fails before it has more than there is memory for")
    mutating func endless() {
        _ = watcher.start(using: &generator)
        var pages = 0
        while pages < 1_000, case .list = listed("t\(pages)", 500).next { pages += 1 }
        #expect(pages == ListBounds.objects / 500)
    }

    @Test("Pages that are too large are asked for smaller, and then for good, and not without an end")
    mutating func tooLarge() {
        _ = watcher.start(using: &generator)
        var sizes = [watcher.pageSize]
        for round in 0..<4 {
            let step = watcher.listFailed(KubeError(.tooLarge, "8 MiB"), at: .zero, using: &generator)
            // Large objects are no fault of the server's: nobody waits for them, but for one that never ends.
            if round < 2 {
                #expect(step.next == .list(continuation: nil))
            } else {
                guard case .wait = step.next else {
                    Issue.record("no wait")
                    return
                }
                #expect(watcher.waited(using: &generator).next == .list(continuation: nil))
            }
            sizes.append(watcher.pageSize)
        }
        let least = ListBounds.objects / ListBounds.pages
        #expect(sizes == [500, 125, least, least, least])
    }

    @Test(
        "However long a server asks to wait, a list comes back within its own longest pause",
        arguments: [0, 29, 31, 3_600]
    )
    mutating func retryAfter(seconds: Int) {
        let response = KubeResponse(status: 429, headers: ["retry-after": "\(seconds)"], body: [])
        let error = response.asError(of: KubeRequest(.get, "/"))
        #expect(error.retryAfter == .seconds(min(seconds, 30)))
        _ = watcher.start(using: &generator)
        guard case .wait(let delay) = watcher.listFailed(error, at: .zero, using: &generator).next else {
            Issue.record("no wait")
            return
        }
        #expect(delay <= .seconds(30))
    }

    @Test("What is kept of a server is bounded over all kinds, and given back")
    func kept() throws {
        let server = ServerMemory()
        let (first, second) = (server.keeper(), server.keeper())
        try server.keep(ListBounds.objects - 10, by: first)
        try server.keep(10, by: second)
        #expect(throws: KubeError.self) { try server.keep(11, by: second) }
        try server.keep(0, by: first)
        try server.keep(ListBounds.objects, by: second)
        #expect(throws: KubeError.self) { try server.keep(1, by: first) }
        // A process with more memory may keep more.
        let large = ServerMemory(objectLimit: 2 * ListBounds.objects)
        try large.keep(2 * ListBounds.objects, by: large.keeper())
        var bounds = ListBounds(objects: large.objectLimit)
        try bounds.take(objects: 2 * ListBounds.objects)
        #expect(throws: KubeError.self) { try bounds.take(objects: 1) }
    }

    @Test("While a server refuses everything, the health says so after 150 s")
    func refusals() async {
        let clock = TestClock()
        let answer = ScriptedTransport.Answer.response(429, "{}", headers: ["retry-after": "3600"])
        let transport = ScriptedTransport(
            [(path, .response(200, listBody([Widget("a")], version: "7"))), ("\(path)?watch=true", .stream([]))]
                + Array(repeating: ("\(path)?watch=true", answer), count: 500)
        )
        let reflector = Reflector<Widget>(
            KubeAPI(transport),
            configuration: .paged,
            clock: clock,
            generator: { SeededGenerator(seed: 3) },
            logger: quiet
        )
        let task = Task { await reflector.run() }
        await eventually("the first list") { reflector.health.isSynced }
        let before = transport.requests.count
        await clock.advance(by: .seconds(5), until: "staleness") { reflector.health.isStale }
        #expect(reflector.health.age <= .seconds(160))
        // It goes on asking all the time.
        #expect(transport.requests.count >= before + 4)
        task.cancel()
        await task.value
    }

    @Test("A watch that waits because the server is away comes back when others hear of it")
    func sharedNews() async {
        let clock = TestClock()
        let transport = ScriptedTransport(
            Array(repeating: (path, .failure(refused)), count: 6)
                + [(path, .response(200, listBody([Widget("a")], version: "7")))]
        )
        let memory = ServerMemory(clock: clock)
        let reflector = Reflector<Widget>(
            KubeAPI(transport),
            configuration: .paged,
            server: memory,
            clock: clock,
            generator: { SeededGenerator(seed: 3) },
            logger: quiet
        )
        let task = Task { await reflector.run() }
        await clock.advance(by: .milliseconds(100), until: "six failures") { transport.requests.count == 6 }
        let start = clock.now
        // The next pause is of 25 s at least; the server is back, and somebody else has had an answer.
        await clock.advance(by: .milliseconds(100), until: "the list") {
            memory.heard()
            return reflector.health.isSynced
        }
        #expect(start.duration(to: clock.now) < .seconds(5))
        task.cancel()
        await task.value
    }

    @Test("Early returns that come to nothing grow apart, and what a server asks for is kept to")
    func earlyReturns() {
        var returning = EarlyReturn()
        #expect(returning.least(of: .seconds(30)) == nil)
        returning.failed(refused)
        var waits: [Duration] = []
        for _ in 0..<7 {
            waits.append(returning.least(of: .seconds(30)) ?? .seconds(30))
            returning.returned()
        }
        #expect(waits.first == .milliseconds(800) && waits == waits.sorted() && waits.last == .seconds(30))
        returning.succeeded()
        #expect(returning.least(of: .seconds(30)) == .milliseconds(800))
        #expect(returning.least(of: .milliseconds(500)) == nil)
        returning.failed(KubeError(.status, "429", status: Status(code: 429, reason: "", message: "")))
        #expect(returning.least(of: .seconds(30)) == nil)
    }
}
