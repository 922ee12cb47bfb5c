import KubeClient
import KubeCore
import KubeRuntime
import Logging
import Synchronization
import Testing

extension RealCluster {
    /// A reflector through libcurl, beside writers that never pause and a server that is ended and started again.
    ///
    /// What must hold, precisely:
    /// 1. *None applied twice, none out of order*: of each object the store shows versions that rise strictly, and
    ///    each change begins where the one before it ended.
    /// 2. *None lost*: each write that the server acknowledged was handed to the store, or a later one of the same
    ///    object was (a list after a restart shows the last state alone), or its end; at the end the store equals a
    ///    list that is read live.
    /// 3. *Deletions seen*: an object that the store has shown and that is gone was taken out of it by a change.
    @Suite struct Conformance {
        static let changes = 10_000
        static let restarts = 5

        @Test func `10,000 changes and five restarts: no event is lost and none applied twice`() async throws {
            let cluster = try await TestCluster.shared()
            let start = ContinuousClock.now
            let recorder = StoreRecorder()
            let reflector = try await Self.reflector(cluster, recorder)
            let following = Task { await reflector.run() }
            let watching = Task { for await batch in reflector.store.changes() { recorder.saw(batch) } }
            let writers = LeaseWriters(cluster.api, changes: Self.changes, seed: 20_261_124)
            async let written: Void = writers.run()
            for restart in 1...Self.restarts {
                let goal = Self.changes * restart / (Self.restarts + 1)
                while writers.acknowledged < goal { try await Task.sleep(for: .milliseconds(5)) }
                try await restart.isMultiple(of: 2) ? cluster.terminateServer() : cluster.killServer()
                try await cluster.startServer()
            }
            try await written
            let live = try await LeaseWriters.live(cluster.api)
            await Self.wait(until: recorder, shows: live)
            watching.cancel()
            following.cancel()
            await following.value
            await watching.value

            #expect(recorder.faults == [])
            #expect(recorder.shown == Self.states(live))
            #expect(Self.states(reflector.store.all) == Self.states(live))
            let outcome = recorder.outcome(of: writers.writes, live)
            #expect(outcome.lost == [])
            #expect(outcome.undeleted == [])
            #expect(writers.acknowledged >= Self.changes)
            let health = reflector.health
            print(
                """
                \(writers.acknowledged) changes acknowledged (\(writers.deletions) deletions) on \(LeaseWriters.names) \
                names, \(Self.restarts) restarts, in \(start.duration(to: .now)); of the others \(outcome.seen) seen \
                one by one, \(outcome.superseded) by a later one; changes of the store \(recorder.changes); \
                lists \(health.relists), watches opened again \(health.restarts)
                """
            )
            for lease in live { try await cluster.api.delete(Lease.self, lease.key) }
        }

        private static func reflector(_ cluster: TestCluster, _ recorder: StoreRecorder) async throws -> Reflector<
            Lease
        > {
            var configuration = WatcherConfiguration()
            // Restarts take seconds; a minute's patience would only lengthen the test.
            configuration.backoff = Backoff(initial: .milliseconds(100), maximum: .seconds(1), jitter: 1)
            let client = try ClusterConfiguration.load(explicitKubeconfig: cluster.kubeconfig, environment: [:])
            let transport = try CurlTransport(client, options: ClientOptions(userAgent: "p2pmirror-conformance"))
            return Reflector(
                KubeAPI(transport),
                LeaseWriters.options,
                configuration: configuration,
                logger: Logger(label: "conformance"),
                transform: { lease in
                    recorder.handed(lease.metadata)
                    return lease
                }
            )
        }

        /// Waits until the changes of the store have led to that state, which the watch must bring by itself.
        private static func wait(until recorder: StoreRecorder, shows live: [Lease]) async {
            let deadline = ContinuousClock.now + .seconds(60)
            while recorder.shown != states(live), ContinuousClock.now < deadline {
                try? await Task.sleep(for: .milliseconds(20))
            }
        }

        private static func states(_ leases: [Lease]) -> [String: ObjectState] {
            Dictionary(leases.map { ($0.metadata.name, ObjectState($0.metadata)) }, uniquingKeysWith: { $1 })
        }
    }
}
