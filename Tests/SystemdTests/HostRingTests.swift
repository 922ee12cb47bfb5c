import Foundation
import KubeCore
import MirrorAPI
import MirrorPlanner
import MirrorSandbox
import Testing

/// The whole system on hosts with a real systemd: operator, agents as their pods have them, and services that systemd
/// starts.
@Suite(.serialized, .timeLimit(.minutes(8))) struct HostRingTests {
    private static let mirror = "embedded"

    private static func makeMirror(_ provider: Provider) -> P2PMirror {
        P2PMirror(
            metadata: ObjectMeta(name: mirror),
            spec: P2PMirrorSpec(
                provider: provider,
                mode: .enforce,
                selector: LabelSelector(matchLabels: [NodeAdvertisement.label: "true"]),
                // The hosts keep their content on this machine's own disk, which may be full.
                health: P2PMirrorSpec.Health(
                    disk: P2PMirrorSpec.Health.Disk(evictAtPercent: 100, readmitBelowPercent: 100)
                ),
                rollout: P2PMirrorSpec.Rollout(minReadySeconds: 2, progressDeadlineSeconds: 60)
            )
        )
    }

    @Test(arguments: [Provider.rke2, .k3s])
    func `three hosts in a ring become a star with one restart of each server that changes`(
        _ provider: Provider
    ) async throws {
        let distribution = try #require(RancherDistribution(provider))
        let blueprint = FleetBlueprint.ring(distribution, agents: 0, network: "127.81.1")
        try await Fleet.with(blueprint, real: true) { fleet, _ in
            for host in fleet.hosts { try await host.waitUntil("active") }
            let version: JSONValue = try await fleet.api.send(KubeRequest(.get, "/version"))
            print("\(provider.rawValue), against an API server \(version["gitVersion"]?.stringValue ?? "?")")
            let before = try await invocations(fleet)
            var running = [try fleet.startOperator()]
            try await fleet.api.create(Self.makeMirror(provider), manager: "kubectl")
            for host in fleet.hosts { running.append(try fleet.agent(on: host)) }
            try await MirrorFollower(fleet.api, name: Self.mirror, say: { print($0) }).untilCured(within: 120)
            for process in running { await process.stop() }
            try await expectStar(fleet, before)
        }
    }

    @Test func `a host that loses its power in the middle of its step comes back with it, and the ring is healed`()
        async throws
    {
        let blueprint = FleetBlueprint.ring(agents: 0, network: "127.81.2")
        try await Fleet.with(blueprint, real: true) { fleet, power in
            for host in fleet.hosts { try await host.waitUntil("active") }
            let before = try await invocations(fleet)
            var running = [try fleet.startOperator()]
            try await fleet.api.create(Self.makeMirror(.rke2), manager: "kubectl")
            var agents: [String: Running] = [:]
            for host in fleet.hosts { agents[host.machine.name] = try fleet.agent(on: host) }
            let host = try await firstToRestart(fleet)
            let name = host.machine.name
            if let power = power[name] { await host.cutPower(power) }
            await agents[name]?.stop()
            running.append(try await host.boot())
            agents[name] = try fleet.agent(on: host)
            try await MirrorFollower(fleet.api, name: Self.mirror, say: { print($0) }).untilCured(within: 120)
            for agent in agents.values { await agent.stop() }
            await running[0].stop()
            let changed = fleet.hosts.filter { $0.read($0.distribution.dropInFile) != nil }.map(\.machine.name)
            #expect(changed.count == 2 && changed.contains(name))
            // The first start, ours where the power lasted for it, and that of the boot; none after it.
            #expect((2...3).contains(host.starts.count))
            #expect(host.starts.last == (try await host.property("InvocationID")))
            for other in fleet.hosts where other.machine.name != name {
                let starts = other.starts
                #expect(starts.first == before[other.machine.name])
                #expect(starts.count == (changed.contains(other.machine.name) ? 2 : 1))
            }
        }
    }

    /// The first host whose agent has put a new file on the disk and restarts the service.
    private func firstToRestart(_ fleet: Fleet) async throws -> Host {
        var found: Host?
        try await wait(for: "an agent restarts its service") {
            for host in fleet.hosts where host.read(host.distribution.dropInFile) != nil {
                let key = ObjectKey(name: Names.mirrorNode(mirror: Self.mirror, node: host.machine.name))
                let agent = try await fleet.api.find(MirrorNode.self, key)?.status?.agent
                if agent?.phase == .restarting { found = host }
            }
            return found != nil
        }
        guard let found else { throw KubeError(.timeout, "no agent restarts its service") }
        return found
    }

    private func invocations(_ fleet: Fleet) async throws -> [String: String] {
        var found: [String: String] = [:]
        for host in fleet.hosts { found[host.machine.name] = try await host.property("InvocationID") }
        return found
    }

    private func expectStar(_ fleet: Fleet, _ before: [String: String]) async throws {
        let mirror = try await fleet.api.get(P2PMirror.self, ObjectKey(name: Self.mirror))
        #expect(mirror.status?.topology?.observed == .star)
        let changed = fleet.hosts.filter { $0.read($0.distribution.dropInFile) != nil }
        // Which server is the root follows from which Node was the first to register.
        #expect(changed.count == 2)
        for host in fleet.hosts {
            let name = host.machine.name
            let isChanged = changed.contains { $0.machine.name == name }
            let now = try await host.property("InvocationID")
            #expect(host.starts == [before[name]] + (isChanged ? [now] : []), "\(name)")
            #expect(isChanged == (now != before[name]), "\(name)")
            #expect(try await host.property("NRestarts") == "0", "\(name)")
            #expect(try await host.property("ActiveState") == "active", "\(name)")
        }
    }
}
