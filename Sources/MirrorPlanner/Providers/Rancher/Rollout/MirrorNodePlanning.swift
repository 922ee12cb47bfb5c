import KubeCore
import MirrorAPI

/// Which MirrorNodes must be written or deleted.
///
/// Settings are compared by what they mean, never by bytes or a hash: a new release of the operator over the state of
/// an older one changes nothing.
struct MirrorNodePlanning {
    private let assessment: Assessment
    private let fleet: Fleet
    private let snapshot: Snapshot
    /// The node for which this mirror holds the disruption Lease: its setting stays until the step is over.
    private let frozen: String?
    private let owner: OwnerReference
    /// Nil where nothing is restored.
    private let restore: RestorePlanning?

    /// Deletions first, then what is to be applied, each by name.
    private(set) var records: [Write] = []
    /// Whether every server's MirrorNode is as it should be.
    private(set) var serversAreCurrent = true
    private(set) var notes: [Note] = []

    init(_ assessment: Assessment, _ snapshot: Snapshot, _ leftovers: Leftovers, frozen: String?) {
        self.assessment = assessment
        fleet = assessment.fleet
        self.snapshot = snapshot
        self.frozen = frozen
        owner = assessment.fleet.mirror.controllerReference()
        restore =
            fleet.mirror.spec.deletionPolicy == .restore
            ? RestorePlanning(fleet, assessment.topology.graph, wanted: assessment.settings) : nil
        delete(leftovers)
        // A MirrorNode has one name and one owner; two mirrors may compose the same name from different parts.
        let taken = Dictionary(
            snapshot.mirrorNodes.filter { $0.spec.mirrorName != assessment.fleet.mirror.metadata.name }
                .map { ($0.metadata.name, $0.spec.mirrorName) },
            uniquingKeysWith: { first, _ in first }
        )
        for server in fleet.selectedServers {
            apply(fleet.servers[server], server: server, agent: nil, taken: taken)
        }
        for agent in fleet.agents.indices { apply(fleet.agents[agent], server: nil, agent: agent, taken: taken) }
    }

    // MARK: Deleting

    private mutating func delete(_ leftovers: Leftovers) {
        for leftover in leftovers.all {
            let object = leftover.object
            // A step that is claimed is seen through, unless the Node it is about is really gone.
            if leftover.reason == .nodeNotSelected, object.spec.nodeName == frozen, object.isClaimed { continue }
            records.append(
                .deleteMirrorNode(name: object.metadata.name, uid: object.metadata.uid, reason: leftover.reason)
            )
        }
    }

    // MARK: Applying

    private mutating func apply(_ node: RancherNode, server number: Int?, agent: Int?, taken: [String: String]) {
        let mirror = fleet.mirror.metadata.name
        let name = Names.mirrorNode(mirror: mirror, node: node.name)
        if let other = taken[name] {
            notes.append(
                Note(
                    .warning,
                    node: node.name,
                    reason: .conflict,
                    message: "The MirrorNode \(name) belongs to the mirror \(other): rename one of the two mirrors"
                )
            )
            if number != nil { serversAreCurrent = false }
            return
        }
        let present = fleet.mirrorNode(named: node.name).flatMap { $0.metadata.name == name ? $0 : nil }
        if let present, present.spec.nodeUID != node.uid || present.metadata.deletionTimestamp != nil {
            // It goes first; the new one comes with the next pass.
            if number != nil { serversAreCurrent = false }
            return
        }
        let spec = spec(of: node, number, agent, present)
        let labels = [
            LabelKey.mirror: Names.labelValue(mirror),
            LabelKey.node: Names.labelValue(node.name),
        ]
        if let present, Self.isSame(present, spec, labels, owner) { return }
        if number != nil { serversAreCurrent = false }
        let intent = MirrorNodeIntent(name: name, labels: labels, owner: owner, spec: spec)
        records += Write.records(intent, present: present?.spec)
    }

    private static func isSame(
        _ present: MirrorNode,
        _ spec: MirrorNodeSpec,
        _ labels: [String: String],
        _ owner: OwnerReference
    ) -> Bool {
        var bare = present.spec
        bare.approval = nil
        return bare == spec && labels.allSatisfy { present.metadata.labels[$0.key] == $0.value }
            && present.metadata.ownerReferences.contains { $0.uid == owner.uid }
    }

    private func spec(of node: RancherNode, _ number: Int?, _ agent: Int?, _ present: MirrorNode?) -> MirrorNodeSpec {
        var spec = MirrorNodeSpec(
            mirrorName: fleet.mirror.metadata.name,
            nodeName: node.name,
            nodeUID: node.uid,
            provider: fleet.mirror.spec.provider,
            role: node.role,
            desired: present?.spec.desired,
            revision: present?.spec.revision,
            announceIntervalSeconds: node.isSeed
                ? fleet.mirror.spec.liveness.announceIntervalSeconds : nil
        )
        // Under Observe nothing is wished for; what an Enforce before it wished for is kept.
        if fleet.mirror.spec.mode == .enforce, frozen != node.name {
            spec.desired = assessment.desired(of: node, server: number, agent: agent, present)
            if spec.desired != present?.spec.desired,
                (spec.desired?.effect ?? "none") != (present?.spec.desired?.effect ?? "none")
            {
                spec.revision = Self.revision(after: present?.spec.revision, spec.desired)
            }
        }
        // Where nothing was ever asked for, no file of ours can be; unless another MirrorNode asked for it, which went
        // with its definitions, and the agent has found the file.
        let mayHoldFiles = spec.revision != nil || present?.status?.agent?.host?.written != nil
        if let restore, mayHoldFiles { spec.deletionPolicy = policy(restore, number) }
        return spec
    }

    /// An agent of the distribution has no edge: its registries may be restored at any time.
    private func policy(_ restore: RestorePlanning, _ number: Int?) -> DeletionPolicy? {
        number.map { restore.isAllowed[$0] } ?? true ? .restore : nil
    }

    /// `<count>-<hash>`: the count makes going back to an earlier setting a revision of its own.
    static func revision(after present: String?, _ desired: MirrorNodeSpec.Desired?) -> String {
        let count = present?.split(separator: "-").first.flatMap { Int($0) } ?? 0
        return "\(count + 1)-\(StableHash.short(desired?.effect ?? "none"))"
    }
}
