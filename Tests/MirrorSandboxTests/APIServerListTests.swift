import KubeCore
import MirrorSandbox
import Testing

@Suite("API server: lists and watches")
struct APIServerListTests {
    private func fleet(_ count: Int, historyLimit: Int = 1_000) async throws -> Bench {
        let bench = Bench(historyLimit: historyLimit)
        for index in 0..<count {
            let labels = ["zone": index.isMultiple(of: 2) ? "a" : "b", "index": "\(index)"]
            _ = try await bench.post("/api/v1/nodes", Bench.node("n\(index)", labels: labels))
        }
        return bench
    }

    @Test("pages of a list show one and the same state, whatever happens between them")
    func pages() async throws {
        let bench = try await fleet(5)
        let first = try await bench.get("/api/v1/nodes", ["limit": "2"])
        #expect(first.names == ["n0", "n1"])
        #expect(first["metadata", "remainingItemCount"] == 3)
        _ = try await bench.delete("/api/v1/nodes/n2")
        _ = try await bench.post("/api/v1/nodes", Bench.node("n30"))
        _ = try await bench.merge("/api/v1/nodes/n3", ["metadata": ["labels": ["new": "1"]]])
        let token = try #require(first["metadata", "continue"]?.stringValue)
        let second = try await bench.get("/api/v1/nodes", ["limit": "2", "continue": token])
        #expect(second.names == ["n2", "n3"])
        #expect(second.version == first.version)
        #expect(second["items", "1", "metadata", "labels", "new"] == nil)
        let next = try #require(second["metadata", "continue"]?.stringValue)
        let last = try await bench.get("/api/v1/nodes", ["limit": "2", "continue": next])
        #expect(last.names == ["n4"])
        #expect(last["metadata", "continue"] == nil)
        bench.server.compact()
        let expired = try await bench.get("/api/v1/nodes", ["limit": "2", "continue": token])
        #expect(expired.status == 410)
        #expect(expired.reason == "Expired")
        #expect(try await bench.api.list(Node.self, ListOptions(limit: 2)).count == 5)
    }

    @Test(
        "selectors select",
        arguments: [
            ("labelSelector", "zone=a", ["n0", "n2"]), ("labelSelector", "zone!=a", ["n1", "n3"]),
            ("labelSelector", "index in (1, 3)", ["n1", "n3"]), ("labelSelector", "index notin (1,3)", ["n0", "n2"]),
            ("labelSelector", "zone==b,index in (3)", ["n3"]), ("labelSelector", "!zone", []),
            ("labelSelector", "zone", ["n0", "n1", "n2", "n3"]), ("fieldSelector", "metadata.name=n2", ["n2"]),
            ("fieldSelector", "metadata.name!=n2", ["n0", "n1", "n3"]),
        ] as [(String, String, [String])]
    )
    func selectors(parameter: String, selector: String, names: [String]) async throws {
        let bench = try await fleet(4)
        #expect(try await bench.get("/api/v1/nodes", [parameter: selector]).names == names)
    }

    @Test(
        "selectors and versions that mean nothing are refused",
        arguments: [
            (["fieldSelector": "spec.mode=x"], 400), (["labelSelector": "a in b"], 400),
            (["resourceVersion": "abc"], 400), (["resourceVersion": "99999"], 504), (["continue": "???"], 400),
            (["resourceVersionMatch": "Exact"], 400), (["limit": "-1"], 400), (["watch": "maybe"], 400),
        ] as [([String: String], Int)]
    )
    func nonsense(query: [String: String], status: Int) async throws {
        #expect(try await Bench.withGadgets().get(Bench.gadgets, query).status == status)
    }

    @Test("an exact version shows the past until it is compacted")
    func exact() async throws {
        let bench = try await fleet(2)
        let version = try await bench.get("/api/v1/nodes").version
        _ = try await bench.delete("/api/v1/nodes/n0")
        let query = ["resourceVersion": version, "resourceVersionMatch": "Exact"]
        #expect(try await bench.get("/api/v1/nodes", query).names == ["n0", "n1"])
        #expect(try await bench.get("/api/v1/nodes", ["resourceVersion": version]).names == ["n1"])
        bench.server.compact()
        #expect(try await bench.get("/api/v1/nodes", query).status == 410)
    }

    @Test("a watch from a version tells what happened since, in order, and ends when it is cancelled")
    func watch() async throws {
        let bench = try await fleet(1)
        let version = try await bench.get("/api/v1/nodes").version
        _ = try await bench.merge("/api/v1/nodes/n0", ["metadata": ["labels": ["a": "b"]]])
        _ = try await bench.post("/api/v1/nodes", Bench.node("n1"))
        var tape = try await WatchTape(bench, "/api/v1/nodes", ["resourceVersion": version])
        #expect(try await tape.nextLine() == "MODIFIED n0")
        #expect(try await tape.nextLine() == "ADDED n1")
        _ = try await bench.delete("/api/v1/nodes/n0")
        let deleted = try #require(try await tape.next())
        #expect(deleted["type"] == "DELETED")
        let last = deleted[path: "object", "metadata", "resourceVersion"]?.stringValue
        #expect(last == String(bench.server.revision))
        #expect(bench.server.openWatches == 1)
        tape.stream.cancel()
        #expect(try await tape.next() == nil)
        #expect(bench.server.openWatches == 0)
    }

