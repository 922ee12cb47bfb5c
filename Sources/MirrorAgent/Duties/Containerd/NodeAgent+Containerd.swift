import KubeCore
import Logging
import MirrorAPI
import MirrorPlanner

/// What is read of a node's containerd.
extension NodeAgent {
    /// Where containerd keeps the content that peers serve; it is on the volume that is measured.
    private static let contentDirectory = "/var/lib/containerd"
    private static let recordLimit = 1 << 16
    /// Seconds for which a port must be silent: a pod that is replaced is away for shorter.
    private static let silenceSeconds = 60
    private static let probeTimeout = Duration.seconds(2)

    func gatherContainerd(
        _ mirror: String,
        _ mirrorNode: MirrorNode?,
        _ now: Timestamp
    ) async throws -> ContainerdInput {
        var input = ContainerdInput(now: now, mirror: mirror, version: options.version, mirrorNode: mirrorNode)
        input.steady = clocks(now).steady
        input.record = try containerdRecord(mirror)
        input.failure = hostFaults[mirror]
        if let mirrorNode {
            try await gather(mirrorNode, &input)
        } else if let record = input.record {
            try await gatherGone(record, &input)
        }
        return input
    }

    func containerdRecord(_ mirror: String) throws(HostError) -> ContainerdRecord? {
        let path = AgentPath.containerdRecord(mirror: mirror)
        guard let content = try files.read(path, limit: Self.recordLimit, followingLink: false) else { return nil }
        do throws(KubeError) {
            return try JSONCoding.decode(ContainerdRecord.self, from: content)
        } catch {
            // The file that it is about says whose it is, so that the record is written anew.
            log.warning("\(path) can't be read and does not count: \(error.message)")
            return nil
        }
    }

    private func gather(_ mirrorNode: MirrorNode, _ input: inout ContainerdInput) async throws {
        let facts = try await nodeFacts(input.steady)
        let reader = ContainerdFiles(files: files, release: facts.containerd)
        let reading = reader.configuration(facts.places)
        input.view.tree = reading.tree
        input.view.looked = reading.looked
        input.view.isDoubtful = reading.isDoubtful
        input.view.faults = reading.faults
        input.view.version = facts.containerd
        input.view.nodeAddresses = Set(facts.addresses)
        input.ownFile =
            reading.ownFiles.first { $0.mirror == input.mirror }?.file ?? ownFile(input.record, input.mirror)
        if let wish = mirrorNode.spec.containerd, TextForm.hostPath.matches(wish.registryConfigPath) {
            try gatherRoots(wish, reader, &input)
            input.view.silentPorts = await silentPorts(wish, facts.internalAddress, input)
        }
        if let path = input.ownFile?.path { input.view.isOurFileInForce = try isInForce(path, input.mirror) }
        let places = Set((reading.tree.map(ContainerdDropIn.places) ?? []) + [input.record?.dropIn].compactMap { $0 })
        for place in places {
            let temporary = TemporaryFile.temporaryPath(for: place)
            if try files.attributes(temporary) != nil { input.temporaries.append(temporary) }
        }
        input.figures = measure(mirrorNode, directory: Self.contentDirectory)
    }

    private func gatherRoots(
        _ wish: ContainerdWish,
        _ reader: ContainerdFiles,
        _ input: inout ContainerdInput
    ) throws(HostError) {
        let registries = wish.registries.isEmpty ? [HostsRoot.defaultName] : wish.registries
        let wanted = wish.registryConfigPath
        let configured = input.view.settings?.roots ?? []
        let before = configured.contains(wanted) ? configured.prefix { $0 != wanted }.prefix(8) : []
        for path in [wanted] + (wish.installed ? before : []) {
            do throws(HostError) {
                input.view.roots[path] = try reader.root(path, registries: wish.installed ? registries : nil)
            } catch {
                guard error.code != .interrupted else { throw error }
                input.view.faults.append(error.description)
            }
        }
    }

