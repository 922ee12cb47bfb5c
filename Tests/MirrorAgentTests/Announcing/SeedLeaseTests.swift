import KubeCore
import KubeRuntime
import MirrorAPI
import MirrorAgent
import Synchronization
import Testing

/// One Lease at a server that can fail on purpose.
final class LeaseServer: Transport {
    enum Fault: Sendable {
        case away
        /// Carried out, and the answer is lost.
        case unanswered
    }

    private struct State {
        var lease: Lease?
        var version = 0
        var fault: Fault?
        var writes = 0
    }

    private let state = Mutex(State())

    var lease: Lease? { state.withLock { $0.lease } }
    var writes: Int { state.withLock { $0.writes } }

    func setFault(_ fault: Fault?) { state.withLock { $0.fault = fault } }

    /// A write by somebody else.
    func touch(_ change: (inout Lease) -> Void) {
        state.withLock { state in
            guard var lease = state.lease else { return }
            change(&lease)
            state.version += 1
            lease.metadata.resourceVersion = "\(state.version)"
            state.lease = lease
        }
    }

    func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        try state.withLock { state throws(KubeError) in
            if state.fault == .away { throw KubeError(.connection, "connection refused") }
            if request.method.isRead {
                guard let lease = state.lease else { return failure(404, "NotFound") }
                return KubeResponse(status: 200, body: try JSONCoding.encode(lease))
            }
            var sent = try JSONCoding.decode(Lease.self, from: request.body ?? [])
            guard (request.method == .post) == (state.lease == nil) else { return failure(409, "AlreadyExists") }
            guard request.method == .post || sent.metadata.resourceVersion == state.lease?.metadata.resourceVersion
            else { return failure(409, "Conflict") }
            state.version += 1
            state.writes += 1
            sent.metadata.resourceVersion = "\(state.version)"
            state.lease = sent
            if state.fault == .unanswered { throw KubeError(.outcomeUnknown, "no answer") }
            return KubeResponse(status: 200, body: try JSONCoding.encode(sent))
        }
    }

    func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        throw KubeError(.connection, "no streams here")
    }

    private func failure(_ code: Int, _ reason: String) -> KubeResponse {
        let body = try? JSONCoding.encode(Status(code: code, reason: reason, message: reason))
        return KubeResponse(status: code, body: body ?? [])
    }
}

@Suite("The Lease of a seed")
struct SeedLeaseTests {
    private static let owner = OwnerReference(
        apiVersion: "p2pmirror.io/v1alpha1",
        kind: "MirrorNode",
        name: "embedded.server-1",
        uid: "u",
        controller: true,
        blockOwnerDeletion: true
    )
    private let announcement = SeedLease(
        mirror: "embedded",
        node: "server-1",
        namespace: "p2pmirror-system",
        intervalSeconds: 30,
        owner: SeedLeaseTests.owner
    )
    private let server = LeaseServer()

    private func writer(at seconds: Int64 = 1000) -> AnnouncementWriter {
        AnnouncementWriter(KubeAPI(server)) { MicroTimestamp(microseconds: seconds * 1_000_000) }
    }

    @Test("It is named and labelled after mirror and node, lasts twice the interval, and goes with the MirrorNode")
    func created() async throws {
        try await writer().carryOut(.renew, announcement)
        let lease = try #require(server.lease)
        #expect(lease.key == ObjectKey(namespace: "p2pmirror-system", name: "embedded.server-1"))
        #expect(lease.metadata.labels == ["p2pmirror.io/mirror": "embedded", "p2pmirror.io/node": "server-1"])
        #expect(lease.metadata.ownerReferences == [Self.owner])
        #expect(lease.spec?.holderIdentity == "server-1")
        #expect(lease.spec?.leaseDurationSeconds == 60)
        #expect(lease.spec?.renewTime == MicroTimestamp(microseconds: 1_000_000_000))
        #expect(Announcements.goodbye(lease) == nil)
        #expect(Announcements.query(mirror: "embedded") == "p2pmirror.io/mirror=embedded")
    }

