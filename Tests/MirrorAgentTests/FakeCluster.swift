import KubeCore
import MirrorAPI
import MirrorAgent
import MirrorPlanner
import Synchronization

/// Ends a process at a point that is counted: before each file operation, request and call of the service manager that
/// has an effect. To end after an effect is to end before the next one: what lies between only looks, and leaves
/// nothing. A process that has ended has no effect any more.
final class Lifetime: Sendable {
    private struct State {
        var points = 0
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let end: Int?

    /// - Parameter end: the effect, from 1, before which the process ends.
    init(endingAt end: Int? = nil) {
        self.end = end
    }

    /// Effects that the process had.
    var effects: Int { state.withLock(\.points) }
    var hasEnded: Bool { state.withLock(\.hasEnded) }

    /// Whether the process lives to do what comes now.
    func allows(_ hasEffect: Bool) -> Bool {
        state.withLock { state in
            if hasEffect, !state.hasEnded {
                state.points += 1
                if state.points == end { state.hasEnded = true }
            }
            return !state.hasEnded
        }
    }
}

/// A few objects behind the wire forms that the agent uses, with resource versions.
///
/// Objects are kept as text: a generic JSON value costs a thrown error for each type that a scalar is not, and the test
/// library takes a backtrace of each.
final class FakeAPIServer: Sendable {
    fileprivate struct Entry {
        var text: [UInt8]
        var labels: [String: String]
        var version: String
    }

    fileprivate struct State {
        var objects: [String: Entry] = [:]
        var version = 100
        var isReachable = true
        var servesMirrors = true
        var refusesWrites = false
        var losesAnswer: Int?
        var writes: [String] = []
        var reads: [String] = []
        var watches: [String] = []
        /// Those who follow the MirrorNodes.
        var followers: [AsyncStream<[UInt8]>.Continuation] = []
        /// Events that are not told yet; nil while they are told at once.
        var heldEvents: [[UInt8]]?
    }

    private let state = Mutex(State())

    var writes: [String] { state.withLock(\.writes) }
    var reads: [String] { state.withLock(\.reads) }
    var watches: [String] { state.withLock(\.watches) }
    var isReachable: Bool { state.withLock(\.isReachable) }
    /// Requests of every kind.
    var requests: Int { state.withLock { $0.reads.count + $0.writes.count + $0.watches.count } }

    /// Lets no event of a watch through until `tellEvents`.
    func holdEvents() { state.withLock { $0.heldEvents = [] } }
    func tellEvents() {
        state.withLock { state in
            let held = state.heldEvents ?? []
            state.heldEvents = nil
            for event in held { state.tell(event) }
        }
    }

    func setReachable(_ isReachable: Bool) { state.withLock { $0.isReachable = isReachable } }
    /// Whether the server knows the kind P2PMirror: before it does, and once the kind is gone, it knows no such path.
    func setServesMirrors(_ serves: Bool) { state.withLock { $0.servesMirrors = serves } }
    func setRefusesWrites(_ refuses: Bool) { state.withLock { $0.refusesWrites = refuses } }
    /// Carries out the write of that number, from 1, and does not answer.
    func loseAnswer(to write: Int) { state.withLock { $0.losesAnswer = write } }

    func put<Object: KubeObject>(_ object: Object) throws {
        _ = try state.withLock { try $0.store(object) }
    }

    func get<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) throws -> Object? {
        let entry = state.withLock { $0.objects[Object.resource.path(of: key)] }
        return try entry.map { try JSONCoding.decode(type, from: $0.text) }
    }

