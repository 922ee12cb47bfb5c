import KubeCore
import KubeRuntime
import Logging
import MirrorAPI
import Synchronization
import Testing

@testable import MirrorOperator
@testable import MirrorPlanner

/// Answers calls as it is told.
private final class ScriptedDaemons: GRPCTransport {
    let sent = Mutex<[GRPCRequest]>([])
    private let answer: @Sendable (GRPCRequest) -> GRPCOutcome

    init(_ answer: @escaping @Sendable (GRPCRequest) -> GRPCOutcome) { self.answer = answer }

    func call(_ request: GRPCRequest) async -> GRPCOutcome {
        sent.withLock { $0.append(request) }
        return answer(request)
    }
}

@Suite("What is asked of Dragonfly's daemons, and what their answers say")
struct DaemonCallTests {
    @Test("Of a pod's annotations those are kept by which an administrator speaks of one seed")
    func annotations() {
        let all = [AnnotationKey.exclude: "old", AnnotationKey.readmit: "2026-01-01T00:00:00Z", "checksum/config": "1"]
        let pod = Pod(metadata: ObjectMeta(name: "seed-0", annotations: all))
        let kept = DragonflySources.pruned(pod).metadata.annotations
        #expect(kept.keys.sorted() == [AnnotationKey.exclude, AnnotationKey.readmit])
    }

    private func calls(_ daemons: ScriptedDaemons) -> DaemonCalls {
        DaemonCalls(daemons, nil, timeout: .seconds(2))
    }

    private static func fault(_ kind: GRPCFault.Kind, _ message: String) -> GRPCOutcome {
        .failed(GRPCFault(kind, address: "10.0.0.1:4000", message: message))
    }

    @Test("Code 8 is busy, NOT_FOUND is not up yet, and what can't be reached has its kind")
    func health() async {
        let rows: [(GRPCOutcome, CallReading)] = [
            (.answered(GRPCHealthAnswer(.serving).protobuf), .well),
            (.answered(GRPCHealthAnswer(.notServing).protobuf), .unwell("its health is NOT_SERVING")),
            (Self.fault(.status(.resourceExhausted), "overloaded"), .busy("overloaded")),
            (
                Self.fault(.status(.notFound), "unknown service"),
                .unwell("it does not serve that yet (NOT_FOUND)")
            ),
            (Self.fault(.connection, "connection refused"), .failed(.init(.refused, "connection refused"))),
            (Self.fault(.timeout, "no answer within 2 s"), .failed(.init(.silent, "no answer within 2 s"))),
            (Self.fault(.resolution, "no address"), .failed(.init(.unresolved, "no address"))),
            (Self.fault(.tls, "a certificate is required"), .failed(.init(.tls, "a certificate is required"))),
        ]
        for (outcome, reading) in rows {
            let daemons = ScriptedDaemons { _ in outcome }
            #expect(await calls(daemons).health(of: "10.0.0.1", 4_000, "") == reading)
        }
    }

    @Test("A task is asked for by 64 digits alone, and the scheduler's own words in an error are an answer")
    func lookup() async throws {
        let daemons = ScriptedDaemons { request in
            guard request.path == "/dfdaemon.v2.DfdaemonUpload/StatTask" else {
                return .answered(GRPCHealthAnswer(.serving).protobuf)
            }
            guard let task = try? DragonflyTaskQuery.task(in: request.message), DragonflyTaskID(task) != nil else {
                return Self.fault(.status(.internal), "unreadable")
            }
            return Self.fault(.status(.internal), "status: NotFound, message: \"task \(task) not found\"")
        }
        let ports = DragonflySettings.DaemonFile.Ports.standard
        let reading = await calls(daemons).daemon("seed-0", "10.0.0.1", ports) { Timestamp(seconds: 7) }
        #expect(reading.lookup == .well)
        #expect(reading.health == .well)
        #expect(reading.at == Timestamp(seconds: 7))
        let cut = ScriptedDaemons { _ in Self.fault(.status(.internal), "available schedulers not found") }
        let other = await calls(cut).daemon("seed-0", "10.0.0.1", ports) { Timestamp(seconds: 7) }
        #expect(other.lookup == .unwell("it answers INTERNAL: available schedulers not found"))
    }

    @Test("A host that a scheduler does not know is forgotten; what can't be done is an error")
    func deleteHost() async throws {
        let call = DaemonCall(.dragonfly, .deleteHost(id: "10.0.0.9-seed-0-seed"), host: "10.0.0.1", port: 8_002)
        let daemons = ScriptedDaemons { _ in .answered([]) }
        try await calls(daemons).perform(call)
        #expect(daemons.sent.withLock { $0.map(\.path) } == ["/scheduler.v2.Scheduler/DeleteHost"])
        try await calls(ScriptedDaemons { _ in Self.fault(.status(.notFound), "host not found") }).perform(call)
        await #expect(throws: KubeError.self) {
            try await calls(ScriptedDaemons { _ in Self.fault(.timeout, "no answer") }).perform(call)
        }
    }

    @Test("A host was heard of when its figures changed")
    func heard() {
        var memory = HostMemory()
        var host = DragonflyHost()
        host.id = "a"
        let first = memory.take([host], of: "s", at: Timestamp(seconds: 10))
        #expect(first == ["a": Timestamp(seconds: 10)])
        #expect(memory.take([host], of: "s", at: Timestamp(seconds: 20)) == ["a": Timestamp(seconds: 10)])
        var disk = DragonflyHost.Disk()
        disk.used = 1
        host.disk = disk
        #expect(memory.take([host], of: "s", at: Timestamp(seconds: 30)) == ["a": Timestamp(seconds: 30)])
        #expect(memory.take([], of: "s", at: Timestamp(seconds: 40)).isEmpty)
        #expect(memory.take([host], of: "s", at: Timestamp(seconds: 50)) == ["a": Timestamp(seconds: 50)])
    }

    @Test("A fault lasts from its first sight on, and begins anew when it is another one")
    func faults() {
        var memory = FaultMemory()
        #expect(memory.since("a", nil, at: Timestamp(seconds: 1)) == nil)
        #expect(memory.since("a", "refused", at: Timestamp(seconds: 2)) == Timestamp(seconds: 2))
        #expect(memory.since("a", "refused", at: Timestamp(seconds: 9)) == Timestamp(seconds: 2))
        #expect(memory.since("a", "silent", at: Timestamp(seconds: 10)) == Timestamp(seconds: 10))
        #expect(memory.since("a", nil, at: Timestamp(seconds: 11)) == nil)
        #expect(memory.since("a", "silent", at: Timestamp(seconds: 12)) == Timestamp(seconds: 12))
    }

    @Test(
        "Host and port of an address as files have it",
        arguments: [
            ("http://dragonfly-manager.d7y.svc:65003", "dragonfly-manager.d7y.svc", 65_003),
            ("10.0.0.1:8002", "10.0.0.1", 8_002), ("[fd00::1]:8002", "fd00::1", 8_002),
        ]
    )
    func place(_ text: String, _ host: String, _ port: Int) {
        #expect(DaemonCalls.place(text)?.0 == host)
        #expect(DaemonCalls.place(text)?.1 == port)
        #expect(DaemonCalls.place("no port") == nil)
        #expect(DaemonCalls.place("host:99999") == nil)
    }
}
