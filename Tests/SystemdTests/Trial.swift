import Foundation
import KubeCore
import MirrorAPI
import MirrorPlanner
import MirrorSandbox

/// One approved step of one host, whose service or systemd is in some trouble.
actor Trial {
    /// What came of it.
    struct Outcome: Hashable, Sendable {
        var phase: MirrorNodeStatus.Phase
        var reason: String
        var message: String
        /// Starts of the daemon, the one at the first boot among them.
        var starts: Int
        var activeState: String
        /// Whether our drop-in is on the disk.
        var hasDropIn: Bool

        var text: String {
            let files = hasDropIn ? "the new file is on the disk" : "the previous files are on the disk"
            let times = starts == 1 ? "once" : "\(starts) times"
            return "`\(phase.rawValue)`, `\(reason)`; the service was started \(times) and is \(activeState); \(files)"
        }
    }

    private static let mirror = "embedded"
    private static let node = "server-1"
    private static let key = ObjectKey(name: Names.mirrorNode(mirror: mirror, node: node))

    nonisolated let fleet: Fleet
    nonisolated let host: Host
    private var power: Running
    private var agent: Running?

    private init(_ fleet: Fleet, _ host: Host, _ power: Running) {
        self.fleet = fleet
        self.host = host
        self.power = power
    }

    /// Carries one row out.
    ///
    /// - Parameter network: the first three parts of a loopback network that no other trial has.
    static func run(_ row: UnitTrouble, network: String) async throws -> Outcome {
        let blueprint = FleetBlueprint.ring(agents: 0, network: network, version: "v1.32.5+rke2r1")
        return try await Fleet.with(blueprint, booting: [node], prepare: row.prepare) { fleet, power in
            let host = try fleet.host(node)
            guard let power = power[node] else { throw KubeError(.configuration, "\(node) did not boot") }
            let trial = Trial(fleet, host, power)
            let outcome: Result<Outcome, any Error>
            do { outcome = .success(try await trial.run(row)) } catch { outcome = .failure(error) }
            await trial.end()
            return try outcome.get()
        }
    }

    private func run(_ row: UnitTrouble) async throws -> Outcome {
        try await host.waitUntil("active")
        try await row.before(self)
        try await approve()
        try startAgent(overlay: row.overlay)
        try await row.meanwhile(self)
        try await wait(for: "\(row.name): the agent came to an end", within: 120) {
            guard let status = try await self.status else { return false }
            if let reason = row.waitsFor { return status.phase == .idle && status.reason == reason.rawValue }
            return [.applied, .failed, .refused].contains(status.phase)
        }
        // What is not to happen would happen now.
        if row.waitsFor != nil { try await Task.sleep(for: .seconds(2)) }
        let last = try await status
        return Outcome(
            phase: last?.phase ?? .idle,
            reason: last?.reason ?? "",
            message: last?.message ?? "",
            starts: host.starts.count,
            activeState: try await host.property("ActiveState"),
            hasDropIn: host.read(host.distribution.dropInFile) != nil
        )
    }

    /// The status that the agent reports.
    var status: MirrorNodeStatus.Agent? {
        get async throws { try await fleet.api.find(MirrorNode.self, Self.key)?.status?.agent }
    }

    /// Waits until the step is under way and the service is in that state.
    func waitUntilRestarting(_ state: String = "activating") async throws {
        try await wait(for: "\(host.unit) is \(state) in the middle of the step") {
            guard host.read(host.distribution.dropInFile) != nil else { return false }
            return try await host.property("ActiveState") == state
        }
    }

    func startAgent(overlay: String = "overlays/with-restart") throws {
        agent = try fleet.agent(on: host, overlay: overlay)
    }

    func killAgent() async {
        await agent?.stop()
        agent = nil
    }

    /// Lets a start that waits go on.
    func openGate() async throws { try await host.write(StandIn.gateFile, "") }

    /// Cuts the host's power, which ends its containers too, and boots it again, with nothing that a start waits for.
    func reboot() async throws {
        await host.cutPower(power)
        await killAgent()
        try host.put(StandIn.gateFile, "")
        power = try await host.boot()
        try startAgent()
    }

    private func end() async {
        await killAgent()
        await host.cutPower(power)
    }

    /// The other servers' Nodes, the Lease of the disruption, and an approved change of `server:`.
    private func approve() async throws {
        for machine in fleet.blueprint.hosts where machine.name != Self.node {
            let advertisement = NodeAdvertisement(host: machine, blueprint: fleet.blueprint)
            let publisher = NodePublisher(fleet.api, advertisement)
            try await publisher.register(annotations: [:], peer: true)
            try await publisher.report(ready: "True", voter: true, now: WallClock.now().timestamp)
        }
        let holder = DisruptionHolder(mirror: Self.mirror, node: Self.node, revision: "1-a")
        let lease = Lease(
            metadata: ObjectMeta(
                name: DisruptionLease.name,
                namespace: Fleet.leaseNamespace,
                annotations: [
                    AnnotationKey.holderMirror: Self.mirror, AnnotationKey.holderNode: Self.node,
                    AnnotationKey.holderRevision: "1-a",
                ]
            ),
            spec: Lease.Spec(holderIdentity: holder.identity, leaseTransitions: 1)
        )
        try await fleet.api.create(lease, manager: "test")
        try await fleet.api.create(try await mirrorNode(), manager: "test")
    }

    private func mirrorNode() async throws -> MirrorNode {
        let node = try await fleet.api.get(Node.self, ObjectKey(name: Self.node))
        let port = fleet.blueprint.distribution.supervisorPort
        let target = "https://\(fleet.blueprint.hosts[1].address):\(port)"
        return MirrorNode(
            metadata: ObjectMeta(
                name: Self.key.name,
                labels: [LabelKey.mirror: Self.mirror, LabelKey.node: Names.labelValue(Self.node)]
            ),
            spec: MirrorNodeSpec(
                mirrorName: Self.mirror,
                nodeName: Self.node,
                nodeUID: node.metadata.uid ?? "",
                provider: fleet.blueprint.distribution.provider,
                role: .server,
                desired: MirrorNodeSpec.Desired(server: ServerSetting(action: .point, url: target)),
                revision: "1-a",
                approval: MirrorNodeSpec.Approval(
                    revision: "1-a",
                    epoch: 1,
                    expires: WallClock.now().timestamp + 3_600,
                    deadlineSeconds: 15,
                    reason: "BreaksCycle"
                )
            )
        )
    }
}
