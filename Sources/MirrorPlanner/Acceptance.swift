import KubeCore
package import MirrorAPI

/// Whether a mirror may act at all: its specification is valid, and no older mirror has its servers.
package enum Acceptance {
    /// What is wrong with a mirror's specification: the rules of the schema and those beyond it.
    package static func validate(_ mirror: P2PMirror) -> [FieldViolation] {
        mirror.spec.violations(name: mirror.metadata.name)
            + mirror.spec.selector.violations(at: "spec.selector")
            + (mirror.spec.candidates.selector?.violations(at: "spec.candidates.selector") ?? [])
    }

    /// Why the mirror is not accepted; nil where it is.
    package static func refusal(
        of mirror: P2PMirror,
        in snapshot: Snapshot,
        _ rules: any ProviderRules,
        validator: (P2PMirror) -> [FieldViolation] = Acceptance.validate
    ) -> Verdict? {
        if let verdict = violation(of: mirror, validator) { return verdict }
        let rivals = snapshot.mirrors
            .filter { $0.spec.provider == mirror.spec.provider && $0.metadata.name != mirror.metadata.name }
            .filter { isOlder($0, than: mirror) && violation(of: $0, validator) == nil }
            .sorted { isOlder($0, than: $1) }
        guard !rivals.isEmpty else { return nil }
        let claimable = snapshot.nodes.filter { rules.claims($0) }
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

extension LabelSelector {
    /// Keys that no label can have. The schema cannot say it: keys of a map have no form there, and the cost of a rule
    /// over them has no bound.
    fileprivate func violations(at path: String) -> [FieldViolation] {
        let labels = (matchLabels ?? [:]).keys.sorted().filter { !Self.isKey($0) }.map { key in
            FieldViolation(path: "\(path).matchLabels", message: "the key \(Self.quoted(key)) must be \(Self.meaning)")
        }
        // What the schema says of the key of a requirement it has said already.
        let requirements = (matchExpressions ?? []).enumerated().filter { _, one in
            TextForm.labelKey.matches(one.key) && !Self.isKey(one.key)
        }
        return labels
            + requirements.map { number, one in
                FieldViolation(
                    path: "\(path).matchExpressions[\(number)].key",
                    message: "\(Self.quoted(one.key)) must be \(Self.meaning)"
                )
            }
    }

    private static let meaning =
        "a label's key: at most 63 letters, digits, hyphens, underscores and dots, behind a DNS name of at most 253 "
        + "characters and a slash where it has one (such as topology.kubernetes.io/zone)"

    private static func quoted(_ key: String) -> String { "\"\(key.prefix(80))\"" }

    /// As `IsQualifiedName` has it (kubernetes/apimachinery, pkg/util/validation/validation.go).
    private static func isKey(_ key: String) -> Bool {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let name = parts.last, (1...63).contains(name.utf8.count),
            TextForm.labelKey.matches(String(name))
        else { return false }
        guard parts.count == 2 else { return true }
        return (1...253).contains(parts[0].utf8.count) && TextForm.dnsSubdomain.matches(String(parts[0]))
    }
}
