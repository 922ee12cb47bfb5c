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
    static let builtIn: [APIResource] = [
        namespaces, nodes, pods, leases, events, coreEvents, definitions,
    ]

    static let namespaces = APIResource(
        group: "",
        plural: "namespaces",
        singular: "namespace",
        kind: "Namespace",
        listKind: "NamespaceList",
        shortNames: ["ns"],
        isNamespaced: false,
        versions: [Version(name: "v1", hasStatus: true, columns: [.phase, .age])],
        storage: "namespaces",
        traits: Traits(
            allowsUnconditionalUpdate: true,
            defaults: ["spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]]
        )
    )

    static let nodes = APIResource(
        group: "",
        plural: "nodes",
        singular: "node",
        kind: "Node",
        listKind: "NodeList",
        shortNames: ["no"],
        isNamespaced: false,
        versions: [Version(name: "v1", hasStatus: true)],
        storage: "nodes",
        traits: Traits(
            allowsUnconditionalUpdate: true,
            keepsStatusOnCreate: true,
            fieldLabels: ["spec.unschedulable": ["spec", "unschedulable"]]
        )
    )

    static let pods = APIResource(
        group: "",
        plural: "pods",
        singular: "pod",
        kind: "Pod",
        listKind: "PodList",
        shortNames: ["po"],
        categories: ["all"],
        isNamespaced: true,
        versions: [Version(name: "v1", hasStatus: true)],
        storage: "pods",
        traits: Traits(
            allowsUnconditionalUpdate: true,
            defaults: ["status": ["phase": "Pending"]],
            fieldLabels: [
                "spec.nodeName": ["spec", "nodeName"], "status.phase": ["status", "phase"],
                "spec.restartPolicy": ["spec", "restartPolicy"], "status.podIP": ["status", "podIP"],
                "spec.serviceAccountName": ["spec", "serviceAccountName"],
            ]
        )
    )

    static let leases = APIResource(
        group: "coordination.k8s.io",
        plural: "leases",
        singular: "lease",
        kind: "Lease",
        listKind: "LeaseList",
        isNamespaced: true,
        versions: [Version(name: "v1", schema: .lease, columns: [.holder, .age])],
        storage: "leases",
        traits: Traits(createsOnUpdate: true)
    )

    static let events = APIResource(
        group: "events.k8s.io",
        plural: "events",
        singular: "event",
        kind: "Event",
        listKind: "EventList",
        shortNames: ["ev"],
        isNamespaced: true,
        versions: [Version(name: "v1")],
        storage: "events",
        traits: Traits(
            allowsUnconditionalUpdate: true,
            createsOnUpdate: true,
            fieldLabels: eventLabels("regarding", "reportingController", "reportingController")
        )
    )

    static let coreEvents = APIResource(
        group: "",
        plural: "events",
        singular: "event",
        kind: "Event",
        listKind: "EventList",
        shortNames: ["ev"],
        isNamespaced: true,
        versions: [Version(name: "v1")],
        storage: "events",
        traits: Traits(
            allowsUnconditionalUpdate: true,
            createsOnUpdate: true,
            fieldLabels: eventLabels("involvedObject", "reportingComponent", "reportingComponent")
        )
    )

    static let definitions = APIResource(
        group: "apiextensions.k8s.io",
        plural: "customresourcedefinitions",
        singular: "customresourcedefinition",
        kind: "CustomResourceDefinition",
        listKind: "CustomResourceDefinitionList",
        shortNames: ["crd", "crds"],
        categories: ["api-extensions"],
        isNamespaced: false,
        versions: [Version(name: "v1", schema: .definition, hasStatus: true, columns: [.createdAt])],
        storage: "customresourcedefinitions",
        traits: Traits(hasGeneration: true, takesStrategicPatch: false)
    )

    private static func eventLabels(_ subject: String, _ label: String, _ field: String) -> [String: [String]] {
        var labels = ["reason": ["reason"], "type": ["type"], label: [field]]
        for part in ["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"] {
            labels["\(subject).\(part)"] = [subject, part]
        }
        return labels
    }
}
