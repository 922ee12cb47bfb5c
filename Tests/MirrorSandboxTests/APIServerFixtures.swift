import Foundation
import KubeCore
import MirrorSandbox
import Synchronization
import Testing

/// An object of the kind that `Fixtures/gadgets.crd.json` defines, as a raw value.
struct Gadget: KubeObject {
    static let resource = ResourceType(
        group: "example.com",
        version: "v1alpha1",
        plural: "gadgets",
        kind: "Gadget",
        namespaced: false
    )

    var metadata: ObjectMeta
    var spec: JSONValue
    var status: JSONValue?

    init(_ name: String, spec: JSONValue = ["mode": "Observe"], status: JSONValue? = nil) {
        metadata = ObjectMeta(name: name)
        self.spec = spec
        self.status = status
    }
}

/// A server with a clock that a test turns, and short ways to ask it.
struct Bench {
    let clock: TestClock
    let server: APIServer
    let transport: any Transport

    init(historyLimit: Int = 1_000) {
        let clock = TestClock()
        self.clock = clock
        server = APIServer(APIServerConfiguration(now: { clock.now }, historyLimit: historyLimit))
        transport = server.transport(agent: "bench")
    }

    var api: KubeAPI { KubeAPI(transport) }

    /// A server that knows Gadgets.
    static func withGadgets(historyLimit: Int = 1_000) async throws -> Bench {
        let bench = Bench(historyLimit: historyLimit)
        let definition = try Fixture.value("gadgets.crd.json")
        #expect(try await bench.post(Bench.definitions, definition).status == 201)
        return bench
    }

    static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    static let gadgets = "/apis/example.com/v1alpha1/gadgets"

    func ask(
        _ method: KubeRequest.Method,
        _ path: String,
        _ query: [String: String] = [:],
        body: JSONValue? = nil,
        type: String = "application/json",
        accept: String = "application/json"
    ) async throws -> Answer {
        let request = KubeRequest(
            method,
            path,
            query: query.sorted { $0.key < $1.key }.map { KubeRequest.QueryItem($0.key, $0.value) },
            accept: accept,
            contentType: body == nil ? nil : type,
            body: try body.map { body throws(KubeError) in try JSONCoding.encode(body) }
        )
        let response = try await transport.send(request)
        let value = (try? JSONCoding.decode(JSONValue.self, from: response.body)) ?? .null
        return Answer(status: response.status, value: value, headers: response.headers, body: response.body)
    }

    func get(_ path: String, _ query: [String: String] = [:]) async throws -> Answer {
        try await ask(.get, path, query)
    }

    func post(_ path: String, _ body: JSONValue, _ query: [String: String] = [:]) async throws -> Answer {
        try await ask(.post, path, query, body: body)
    }

    func put(_ path: String, _ body: JSONValue, _ query: [String: String] = [:]) async throws -> Answer {
        try await ask(.put, path, query, body: body)
    }

    func merge(_ path: String, _ body: JSONValue, _ query: [String: String] = [:]) async throws -> Answer {
        try await ask(.patch, path, query, body: body, type: "application/merge-patch+json")
    }

    func json(_ path: String, _ operations: [JSONPatchOperation]) async throws -> Answer {
        let body = JSONValue.array(operations.map(\.value))
        return try await ask(.patch, path, body: body, type: "application/json-patch+json")
    }

    func apply(_ path: String, _ body: JSONValue, by manager: String, force: Bool = false) async throws -> Answer {
        let query = ["fieldManager": manager, "force": force ? "true" : "false"]
        return try await ask(.patch, path, query, body: body, type: "application/apply-patch+yaml")
    }

    func delete(_ path: String, _ options: JSONValue? = nil) async throws -> Answer {
        try await ask(.delete, path, body: options)
    }

    /// A Gadget as it is sent.
    static func gadget(_ name: String, _ spec: JSONValue = ["mode": "Observe"]) -> JSONValue {
        [
            "apiVersion": "example.com/v1alpha1", "kind": "Gadget", "metadata": ["name": .string(name)],
            "spec": spec,
        ]
    }

    /// A Node as it is sent.
    static func node(_ name: String, labels: [String: String] = [:]) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "Node",
            "metadata": ["name": .string(name), "labels": .object(labels.mapValues { .string($0) })],
            "status": [
                "nodeInfo": ["kubeletVersion": "v1.32.3+rke2r1", "operatingSystem": "linux"],
                "conditions": [["type": "Ready", "status": "True"]],
            ],
        ]
    }
}

/// An answer, decoded where it is JSON.
struct Answer {
    var status: Int
    var value: JSONValue
    var headers: [String: String]
    var body: [UInt8]

    /// The value at a path through objects and, by numbers, lists.
    subscript(path: String...) -> JSONValue? {
        path.reduce(Optional(value)) { value, key in
            if let index = Int(key), let elements = value?.arrayValue {
                return elements.indices.contains(index) ? elements[index] : nil
            }
            return value?[key]
        }
    }

    var message: String { value["message"]?.stringValue ?? "" }
    var reason: String { value["reason"]?.stringValue ?? "" }
    var version: String { self["metadata", "resourceVersion"]?.stringValue ?? "" }
    var items: [JSONValue] { value["items"]?.arrayValue ?? [] }
    var names: [String] { items.compactMap { $0[path: "metadata", "name"]?.stringValue } }
}

/// A wall clock that stands still until it is turned.
final class TestClock: Sendable {
    private let time = Mutex(MicroTimestamp(Timestamp(seconds: 1_800_000_000)))

    var now: MicroTimestamp { time.withLock { $0 } }

    func advance(seconds: Int64) {
        time.withLock { $0 = MicroTimestamp(microseconds: $0.microseconds + seconds * 1_000_000) }
    }
}

/// Files beside the tests.
enum Fixture {
    static func path(_ folder: String, _ name: String = "", file: String = #filePath) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("\(folder)/\(name)")
    }

    static func value(_ name: String) throws -> JSONValue {
        try JSONCoding.decode(JSONValue.self, from: [UInt8](Data(contentsOf: path("Fixtures", name))))
    }
}

/// The events of a watch, read as they come.
struct WatchTape {
    let stream: KubeResponseStream
    private var splitter = LineSplitter()
    private var pending: [JSONValue] = []

    init(_ bench: Bench, _ path: String, _ query: [String: String] = [:], accept: String = "application/json")
        async throws
    {
        let items = query.merging(["watch": "true"], uniquingKeysWith: { $1 }).sorted { $0.key < $1.key }
        let request = KubeRequest(.get, path, query: items.map { .init($0.key, $0.value) }, accept: accept)
        stream = try await bench.transport.open(request)
    }

    /// The next event; nil at the end.
    mutating func next() async throws -> JSONValue? {
        while pending.isEmpty {
            guard let chunk = try await stream.nextChunk() else { return nil }
            for line in splitter.push(chunk) { pending.append(try JSONCoding.decode(JSONValue.self, from: line)) }
        }
        return pending.removeFirst()
    }

    /// The next event as `ADDED name`.
    mutating func nextLine() async throws -> String? {
        guard let event = try await next() else { return nil }
        let name = event[path: "object", "metadata", "name"]?.stringValue
        return "\(event["type"]?.stringValue ?? "?") \(name ?? "-")"
    }
}