    func change<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey, _ body: (inout Object) -> Void) throws {
        guard var object = try get(type, key) else { return }
        body(&object)
        try put(object)
    }

    /// Puts a MirrorNode that this release can't read beside the others.
    func putUnreadable(name: String, node: String) {
        let text =
            #"{"metadata":{"name":"\#(name)","resourceVersion":"1","labels":{"\#(LabelKey.node)":"\#(node)"}},"#
            + #""spec":{"mirrorName":"other","nodeName":"\#(node)","nodeUID":"u","provider":"Future","role":"Server"}}"#
        let path = MirrorNode.resource.path(of: ObjectKey(name: name))
        state.withLock {
            $0.objects[path] = Entry(text: Array(text.utf8), labels: [LabelKey.node: node], version: "1")
        }
    }

    /// Opens a watch of the MirrorNodes; all that it selects is one node's.
    func watch(_ request: KubeRequest) throws(KubeError) -> AsyncStream<[UInt8]> {
        let (stream, continuation) = AsyncStream.makeStream(of: [UInt8].self)
        try state.withLock { state throws(KubeError) in
            guard state.isReachable else { throw KubeError(.connection, "connection refused") }
            state.watches.append(request.path)
            state.followers.append(continuation)
        }
        return stream
    }

    func delete<Object: KubeObject>(_ type: Object.Type, _ key: ObjectKey) {
        state.withLock { $0.objects[Object.resource.path(of: key)] = nil }
    }

    func answer(_ request: KubeRequest) throws(KubeError) -> KubeResponse {
        try state.withLock { state throws(KubeError) in
            guard state.isReachable else { throw KubeError(.connection, "connection refused") }
            guard request.method.isRead else {
                if state.refusesWrites { return Self.failure(500, "InternalError") }
                state.writes.append("\(request.method.rawValue) \(request.path)")
                let answer = try state.write(request)
                guard state.writes.count != state.losesAnswer else { throw KubeError(.outcomeUnknown, "no answer") }
                return answer
            }
            state.reads.append(request.path)
            if !state.servesMirrors, request.path.contains("/p2pmirrors/") {
                return KubeResponse(status: 404, body: Array("404 page not found\n".utf8))
            }
            if let object = state.objects[request.path] { return KubeResponse(status: 200, body: object.text) }
            let last = request.path.split(separator: "/").last ?? ""
            guard ["nodes", "mirrornodes"].contains(last) else { return Self.absence(of: last) }
            let items = state.objects.filter { HostPath.parent($0.key) == request.path }.sorted { $0.key < $1.key }
            let chosen = items.map(\.value).filter { Self.matches($0.labels, request.query("labelSelector") ?? "") }
            let text = chosen.map { String(decoding: $0.text, as: UTF8.self) }.joined(separator: ",")
            return KubeResponse(
                status: 200,
                body: Array(#"{"metadata":{"resourceVersion":"\#(state.version)"},"items":[\#(text)]}"#.utf8)
            )
        }
    }

    private static func matches(_ labels: [String: String], _ selector: String) -> Bool {
        let parts = selector.split(separator: "=")
        guard let key = parts.first else { return true }
        let value = labels[String(key)]
        return parts.count == 1 ? value != nil : value == String(parts[1])
    }

    private static func absence(of name: Substring) -> KubeResponse {
        let text = #"{"kind":"Status","status":"Failure","reason":"NotFound","code":404,"details":{"name":"\#(name)"}}"#
        return KubeResponse(status: 404, body: Array(text.utf8))
    }

    fileprivate static func failure(_ code: Int, _ reason: String) -> KubeResponse {
        let body = try? JSONCoding.encode(Status(code: code, reason: reason, message: reason))
        return KubeResponse(status: code, body: body ?? [])
    }
}

