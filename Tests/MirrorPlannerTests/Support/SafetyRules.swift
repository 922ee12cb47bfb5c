import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// The safety rules as functions over one action, what was before it, and what is after it.
///
/// They read nodes on their own, by searching text, so that a fault in the planner's reading does not hide itself.
struct SafetyRules {
    /// The mirror that the actions are for, as the administrator wrote it.
    var mirror: P2PMirror
    /// Restarts that happened before the action.
    var restarts: [World.Restart] = []

    struct Violation: Hashable, CustomStringConvertible {
        var rule: Int
        var text: String
        var description: String { "rule \(rule): \(text)" }
    }

    func violations(_ before: Snapshot, _ action: Write, _ after: Snapshot) -> [Violation] {
        [
            oneAtATime(before, action, after), onceForARevision(before, action), guardList(before, action),
            noNewCycle(before, action), ledToRoot(before, action), inTheWindow(before, action),
            noActOnDoubt(before, action), onlySelected(before, action),
        ].compactMap { $0 }
    }

    // MARK: Rule 2

    private func oneAtATime(_ before: Snapshot, _ action: Write, _ after: Snapshot) -> Violation? {
        guard case .approve = action.purpose else { return nil }
        let name = action.target.key.name
        let node = before.mirrorNodes.first { $0.metadata.name == name }?.spec.nodeName
        let lost = lost(before, action)
        let down = before.nodes.first { other in
            Self.isServer(other) && (!other.isReady || other.isCordoned || other.metadata.deletionTimestamp != nil)
                && other.metadata.name != lost
        }
        if let down { return Violation(rule: 2, text: "\(node ?? name) approved while \(down.metadata.name) is down") }
        let epoch = after.disruption?.spec?.leaseTransitions
        let allowed = after.mirrorNodes.filter { object in
            if object.isClaimed { return true }
            guard let approval = object.spec.approval, after.now < approval.expires else { return false }
            return approval.epoch == epoch && object.status?.agent?.revision != approval.revision
        }
        guard allowed.count > 1 else { return nil }
        return Violation(rule: 2, text: "\(allowed.map(\.spec.nodeName)) may restart at once")
    }

    /// The one server that may be away: the node is freed from it, it has been away for `rerootAfterSeconds`, and
    /// etcd's majority is there without it and without the node.
    private func lost(_ before: Snapshot, _ action: Write) -> String? {
        guard let (object, node) = approved(before, action), let setting = object.spec.desired?.server else {
            return nil
        }
        let edges = Self.edges(before.nodes)
        var way: [String] = []
        var current = edges[node.metadata.name] ?? []
        while let next = current.first, current.count == 1, !way.contains(next) {
            way.append(next)
            current = edges[next] ?? []
        }
        let target = setting.action == .clear ? [] : Self.targets(setting.url ?? "", node, before.nodes)
        let lost = way.first { name in
            guard let condition = before.nodes.first(where: { $0.metadata.name == name })?.condition("Ready"),
                condition.status != "True", let since = condition.lastTransitionTime
            else { return false }
            return before.now - since >= mirror.spec.topology.rerootAfterSeconds && !target.contains(name)
        }
        guard lost != nil, !mirror.spec.rollout.allowControlPlaneOutage else { return lost }
        let voters = before.nodes.filter { $0.condition("EtcdIsVoter")?.status == "True" }
        let left = voters.count { $0.isReady && $0.metadata.name != node.metadata.name }
        return left * 2 > voters.count ? lost : nil
    }

    private func onceForARevision(_ before: Snapshot, _ action: Write) -> Violation? {
        guard case .approve(let approval) = action.purpose,
            let object = before.mirrorNodes.first(where: { $0.metadata.name == action.target.key.name }),
            restarts.contains(where: { $0.record == object.metadata.uid && $0.revision == approval.revision })
        else { return nil }
        return Violation(rule: 2, text: "\(object.spec.nodeName) approved again for \(approval.revision)")
    }

    // MARK: Rule 3

    private func guardList(_ before: Snapshot, _ action: Write) -> Violation? {
        guard let (object, node) = approved(before, action), object.spec.desired?.server?.action == .clear else {
            return nil
        }
        let text = Self.argumentsText(node)
        let words = ["--disable-etcd", "--disable-apiserver", "--datastore-endpoint"]
        let isListed =
            words.contains { text.contains($0) } || node.condition("EtcdIsVoter")?.status != "True"
            || !Self.isServer(node)
        return isListed ? Violation(rule: 3, text: "`server:` of \(node.metadata.name) is emptied") : nil
    }

    // MARK: Rule 4

