import KubeCore
import MirrorSandbox
import Testing

@Suite("The DNS of a simulated cluster")
struct SpegelDNSTests {
    private static let question = DNSMessage.Question(name: "b.n.svc.cluster.local", type: DNSMessage.typeA)

    static func pod(
        _ ip: String?,
        labels: JSONValue = ["app": "spegel"],
        ready: Bool = false,
        phase: JSONValue = "Running",
        namespace: JSONValue = "n"
    ) -> JSONValue {
        var status: JSONValue = [
            "phase": phase, "conditions": [["type": "Ready", "status": ready ? "True" : "False"]],
        ]
        status["podIP"] = ip.map { .string($0) }
        return ["metadata": ["name": "p", "namespace": namespace, "labels": labels], "status": status]
    }

    static func service(all: Bool = true) -> JSONValue {
        [
            "metadata": ["name": "b", "namespace": "n"],
            "spec": ["selector": ["app": "spegel"], "publishNotReadyAddresses": .bool(all)],
        ]
    }

    @Test("a query and its answer say what was put into them")
    func messages() throws {
        let query = DNSMessage.query(0xABCD, Self.question)
        let read = try #require(DNSMessage.question(in: query))
        #expect(read.id == 0xABCD)
        #expect(read.question == Self.question)
        for answer: DNSMessage.Answer in [
            .addresses(["127.0.0.9", "10.250.3.4"]), .addresses([]), .failure(code: DNSMessage.noSuchName),
        ] {
            let bytes = DNSMessage.response(0xABCD, Self.question, answer, ttl: 70_000)
            #expect(DNSMessage.answer(in: bytes, to: 0xABCD) == answer)
            #expect(DNSMessage.answer(in: bytes, to: 1) == nil)
        }
        #expect(DNSMessage.answer(in: query, to: 0xABCD) == nil)
    }

    @Test("what is cut off or garbage is no message")
    func garbage() {
        let bytes = DNSMessage.response(7, Self.question, .addresses(["127.0.0.9"]), ttl: 5)
        for length in 0..<bytes.count { #expect(DNSMessage.answer(in: Array(bytes.prefix(length)), to: 7) == nil) }
        #expect(DNSMessage.question(in: [UInt8](repeating: 0xFF, count: 40)) == nil)
    }

    @Test("a headless Service gives the Pods that its selector matches; those that are not ready only where it says so")
    func records() {
        let pods = [
            Self.pod("127.0.0.1", ready: true), Self.pod("127.0.0.2"), Self.pod(nil),
            Self.pod("127.0.0.3", labels: ["app": "other"]), Self.pod("127.0.0.4", phase: "Failed"),
            Self.pod("127.0.0.5", namespace: "m"),
        ]
        let all = ServiceRecords(services: [Self.service()], pods: pods)
        #expect(all.answer(Self.question) == .addresses(["127.0.0.1", "127.0.0.2"]))
        let ready = ServiceRecords(services: [Self.service(all: false)], pods: pods)
        #expect(ready.answer(Self.question) == .addresses(["127.0.0.1"]))
        #expect(all.answer(.init(name: "b.n.svc", type: DNSMessage.typeA)) == .addresses(["127.0.0.1", "127.0.0.2"]))
        #expect(all.answer(.init(name: "b.n.svc", type: DNSMessage.typeAAAA)) == .addresses([]))
        let unknown = DNSMessage.Answer.failure(code: DNSMessage.noSuchName)
        #expect(all.answer(.init(name: "x.n.svc", type: DNSMessage.typeA)) == unknown)
        #expect(all.answer(.init(name: "b.n.pod", type: DNSMessage.typeA)) == unknown)
    }

    @Test("a label that the selector wants decides who is handed out")
    func candidates() {
        var service = Self.service()
        service["spec"]?["selector"]?["candidate"] = "true"
        let pods = [
            Self.pod("127.0.0.1", labels: ["app": "spegel", "candidate": "false"]),
            Self.pod("127.0.0.2", labels: ["app": "spegel", "candidate": "true"]),
        ]
        let records = ServiceRecords(services: [service], pods: pods)
        #expect(records.answer(Self.question) == .addresses(["127.0.0.2"]))
    }

    @Test("a lookup over UDP gives the addresses, and remembers them for their time to live")
    func lookup() async throws {
        let dns = try ClusterDNS(ttl: 3_600)
        defer { dns.stop() }
        let resolver = try Resolver(dns.address)
        dns.update(ServiceRecords(services: [Self.service()], pods: [Self.pod("127.0.0.1")]))
        #expect(try await resolver.addresses(of: "B.n.svc.cluster.local.", type: DNSMessage.typeA) == ["127.0.0.1"])
        dns.update(ServiceRecords(services: [Self.service()], pods: [Self.pod("127.0.0.2")]))
        #expect(try await resolver.addresses(of: "b.n.svc.cluster.local", type: DNSMessage.typeA) == ["127.0.0.1"])
        await #expect(throws: Resolver.Failure.self) {
            try await resolver.addresses(of: "b.n.svc.cluster.local", type: DNSMessage.typeAAAA)
        }
        let failure = await #expect(throws: Resolver.Failure.self) {
            try await resolver.addresses(of: "nobody.n.svc", type: DNSMessage.typeA)
        }
        #expect(failure?.description == "lookup nobody.n.svc: no such host")
    }
}
