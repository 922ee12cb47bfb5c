import KubeCore
import Synchronization

/// Writers that create, change and delete Leases without pause, each with names of its own, and remember what the
/// server acknowledged. A server that is away makes them look again at what it has, until it is back.
final class LeaseWriters: Sendable {
    static let names = 320
    private static let writers = 8
    static let options = ListOptions(
        namespace: TestCluster.leaseNamespace,
        labelSelector: "p2pmirror.io/test=conformance",
        limit: 500
    )

    private struct State {
        var writes: [ObjectState] = []
        var deletions = 0
    }

    private let api: KubeAPI
    private let goal: Int
    private let seed: UInt64
    private let state = Mutex(State())

    init(_ api: KubeAPI, changes: Int, seed: UInt64) {
        self.api = api
        goal = changes
        self.seed = seed
    }

    /// Creations and changes that the server acknowledged, with the version that it gave them.
    var writes: [ObjectState] { state.withLock(\.writes) }
    var deletions: Int { state.withLock(\.deletions) }
    var acknowledged: Int { state.withLock { $0.writes.count + $0.deletions } }

    /// What the server has now, read from its database.
    static func live(_ api: KubeAPI) async throws(KubeError) -> [Lease] { try await api.list(Lease.self, options) }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<Self.writers {
                group.addTask { try await self.work(writer) }
            }
            try await group.waitForAll()
        }
    }

    private func work(_ writer: Int) async throws {
        var generator = SplitMix(state: seed &+ UInt64(writer))
        var present: [String: Lease] = [:]
        while acknowledged < goal {
            let number = Int.random(in: 0..<Self.names / Self.writers, using: &generator) * Self.writers + writer
            let name = "conformance-\(number)"
            let dice = Int.random(in: 0..<10, using: &generator)
            do throws(KubeError) {
                present[name] = try await change(name, present[name], dice)
            } catch {
                // What became of it nobody knows: the server is asked until it answers.
                guard error.isTransient || error.isConflict || error.isAlreadyExists || error.isForbidden else {
                    throw error
                }
                present[name] = try await look(name)
            }
        }
    }

    private func change(_ name: String, _ known: Lease?, _ dice: Int) async throws(KubeError) -> Lease? {
        guard let known else {
            let metadata = ObjectMeta(
                name: name,
                namespace: TestCluster.leaseNamespace,
                labels: ["p2pmirror.io/test": "conformance"]
            )
            return acknowledge(
                try await api.create(Lease(metadata: metadata, spec: Lease.Spec()), manager: "conformance")
            )
        }
        if dice >= 2 {
            let holder = JSONValue.string("holder-\(known.metadata.resourceVersion ?? "")")
            let patch = Patch.merge(["spec": ["holderIdentity": holder]])
            return acknowledge(try await api.patch(Lease.self, known.key, patch, manager: "conformance"))
        }
        try await api.delete(Lease.self, known.key, preconditions: DeletePreconditions(uid: known.metadata.uid))
        state.withLock { $0.deletions += 1 }
        return nil
    }

    private func acknowledge(_ lease: Lease) -> Lease {
        state.withLock { $0.writes.append(ObjectState(lease.metadata)) }
        return lease
    }

    private func look(_ name: String) async throws -> Lease? {
        let key = ObjectKey(namespace: TestCluster.leaseNamespace, name: name)
        let deadline = ContinuousClock.now + .seconds(90)
        while true {
            do throws(KubeError) {
                return try await api.find(Lease.self, key)
            } catch {
                guard ContinuousClock.now < deadline else { throw error }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }
}

/// SplitMix64: small, seeded, and the same everywhere.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
