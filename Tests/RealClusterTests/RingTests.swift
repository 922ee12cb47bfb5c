import Foundation
import KubeCore
import Logging
import MirrorAPI
import MirrorPlanner
import MirrorSandbox
import Testing

extension RealCluster {
    /// The incident `rke2-ring` with the real operator, real agents, and servers that really listen and ask.
    @Suite struct Rings {
        /// A fleet of its own, whose Nodes and mirror are gone afterwards.
        static func withRing(
            _ provider: Provider,
            _ body: (SimulatedFleet, RingScenario, TestCluster) async throws -> Void
        ) async throws {
            let cluster = try await TestCluster.shared()
            let distribution = try #require(RancherDistribution(provider))
            let blueprint = FleetBlueprint.ring(distribution, network: TestCluster.network)
            let fleetSettings = try await cluster.fleetSettings(blueprint, "\(provider.rawValue)-\(UUID().uuidString)")
            let fleet = try SimulatedFleet(fleetSettings, api: cluster.api, logger: Logger(label: "fleet"))
            let settings = RingScenario.Settings(distribution, window: 3, settle: 2, deadline: 180)
            let scenario = RingScenario(settings, say: { print($0) })
            var failure: (any Error)?
            do {
                try await body(fleet, scenario, cluster)
            } catch {
                failure = error
            }
            await fleet.stop()
            try await cluster.api.delete(P2PMirror.self, ObjectKey(name: RingScenario.mirrorName))
            for host in blueprint.hosts { try await cluster.api.delete(Node.self, ObjectKey(name: host.name)) }
            for node in try await cluster.api.list(MirrorNode.self) {
                try await cluster.api.delete(MirrorNode.self, node.key)
            }
            if let failure { throw failure }
        }

        private static func untilRestarting(_ api: KubeAPI) async throws {
            for _ in 0..<600 {
                let nodes = (try? await api.list(MirrorNode.self)) ?? []
                if nodes.contains(where: { $0.status?.agent?.phase == .restarting }) { return }
                try await Task.sleep(for: .milliseconds(100))
            }
            throw ScenarioFailure("no agent claimed an approval within a minute")
        }

        private static func expectStar(_ fleet: SimulatedFleet, _ cluster: TestCluster) async throws {
            let mirror = try await cluster.api.get(P2PMirror.self, ObjectKey(name: RingScenario.mirrorName))
            #expect(mirror.status?.topology?.observed == .star)
            let lease = ObjectKey(namespace: TestCluster.leaseNamespace, name: DisruptionLease.name)
            #expect(DisruptionHolder(try await cluster.api.find(Lease.self, lease)) == nil)
            let dropIns = fleet.settings.blueprint.hosts.filter {
                fleet.host($0.name).read(fleet.settings.blueprint.distribution.dropInFile) != nil
            }
            // Which server is the root follows from which Node was the first to register.
            #expect(dropIns.count == 2 && dropIns.allSatisfy { $0.role == .server })
            let starts = fleet.settings.blueprint.hosts.map { ($0.name, dropIns.contains($0) ? 2 : 1) }
            #expect(fleet.starts() == Dictionary(uniqueKeysWithValues: starts))
        }

        @Test(arguments: [Provider.rke2, .k3s])
        func `a ring becomes a star with two restarts, and the requests stop`(_ provider: Provider) async throws {
            try await Self.withRing(provider) { fleet, scenario, cluster in
                let (before, after) = try await scenario.cure(fleet, api: cluster.api)
                #expect(before.requestsPerSecond > 20)
                #expect(after.requestsPerSecond < before.requestsPerSecond * 0.01)
                try await Self.expectStar(fleet, cluster)
            }
        }

        @Test func `the API server and the operator are killed in mid-rollout, and the end is the same`() async throws {
            try await Self.withRing(.rke2) { fleet, scenario, cluster in
                try await fleet.start()
                try await Task.sleep(for: .seconds(2))
                try await cluster.api.create(scenario.mirror(of: fleet), manager: "kubectl")
                try await fleet.startAgents()
                fleet.startOperator()
                try await Self.untilRestarting(cluster.api)
                fleet.supervisor.kill("operator-1")
                try await cluster.killServer()
                try await Task.sleep(for: .seconds(2))
                try await cluster.startServer()
                try await MirrorFollower(cluster.api, name: RingScenario.mirrorName, say: { print($0) })
                    .untilCured(within: 180)
                try await Self.expectStar(fleet, cluster)
            }
        }
    }
}
