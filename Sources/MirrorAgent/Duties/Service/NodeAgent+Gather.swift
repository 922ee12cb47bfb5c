import KubeCore
import MirrorAPI
import MirrorPlanner

/// The Node as it was read last, and what it was read for.
struct NodeCache {
    var node: Node?
    var readAt: Timestamp
    /// Invocation and files at that time: with the same ones the Node's arguments are the same.
    var invocation: String?
    var files: [[UInt8]]
}

extension NodeAgent {
    /// A journal holds `registries.yaml` twice.
    private static let journalLimit = 4 * ServiceFiles.limit

    /// Reads all that a decision about one mirror needs, and no more. An API server that can't be reached is part of
    /// the input; the error comes along, to be told once the decision is carried out.
    func gather(
        _ mirror: String,
        _ mirrorNodes: [String: MirrorNode]?,
        _ now: Timestamp
    ) async throws -> (AgentInput, KubeError?) {
        var input = AgentInput(now: now, options: options, mirror: mirror, host: HostView())
        (input.boot, input.steady) = clocks(now)
        input.failure = failures[mirror]
        input.liveFault = sourceFault
        do throws(KubeError) {
            if let content = try readJournal(mirror) { input.host.journal = try Journal(content) }
        } catch {
            input.host.journalFault = error.message
        }
        let mirrorNode = mirrorNodes?[mirror]
        let step = input.host.journal.step
        if let step, step.stage != .claiming { isStepUnderWay = true }
        let bequest = mirrorNode == nil ? input.host.journal.bequest : nil
        let provider = step?.provider ?? mirrorNode?.spec.provider ?? bequest?.provider
        guard let usual = provider.flatMap({ RancherDistribution($0) }) else { return (input, nil) }
        let service = ServiceFiles(files: files)
        let usualFiles = try service.configuration(usual)
        let placesOf = { [journal = input.host.journal] (node: Node?) in
            Self.places(usual, usualFiles.files, node, isWanted: mirrorNode != nil, journal)
        }
        input.host.places = placesOf(nodeCaches[mirror]?.node)
        try gatherFiles(usual.at(input.host.places), usualFiles, service, &input)
        let role = step?.role ?? mirrorNode?.spec.role
        // Once the mirror is gone files are put in order, and no service is looked at.
        if let role { try await gatherUnit(usual.unit(of: role), &input) }
        let fault = await gatherLive(mirrorNode, isKnown: mirrorNodes != nil, &input)
        if let fault { input.liveFault = fault.message }
        // The Node may show another place than it did before.
        if let node = input.live?.node, placesOf(node) != input.host.places {
            input.host.places = placesOf(node)
            try gatherFiles(usual.at(input.host.places), usualFiles, service, &input)
        }
        let distribution = usual.at(input.host.places)
        if let role {
            observe(distribution.unit(of: role), &input)
            if let mirrorNode { measure(mirrorNode, distribution, &input) }
        }
        input.host.etcdMember = try etcdMember(distribution, input)
        return (input, fault)
    }

    /// Where the host has its files: as the running service shows it. A step that is under way keeps to the places at
    /// which it began, and what is left of a mirror that is gone lies where its last step put it.
    private static func places(
        _ distribution: RancherDistribution,
        _ files: [ConfigDirectory.File],
        _ node: Node?,
        isWanted: Bool,
        _ journal: Journal
    ) -> HostPlaces {
        var places = HostPlaces(
            annotations: node?.metadata.annotations ?? [:],
            distribution: distribution,
            configuration: try? ConfigDirectory.merge(files)
        )
        if journal.step != nil || !isWanted {
            let recorded = journal.step == nil ? journal.places : journal.step?.places
            places.configFile = recorded?.configFile
            places.configSource = recorded?.configSource
            places.registriesFile = recorded?.registriesFile
        }
        return places
    }