    private func noNewCycle(_ before: Snapshot, _ action: Write) -> Violation? {
        guard let (object, node) = approved(before, action), let setting = object.spec.desired?.server else {
            return nil
        }
        var edges = Self.edges(before.nodes)
        let old = Self.onCycles(edges)
        edges[node.metadata.name] = setting.action == .clear ? [] : Self.targets(setting.url ?? "", node, before.nodes)
        let added = Self.onCycles(edges).subtracting(old)
        return added.isEmpty ? nil : Violation(rule: 4, text: "\(added.sorted()) come into a cycle")
    }

    /// Whoever is pointed at a server is pointed at one from which the way leads to the root already.
    private func ledToRoot(_ before: Snapshot, _ action: Write) -> Violation? {
        guard let (object, node) = approved(before, action), let setting = object.spec.desired?.server,
            setting.action == .point, let url = setting.url, url != mirror.spec.topology.registrationAddress,
            Self.lastServer(Self.argumentsText(node)) != url
        else { return nil }
        let edges = Self.edges(before.nodes)
        let root = before.mirrors[0].status?.topology?.root
        var current = Self.targets(url, node, before.nodes)
        var seen: Set<String> = []
        while let next = current.first, current.count == 1, next != root, seen.insert(next).inserted {
            guard before.nodes.contains(where: { $0.metadata.name == next && $0.isReady }) else { break }
            current = edges[next] ?? []
        }
        guard current != [root ?? ""] else { return nil }
        return Violation(
            rule: 4,
            text: "\(node.metadata.name) is pointed at \(url), from which no way leads to the root"
        )
    }

    /// Outside its window nothing begins: an approval that could be claimed then may not be given.
    private func inTheWindow(_ before: Snapshot, _ action: Write) -> Violation? {
        guard let window = mirror.spec.rollout.window, case .approve(let approval) = action.purpose else {
            return nil
        }
        let isOpen = [before.now, approval.expires + -1].allSatisfy { Self.isOpen(window, at: $0) }
        return isOpen ? nil : Violation(rule: 9, text: "\(action.target.key.name) may begin outside the window")
    }

    /// By looking at the minute of the week, and at nothing that the planner computes with.
    static func isOpen(_ window: P2PMirrorSpec.Rollout.Window, at time: Timestamp) -> Bool {
        let minutes = (Int(time.seconds) / 60 + window.utcOffsetMinutes) - 4 * 24 * 60
        let (day, minute) = ((minutes / 1_440) % 7, minutes % 1_440)
        let clock = [window.start, window.end].map { text in
            let parts = text.split(separator: ":").compactMap { Int($0) }
            return parts[0] * 60 + parts[1]
        }
        let opens = { (day: Int) in window.days.isEmpty || window.days.contains(Weekday.allCases[(day + 7) % 7]) }
        if clock[0] < clock[1] { return opens(day) && (clock[0]..<clock[1]).contains(minute) }
        return (opens(day) && minute >= clock[0]) || (opens(day - 1) && minute < clock[1])
    }

    /// Servers from which a walk along the edges leads back to them.
    static func onCycles(_ edges: [String: Set<String>]) -> Set<String> {
        Set(
            edges.keys.filter { start in
                var seen: Set<String> = []
                var open = edges[start] ?? []
                while let next = open.popFirst() {
                    if next == start { return true }
                    if seen.insert(next).inserted { open.formUnion(edges[next] ?? []) }
                }
                return false
            }
        )
    }

    static func edges(_ nodes: [Node]) -> [String: Set<String>] {
        var result: [String: Set<String>] = [:]
        for node in nodes where isServer(node) {
            guard let url = lastServer(argumentsText(node)) else { continue }
            result[node.metadata.name] = targets(url, node, nodes)
        }
        return result
    }

    /// Servers whose address stands in the URL; behind a foreign address, every server of a version that asks on.
    static func targets(_ url: String, _ source: Node, _ nodes: [Node]) -> Set<String> {
        let lowered = url.lowercased()
        let servers = nodes.filter(isServer)
        let found = servers.filter { node in
            (node.status?.addresses ?? []).contains { address in
                let host = address.address.lowercased()
                return lowered.contains("//\(host):") || lowered.contains("//[\(host)]:")
                    || lowered.hasSuffix("//\(host)")
            }
        }
        if !found.isEmpty { return Set(found.map(\.metadata.name)) }
        guard lowered.contains("://") else { return [] }
        let recursing = [
            "v1.32.2+", "v1.32.3+", "v1.31.6+", "v1.31.7+", "v1.30.10+", "v1.30.11+", "v1.29.14+", "v1.29.15+",
        ]
        return Set(
            servers.filter { node in
                let version = node.status?.nodeInfo?.kubeletVersion ?? ""
                return recursing.contains { version.hasPrefix($0) } && !version.contains("k3s-")
            }.map(\.metadata.name)
        )
    }