    /// Our file where the configuration does not lead to it any more.
    private func ownFile(_ record: ContainerdRecord?, _ mirror: String) -> ContainerdInput.OwnFile? {
        guard let record, record.isSafe,
            let content = try? files.read(record.dropIn, limit: Self.recordLimit, followingLink: false),
            ContainerdDropIn.mirror(of: content) == mirror
        else { return nil }
        return ContainerdInput.OwnFile(path: record.dropIn, content: content)
    }

    private func gatherGone(_ record: ContainerdRecord, _ input: inout ContainerdInput) async throws(KubeError) {
        input.ownFile = ownFile(record, input.mirror)
        let presence = try await mirrorPresence(input.mirror)
        var seen = observations[input.mirror] ?? Observation()
        seen.goneSince = presence.isGone(uid: record.mirrorUID) ? seen.goneSince ?? input.steady : nil
        observations[input.mirror] = seen
        input.presence = presence
        input.goneSince = seen.goneSince
    }

    /// The Node, read anew now and then: an upgrade of containerd changes how its files are read.
    private func nodeFacts(_ now: Timestamp) async throws(KubeError) -> NodeFacts {
        if let known = knownFacts, now - known.readAt < options.nodeRefreshSeconds { return known.facts }
        do throws(KubeError) {
            let node: JSONValue = try await api.send(.get(Node.resource, ObjectKey(name: options.nodeName)))
            let facts = NodeFacts(node)
            knownFacts = (facts, now)
            return facts
        } catch {
            guard let known = knownFacts else { throw error }
            return known.facts
        }
    }

    /// Ports of the node that have not answered for a while, at any of the addresses of its mirror. Of a release that
    /// is gone none is called so before the operator has said for as long that it is.
    private func silentPorts(_ wish: ContainerdWish, _ address: String?, _ input: ContainerdInput) async -> Set<Int> {
        guard let probes, let address, !wish.mirrorAddresses.contains(where: Self.isLoopback) else { return [] }
        var silence = (observations[input.mirror]?.silence ?? [:]).filter { wish.mirrorPorts.contains($0.key) }
        for port in wish.mirrorPorts {
            switch await Self.answer(port, at: [address] + wish.mirrorAddresses, probes) {
            case true?: silence[port] = nil
            case nil: break
            case false?: silence[port] = silence[port] ?? input.steady
            }
        }
        var seen = observations[input.mirror] ?? Observation()
        seen.silence = silence
        seen.releaseGoneSince = wish.isGone ? seen.releaseGoneSince ?? input.steady : nil
        observations[input.mirror] = seen
        if let since = seen.releaseGoneSince, input.steady - since < Self.silenceSeconds { return [] }
        return Set(silence.filter { input.steady - $0.value >= Self.silenceSeconds }.keys)
    }

    /// The agent's container has a loopback of its own: nothing can be told of the host's.
    private static func isLoopback(_ address: String) -> Bool {
        address.hasPrefix("127.") || address == "::1" || address == "localhost"
    }

    /// Whether a port answers at one of these addresses; nil where that can't be told.
    private static func answer(_ port: Int, at addresses: [String], _ probes: any ProbeTransport) async -> Bool? {
        var isSilent = true
        for address in addresses {
            let probe = ProbeRequest(host: address, port: port, check: .tcpConnect, timeout: probeTimeout)
            switch await probes.probe(probe).fault {
            case nil: return true
            // These say nothing about the port.
            case .cancelled, .configuration: isSilent = false
            default: continue
            }
        }
        return isSilent ? false : nil
    }

    /// Whether containerd was started after our file was changed; nil where that can't be told.
    private func isInForce(_ path: String, _ mirror: String) throws(HostError) -> Bool? {
        guard let changedAt = try files.attributes(path)?.changedAt else { return nil }
        if observations[mirror]?.inForce == changedAt { return true }
        guard let startedAt = ContainerdProcess(files: files).startedAt() else { return nil }
        guard startedAt > changedAt else { return false }
        observations[mirror, default: Observation()].inForce = changedAt
        return true
    }
}