    /// - Parameter usual: what is in the usual places.
    private func gatherFiles(
        _ distribution: RancherDistribution,
        _ usual: (files: [ConfigDirectory.File], faults: [HostError]),
        _ service: ServiceFiles,
        _ input: inout AgentInput
    ) throws(HostError) {
        let ours = HostPath.name(distribution.dropInFile)
        (input.host.files, input.host.configurationFaults) = ([], [])
        (input.host.registries, input.host.registriesFault) = (nil, nil)
        input.host.registriesAttributes = nil
        input.host.leftovers = []
        // What the agent's pod does not have is not looked at: it would seem to be absent.
        if AgentPath.isConfiguration(distribution.configFile) {
            (input.host.files, input.host.configurationFaults) =
                input.host.places.configFile == nil ? usual : try service.configuration(distribution)
            try gatherTimes(distribution, &input)
        }
        input.host.dropIn = input.host.files.first { $0.name == ours }?.content
        if AgentPath.isConfiguration(distribution.registriesFile) {
            let path = distribution.registriesFile
            (input.host.registries, input.host.registriesFault) = try service.content(of: path)
            input.host.registriesAttributes = try attributes(path)
        }
        let allowed = try service.content(of: AgentPath.allowedServers)
        (input.host.allowedServers, input.host.allowedServersFault) = allowed
        let journal = HostPath.parent(AgentPath.journal(mirror: input.mirror))
        let directories = [distribution.configDirectory, HostPath.parent(distribution.registriesFile), journal]
        for directory in directories where directory == journal || AgentPath.isConfiguration("\(directory)/") {
            let names = try entries(directory).filter { TemporaryFile.isTemporary($0.name) }
            input.host.leftovers += names.map { "\(directory)/\($0.name)" }
        }
    }

    /// What a directory holds, for what can as well be done in a later pass.
    private func entries(_ directory: String) throws(HostError) -> [HostEntry] {
        do throws(HostError) {
            return try files.list(directory) ?? []
        } catch  where error.code != .interrupted {
            return []
        }
    }

    /// What is known of a file; nil too where that can't be told, which proves no more than an absent one does.
    private func attributes(_ path: String) throws(HostError) -> FileAttributes? {
        do throws(HostError) {
            return try files.attributes(path)
        } catch  where error.code != .interrupted {
            return nil
        }
    }

    /// When the files and their directories were touched last. A directory tells of a file that is there no longer, and
    /// the one above it of a directory.
    private func gatherTimes(_ distribution: RancherDistribution, _ input: inout AgentInput) throws(HostError) {
        input.host.touched = [:]
        for (name, _) in input.host.files {
            let isMain = name == HostPath.name(distribution.configFile)
            let path = isMain ? distribution.configFile : "\(distribution.configDirectory)/\(name)"
            guard let attributes = try attributes(path), !attributes.isLink else { continue }
            // Two names that differ in their bytes alone are one to Swift.
            input.host.touched[name] = max(input.host.touched[name] ?? attributes.changedAt, attributes.changedAt)
        }
        let main = HostPath.name(distribution.configFile)
        var times = [try attributes(distribution.configDirectory)?.changedAt]
        if times == [nil] || !input.host.files.contains(where: { $0.name == main }) {
            times =
                times.filter { $0 != nil } + [
                    try attributes(HostPath.parent(distribution.configFile))?.changedAt
                ]
        }
        input.host.directoriesTouchedAt = times.contains(nil) ? nil : times.compactMap { $0 }.max()
    }

    private func gatherUnit(_ unit: String, _ input: inout AgentInput) async throws {
        guard options.mayRestart else { return }
        do throws(ServiceError) {
            input.unit = try await services.show(unit)
        } catch {
            guard error.code != .interrupted else { throw error }
            input.unitFault = error.message
            input.hasServiceManager = !error.isLasting
        }
    }

    /// Takes a look at what only several looks together tell.
    private func observe(_ unit: String, _ input: inout AgentInput) {
        var seen = observations[input.mirror] ?? Observation()
        let group = input.unit?.controlGroup ?? "/system.slice/\(unit)"
        seen.cpu.look(ControlGroupFiles(files: files).cpuMicroseconds(of: group), at: input.steady)
        if let unit = input.unit, input.host.registriesFault == nil {
            seen.registriesMark = RegistriesMark.ofPresentRun(
                known: [input.host.journal.settled?.registriesMark, seen.registriesMark],
                invocation: unit.invocationID,
                content: input.host.registries,
                changedAt: input.host.registriesAttributes?.changedAt,
                startedAt: unit.startedAt
            )
        }
        input.host.registriesMark = seen.registriesMark
        input.host.serviceCPUPercent = seen.cpu.percent
        observations[input.mirror] = seen
    }

