import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

private let path = "GET /apis/example.org/v1/widgets"

@Suite("Reflector")
struct ReflectorTests {
    private let clock = TestClock()

    private func reflector(
        _ transport: ScriptedTransport,
        _ configuration: WatcherConfiguration = .paged
    ) -> Reflector<Widget> {
        Reflector(
            KubeAPI(transport),
            configuration: configuration,
            clock: clock,
            generator: { SeededGenerator(seed: 3) },
            logger: quiet
        )
    }

    /// Runs a reflector until the condition holds, and cancels it.
    private func run(
        _ reflector: Reflector<Widget>,
        until what: String,
        _ condition: @escaping @Sendable () async -> Bool
    ) async {
        let task = Task { await reflector.run() }
        await eventually(what, condition)
        task.cancel()
        await task.value
    }

    @Test("lists by pages of 500, then watches with bookmarks, a length and a limit of silence")
    func requests() async throws {
        let transport = ScriptedTransport([
            ("\(path)?limit=500", .response(200, listBody([Widget("a")], version: "7", continuation: "t"))),
            ("\(path)?limit=500&continue=t", .response(200, listBody([Widget("b")], version: "7"))),
            (
                "\(path)?watch=true&allowWatchBookmarks=true&resourceVersion=7",
                .stream([.text(eventLine("ADDED", Widget("c", version: "8"))), .silence])
            ),
        ])
        let reflector = reflector(transport)
        await run(reflector, until: "three objects") { reflector.store.count == 3 }
        let watch = try #require(transport.requests.last)
        let seconds = try #require(watch.query("timeoutSeconds").flatMap(Int.init))
        #expect((300...600).contains(seconds))
        #expect(watch.query("limit") == nil)
        #expect(watch.idleTimeout == .seconds(seconds + 30))
        #expect(reflector.health.relists == [.initial: 1])
        #expect(reflector.health.isSynced)
    }

    @Test("events are whole wherever the pieces of the network end", arguments: [1, 2, 3, 7, 64, 1000])
    func split(size: Int) async {
        let text =
            eventLine("ADDED", Widget("ä", size: 1, version: "8"))
            + eventLine("MODIFIED", Widget("ä", size: 2, version: "9")).dropLast() + "\r\n"
            + eventLine("SOMETHING", Widget("x", version: "10")) + bookmarkLine("20")
            + eventLine("DELETED", Widget("a", version: "21"))
        let bytes = Array(text.utf8)
        let pieces = stride(from: 0, to: bytes.count, by: size).map {
            ScriptedTransport.Piece.bytes(Array(bytes[$0..<min($0 + size, bytes.count)]))
        }
        let transport = ScriptedTransport([
            (path, .response(200, listBody([Widget("a", version: "1")], version: "7"))),
            ("\(path)?resourceVersion=7", .stream(pieces + [.silence])),
        ])
        let reflector = reflector(transport)
        await run(reflector, until: "the deletion") { reflector.store.resourceVersion == "21" }
        #expect(reflector.store.all.map(\.spec.size) == [2])
    }

    @Test("a torn last event comes again with the next watch")
    func torn() async {
        let event = eventLine("ADDED", Widget("b", version: "9"))
        let transport = ScriptedTransport([
            (path, .response(200, listBody([], version: "7"))),
            (
                "\(path)?resourceVersion=7",
                .stream([.text(bookmarkLine("8")), .text(String(event.prefix(20)))])
            ),
            ("\(path)?resourceVersion=8", .stream([.text(event), .silence])),
        ])
        let reflector = reflector(transport)
        await run(reflector, until: "the object") { reflector.store.count == 1 }
        #expect(reflector.health.restarts == [.ended: 1])
    }

    @Test("a silent watch leads to a live read of one name, and where nothing was missed to nothing else")
    func idle() async throws {
        let transport = ScriptedTransport([
            (path, .response(200, listBody([], version: "7"))),
            ("\(path)?resourceVersion=7", .stream([.silence])),
            ("\(path)?limit=1", .response(200, listBody([], version: "7"))),
        ])
        let reflector = reflector(transport)
        let task = Task { await reflector.run() }
        await eventually("the limit of the watch") { [clock] in transport.requests.count == 2 && clock.sleepers == 1 }
        clock.advance(by: .seconds(70))
        await eventually("the proof") { transport.isDone && reflector.health.freshness == .proven }
        #expect(reflector.health.restarts == [:])
        #expect(reflector.health.relists == [.initial: 1])
        #expect(reflector.health.age == .zero)
        #expect(transport.requests[2].timeout == .seconds(5))
        task.cancel()
        await task.value
    }

    @Test("a watch that does not bring what a live read has shown is unproven until a list has ended")
    func behind() async {
        let transport = ScriptedTransport([
            (path, .response(200, listBody([], version: "7"))),
            ("\(path)?resourceVersion=7", .stream([.silence])),
            ("\(path)?limit=1", .response(200, listBody([Widget("a", version: "9")], version: "9"))),
            ("\(path)?resourceVersion=7&timeoutSeconds=5", .stream([.silence])),
            ("\(path)?limit=500", .response(200, listBody([Widget("a", version: "9")], version: "9"))),
            ("\(path)?resourceVersion=9", .stream([.silence])),
        ])
        let reflector = reflector(transport)
        let task = Task { await reflector.run() }
        for (requests, wait) in [(2, 70), (3, 65)] {
            await eventually("a limit") { [clock] in transport.requests.count == requests && clock.sleepers == 1 }
            #expect(reflector.health.freshness == .followed)
            clock.advance(by: .seconds(wait))
        }
        await eventually("the new watch") { [clock] in transport.requests.count == 4 && clock.sleepers == 1 }
        #expect(reflector.health.freshness == .unproven)
        clock.advance(by: .seconds(10))
        await eventually("the list") { transport.isDone && reflector.health.freshness == .followed }
        #expect(reflector.store.count == 1)
        #expect(reflector.health.relists == [.initial: 1, .silent: 1])
        task.cancel()
        await task.value
    }

