import KubeCore
import MirrorAPI

/// The changes with their reasons and sentences.
struct ChangeWriter {
    let fleet: Fleet
    let wishes: NodeWishes
    let rewrite: ShapeRewrite?
    /// For each server the first abandoned one on its way.
    private let abandonedAbove: [Int?]

    init(_ fleet: Fleet, _ graph: TopologyGraph, _ wishes: NodeWishes, _ rewrite: ShapeRewrite?) {
        self.fleet = fleet
        self.wishes = wishes
        self.rewrite = rewrite
        abandonedAbove = fleet.isAbandoned.contains(true) ? graph.firstOnTheWay(fleet.isAbandoned) : []
    }

    /// A change of an edge, with what else a restart of that server puts in force.
    func edge(_ step: ChangeOrder.Step) -> Change {
        let node = fleet.servers[step.server]
        let wish = wishes.wish(for: node, number: step.server)
        var change = Change(
            server: step.server,
            node: node.name,
            desired: wish.desired ?? MirrorNodeSpec.Desired(),
            parts: wish.lacking,
            leaves: abandonedAbove.isEmpty ? nil : abandonedAbove[step.server],
            reason: .joinsRoot,
            message: ""
        )
        let (reason, what) = describe(step.server, node, change)
        let cycle = step.cycle.map { ", which breaks the cycle \(text(of: $0))" } ?? ""
        change.reason = step.cycle != nil ? .breaksCycle : reason
        change.message = what + cycle + also(change)
        return change
    }

    /// A change of other settings only; nil where nothing is lacking.
    func settings(_ node: RancherNode, number: Int?, _ wish: NodeWishes.Wish) -> Change? {
        guard let desired = wish.desired, let part = wish.lacking.first else { return nil }
        var change = Change(
            server: number,
            node: node.name,
            desired: desired,
            parts: wish.lacking,
            leaves: nil,
            reason: part == .registries ? .addsRegistries : .setsDebug,
            message: ""
        )
        let texts = wish.lacking.compactMap { text(of: $0, node, desired) }
        change.message = "\(node.name): \(texts.joined(separator: ", and "))"
        return change
    }

    // MARK: Sentences

    private func describe(_ server: Int, _ node: RancherNode, _ change: Change) -> (Reason, String) {
        let leaving = change.leaves.map { number in
            let name = fleet.servers[number].name
            return fleet.servers[number].awaySince.map { " in place of \(name), which has been away since \($0)" }
                ?? " in place of \(name), which is away"
        }
        guard let rewrite, server != rewrite.root else {
            let what =
                "\(node.name) becomes the root\(leaving ?? ""): its `server:` (now \(node.serverText)) is emptied"
            return (leaving == nil ? .becomesRoot : .replacesRoot, what)
        }
        let root = fleet.servers[rewrite.root].name
        let parent = rewrite.parents[server] ?? rewrite.root
        let url = change.desired.server?.url ?? "nothing"
        let change = ": its `server:` changes from \(node.serverText) to \(url)"
        if rewrite.registration != nil {
            return (.joinsAddress, "\(node.name) is pointed at the registration address\(change)")
        }
        if parent == rewrite.root {
            return (.joinsRoot, "\(node.name) is pointed at the root \(root)\(leaving ?? "")\(change)")
        }
        let name = fleet.servers[parent].name
        return (.joinsParent, "\(node.name) is pointed at \(name), below the root \(root)\(leaving ?? "")\(change)")
    }

    private func also(_ change: Change) -> String {
        guard let number = change.server else { return "" }
        let texts = change.parts.compactMap { text(of: $0, fleet.servers[number], change.desired) }
        return texts.isEmpty ? "" : "; the same restart: \(texts.joined(separator: ", and "))"
    }

    private func text(of part: Change.Part, _ node: RancherNode, _ desired: MirrorNodeSpec.Desired) -> String? {
        switch part {
        case .server: return nil
        case .registries:
            let object = fleet.mirrorNode(of: node)
            let host = object?.status?.agent?.host?.registries ?? []
            let missing = Sentences.list(fleet.lacks(desired.registries ?? [], host, node, object))
            let wildcard = host.first(where: RegistriesFile.isWildcard)
            let remark = wildcard.flatMap { name in
                node.version?.firstWithWildcards.map { " (`\(name)` does nothing before \($0))" }
            }
            return "\(missing) is added to its registries\(remark ?? "")"
        case .debug:
            guard desired.debug == true else { return "its service logs at the level debug no longer" }
            let end = fleet.mirror.spec.rancher.debugUntil.map { " until \($0)" } ?? ""
            return "its service logs at the level debug\(end)"
        }
    }

    private func text(of path: [Int]) -> String {
        let names = path.prefix(8).map { fleet.servers[$0].name }
        let rest = path.count > 8 ? " -> ... (\(path.count) servers)" : ""
        return "\(names.joined(separator: " -> "))\(rest) -> \(names.first ?? "")"
    }
}