extension FakeAPIServer.State {
    fileprivate mutating func store<Object: KubeObject>(_ object: Object) throws(KubeError) -> KubeResponse {
        version += 1
        var object = object
        object.metadata.resourceVersion = String(version)
        let text = try JSONCoding.encode(object)
        let path = Object.resource.path(of: object.key)
        let type = objects[path] == nil ? "ADDED" : "MODIFIED"
        objects[path] = FakeAPIServer.Entry(text: text, labels: object.metadata.labels, version: String(version))
        if Object.resource == MirrorNode.resource {
            tell(Array(#"{"type":"\#(type)","object":\#(String(decoding: text, as: UTF8.self))}"#.utf8) + [0x0A])
        }
        return KubeResponse(status: 200, body: text)
    }

    fileprivate mutating func tell(_ event: [UInt8]) {
        guard heldEvents == nil else {
            heldEvents?.append(event)
            return
        }
        for follower in followers { follower.yield(event) }
    }

    /// PUT and merge PATCH of a MirrorNode's /status.
    fileprivate mutating func write(_ request: KubeRequest) throws(KubeError) -> KubeResponse {
        guard request.path.hasSuffix("/status"), request.query("fieldManager") == FieldManager.agent else {
            return FakeAPIServer.failure(405, "MethodNotAllowed")
        }
        guard let entry = objects[HostPath.parent(request.path)] else { return FakeAPIServer.failure(404, "NotFound") }
        var object = try JSONCoding.decode(MirrorNode.self, from: entry.text)
        let expected: String?
        switch request.method {
        case .put:
            let sent = try JSONCoding.decode(MirrorNode.self, from: request.body ?? [])
            expected = sent.metadata.resourceVersion
            object.status = sent.status
        case .patch:
            let sent = try JSONCoding.decode(JSONValue.self, from: request.body ?? [])
            expected = sent[path: "metadata", "resourceVersion"]?.stringValue
            let present = try JSONCoding.value(of: object.status ?? MirrorNodeStatus())
            object.status = try JSONCoding.decode(MirrorNodeStatus.self, from: merge(present, sent["status"] ?? [:]))
        case .get, .post, .delete: return FakeAPIServer.failure(405, "MethodNotAllowed")
        }
        guard expected == nil || expected == entry.version else { return FakeAPIServer.failure(409, "Conflict") }
        return try store(object)
    }

    private func merge(_ target: JSONValue, _ patch: JSONValue) -> JSONValue {
        guard let members = patch.objectValue else { return patch }
        return members.reduce(into: target.objectValue == nil ? [:] : target) { result, member in
            result[member.key] = member.value == .null ? nil : merge(result[member.key] ?? .null, member.value)
        }
    }
}

/// One process's connection to the server.
struct FakeTransport: Transport {
    let server: FakeAPIServer
    let lifetime: Lifetime

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        guard lifetime.allows(!request.method.isRead) else { throw KubeError(.cancelled, "ended") }
        return try server.answer(request)
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        guard lifetime.allows(false) else { throw KubeError(.cancelled, "ended") }
        guard request.query("sendInitialEvents") == nil || !server.isReachable else {
            // As a server without streaming lists.
            return KubeResponseStream(status: 422, next: { () throws(KubeError) in nil }, cancel: {})
        }
        let events = try server.watch(request)
        return KubeResponseStream(
            status: 200,
            next: { () async throws(KubeError) -> [UInt8]? in
                for await event in events { return event }
                return nil
            },
            cancel: {}
        )
    }
}

/// The service on the host: at each start it takes its configuration from the disk and shows it in its Node.
final class FakeService: Sendable {
    enum Start: Hashable, Sendable {
        case well
        /// The unit ends in `failed`.
        case fails
        /// The unit stays in `activating`.
        case hangs
        /// The unit is active and its Node stays NotReady.
        case withoutReady
        /// The unit is active and its etcd member has no vote.
        case withoutVote
    }

    private struct State {
        var unit: UnitState
        var starts = 1
        var restarts: [String] = []
        var fault: ServiceError?
        var looks = 0
    }

    private let state: Mutex<State>
    private let invocation: String
    let disk: SimulatedDisk
    let server: FakeAPIServer
    let node: String
    let distribution: RancherDistribution
    /// How a start with a configuration goes.
    let start: @Sendable (MergedConfiguration) -> Start