    @Test("the watches of a deleted definition end after what they have not told")
    func deletedDefinition() async throws {
        let bench = try await Bench.withGadgets()
        try await bench.api.create(Gadget("g"), manager: "test")
        var tape = try await WatchTape(bench, Bench.gadgets, ["resourceVersion": "0"])
        #expect(try await tape.nextLine() == "ADDED g")
        _ = try await bench.delete("\(Bench.definitions)/gadgets.example.com")
        #expect(try await tape.nextLine() == "DELETED g")
        #expect(try await tape.next() == nil)
        #expect(bench.server.openWatches == 0)
    }

    @Test("a watch without a version begins with what is there", arguments: [nil, "0"])
    func initial(version: String?) async throws {
        let bench = try await fleet(2)
        let query = version.map { ["resourceVersion": $0] } ?? [:]
        var tape = try await WatchTape(bench, "/api/v1/nodes", query)
        #expect(try await tape.nextLine() == "ADDED n0")
        #expect(try await tape.nextLine() == "ADDED n1")
        _ = try await bench.delete("/api/v1/nodes/n1")
        #expect(try await tape.nextLine() == "DELETED n1")
    }

    @Test("a streaming list begins with what is there, tells the end of it by a bookmark, and goes on as a watch")
    func streamingList() async throws {
        let bench = try await fleet(2)
        let query = [
            "sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan", "allowWatchBookmarks": "true",
        ]
        let version = try await bench.get("/api/v1/nodes").version
        var tape = try await WatchTape(bench, "/api/v1/nodes", query)
        #expect(try await tape.nextLine() == "ADDED n0")
        #expect(try await tape.nextLine() == "ADDED n1")
        let end = try await tape.next()
        #expect(end?["type"]?.stringValue == "BOOKMARK")
        let metadata = end?["object"]?["metadata"]
        #expect(metadata?["annotations"]?["k8s.io/initial-events-end"]?.stringValue == "true")
        #expect(metadata?["resourceVersion"]?.stringValue == version)
        _ = try await bench.delete("/api/v1/nodes/n1")
        #expect(try await tape.nextLine() == "DELETED n1")
        bench.server.sendBookmarks()
        #expect(try await tape.next()?["object"]?["metadata"]?["annotations"] == nil)
    }

    @Test(
        "a streaming list that is asked for in another way, or of a server without them, is invalid",
        arguments: [
            (["sendInitialEvents": "true"], true), (["resourceVersionMatch": "NotOlderThan"], true),
            (["sendInitialEvents": "true", "resourceVersionMatch": "Exact"], true),
            (["sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"], false),
        ]
    )
    func refusedStreamingList(query: [String: String], isOn: Bool) async throws {
        let server = APIServer(APIServerConfiguration(streamingLists: isOn))
        let items = (query.merging(["watch": "true"]) { $1 }).map { KubeRequest.QueryItem($0.key, $0.value) }
        let response = try await server.transport().send(KubeRequest(.get, "/api/v1/nodes", query: items))
        #expect(response.status == 422)
    }

    @Test("an object that begins or ceases to match is added to or deleted from a watch")
    func selectedWatch() async throws {
        let bench = try await fleet(2)
        let version = try await bench.get("/api/v1/nodes").version
        let query = ["resourceVersion": version, "labelSelector": "zone=a"]
        var tape = try await WatchTape(bench, "/api/v1/nodes", query)
        _ = try await bench.merge("/api/v1/nodes/n1", ["metadata": ["labels": ["zone": "a"]]])
        _ = try await bench.merge("/api/v1/nodes/n0", ["metadata": ["labels": ["zone": "c"]]])
        _ = try await bench.merge("/api/v1/nodes/n0", ["metadata": ["labels": ["zone": "d"]]])
        _ = try await bench.merge("/api/v1/nodes/n1", ["metadata": ["labels": ["more": "1"]]])
        #expect(try await tape.nextLine() == "ADDED n1")
        #expect(try await tape.nextLine() == "DELETED n0")
        #expect(try await tape.nextLine() == "MODIFIED n1")
    }