    @Test("a streaming list fills the store, ends at its bookmark, and goes on as the watch")
    func streaming() async throws {
        let transport = ScriptedTransport([
            (
                "\(path)?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true",
                .stream([
                    .text(
                        eventLine("ADDED", Widget("b", version: "6")) + eventLine("ADDED", Widget("a", version: "3"))
                    ),
                    .text(endLine("7") + eventLine("MODIFIED", Widget("a", size: 2, version: "8"))), .silence,
                ])
            )
        ])
        let reflector = reflector(transport, WatcherConfiguration())
        await run(reflector, until: "the change") { reflector.store.resourceVersion == "8" }
        #expect(Set(reflector.store.all.map(\.metadata.name)) == ["a", "b"])
        #expect(reflector.health.isSynced)
        let request = try #require(transport.requests.first)
        #expect(request.query("resourceVersion") == nil)
    }

    @Test("a server that takes a streaming list for a watch and never ends it is listed by pages within the bound")
    func ignored() async {
        let transport = ScriptedTransport([
            (
                "\(path)?sendInitialEvents=true",
                .stream([.text(eventLine("ADDED", Widget("a", version: "3"))), .silence])
            ),
            ("\(path)?limit=500", .response(200, listBody([Widget("b", version: "4")], version: "7"))),
            ("\(path)?resourceVersion=7", .response(410, goneBody)),
            ("\(path)?limit=500", .response(200, listBody([Widget("b", version: "4")], version: "8"))),
            ("\(path)?resourceVersion=8", .stream([.silence])),
        ])
        let reflector = reflector(transport, WatcherConfiguration())
        let task = Task { await reflector.run() }
        await eventually("the object and a limit") { [clock] in clock.sleepers == 1 && reflector.store.count == 1 }
        #expect(!reflector.store.isSynced)
        await clock.advance(by: .seconds(1), until: "the pages") { transport.isDone }
        await eventually("the sync") { reflector.store.isSynced }
        #expect(clock.now.offset <= .seconds(15))
        #expect(reflector.store.all.map(\.metadata.name) == ["b"])
        task.cancel()
        await task.value
    }

    @Test("410 lists again, keeps the store meanwhile, and removes what is gone", arguments: [false, true])
    func expired(asEvent: Bool) async {
        let event = "{\"type\":\"ERROR\",\"object\":\(goneBody)}\n"
        let transport = ScriptedTransport([
            (path, .response(200, listBody([Widget("a", version: "1"), Widget("b", version: "1")], version: "7"))),
            ("\(path)?resourceVersion=7", asEvent ? .stream([.text(event)]) : .response(410, goneBody)),
            ("\(path)?limit=500", .response(200, listBody([Widget("b", version: "1")], version: "30"))),
            ("\(path)?resourceVersion=30", .stream([.silence])),
        ])
        let reflector = reflector(transport)
        await run(reflector, until: "the second list") { reflector.store.resourceVersion == "30" }
        #expect(reflector.store.all.map(\.metadata.name) == ["b"])
        #expect(reflector.health.relists == [.initial: 1, .expired: 1])
    }

    @Test("a server that cannot be reached is asked again after the delay, and the health says so")
    func unreachable() async {
        let transport = ScriptedTransport([
            (path, .failure(refused)),
            (path, .response(503, "{}")),
            (path, .response(200, listBody([], version: "7"))),
            (path, .stream([.silence])),
        ])
        let reflector = reflector(transport)
        let task = Task { await reflector.run() }
        for _ in 0..<2 {
            await eventually("a wait") { [clock] in clock.sleepers == 1 }
            #expect(!reflector.store.isSynced)
            #expect(reflector.health.lastError != nil)
            clock.advance(by: .seconds(4))
        }
        await eventually("the watch") { transport.isDone }
        #expect(reflector.health.restarts == [.failed: 2])
        #expect(reflector.health.lastError == nil)
        clock.advance(by: .seconds(40))
        #expect(reflector.health.age == .seconds(40))
        task.cancel()
        await task.value
    }

    @Test("one object that cannot be read hides neither the others nor what comes after it")
    func unreadable() async {
        let bad = #"{"metadata":{"name":"bad","namespace":"ns","resourceVersion":"8"},"spec":{"size":"large"}}"#
        let list = #"{"metadata":{"resourceVersion":"7"},"items":["# + bad + "," + json(Widget("a")) + "]}"
        let transport = ScriptedTransport([
            (path, .response(200, list)),
            (
                path,
                .stream([
                    .text(
                        "{\"type\":\"MODIFIED\",\"object\":\(bad)}\n" + eventLine("ADDED", Widget("b", version: "9"))
                    ),
                    .silence,
                ])
            ),
        ])
        let reflector = reflector(transport)
        await run(reflector, until: "the event after it") { reflector.store.resourceVersion == "9" }
        #expect(Set(reflector.store.all.map(\.metadata.name)) == ["a", "b"])
        #expect(reflector.health.unreadable == 2)
    }

    @Test("cancellation ends it, also while it waits for a delay")
    func cancellation() async {
        let transport = ScriptedTransport([(path, .failure(refused))])
        await run(reflector(transport), until: "a wait") { [clock] in clock.sleepers == 1 }
        #expect(clock.sleepers == 0)
    }
}