    // MARK: Rules 7 and 9

    private func noActOnDoubt(_ before: Snapshot, _ action: Write) -> Violation? {
        if before.staleness != nil { return Violation(rule: 7, text: "acted on information that may be out of date") }
        guard let (_, node) = approved(before, action) else { return nil }
        let text = Self.argumentsText(node)
        return text.hasSuffix("]")
            ? nil : Violation(rule: 7, text: "\(node.metadata.name) approved without its arguments")
    }

    private func onlySelected(_ before: Snapshot, _ action: Write) -> Violation? {
        if !mirror.spec.pauseRequests.isEmpty { return onlyTakenBack(before, action) }
        let name: String
        let object = action.target.key.name
        switch action.purpose {
        case .applyMirrorNode: name = action.mirrorNode?.spec.nodeName ?? ""
        case .acquireDisruption(let holder): name = holder.node
        case .approve:
            guard mirror.spec.mode == .enforce else { return Violation(rule: 9, text: "approved under Observe") }
            name = before.mirrorNodes.first { $0.metadata.name == object }?.spec.nodeName ?? ""
        case .clearMirrorNode, .deleteMirrorNode, .withdrawApproval, .releaseDisruption: return nil
        case .recordSet, .recordSeed, .publishSeed, .withdrawSeed: return nil
        case .applyObject, .deleteObject, .replacePod, .labelPod, .changeObject, .setFinalizers, .forgetHost,
            .recordCall:
            return Violation(rule: 9, text: "touched a workload, of which a distribution has none")
        }
        guard let node = before.nodes.first(where: { $0.metadata.name == name }) else {
            return Violation(rule: 9, text: "touched \(name), which is not there")
        }
        let isOurs =
            mirror.spec.selector.matches(node.metadata.labels) && node.status?.nodeInfo?.operatingSystem == "linux"
        return isOurs ? nil : Violation(rule: 9, text: "touched \(name), which is not selected")
    }

    /// A hold takes back what nobody has claimed, and does nothing else.
    private func onlyTakenBack(_ before: Snapshot, _ action: Write) -> Violation? {
        let holder = before.disruption?.metadata.annotations[AnnotationKey.holderNode]
        let object: MirrorNode?
        switch action.purpose {
        case .withdrawApproval: object = before.mirrorNodes.first { $0.metadata.name == action.target.key.name }
        case .releaseDisruption: object = before.mirrorNodes.first { $0.spec.nodeName == holder }
        default: return Violation(rule: 9, text: "acted while paused")
        }
        let phase = object?.status?.agent?.phase
        let epoch = before.disruption?.spec?.leaseTransitions
        let isEnded =
            (phase == .applied || phase == .failed)
            && before.nodes.first { $0.metadata.name == holder }?.isReady == true
        let isBegun =
            phase != nil && phase != .idle && phase != .refused && object?.status?.agent?.epoch == epoch && !isEnded
        guard object == nil || isBegun else { return nil }
        return Violation(rule: 9, text: "took a step back while paused that was begun")
    }

    // MARK: Reading

    private func approved(_ before: Snapshot, _ action: Write) -> (MirrorNode, Node)? {
        guard case .approve = action.purpose,
            let object = before.mirrorNodes.first(where: { $0.metadata.name == action.target.key.name }),
            let node = before.nodes.first(where: { $0.metadata.name == object.spec.nodeName })
        else { return nil }
        return (object, node)
    }

    static func isServer(_ node: Node) -> Bool {
        node.metadata.labels.keys.contains { $0.hasPrefix("node-role.kubernetes.io/") }
    }

    static func argumentsText(_ node: Node) -> String {
        node.metadata.annotations["rke2.io/node-args"] ?? node.metadata.annotations["k3s.io/node-args"] ?? ""
    }

    /// The value of the last `--server`; nil where there is none, or an empty one.
    static func lastServer(_ text: String) -> String? {
        guard text.hasSuffix("]") else { return nil }
        let words = text.dropFirst().dropLast().split(separator: ",", omittingEmptySubsequences: false)
            .map { $0.dropFirst().dropLast() }
        var value: Substring = ""
        for (index, word) in words.enumerated() {
            if word == "--server" || word == "-s", index + 1 < words.count { value = words[index + 1] }
            if word.hasPrefix("--server=") { value = word.dropFirst(9) }
        }
        return value.isEmpty ? nil : String(value)
    }
}
