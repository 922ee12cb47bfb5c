import KubeCore
import KubeRuntime
import KubeTestSupport
import Testing

private let widgetPath = "/apis/example.org/v1/namespaces/ns/widgets/a"

@Suite("Applier")
struct ApplierTests {
    private let clock = TestClock()
    private let server = ObjectServer()
    private let writes: OwnWrites
    private let applier: Applier
    private let intent: JSONValue = [
        "apiVersion": "example.org/v1", "kind": "Widget", "metadata": ["name": "a", "namespace": "ns"],
        "spec": ["size": 3, "list": [["name": "x"]]],
    ]

    init() {
        writes = OwnWrites(clock: clock, logger: quiet)
        applier = Applier(KubeAPI(server), ownWrites: writes, logger: quiet)
    }

    private var current: JSONValue? { server.objects[widgetPath] }

    private func apply(_ intent: JSONValue, current: JSONValue?) async throws -> ApplyOutcome {
        try await applier.apply(
            intent,
            resource: Widget.resource,
            key: widgetKey("a"),
            manager: "test-spec",
            current: current
        )
    }

    @Test("the first intent is sent as server-side apply, the same one again is not")
    func unchanged() async throws {
        _ = try await apply(intent, current: nil)
        let request = try #require(server.requests.first)
        #expect(request.method == .patch)
        #expect(request.contentType == "application/apply-patch+yaml")
        #expect(request.query("fieldManager") == "test-spec")
        #expect(request.query("force") == "true")
        for _ in 0..<5 { #expect(try await apply(intent, current: current) == .unchanged) }
        #expect(server.requests.count == 1)
    }

    @Test("a changed intent is sent, and changing it back is sent again")
    func changed() async throws {
        _ = try await apply(intent, current: nil)
        var other = intent
        other["spec"] = ["size": 4, "list": [["name": "x"]]]
        #expect(try await apply(other, current: current) != .unchanged)
        #expect(try await apply(intent, current: current) != .unchanged)
        #expect(server.requests.count == 3)
    }

    @Test("a foreign edit of our fields is undone, one of other fields costs nothing")
    func foreignEdit() async throws {
        _ = try await apply(intent, current: nil)
        server.edit(widgetPath) { $0["status"] = ["phase": "Ready"] }
        #expect(try await apply(intent, current: current) == .unchanged)
        server.edit(widgetPath) { $0["spec"]?["size"] = 9 }
        #expect(try await apply(intent, current: current) != .unchanged)
        #expect(current?[path: "spec", "size"] == 3)
    }

    @Test("an object that a store shows only in part is taken by its version")
    func pruned() async throws {
        _ = try await apply(intent, current: nil)
        let version = current?[path: "metadata", "resourceVersion"] ?? .null
        let pruned: JSONValue = ["metadata": ["name": "a", "resourceVersion": version]]
        #expect(try await apply(intent, current: pruned) == .unchanged)
    }

    @Test("an object that is gone is made again")
    func deleted() async throws {
        _ = try await apply(intent, current: nil)
        server.remove(widgetPath)
        #expect(try await apply(intent, current: nil) != .unchanged)
        #expect(current != nil)
    }

    @Test("what failed or stayed unanswered is sent again", arguments: [ObjectServer.Fault.refused, .answerLost])
    func failure(fault: ObjectServer.Fault) async throws {
        _ = try await apply(intent, current: nil)
        server.edit(widgetPath) { $0["spec"]?["size"] = 9 }
        let before = current
        server.set(fault: fault)
        await #expect(throws: KubeError.self) { try await apply(intent, current: before) }
        server.set(fault: nil)
        #expect(try await apply(intent, current: current) != .unchanged)
    }

    @Test("a precondition on the version is sent and does not make the intent another one")
    func precondition() async throws {
        _ = try await apply(intent, current: nil)
        var conditional = intent
        conditional["metadata"]?["resourceVersion"] = "123"
        #expect(try await apply(conditional, current: current) == .unchanged)
        conditional["spec"] = ["size": 5]
        _ = try? await apply(conditional, current: current)
        let sent = try #require(server.requests.last?.body)
        let body = try JSONCoding.decode(JSONValue.self, from: sent)
        #expect(body[path: "metadata", "resourceVersion"] == "123")
    }

    @Test("managers and subresources are told apart")
    func targets() async throws {
        _ = try await apply(intent, current: nil)
        _ = try await applier.apply(
            intent,
            resource: Widget.resource,
            key: widgetKey("a"),
            subresource: "status",
            manager: "test-status",
            current: current
        )
        #expect(server.requests.map(\.path) == [widgetPath, widgetPath + "/status"])
    }

    @Test("an applied intent is awaited as our own write")
    func ownWrite() async throws {
        let (writer, reader) = Store<Widget>.make()
        writer.apply(.relistBegan)
        writer.apply(.relistEnded(resourceVersion: "1"))
        _ = try await apply(intent, current: nil)
        #expect(!writes.isCaughtUp(reader))
        let version = current?[path: "metadata", "resourceVersion"]?.stringValue
        writer.apply(.applied(Widget("a", size: 3, version: version)))
        #expect(writes.isCaughtUp(reader))
    }

    @Test(
        "an intent is satisfied by an object that has at least its fields",
        arguments: [
            (["a": 1], ["a": 1, "b": 2], true),
            (["a": 1], ["a": 2], false),
            (["a": 1], [:], false),
            (["a": ["b": 1]], ["a": ["b": 1, "c": 1]], true),
            (["a": [1, 2]], ["a": [1, 2]], true),
            (["a": [1, 2]], ["a": [2, 1]], false),
            (["a": [["k": 1]]], ["a": [["k": 1, "v": 2]]], false),
            (["a": nil], [:], true),
            (["a": nil], ["a": 1], false),
            (["a": [:]], [:], true),
            (["a": []], [:], true),
            (["a": .double(1)], ["a": 1], true),
            (["a": "1"], ["a": 1], false),
        ] as [(JSONValue, JSONValue, Bool)]
    )
    func satisfied(intent: JSONValue, current: JSONValue, expected: Bool) {
        #expect(intent.isSatisfied(by: current) == expected)
    }
}
