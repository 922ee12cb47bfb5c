import KubeCore

/// One kind that the server serves: its names, its versions and how it differs from the others.
struct APIResource: Sendable {
    /// One version of a kind.
    struct Version: Sendable {
        /// Name, such as `v1alpha1`.
        var name: String
        /// Whether requests in this version are answered.
        var isServed = true
        /// Whether objects are stored in this version.
        var isStorage = true
        /// The shape of objects; nil where any shape is stored.
        var schema: Schema?
        /// Whether there is a status subresource.
        var hasStatus = false
        /// Columns of tables.
        var columns: [PrinterColumn] = []
    }

    /// How the strategies of the real server differ between kinds.
    struct Traits: Sendable {
        /// Whether `metadata.generation` counts changes of the specification.
        var hasGeneration = false
        /// Whether a replacement without a resource version is carried out.
        var allowsUnconditionalUpdate = false
        /// Whether a replacement of an object that is not there creates it.
        var createsOnUpdate = false
        /// Whether a new object keeps the status that it is sent with.
        var keepsStatusOnCreate = false
        /// What a new object has beside what it is sent with.
        var defaults: JSONValue = [:]
        /// Whether strategic merge patches are taken where they equal merge patches.
        var takesStrategicPatch = true
        /// Field labels beside name and namespace, and where they are found.
        var fieldLabels: [String: [String]] = [:]
        /// Whether changes of status may change metadata as well.
        var statusWritesMetadata = true
    }

    /// API group; empty for the core group.
    var group: String
    /// Plural name.
    var plural: String
    /// Singular name.
    var singular: String
    /// Kind.
    var kind: String
    /// Kind of lists.
    var listKind: String
    /// Short names.
    var shortNames: [String] = []
    /// Categories, such as `all`.
    var categories: [String] = []
    /// Whether objects live in a namespace.
    var isNamespaced: Bool
    /// Versions, most important first.
    var versions: [Version]
    /// Where objects are kept; Events of both groups are the same ones.
    var storage: String
    /// Whether the kind comes from a CustomResourceDefinition.
    var isCustom = false
    /// How it differs from others.
    var traits = Traits()
    /// The revision since which the schema is this one; objects stored before are defaulted when they are read.
    var schemaRevision: UInt64 = 0

    var id: ID { ID(group: group, plural: plural) }

    /// Names a kind among all kinds.
    struct ID: Hashable, Sendable, Comparable {
        var group: String
        var plural: String

        static func < (left: ID, right: ID) -> Bool { (left.group, left.plural) < (right.group, right.plural) }
    }

    func version(_ name: String) -> Version? { versions.first { $0.name == name && $0.isServed } }

    func apiVersion(_ version: String) -> String { group.isEmpty ? version : "\(group)/\(version)" }
}

extension APIResource {
    /// The kinds that need no CustomResourceDefinition.
    static let builtIn: [APIResource] =
        [
            namespaces, nodes, pods, services, serviceAccounts, configMaps, daemonSets, statefulSets, networkPolicies,
            disruptionBudgets, leases, events, coreEvents, definitions,
        ] + access

