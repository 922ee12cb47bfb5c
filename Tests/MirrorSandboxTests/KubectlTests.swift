import Foundation
import KubeCore
import MirrorSandbox
import Testing

/// An unmodified kubectl against the HTTP front, compared with what it said when it was recorded.
///
/// `RECORD_TRANSCRIPTS=1` writes the transcript of the version of kubectl that is on PATH anew. A version without a
/// transcript is held to the exit codes of the newest one.
@Suite("kubectl", .enabled(if: Command.exists("kubectl")))
struct KubectlTests {
    @Test("kubectl applies, reads, waits, patches, labels, describes and deletes")
    func transcript() async throws {
        var session = try await KubectlSession()
        defer { session.close() }
        try await session.play()
        let version = try await session.version()
        let file = Fixture.path("Transcripts", "kubectl-\(version).txt")
        if ProcessInfo.processInfo.environment["RECORD_TRANSCRIPTS"] == "1" {
            try session.transcript.write(to: file, atomically: true, encoding: .utf8)
        }
        if let recorded = try? String(contentsOf: file, encoding: .utf8) {
            #expect(KubectlSession.steps(session.transcript) == KubectlSession.steps(recorded))
        } else {
            let newest = try String(contentsOf: Fixture.path("Transcripts", "kubectl-1.32.txt"), encoding: .utf8)
            #expect(KubectlSession.codes(session.transcript) == KubectlSession.codes(newest))
        }
    }
}

/// A server, a kubeconfig, and the commands that a person would type.
struct KubectlSession {
    let bench: Bench
    private let front: APIServerFront
    private let folder: URL
    private(set) var transcript = ""

    init() async throws {
        bench = Bench()
        front = try await bench.server.serve()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("kubectl-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let config: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [["name": "test", "cluster": ["server": .string(front.url)]]],
            "users": [["name": "test", "user": [:]]],
            "contexts": [["name": "test", "context": ["cluster": "test", "user": "test"]]],
        ]
        try config.text.write(to: folder.appendingPathComponent("config"), atomically: true, encoding: .utf8)
        let gadget = Bench.gadget("one", ["mode": "Observe", "holds": ["a", "b"]]).text
        try gadget.write(to: folder.appendingPathComponent("gadget.json"), atomically: true, encoding: .utf8)
        let definition = try Fixture.value("gadgets.crd.json").text
        try definition.write(to: folder.appendingPathComponent("crd.json"), atomically: true, encoding: .utf8)
    }

    func close() { try? FileManager.default.removeItem(at: folder) }

    /// Major and minor version of kubectl.
    func version() async throws -> String {
        let outcome = try await kubectl(["version", "--client", "-o", "json"])
        let value = try JSONCoding.decode(JSONValue.self, from: Array(outcome.output.utf8))
        let version = value["clientVersion"]
        // Some distributions put a plus behind the minor version.
        let minor = (version?["minor"]?.stringValue ?? "?").prefix { $0.isNumber }
        return "\(version?["major"]?.stringValue ?? "?").\(minor)"
    }

