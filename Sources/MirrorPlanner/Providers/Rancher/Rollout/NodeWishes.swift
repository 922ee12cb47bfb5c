import KubeCore
import MirrorAPI

/// What each node is to have, part by part, and what of it a restart must put in force.
///
/// Nothing is wished for that a node has already, so a fleet already in the desired state causes no writes; what was
/// wished for once stays on record. A part is judged by what the node shows: its running arguments, and its agent's
/// look at the host.
struct NodeWishes: Sendable {
    struct Wish {
        /// Nil where nothing is asked for.
        var desired: MirrorNodeSpec.Desired?
        /// Parts that are not in force.
        var lacking: [Change.Part] = []
    }

    private let fleet: Fleet
    private let isRewriting: Bool
    /// What each server in scope is to point to; nil while nobody can be the root.
    private let wanted: [Int: ServerSetting]
    private let isPending: Set<Int>
    /// Registries that every node is to mirror; empty where that is not asked for, or without effect.
    let registries: [String]
    let wantsDebug: Bool

    init(_ fleet: Fleet, isRewriting: Bool, _ rewrite: ShapeRewrite?) {
        self.fleet = fleet
        self.isRewriting = isRewriting
        wanted = rewrite?.wanted ?? [:]
        isPending = Set(rewrite?.pending ?? [])
        registries = fleet.isRegistryOn ? fleet.mirror.spec.registries : []
        wantsDebug = fleet.mirror.spec.rancher.debugUntil.map { fleet.now < $0 } ?? false
    }

    /// Whether anything but `server` is asked for, or was.
    var asksBeyondServers: Bool {
        !registries.isEmpty || wantsDebug
            || fleet.selectedServers.contains { fleet.mirrorNode(of: fleet.servers[$0])?.spec.desired?.debug != nil }
    }

    /// - Parameter number: of a server; nil for an agent of the distribution.
    func wish(for node: RancherNode, number: Int?) -> Wish {
        wish(for: node, number: number, fleet.mirrorNode(of: node))
    }

    func wish(for node: RancherNode, number: Int?, _ object: MirrorNode?) -> Wish {
        let present = object?.spec.desired ?? fleet.standing(on: node, object)
        // Most nodes are asked for nothing.
        if number == nil, registries.isEmpty, present == nil { return Wish() }
        var wish = Wish(desired: MirrorNodeSpec.Desired())
        if let number {
            wish.desired?.server = server(node, number, present?.server)
            if isPending.contains(number) { wish.lacking.append(.server) }
        }
        let lacksRegistry = registries(node, number, object, present?.registries)
        wish.desired?.registries = lacksRegistry.wish
        if lacksRegistry.isLacking { wish.lacking.append(.registries) }
        if let number {
            let level = debug(node, number, object, present?.debug)
            wish.desired?.debug = level.wish
            if level.isLacking { wish.lacking.append(.debug) }
        }
        if wish.desired?.isEmpty == true { wish.desired = nil }
        return wish
    }

    // MARK: server

    private func server(_ node: RancherNode, _ number: Int, _ present: ServerSetting?) -> ServerSetting? {
        guard let wanted = wanted[number] else {
            guard let present else { return nil }
            // Without a root to point to, or with nothing known of the node, all wishes stay as they are.
            if isRewriting { return present }
            return fleet.isInForce(present, on: node) ? present : nil
        }
        if let present { return present == wanted ? present : wanted }
        return isPending.contains(number) ? wanted : nil
    }

    // MARK: registries

    private func registries(
        _ node: RancherNode,
        _ number: Int?,
        _ object: MirrorNode?,
        _ present: [String]?
    ) -> (wish: [String]?, isLacking: Bool) {
        guard !registries.isEmpty else { return (nil, false) }
        // An agent that does not say what its host has may not know the setting either.
        guard let host = object?.status?.agent?.host?.registries else { return (present, false) }
        let isLacking = !fleet.lacks(registries, host, node, object).isEmpty
        guard isLacking || present != nil else { return (nil, false) }
        guard (number.map { fleet.untouchable($0) } ?? fleet.managed(node, "its registries")) == nil else {
            return (present, false)
        }
        if isLacking, object?.status?.agent?.host?.registriesFault != nil {
            // What else is asked of the node must not wait for it. What was wished for and is there stays.
            let kept = present?.filter(host.contains) ?? []
            return (kept.isEmpty ? nil : kept == present ? present : kept, false)
        }
        let isSame = present.map { Set($0) == Set(registries) } ?? false
        return (isSame ? present : registries, isLacking)
    }