    static let namespaces = builtIn(
        "namespaces",
        "Namespace",
        shortNames: ["ns"],
        isNamespaced: false,
        Version(name: "v1", hasStatus: true, columns: [.phase, .age]),
        Traits(
            allowsUnconditionalUpdate: true,
            defaults: ["spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]]
        )
    )

    static let nodes = builtIn(
        "nodes",
        "Node",
        shortNames: ["no"],
        isNamespaced: false,
        Version(name: "v1", hasStatus: true),
        Traits(
            allowsUnconditionalUpdate: true,
            keepsStatusOnCreate: true,
            fieldLabels: ["spec.unschedulable": ["spec", "unschedulable"]]
        )
    )

    static let pods = builtIn(
        "pods",
        "Pod",
        shortNames: ["po"],
        categories: ["all"],
        Version(name: "v1", schema: .pod, hasStatus: true),
        Traits(
            allowsUnconditionalUpdate: true,
            defaults: ["status": ["phase": "Pending"]],
            fieldLabels: [
                "spec.nodeName": ["spec", "nodeName"], "status.phase": ["status", "phase"],
                "spec.restartPolicy": ["spec", "restartPolicy"], "status.podIP": ["status", "podIP"],
                "spec.serviceAccountName": ["spec", "serviceAccountName"],
            ]
        )
    )

    static let services = builtIn(
        "services",
        "Service",
        shortNames: ["svc"],
        categories: ["all"],
        Version(name: "v1", schema: .service, hasStatus: true),
        Traits(allowsUnconditionalUpdate: true, defaults: ["status": ["loadBalancer": [:]]])
    )

    static let serviceAccounts = builtIn(
        "serviceaccounts",
        "ServiceAccount",
        shortNames: ["sa"],
        Version(name: "v1", schema: .serviceAccount),
        Traits(allowsUnconditionalUpdate: true)
    )

    static let daemonSets = builtIn(
        group: "apps",
        "daemonsets",
        "DaemonSet",
        shortNames: ["ds"],
        categories: ["all"],
        Version(name: "v1", schema: .daemonSet, hasStatus: true),
        Traits(
            hasGeneration: true,
            allowsUnconditionalUpdate: true,
            defaults: [
                "status": [
                    "currentNumberScheduled": 0, "desiredNumberScheduled": 0, "numberMisscheduled": 0, "numberReady": 0,
                ]
            ]
        )
    )

    static let leases = builtIn(
        group: "coordination.k8s.io",
        "leases",
        "Lease",
        Version(name: "v1", schema: .lease, columns: [.holder, .age]),
        Traits(createsOnUpdate: true)
    )

    static let events = events(group: "events.k8s.io", subject: "regarding", label: "reportingController")
    static let coreEvents = events(group: "", subject: "involvedObject", label: "reportingComponent")

    static let definitions = builtIn(
        group: "apiextensions.k8s.io",
        "customresourcedefinitions",
        "CustomResourceDefinition",
        shortNames: ["crd", "crds"],
        categories: ["api-extensions"],
        isNamespaced: false,
        Version(name: "v1", schema: .definition, hasStatus: true, columns: [.createdAt]),
        Traits(hasGeneration: true, takesStrategicPatch: false)
    )

    /// Roles and bindings, by which requests of service accounts are judged.
    private static let access = [
        access("roles", "Role"), access("rolebindings", "RoleBinding"),
        access("clusterroles", "ClusterRole", isNamespaced: false),
        access("clusterrolebindings", "ClusterRoleBinding", isNamespaced: false),
    ]

    private static func access(_ plural: String, _ kind: String, isNamespaced: Bool = true) -> APIResource {
        let traits = Traits(allowsUnconditionalUpdate: true)
        let group = "rbac.authorization.k8s.io"
        return builtIn(group: group, plural, kind, isNamespaced: isNamespaced, Version(name: "v1"), traits)
    }

    static func builtIn(
        group: String = "",
        _ plural: String,
        _ kind: String,
        shortNames: [String] = [],
        categories: [String] = [],
        isNamespaced: Bool = true,
        _ version: Version,
        _ traits: Traits
    ) -> APIResource {
        APIResource(
            group: group,
            plural: plural,
            singular: kind.lowercased(),
            kind: kind,
            listKind: "\(kind)List",
            shortNames: shortNames,
            categories: categories,
            isNamespaced: isNamespaced,
            versions: [version],
            storage: plural,
            traits: traits
        )
    }

    /// Events, whose two groups name the object that they are about and the one that reports it in words of their own.
    private static func events(group: String, subject: String, label: String) -> APIResource {
        var labels = ["reason": ["reason"], "type": ["type"], label: [label]]
        for part in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            labels["\(subject).\(part)"] = [subject, part]
        }
        return builtIn(
            group: group,
            "events",
            "Event",
            shortNames: ["ev"],
            Version(name: "v1"),
            Traits(allowsUnconditionalUpdate: true, createsOnUpdate: true, fieldLabels: labels)
        )
    }
}