    init(
        disk: SimulatedDisk,
        server: FakeAPIServer,
        node: String,
        distribution: RancherDistribution,
        invocation: String,
        start: @escaping @Sendable (MergedConfiguration) -> Start
    ) {
        let began = World.now + -3_600
        let unit = UnitState(activeState: "active", invocationID: "\(invocation)1", startedAt: began)
        state = Mutex(State(unit: unit))
        self.invocation = invocation
        self.disk = disk
        self.server = server
        self.node = node
        self.distribution = distribution
        self.start = start
    }

    /// Restarts that an agent asked for.
    var restarts: Int { state.withLock { $0.restarts.count } }
    var unit: UnitState { state.withLock(\.unit) }
    /// How often an agent asked for the unit's state: once in each pass.
    var looks: Int { state.withLock(\.looks) }

    func setUnit(_ change: (inout UnitState) -> Void) { state.withLock { change(&$0.unit) } }
    func setReachable(_ isReachable: Bool) { setFault(isReachable ? nil : ServiceError(.failed, "no bus")) }
    func setFault(_ fault: ServiceError?) { state.withLock { $0.fault = fault } }

    func show() throws(ServiceError) -> UnitState {
        try state.withLock { state throws(ServiceError) in
            state.looks += 1
            if let fault = state.fault { throw fault }
            return state.unit
        }
    }

    func restart() throws {
        state.withLock { $0.restarts.append($0.unit.invocationID) }
        try boot()
    }

    /// Starts with what is on the disk.
    func boot() throws {
        let contents = disk.contents
        let names = contents.keys.filter { HostPath.parent($0) == distribution.configDirectory }.map(HostPath.name)
        let paths =
            [distribution.configFile]
            + ConfigDirectory.dropIns(among: names).map { "\(distribution.configDirectory)/\($0)" }
        let files = paths.compactMap { path in
            contents[path].map { (name: HostPath.name(path), content: Array($0.utf8)) }
        }
        let configuration = try ConfigDirectory.merge(files)
        let outcome = start(configuration)
        let now = disk.time
        disk.time = now + 60
        state.withLock { state in
            state.starts += 1
            let active = outcome == .fails ? "failed" : outcome == .hangs ? "activating" : "active"
            let result = outcome == .fails ? "exit-code" : "success"
            state.unit = UnitState(
                activeState: active,
                subState: "",
                result: result,
                invocationID: "\(invocation)\(state.starts)",
                startedAt: now
            )
        }
        guard outcome != .fails, outcome != .hangs else { return }
        try server.change(Node.self, ObjectKey(name: node)) { node in
            node.metadata.annotations[distribution.argumentsAnnotation] = Self.annotation(configuration)
            node.status?.conditions = [
                Node.Condition(type: "Ready", status: outcome == .withoutReady ? "False" : "True"),
                Node.Condition(type: "EtcdIsVoter", status: outcome == .withoutVote ? "False" : "True"),
            ]
        }
    }

    static func annotation(_ configuration: MergedConfiguration) -> String {
        let arguments = configuration.arguments.flatMap { argument -> [String] in
            guard argument.hasPrefix("--"), let equals = argument.firstIndex(of: "=") else { return [argument] }
            let key = String(argument[..<equals])
            return [key, key == "--token" ? "********" : String(argument[argument.index(after: equals)...])]
        }
        let text = try? JSONCoding.encode(["server"] + arguments)
        return text.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}

/// The service manager as one process sees it.
struct FakeServiceManager: ServiceManager {
    let service: FakeService
    let lifetime: Lifetime

    func show(_ unit: String) async throws(ServiceError) -> UnitState {
        guard lifetime.allows(false) else { throw ServiceError(.interrupted, "ended") }
        return try service.show()
    }

    func restart(_ unit: String) async throws(ServiceError) {
        guard lifetime.allows(true) else { throw ServiceError(.interrupted, "ended") }
        do {
            try service.restart()
        } catch {
            throw ServiceError(.failed, "\(error)")
        }
    }
}
