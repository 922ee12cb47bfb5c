import KubeCore
import MirrorAPI
import MirrorOperator

extension UpgradeScenario {
    /// Fields that came after the releases from which an upgrade is tried, with values that change nothing on this
    /// fleet: the older release meets them when it is back. Definitions that do not know a field drop it.
    static let additions: [JSONValue] = [
        ["topology": ["maxFanout": 8, "rerootAfterSeconds": 3_600]],
        ["rollout": ["window": ["start": "00:00", "end": "23:59"]]],
        ["deletionPolicy": "Retain"],
        ["candidates": ["minPublished": 2], "liveness": ["sweepIntervalSeconds": 301]],
        ["health": ["disk": ["evictAtPercent": 100, "readmitBelowPercent": 99]]],
    ]

    /// Later fields that an operator may write down in MirrorNodes, though no host of this fleet lacks what they ask
    /// for: a write is fine then, a restart or a rewritten file is not.
    static let wishes: [JSONValue] = [
        ["registries": ["docker.io"]]
    ]

    /// Values of known fields that came later; the older release can't read the whole mirror then.
    static let aliens: [JSONValue] = [
        ["topology": ["shape": "Tree"]]
    ]

    /// Sets a part of the mirror's specification; false where the definitions know no such field or value.
    @discardableResult
    func set(_ part: JSONValue) async throws -> Bool {
        let answer: JSONValue
        do throws(KubeError) {
            answer = try await write(part)
        } catch {
            guard error.isInvalid else { throw error }
            say("  spec \(part.text): refused by the definitions")
            return false
        }
        let isKnown = Self.contains(answer["spec"] ?? [:], part)
        say("  spec \(part.text): \(isKnown ? "set" : "not known to the definitions, dropped")")
        return isKnown
    }

    private func write(_ part: JSONValue) async throws(KubeError) -> JSONValue {
        let patch = Patch.merge(["spec": part])
        return try await api.send(.patch(P2PMirror.resource, mirror, patch, manager: "kubectl"))
    }

    private static func contains(_ value: JSONValue, _ part: JSONValue) -> Bool {
        guard let members = part.objectValue else { return part == .null || value == part }
        return members.allSatisfy { contains(value[$0.key] ?? .null, $0.value) }
    }

    /// Waits until operator and agents have shown that they work: the operator has made its plan of a generation that
    /// is new, and each agent has put right a report in which somebody else's release stands.
    func worked(_ edition: ProductEdition) async throws {
        let generation = try await newGeneration()
        let nodes = try await objects(MirrorNode.resource).map(\.objectName)
        for node in nodes {
            let patch = Patch.merge(["status": ["agent": ["version": "unseen"]]])
            try await api.patch(MirrorNode.self, ObjectKey(name: node), subresource: "status", patch)
        }
        try await within("\(edition.name) made no plan of generation \(generation)") {
            try await isPlanned(generation)
        }
        try await within("an agent of \(edition.name) does not report") {
            try await objects(MirrorNode.resource).allSatisfy { node in
                let version = node.at(["status", "agent", "version"])?.stringValue
                return version != nil && version != "unseen"
            }
        }
        say("  \(edition.name) leads, has made its plan of generation \(generation), and \(nodes.count) agents report")
    }

    /// Changes the mirror in a way that has no effect while nothing is rolled out.
    private func newGeneration() async throws -> Int64 {
        let spec = try await raw()["spec"] ?? [:]
        let seconds = spec.at(["rollout", "progressDeadlineSeconds"])?.intValue ?? 60
        let answer = try await write(["rollout": ["progressDeadlineSeconds": .int(seconds == 60 ? 61 : 60)]])
        return answer.at(["metadata", "generation"])?.intValue ?? 0
    }

    private func isPlanned(_ generation: Int64) async throws -> Bool {
        let status = try await raw()["status"] ?? [:]
        let ready = status["conditions"]?.arrayValue?.first { $0["type"]?.stringValue == "Ready" }
        return status["observedGeneration"]?.intValue == generation
            && ready?["observedGeneration"]?.intValue == generation && ready?["status"]?.stringValue == "True"
    }

    /// The node whose agent has claimed an approval, other than those already known.
    func claimed(after known: Set<String>) async throws -> String {
        var found: String?
        try await within("no agent claimed an approval", every: .milliseconds(20)) {
            let claims = try await objects(MirrorNode.resource).filter {
                $0.at(["status", "agent", "phase"])?.stringValue == MirrorNodeStatus.Phase.restarting.rawValue
            }
            found = claims.compactMap { $0.at(["spec", "nodeName"])?.stringValue }.first { !known.contains($0) }
            return found != nil
        }
        return found ?? ""
    }

    /// Who holds the operators' Lease; nil while nobody does.
    func leader() async throws -> String? {
        let options = OperatorOptions(leaseNamespace: fleet.settings.leaseNamespace, identity: "")
        let holder = try await api.find(Lease.self, options.leaderLease)?.spec?.holderIdentity
        return holder == "" ? nil : holder
    }

    /// All that may not change.
    func record() async throws -> FleetRecord {
        var record = FleetRecord()
        for host in fleet.settings.blueprint.hosts {
            record.files[host.name] = try HostInventory.entries(below: fleet.host(host.name).root)
            let unit = fleet.daemonUnit(of: host)
            guard let state = fleet.supervisor.state(of: unit) else { continue }
            record.services[unit] = FleetRecord.Service(invocation: state.invocationID, starts: state.starts)
        }
        for resource in [MirrorNode.resource, Node.resource] {
            for object in try await objects(resource) {
                record.objects["\(resource.plural)/\(object.objectName)"] = FleetRecord.Object(object)
            }
        }
        let lease = ObjectKey(namespace: fleet.settings.leaseNamespace, name: DisruptionLease.name)
        record.disruptionEpoch = try await api.find(Lease.self, lease)?.spec?.leaseTransitions
        return record
    }

    /// The mirror as the server has it, fields unknown to this release included.
    func raw() async throws -> JSONValue {
        try await api.send(KubeRequest(.get, P2PMirror.resource.path(of: mirror)))
    }

    private func objects(_ resource: ResourceType) async throws -> [JSONValue] {
        let list: JSONValue = try await api.send(.list(resource))
        return list["items"]?.arrayValue ?? []
    }

    /// The restarts of each node's service so far, as a sentence.
    func restarts() -> String {
        let counts = fleet.starts().sorted { $0.key < $1.key }.map { "\($0.key) \($0.value - 1)" }
        return "restarts so far: \(counts.joined(separator: ", "))"
    }

    func within(
        _ complaint: String,
        every pause: Duration = .milliseconds(200),
        _ isTrue: () async throws -> Bool
    ) async throws {
        let clock = ContinuousClock()
        let deadline = clock.now + .seconds(settings.deadline)
        while try await !isTrue() {
            guard clock.now < deadline else {
                throw ScenarioFailure("\(complaint) within \(Int(settings.deadline)) s")
            }
            try await Task.sleep(for: pause)
        }
    }
}