    /// Reads the Node, and what a claim or a first restart needs. Returns the error that kept the API's view from being
    /// complete.
    ///
    /// - Parameter isKnown: whether the source of the MirrorNodes could be asked, so that an absent one is really
    ///   absent.
    private func gatherLive(_ known: MirrorNode?, isKnown: Bool, _ input: inout AgentInput) async -> KubeError? {
        let isUnderWay = input.host.journal.step != nil || awaitsClaim(known, input.now)
        guard isUnderWay || isKnown else { return nil }
        do throws(KubeError) {
            // The source may show what was; where a service may be restarted, what is counts.
            let mayBeGone = known == nil && input.host.journal.bequest != nil
            let mirrorNode = isUnderWay || mayBeGone ? try await liveMirrorNode(known, input.mirror) : known
            var live = LiveView(mirrorNode: mirrorNode)
            if mirrorNode == nil, mayBeGone { live.mirror = try await mirrorPresence(&input) }
            if mirrorNode != nil || isUnderWay { live.node = try await node(isUnderWay, mirrorNode, input) }
            if awaitsClaim(mirrorNode, input.now) || awaitsRestart(input) {
                let key = ObjectKey(namespace: options.leaseNamespace, name: DisruptionLease.name)
                live.lease = try await api.find(Lease.self, key)
                live.servers = try await servers()
            }
            input.live = live
            return nil
        } catch {
            return error
        }
    }

    /// Whether a decision about an approval is due, for which everything is read anew.
    private func awaitsClaim(_ mirrorNode: MirrorNode?, _ now: Timestamp) -> Bool {
        guard let mirrorNode, let approval = mirrorNode.spec.approval else { return false }
        return approval.revision == mirrorNode.spec.revision && now < approval.expires
            && mirrorNode.status?.agent?.revision != approval.revision
    }

    /// Whether a step has not restarted the service yet: it begins only on what is true at that moment.
    private func awaitsRestart(_ input: AgentInput) -> Bool {
        guard let step = input.host.journal.step else { return false }
        return switch step.stage {
        case .claiming, .applying: true
        case .restarting: input.unit?.invocationID == step.invocation
        case .rollingBack, .restoring: false
        }
    }

    /// The Nodes with a server role of any kind: a member of etcd counts also where it runs nothing else.
    private func servers() async throws(KubeError) -> [Node] {
        var servers: [String: Node] = [:]
        for label in Decider.serverLabels {
            for node in try await api.list(Node.self, ListOptions(labelSelector: label, limit: 500)) {
                servers[node.metadata.name] = node
            }
        }
        return servers.values.sorted { $0.metadata.name < $1.metadata.name }
    }

    private func liveMirrorNode(_ known: MirrorNode?, _ mirror: String) async throws(KubeError) -> MirrorNode? {
        let key = known?.key ?? ObjectKey(name: Names.mirrorNode(mirror: mirror, node: options.nodeName))
        guard let live = try await api.find(MirrorNode.self, key), live.spec.nodeName == options.nodeName,
            live.spec.mirrorName == mirror
        else { return nil }
        return live
    }

    /// The own Node; from memory where nothing is under way and nothing suggests that it says anything else.
    private func node(
        _ mustBeLive: Bool,
        _ mirrorNode: MirrorNode?,
        _ input: AgentInput
    ) async throws(KubeError) -> Node? {
        let content = input.host.files.map(\.content)
        if !mustBeLive, let cache = nodeCaches[input.mirror], cache.invocation == input.unit?.invocationID,
            cache.files == content
        {
            // Where the service runs with what is on the disk, a restart changes nothing. Else the end of a pending
            // change is looked for, because an agent that may not ask the service manager does not see restarts.
            let nothingIsPending = mirrorNode?.status?.agent?.pendingChanges?.isEmpty == true
            if nothingIsPending || input.steady - cache.readAt < options.nodeRefreshSeconds { return cache.node }
        }
        let node = try await api.find(Node.self, ObjectKey(name: options.nodeName))
        nodeCaches[input.mirror] = NodeCache(
            node: node,
            readAt: input.steady,
            invocation: input.unit?.invocationID,
            files: content
        )
        return node
    }

    /// Where the etcd member is, and whether it is there.
    private func etcdMember(_ distribution: RancherDistribution, _ input: AgentInput) throws(HostError) -> EtcdMember? {
        let path = distribution.etcdMemberDirectory
        guard path.hasPrefix("/") else { return nil }
        // Some other directory may have been mounted by hand.
        do throws(HostError) {
            let isThere = try files.hasDirectory(path)
            if isThere || AgentPath.isData(path) { return EtcdMember(path: path, exists: isThere) }
            return EtcdMember(path: path, exists: false, isSeen: try files.hasDirectory(distribution.dataDirectory))
        } catch  where error.code != .interrupted {
            return EtcdMember(path: path, exists: false, isSeen: false)
        }
    }

    private func readJournal(_ mirror: String) throws(KubeError) -> [UInt8]? {
        do throws(HostError) {
            let path = AgentPath.journal(mirror: mirror)
            return try files.read(path, limit: Self.journalLimit, followingLink: false)
        } catch {
            throw KubeError(.configuration, error.description)
        }
    }
}
