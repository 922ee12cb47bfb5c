import KubeCore
package import MirrorAPI

/// Whether a mirror may act at all: its specification is right, and no older mirror has its servers.
package enum Acceptance {
    /// What is wrong with a mirror's specification: the rules of the schema and those beyond it.
    package static func validate(_ mirror: P2PMirror) -> [FieldViolation] {
        mirror.spec.violations(name: mirror.metadata.name)
    }

    /// Why the mirror is not accepted; nil where it is.
    package static func refusal(
        of mirror: P2PMirror,
        in snapshot: Snapshot,
        validator: (P2PMirror) -> [FieldViolation] = Acceptance.validate
    ) -> Verdict? {
        if let verdict = violation(of: mirror, validator) { return verdict }
        let rivals = snapshot.mirrors
            .filter { $0.spec.provider == mirror.spec.provider && $0.metadata.name != mirror.metadata.name }
            .filter { isOlder($0, than: mirror) && violation(of: $0, validator) == nil }
            .sorted { isOlder($0, than: $1) }
        guard !rivals.isEmpty else { return nil }
        let claimable = snapshot.nodes.filter { isClaimable($0, by: mirror.spec.provider) }
            .sorted { $0.metadata.name < $1.metadata.name }
        // A mirror that is refused itself claims nothing, so they are gone through from the oldest on.
        var owners: [String: String] = [:]
        for rival in rivals + [mirror] {
            let claimed = claimable.filter { rival.spec.selector.matches($0.metadata.labels) }.map(\.metadata.name)
            if let taken = claimed.first(where: { owners[$0] != nil }), let owner = owners[taken] {
                guard rival.metadata.name == mirror.metadata.name else { continue }
                return Verdict(
                    .conflict,
                    "\(taken) already belongs to the mirror \(owner), which is older: give the two selectors that do "
                        + "not overlap, or delete one of them"
                )
            }
            for node in claimed { owners[node] = rival.metadata.name }
        }
        return nil
    }

    /// Whether a mirror of that provider that selects the node has it for itself: a server of its distribution; with
    /// Spegel every node, whose containerd and ports only one Spegel can have.
    private static func isClaimable(_ node: Node, by provider: Provider) -> Bool {
        guard let distribution = RancherDistribution(provider) else { return SpegelFleet.runsLinux(node) }
        return RancherNode.belongs(node, to: distribution) && RancherNode.isServer(node)
    }

    private static func violation(of mirror: P2PMirror, _ validator: (P2PMirror) -> [FieldViolation]) -> Verdict? {
        let violations = validator(mirror)
        guard !violations.isEmpty else { return nil }
        return Verdict(.invalidSpec, violations.map { "\($0.path): \($0.message)" }.joined(separator: "; "))
    }

    /// By creation, then by name; one that the server has not stored yet is the youngest.
    static func isOlder(_ first: P2PMirror, than second: P2PMirror) -> Bool {
        let left = first.metadata.creationTimestamp?.seconds ?? .max
        let right = second.metadata.creationTimestamp?.seconds ?? .max
        return (left, first.metadata.name) < (right, second.metadata.name)
    }
}
