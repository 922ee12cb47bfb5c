import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// A small cluster in memory: carries writes out with their preconditions, as the API server would, and plays the
/// agents.
struct World {
    /// How the agents and the machines below them behave.
    struct Manners {
        var refusePercent = 0
        var failPercent = 0
        var idlePercent = 0
        var lostBeforeReportPercent = 0
    }

    /// A restart that happened.
    struct Restart: Hashable {
        var node: String
        /// UID of the MirrorNode: deleting it allows another try.
        var record: String
        var revision: String
    }

    var snapshot: Snapshot
    var manners = Manners()
    /// A defect: agents that claim without reading the Lease.
    var ignoresLease = false
    /// Nodes whose agent never reports.
    var silent: Set<String> = []
    /// Nodes whose agent is of a release that says nothing of its host.
    var old: Set<String> = []
    /// Nodes that are restarting, and what they come up with.
    var restarting: [String: MirrorNodeSpec.Desired] = [:]
    var restarts: [Restart] = []
    /// What the agents see on their hosts.
    var hosts: [String: MirrorNodeStatus.Host] = [:]
    /// Nodes whose own configuration asks for the level debug.
    private var noisy: Set<String> = []
    private var version = 100

    init(_ snapshot: Snapshot) {
        self.snapshot = snapshot
        for node in snapshot.nodes { know(node) }
    }

    /// What stands on the host of a Node that was not there before.
    mutating func know(_ node: Node) {
        let text = SafetyRules.argumentsText(node)
        let own = SafetyRules.lastServer(text).flatMap { $0.contains("://") ? $0 : nil }
        hosts[node.metadata.name] = MirrorNodeStatus.Host(ownServer: own, registries: ["docker.io"])
        if text.contains("\"--debug\"") { noisy.insert(node.metadata.name) }
    }

    mutating func nextVersion() -> String {
        version += 1
        return String(version)
    }

    func mirrorNodeIndex(_ name: String) -> Int? { snapshot.mirrorNodes.firstIndex { $0.metadata.name == name } }

    func nodeIndex(_ name: String) -> Int? { snapshot.nodes.firstIndex { $0.metadata.name == name } }

    // MARK: The API server

    /// Carries a write out; false where its precondition does not hold, and then nothing has happened.
    mutating func apply(_ action: Write) -> Bool {
        let name = action.target.key.name
        switch action.purpose {
        case .applyMirrorNode: return action.mirrorNode.map { applyMirrorNode($0) } ?? false
        // What follows makes the whole of it anew.
        case .clearMirrorNode: return true
        case .deleteMirrorNode: return deleteMirrorNode(name, action.uid)
        case .acquireDisruption(let holder): return acquire(holder, action.lease)
        case .approve(let approval): return write(approval, to: name, action.version)
        case .withdrawApproval: return write(nil, to: name, action.version)
        case .releaseDisruption: return action.lease.map { release($0) } ?? false
        // It stands in the status, which is written at the end of a pass.
        case .recordSet: return true
        case .recordSeed(_, let record): return remember(record, of: name, action.version)
        case .publishSeed, .withdrawSeed: return move(name, action)
        case .applyObject, .deleteObject, .replacePod, .labelPod, .changeObject, .setFinalizers, .forgetHost,
            .recordCall:
            return false
        }
    }

    private mutating func applyMirrorNode(_ intent: MirrorNodeIntent) -> Bool {
        if let index = mirrorNodeIndex(intent.name) {
            var spec = intent.spec
            spec.approval = snapshot.mirrorNodes[index].spec.approval
            snapshot.mirrorNodes[index].spec = spec
            snapshot.mirrorNodes[index].metadata.labels = intent.labels
            snapshot.mirrorNodes[index].metadata.ownerReferences = [intent.owner]
            snapshot.mirrorNodes[index].metadata.resourceVersion = nextVersion()
        } else {
            let version = nextVersion()
            snapshot.mirrorNodes.append(
                MirrorNode(
                    metadata: ObjectMeta(
                        name: intent.name,
                        uid: "mn-\(version)",
                        resourceVersion: version,
                        creationTimestamp: snapshot.now,
                        labels: intent.labels,
                        ownerReferences: [intent.owner]
                    ),
                    spec: intent.spec
                )
            )
        }
        return true
    }

    private mutating func deleteMirrorNode(_ name: String, _ uid: String?) -> Bool {
        guard let index = mirrorNodeIndex(name), snapshot.mirrorNodes[index].metadata.uid == uid else { return false }
        snapshot.mirrorNodes.remove(at: index)
        return true
    }