    @Test("a version that is too old ends a watch with a 410 Status")
    func expired() async throws {
        let bench = try await fleet(2)
        let version = try await bench.get("/api/v1/nodes").version
        _ = try await bench.delete("/api/v1/nodes/n0")
        bench.server.compact()
        var tape = try await WatchTape(bench, "/api/v1/nodes", ["resourceVersion": version])
        let event = try #require(try await tape.next())
        #expect(event["type"] == "ERROR")
        #expect(event[path: "object", "code"] == 410)
        #expect(event[path: "object", "reason"] == "Expired")
        let message = event[path: "object", "message"]?.stringValue
        #expect(message == "too old resource version: \(version) (\(bench.server.revision))")
        #expect(try await tape.next() == nil)
    }

    @Test("the history is bounded, and a watch that falls behind it is told")
    func boundedHistory() async throws {
        let bench = try await fleet(1, historyLimit: 3)
        let version = try await bench.get("/api/v1/nodes").version
        var tape = try await WatchTape(bench, "/api/v1/nodes", ["resourceVersion": version])
        for index in 0..<5 {
            _ = try await bench.merge("/api/v1/nodes/n0", ["metadata": ["labels": ["turn": .string("\(index)")]]])
        }
        #expect(try await tape.nextLine() == "ERROR -")
    }

    @Test("bookmarks come where they are allowed, with the newest version")
    func bookmarks() async throws {
        let bench = try await fleet(1)
        let version = try await bench.get("/api/v1/nodes").version
        let query = ["resourceVersion": version, "allowWatchBookmarks": "true"]
        var tape = try await WatchTape(bench, "/api/v1/nodes", query)
        _ = try await bench.api.create(Lease(metadata: ObjectMeta(name: "l", namespace: "default")), manager: "t")
        bench.server.sendBookmarks()
        let event = try #require(try await tape.next())
        #expect(event["type"] == "BOOKMARK")
        #expect(event[path: "object", "kind"] == "Node")
        let revision = String(bench.server.revision)
        #expect(event[path: "object", "metadata", "resourceVersion"]?.stringValue == revision)
    }

    @Test("a watch ends when its time is up, after what is there and a bookmark")
    func timeout() async throws {
        let bench = try await fleet(1)
        let query = ["allowWatchBookmarks": "true", "timeoutSeconds": "1"]
        var tape = try await WatchTape(bench, "/api/v1/nodes", query)
        #expect(try await tape.nextLine() == "ADDED n0")
        #expect(try await tape.next()?["type"] == "BOOKMARK")
        #expect(try await tape.next() == nil)
        #expect(bench.server.openWatches == 0)
    }

    @Test("a reader that is cancelled gets out of a silent watch")
    func cancellation() async throws {
        let bench = try await fleet(0)
        let tape = try await WatchTape(bench, "/api/v1/nodes")
        let reader = Task {
            var tape = tape
            return try await tape.next()
        }
        reader.cancel()
        await #expect(throws: KubeError.self) { try await reader.value }
        #expect(bench.server.openWatches == 0)
    }

    @Test("a watch that nobody holds any more is closed")
    func forgotten() async throws {
        let bench = try await fleet(0)
        do {
            let tape = try await WatchTape(bench, "/api/v1/nodes")
            #expect(bench.server.openWatches == 1)
            _ = tape
        }
        #expect(bench.server.openWatches == 0)
    }

    @Test("Events are the same objects in both groups")
    func events() async throws {
        let bench = Bench()
        _ = try await bench.post("/api/v1/nodes", Bench.node("n"))
        let event = Event(
            metadata: ObjectMeta(name: "n.1", namespace: "default"),
            eventTime: bench.clock.now,
            reportingController: "p2pmirror.io/operator",
            reportingInstance: "operator-0",
            action: "Evict",
            reason: "DiskFull",
            note: "disk is full",
            type: "Warning",
            regarding: Event.Reference(apiVersion: "v1", kind: "Node", name: "n", uid: "1")
        )
        try await bench.api.create(event, manager: "t")
        let path = "/api/v1/namespaces/default/events"
        let core = try await bench.get(path, ["fieldSelector": "involvedObject.kind=Node,involvedObject.name=n"])
        #expect(core["items", "0", "message"] == "disk is full")
        #expect(core["items", "0", "apiVersion"] == "v1")
        #expect(core["items", "0", "reportingComponent"] == "p2pmirror.io/operator")
        #expect(try await bench.get(path, ["fieldSelector": "involvedObject.name=x"]).items.isEmpty)
        #expect(try await bench.api.list(Event.self).first?.note == "disk is full")
        let patched = try await bench.merge("\(path)/n.1", ["message": "disk is fuller"])
        #expect(patched["message"] == "disk is fuller")
        #expect(try await bench.api.get(Event.self, event.key).note == "disk is fuller")
        var wrong = event
        wrong.metadata.name = "n.2"
        wrong.type = "Odd"
        wrong.reason = ""
        let refused = try await bench.post("/apis/events.k8s.io/v1/namespaces/default/events", wrong.wireValue())
        #expect(refused.status == 422)
        #expect(refused["details", "causes"]?.arrayValue?.count == 2)
    }
}