    mutating func play() async throws {
        try await type("apply --server-side -f crd.json", "apply --server-side -f gadget.json")
        try await type("apply --server-side -f gadget.json", "api-resources", "get gadgets", "get gd one -o wide")
        _ = try await bench.post("/api/v1/nodes", Bench.node("n1", labels: ["node-role.kubernetes.io/etcd": "true"]))
        try await watchNodes()
        try await type("cordon n1", "get nodes", "uncordon n1", "label node n1 zone=a", "annotate node n1 note=b")
        try await type("get nodes -l zone=a", "wait --for=condition=Ready node/n1 --timeout=5s")
        let ready: JSONValue = ["conditions": [["type": "Ready", "status": "True", "reason": "Fine"]]]
        _ = try await bench.merge("\(Bench.gadgets)/one/status", ["status": ready], ["fieldManager": "operator"])
        try await type("wait --for=condition=Ready gadgets/one --timeout=5s", "get all")
        try await type("label gd one team=red", "annotate gd one note=why")
        try await type(#"patch gd one --type merge -p {"spec":{"mode":"Enforce"}}"#)
        try await type(#"patch gd one --type merge -p {"spec":{"mode":"Off"}}"#)
        try await type(#"patch gd one --type json -p [{"op":"replace","path":"/spec/size","value":5}]"#)
        try await type(#"patch gd one --type json -p [{"op":"test","path":"/spec/size","value":6}]"#)
        try await type("get gd one -o yaml", "get crd")
        try await recordEvent()
        try await type("describe gd one", "describe node n1", "get events", "get ns")
        try await type("explain gadgets.spec.mode", "delete gd one --timeout=5s", "get gadgets", "get gd one")
        try await type("delete -f crd.json --timeout=5s", "get gadgets")
    }

    private func recordEvent() async throws {
        let gadget = try await bench.get("\(Bench.gadgets)/one")
        let event = Event(
            metadata: ObjectMeta(name: "one.1", namespace: "default"),
            eventTime: bench.clock.now,
            reportingController: "example.com/operator",
            reportingInstance: "operator-0",
            action: "Look",
            reason: "Looked",
            note: "all is well",
            type: "Normal",
            regarding: Event.Reference(
                apiVersion: "example.com/v1alpha1",
                kind: "Gadget",
                name: "one",
                uid: gadget["metadata", "uid"]?.stringValue
            )
        )
        try await bench.api.create(event, manager: "operator")
    }

    /// `get nodes -w` while a node is cordoned; the server then ends the watch.
    private mutating func watchNodes() async throws {
        let running = Task { [self] in try await kubectl(["get", "nodes", "-w"]) }
        for _ in 0..<500 where bench.server.openWatches == 0 { try await Task.sleep(for: .milliseconds(10)) }
        _ = try await bench.merge("/api/v1/nodes/n1", ["spec": ["unschedulable": true]])
        bench.server.endWatches()
        note("get nodes -w", try await running.value)
    }

    private mutating func type(_ lines: String...) async throws {
        for line in lines { note(line, try await kubectl(line.split(separator: " ").map(String.init))) }
    }

    private mutating func note(_ line: String, _ outcome: Command.Outcome) {
        transcript += "$ kubectl \(line)\n\(Self.masked(outcome.output + outcome.error))[\(outcome.status)]\n"
    }

    private func kubectl(_ arguments: [String]) async throws -> Command.Outcome {
        let files = arguments.map { $0.hasSuffix(".json") ? folder.appendingPathComponent($0).path : $0 }
        let environment = [
            "KUBECONFIG": folder.appendingPathComponent("config").path, "HOME": folder.path, "TZ": "UTC",
        ]
        return try await Command.run("kubectl", files, environment: environment)
    }

    /// Times that kubectl reckons from its own clock, and the width of columns that follows from them, are masked.
    private static func masked(_ text: String) -> String {
        text.split(separator: "\n").map { line in
            let indent = line.prefix { $0 == " " }
            return indent
                + line.dropFirst(indent.count)
                .replacing(#/<invalid>|\b[0-9]+[smhdy]([0-9]+[smhd])?\b/#, with: "<age>")
                .replacing(#/ {2,}/#, with: "  ").replacing(#/-{2,}/#, with: "--").replacing(#/\s+$/#, with: "")
        }.map { $0 + "\n" }.joined()
    }

    /// A transcript by commands, so that a difference shows where it is.
    static func steps(_ transcript: String) -> [String] {
        transcript.split(separator: "$ kubectl ").map(String.init)
    }

    /// The commands and their exit codes.
    static func codes(_ transcript: String) -> [String] {
        steps(transcript).map { step in
            let lines = step.split(separator: "\n")
            return "\(lines.first ?? "") \(lines.last ?? "")"
        }
    }
}