    /// Why a node that lacks registries does not get them; nil where it gets or has them.
    func registriesFault(_ node: RancherNode, _ object: MirrorNode?) -> String? {
        guard !registries.isEmpty, let host = object?.status?.agent?.host, let fault = host.registriesFault else {
            return nil
        }
        let missing = host.registries.map { fleet.lacks(registries, $0, node, object) } ?? registries
        return missing.isEmpty ? nil : "\(node.name) does not get \(Sentences.list(missing)): \(fault)"
    }

    /// A wildcard that is asked for, where selected nodes run a version that makes nothing of it.
    var vainWildcard: Verdict? {
        guard let wildcard = registries.first(where: RegistriesFile.isWildcard) else { return nil }
        let nodes = fleet.selectedServers.map { fleet.servers[$0] } + fleet.agents
        let vain = nodes.filter { $0.version?.firstWithWildcards != nil }
        guard let version = vain.first?.version, let first = version.firstWithWildcards else { return nil }
        return Verdict(
            .unsupportedVersion,
            "`\(wildcard)` in spec.registries does nothing on \(version) (\(Sentences.list(vain.map(\.name)))): "
                + "wildcards work from \(first) on. Name the registries, or upgrade"
        )
    }

    // MARK: debug

    private func debug(
        _ node: RancherNode,
        _ number: Int,
        _ object: MirrorNode?,
        _ present: Bool?
    ) -> (wish: Bool?, isLacking: Bool) {
        guard wantsDebug || present != nil else { return (nil, false) }
        guard fleet.untouchable(number) == nil, object?.status?.agent?.host != nil, let arguments = node.arguments
        else {
            return (present, false)
        }
        if wantsDebug {
            let isOwn = arguments.enablesDebug && present == nil
            return isOwn ? (nil, false) : (true, !arguments.enablesDebug)
        }
        // Once our file asks for it no longer and that is in force, what is left is the node's own.
        let isOver = !arguments.enablesDebug || (present == false && object?.isApplied == true)
        return isOver ? (nil, false) : (false, true)
    }
}

extension Fleet {
    /// What an agent of this mirror wrote for a MirrorNode that is gone, where it is in force: definitions that were
    /// deleted and applied again take the wishes with them, and leave the files. It is wished for as before.
    func standing(on node: RancherNode, _ object: MirrorNode?) -> MirrorNodeSpec.Desired? {
        guard let object, object.spec.revision == nil, var written = object.status?.agent?.host?.written else {
            return nil
        }
        if let setting = written.server, !isInForce(setting, on: node) { written.server = nil }
        return written.isEmpty ? nil : written
    }

    /// Whether a node runs with that setting.
    func isInForce(_ setting: ServerSetting, on node: RancherNode) -> Bool {
        guard node.arguments != nil else { return true }
        guard setting.action == .point else { return node.effectiveServer == nil }
        return node.server != nil && node.server == setting.url.flatMap { ServerURL($0, distribution: distribution) }
    }

    /// Registries of `wanted` that a host does not mirror. A wildcard stands for all of them, and on a version that
    /// makes nothing of it for none: there it does not count as covering, and is not lacking either.
    func lacks(_ wanted: [String], _ host: [String], _ node: RancherNode, _ object: MirrorNode?) -> [String] {
        let isVain = node.version?.firstWithWildcards != nil
        if !isVain, host.contains(where: RegistriesFile.isWildcard) { return [] }
        let missing = wanted.filter { !host.contains($0) && !(isVain && RegistriesFile.isWildcard($0)) }
        guard !missing.isEmpty else { return [] }
        // A host with more than can be reported may have it all the same; then its agent's word counts.
        if host.count >= Self.reportedRegistries, object?.isApplied == true { return [] }
        let present = host.map { $0.lowercased() }
        return missing.filter { !present.contains($0.lowercased()) }
    }

    /// As many an agent reports at most.
    private static let reportedRegistries = 64
}

extension MirrorNode {
    /// Whether its agent has put the present revision in force.
    var isApplied: Bool {
        guard let agent = status?.agent, let revision = spec.revision else { return false }
        return agent.phase == .applied && agent.revision == revision
    }
}
