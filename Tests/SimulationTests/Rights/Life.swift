import KubectlTesting

/// A course of events in which operator and agents need rights. Together the lives need all that the roles grant.
enum Life: CaseIterable, Sendable {
    /// From a ring to the end of its mirror.
    case fleet
    /// A server that is no server any more when it has its turn.
    case lostServer
    /// A mirror that goes with its definition.
    case lostDefinition
    /// Seeds that announce themselves, of which one falls ill.
    case seeds
    /// Spegel as the operator installs it.
    case spegel

    /// The test that takes each of its rights away in turn.
    var test: String {
        switch self {
        case .fleet: "without a right the life of a fleet is another"
        case .lostServer: "without a right a server that is none any more is taken for one"
        case .lostDefinition: "without a right nothing is put back after a mirror that went with its definition"
        case .seeds: "without a right the life of seeds is another"
        case .spegel: "without a right the life of an installed Spegel is another"
        }
    }

    /// What the roles grant for its sake.
    var needed: [Right] {
        switch self {
        case .fleet: Self.rights(Self.ofFleet)
        case .lostServer: Self.rights(["p2pmirror-operator//nodes": "get"])
        case .lostDefinition: Self.rights(["p2pmirror-agent/apiextensions.k8s.io/customresourcedefinitions": "get"])
        case .seeds: Self.rights(Self.ofSeeds)
        case .spegel: Self.rights(Self.ofSpegel)
        }
    }

    private static let ofFleet: KeyValuePairs<String, String> = [
        "p2pmirror-agent//nodes": "get list",
        "p2pmirror-agent/coordination.k8s.io/leases": "get",
        "p2pmirror-agent/p2pmirror.io/mirrornodes": "get list",
        "p2pmirror-agent/p2pmirror.io/mirrornodes/status": "patch update",
        "p2pmirror-agent/p2pmirror.io/p2pmirrors": "get",
        "p2pmirror-operator//nodes": "list",
        "p2pmirror-operator/coordination.k8s.io/leases": "create get update",
        "p2pmirror-operator/p2pmirror.io/mirrornodes": "create delete get list patch",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors/finalizers": "update",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors": "get list",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors/status": "patch",
    ]

    private static let ofSeeds: KeyValuePairs<String, String> = [
        "p2pmirror-agent-announcements/coordination.k8s.io/leases": "create delete get update",
        "p2pmirror-agent/p2pmirror.io/mirrornodes": "watch",
        "p2pmirror-operator-announcements/coordination.k8s.io/leases": "list watch",
        "p2pmirror-operator-events/events.k8s.io/events": "create patch",
        "p2pmirror-operator-pods//pods": "list watch",
        "p2pmirror-operator//nodes": "patch watch",
        "p2pmirror-operator/p2pmirror.io/mirrornodes": "watch",
        "p2pmirror-operator/p2pmirror.io/mirrornodes/status": "patch",
        "p2pmirror-operator/p2pmirror.io/p2pmirrors": "watch",
    ]

    private static let ofSpegel: KeyValuePairs<String, String> = [
        "p2pmirror-operator-spegel-objects//pods": "delete patch",
        "p2pmirror-operator-spegel-objects//serviceaccounts": "create delete get patch",
        "p2pmirror-operator-spegel-objects//services": "create delete get patch",
        "p2pmirror-operator-spegel-objects/apps/daemonsets": "create delete get patch",
        "p2pmirror-operator-spegel-objects/events.k8s.io/events": "list",
        "p2pmirror-operator-spegel-objects/monitoring.coreos.com/servicemonitors": "create delete get patch",
        "p2pmirror-operator-spegel//pods": "list watch",
        "p2pmirror-operator-spegel//serviceaccounts": "list watch",
        "p2pmirror-operator-spegel//services": "list watch",
        "p2pmirror-operator-spegel/apps/daemonsets": "list watch",
        "p2pmirror-operator-spegel/monitoring.coreos.com/servicemonitors": "list watch",
        "p2pmirror-operator-spegel/p2pmirror.io/p2pmirrors": "patch",
    ]

    private static func rights(_ verbs: KeyValuePairs<String, String>) -> [Right] {
        verbs.flatMap { resource, verbs in
            verbs.split(separator: " ").compactMap { Right("\(resource)/\($0)") }
        }
    }
}