    private mutating func acquire(_ holder: DisruptionHolder, _ from: Lease?) -> Bool {
        guard snapshot.disruption == from else { return false }
        snapshot.disruption = Lease(
            metadata: ObjectMeta(
                name: DisruptionLease.name,
                namespace: "p2pmirror-system",
                resourceVersion: nextVersion(),
                annotations: [
                    AnnotationKey.holderMirror: holder.mirror, AnnotationKey.holderNode: holder.node,
                    AnnotationKey.holderRevision: holder.revision,
                    AnnotationKey.holderDeadline: "\(holder.deadlineSeconds ?? 7_200)",
                    AnnotationKey.holderRecord: holder.record ?? "",
                ]
            ),
            spec: Lease.Spec(
                holderIdentity: holder.identity,
                acquireTime: MicroTimestamp(snapshot.now),
                leaseTransitions: (from?.spec?.leaseTransitions ?? 0) + 1
            )
        )
        return true
    }

    private mutating func write(_ approval: MirrorNodeSpec.Approval?, to name: String, _ version: String?) -> Bool {
        guard let index = mirrorNodeIndex(name), snapshot.mirrorNodes[index].metadata.resourceVersion == version else {
            return false
        }
        snapshot.mirrorNodes[index].spec.approval = approval
        snapshot.mirrorNodes[index].metadata.resourceVersion = nextVersion()
        return true
    }

    private mutating func release(_ from: Lease) -> Bool {
        guard snapshot.disruption == from else { return false }
        var lease = from
        lease.spec?.holderIdentity = nil
        lease.metadata.annotations = [:]
        lease.metadata.resourceVersion = nextVersion()
        snapshot.disruption = lease
        return true
    }

    /// Carries a plan out up to the first refusal, and writes the status.
    mutating func carryOut(_ plan: Plan) {
        for action in plan.actions + plan.seedWrites {
            guard apply(action) else { break }
        }
        for index in snapshot.mirrors.indices where snapshot.mirrors[index].metadata.name == plan.mirror {
            snapshot.mirrors[index].status = plan.status
        }
    }

    // MARK: The agents

    /// Lets every agent do what it would do next; answers whether any did something.
    mutating func runAgents(_ dice: inout Dice) -> Bool {
        var acted = false
        for index in snapshot.mirrorNodes.indices where !silent.contains(snapshot.mirrorNodes[index].spec.nodeName) {
            acted = runAgent(index, &dice) || acted
        }
        return acted
    }

    private mutating func runAgent(_ index: Int, _ dice: inout Dice) -> Bool {
        let object = snapshot.mirrorNodes[index]
        guard let agent = object.status?.agent else {
            report(index, MirrorNodeStatus.Agent(phase: .idle, registriesConfigured: true, version: "test"))
            return true
        }
        let seen = old.contains(object.spec.nodeName) ? nil : hosts[object.spec.nodeName]
        let isNews = agent.host != seen
        if isNews { report(index, agent) }
        switch agent.phase {
        case .restarting, .rollingBack: return finish(index, agent, &dice) || isNews
        case .idle, .applied, .failed, .refused: return consider(index, agent, &dice) || isNews
        }
    }

    private mutating func report(_ index: Int, _ agent: MirrorNodeStatus.Agent) {
        var agent = agent
        let name = snapshot.mirrorNodes[index].spec.nodeName
        agent.host = old.contains(name) ? nil : hosts[name]
        var status = snapshot.mirrorNodes[index].status ?? MirrorNodeStatus()
        status.agent = agent
        snapshot.mirrorNodes[index].status = status
        snapshot.mirrorNodes[index].metadata.resourceVersion = nextVersion()
    }

    private mutating func consider(_ index: Int, _ agent: MirrorNodeStatus.Agent, _ dice: inout Dice) -> Bool {
        let object = snapshot.mirrorNodes[index]
        guard let approval = object.spec.approval, approval.revision == object.spec.revision,
            snapshot.now < approval.expires, agent.revision != approval.revision,
            ignoresLease || isGranted(approval, to: object) && isAlone(object, but: approval.absentServer),
            !dice.roll(manners.idlePercent)
        else { return false }
        var agent = agent
        agent.revision = approval.revision
        agent.epoch = approval.epoch
        if dice.roll(manners.refusePercent) {
            agent.phase = .refused
            agent.message = "a later file wins"
            report(index, agent)
            return true
        }
        agent.phase = .restarting
        agent.restartedAt = snapshot.now
        report(index, agent)
        restarts.append(
            Restart(node: object.spec.nodeName, record: object.metadata.uid ?? "", revision: approval.revision)
        )
        restarting[object.spec.nodeName] = object.spec.desired ?? MirrorNodeSpec.Desired()
        set(object.spec.nodeName, isReady: false)
        return true
    }