    @Test("A goodbye clears the holder and says why; a renewal takes that back")
    func goodbye() async throws {
        let writer = writer()
        try await writer.carryOut(.renew, announcement)
        try await writer.carryOut(.sayGoodbye("k3s.service is stopped: inactive."), announcement)
        let gone = try #require(server.lease)
        #expect(gone.spec?.holderIdentity == "")
        #expect(Announcements.goodbye(gone) == "k3s.service is stopped: inactive.")
        try await writer.carryOut(.renew, announcement)
        let back = try #require(server.lease)
        #expect(Announcements.goodbye(back) == nil)
        #expect(back.metadata.annotations.isEmpty)
        #expect(back.spec?.leaseTransitions == 1)
    }

    @Test("A renewal is one request")
    func oneRequest() async throws {
        let writer = writer()
        for _ in 0..<5 { try await writer.carryOut(.renew, announcement) }
        #expect(server.writes == 5)
        #expect(try await writer.carryOut(.none, announcement) == false)
        #expect(server.writes == 5)
    }

    @Test("A Lease that somebody else changed, or a write whose outcome is not known, is read anew")
    func conflict() async throws {
        let writer = writer()
        try await writer.carryOut(.renew, announcement)
        server.touch { $0.metadata.labels["foreign"] = "label" }
        await #expect(throws: KubeError.self) { try await writer.carryOut(.renew, announcement) }
        try await writer.carryOut(.renew, announcement)
        #expect(server.lease?.metadata.labels["foreign"] == "label")
        server.setFault(.unanswered)
        await #expect(throws: KubeError.self) { try await writer.carryOut(.sayGoodbye("a"), announcement) }
        server.setFault(nil)
        try await writer.carryOut(.renew, announcement)
        #expect(server.lease?.spec?.holderIdentity == "server-1")
    }

    @Test("A successor finds where its predecessor stood")
    func standing() async throws {
        #expect(try await writer().standing(announcement).age == nil)
        try await writer(at: 1000).carryOut(.renew, announcement)
        let standing = try await writer(at: 1012).standing(announcement)
        #expect(standing.age == .seconds(12))
        #expect(standing.goodbye == nil)
        try await writer(at: 1012).carryOut(.sayGoodbye("stopped"), announcement)
        #expect(try await writer(at: 1013).standing(announcement).goodbye == "stopped")
    }

    @Test("The loop renews, keeps silent with its daemon, says goodbye, and its own end is none")
    func loop() async throws {
        let isAlive = Mutex(true)
        let presence = Mutex(ServicePresence.running)
        let looks = AsyncStream<Void>.makeStream()
        // A Lease of long ago: the first look renews it.
        try await writer(at: 0).carryOut(.renew, announcement)
        let announcer = SeedAnnouncer(
            announcement,
            writer: writer(at: 5000),
            isAlive: { isAlive.withLock { $0 } },
            service: { presence.withLock { $0 } },
            time: MonotonicTime(StepClock()),
            report: { _ in looks.continuation.yield() }
        )
        let loop = Task { await announcer.run() }
        var written = looks.stream.makeAsyncIterator()
        await written.next()
        #expect(server.lease?.spec?.renewTime == MicroTimestamp(microseconds: 5_000_000_000))
        isAlive.withLock { $0 = false }
        presence.withLock { $0 = .stopped("k3s.service is stopped: inactive.") }
        // What was under way may be one more renewal.
        while server.lease?.spec?.holderIdentity != "" { await written.next() }
        let writes = server.writes
        loop.cancel()
        await loop.value
        #expect(server.writes == writes)
    }
}

/// A clock on which a sleep is over at once and has taken its time.
private final class StepClock: Clock, Sendable {
    struct Instant: InstantProtocol {
        var offset: Swift.Duration

        func advanced(by duration: Swift.Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Swift.Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let offset = Mutex(Swift.Duration.zero)

    var now: Instant { Instant(offset: offset.withLock { $0 }) }
    var minimumResolution: Swift.Duration { .zero }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        offset.withLock { $0 = max($0, deadline.offset) }
        await Task.yield()
        try Task.checkCancellation()
    }
}
