import KubeCore
import MirrorAPI

extension Fleet {
    /// UIDs of the selected nodes, by name.
    var selectedUIDs: [String: String] {
        var selected: [String: String] = [:]
        selected.reserveCapacity(selectedCount)
        for server in selectedServers { selected[servers[server].name] = servers[server].uid }
        for agent in agents { selected[agent.name] = agent.uid }
        return selected
    }

    /// Whether what the mirror selects now may be a mistake.
    func selectionCheck(_ leftovers: Leftovers, _ snapshot: Snapshot) -> SelectionCheck {
        let recorded = mirror.status?.topology
        let root = recorded.flatMap { recorded in
            RootElection.root(recorded, self).flatMap { isSelected[$0] ? nil : servers[$0].name }
        }
        return SelectionCheck(mirror, leftovers, root: root, seeds: seedChange(leftovers, snapshot))
    }

    /// Selected nodes that are on record as seeds, and are none any more.
    private func seedChange(_ leftovers: Leftovers, _ snapshot: Snapshot) -> SelectionCheck.Change? {
        let name = mirror.metadata.name
        let recorded = mirrorNodes.filter { $0.spec.mirrorName == name && $0.spec.announceIntervalSeconds != nil }
        guard !recorded.isEmpty else { return nil }
        let present = Set(seeds.map { snapshot.nodes[$0.number].metadata.name })
        let gone = Set(leftovers.all.map(\.object.spec.nodeName))
        let selected = recorded.map(\.spec.nodeName).filter { !gone.contains($0) }
        return SelectionCheck.Change(leaving: selected.filter { !present.contains($0) }.sorted(), of: selected.count)
    }
}