    /// As the real agent does, it looks at all other servers itself before it claims.
    private func isAlone(_ object: MirrorNode, but absent: String?) -> Bool {
        snapshot.nodes.allSatisfy { node in
            node.metadata.name == object.spec.nodeName || node.metadata.name == absent || !RancherNode.isServer(node)
                || (node.isReady && !node.isCordoned && node.metadata.deletionTimestamp == nil)
        }
    }

    private func isGranted(_ approval: MirrorNodeSpec.Approval, to object: MirrorNode) -> Bool {
        guard let lease = snapshot.disruption, let holder = DisruptionHolder(lease) else { return false }
        return lease.spec?.leaseTransitions == approval.epoch && holder.node == object.spec.nodeName
            && holder.mirror == object.spec.mirrorName && holder.revision == approval.revision
    }

    private mutating func finish(_ index: Int, _ agent: MirrorNodeStatus.Agent, _ dice: inout Dice) -> Bool {
        guard !dice.roll(manners.idlePercent) else { return false }
        let name = snapshot.mirrorNodes[index].spec.nodeName
        var agent = agent
        if agent.phase == .rollingBack {
            agent.phase = .failed
            agent.message = "the service did not become active"
            restarting[name] = nil
            set(name, isReady: true)
        } else if dice.roll(manners.failPercent) {
            agent.phase = .rollingBack
        } else {
            if let desired = restarting[name] { set(name, desired) }
            restarting[name] = nil
            set(name, isReady: true)
            agent.phase = .applied
        }
        report(index, agent)
        return true
    }

    // MARK: Machines

    mutating func set(_ name: String, isReady: Bool) {
        guard let index = nodeIndex(name),
            let condition = snapshot.nodes[index].status?.conditions?.firstIndex(where: { $0.type == "Ready" })
        else { return }
        let status = isReady ? "True" : "False"
        guard snapshot.nodes[index].status?.conditions?[condition].status != status else { return }
        snapshot.nodes[index].status?.conditions?[condition].status = status
        snapshot.nodes[index].status?.conditions?[condition].lastTransitionTime = snapshot.now
    }

    mutating func set(_ name: String, isCordoned: Bool) {
        guard let index = nodeIndex(name) else { return }
        snapshot.nodes[index].spec = isCordoned ? Node.Spec(unschedulable: true) : nil
    }

    /// What a restart makes of the annotation and of the host: our file comes last.
    private mutating func set(_ name: String, _ desired: MirrorNodeSpec.Desired) {
        guard let index = nodeIndex(name) else { return }
        if let registries = desired.registries {
            let present = hosts[name]?.registries ?? []
            hosts[name]?.registries = Set(present + registries).sorted()
        }
        for program in ["rke2", "k3s"] {
            let key = "\(program).io/node-args"
            guard let text = snapshot.nodes[index].metadata.annotations[key], text.hasSuffix("]") else { continue }
            let url = desired.server.map { $0.action == .clear ? "" : $0.url ?? "" } ?? hosts[name]?.ownServer
            var more = url.map { ",\"--server\",\"\($0)\"" } ?? ""
            if desired.debug == true || text.contains("\"--debug\"") {
                more += ",\"--debug\",\"\(desired.debug == true || noisy.contains(name))\""
            }
            snapshot.nodes[index].metadata.annotations[key] = "\(text.dropLast())\(more)]"
        }
    }

    /// A Node that was deleted and made anew under its name, with another UID.
    mutating func replace(_ name: String, by node: TestNode) {
        guard let index = nodeIndex(name) else { return }
        snapshot.nodes[index] = node.node
        restarting[name] = nil
        know(snapshot.nodes[index])
    }

    mutating func remove(_ name: String) {
        snapshot.nodes.removeAll { $0.metadata.name == name }
        restarting[name] = nil
    }
}

extension Write {
    /// The disruption Lease that it starts from; nil where there was none.
    fileprivate var lease: Lease? {
        switch body {
        case .create(.heldLease(_, let lease)), .replace(.heldLease(_, let lease)): lease
        case .replace(.freeLease(let lease)): lease
        default: nil
        }
    }

    var version: String? {
        guard case .version(let version) = precondition else { return nil }
        return version
    }
}
