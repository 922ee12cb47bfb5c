package import KubeCore
package import MirrorAPI

/// Names and labels of the objects of Spegel: our own, and those of the upstream chart (spegel
/// `charts/spegel/templates/_helpers.tpl`), which have the labels of the application and of the release in common.
package struct SpegelNames: Hashable, Sendable {
    package static let nameLabel = "app.kubernetes.io/name"
    package static let instanceLabel = "app.kubernetes.io/instance"
    package static let componentLabel = "app.kubernetes.io/component"
    package static let managedByLabel = "app.kubernetes.io/managed-by"
    /// Value of `nameLabel`, and of `componentLabel` on DaemonSet and pods.
    package static let application = "spegel"
    /// Value of `componentLabel` on what puts containerd's files back.
    package static let cleanUpComponent = "cleanup"
    /// What all objects of all mirrors and releases are found by.
    package static let query = "\(nameLabel)=\(application)"

    package let mirror: String
    package let namespace: String
    /// Name of the DaemonSet and of the other objects, whose names begin with it.
    package let base: String

    package init(_ mirror: P2PMirror) {
        self.mirror = mirror.metadata.name
        namespace = mirror.spec.effectiveNamespace
        // The longest ending is -bootstrap, and the name of a Service has at most 63 characters.
        base = Names.shortened("\(mirror.metadata.name)-spegel", to: 53)
    }

    package var registryService: String { "\(base)-registry" }
    package var bootstrapService: String { "\(base)-bootstrap" }
    package var cleanUp: String { "\(base)-cleanup" }

    /// On every object of ours.
    package var labels: [String: String] {
        [
            Self.nameLabel: Self.application, Self.instanceLabel: Names.labelValue(mirror),
            Self.managedByLabel: "p2pmirror", LabelKey.mirror: Names.labelValue(mirror),
        ]
    }

    /// What a mirror's pods are found by; it can never be changed in a DaemonSet.
    package var selector: [String: String] {
        [
            Self.nameLabel: Self.application, Self.instanceLabel: Names.labelValue(mirror),
            Self.componentLabel: Self.application, LabelKey.mirror: Names.labelValue(mirror),
        ]
    }

    package var cleanUpSelector: [String: String] {
        selector.merging([Self.componentLabel: Self.cleanUpComponent]) { $1 }
    }

    /// Whether an object carries the mark of this mirror.
    package func owns(_ metadata: ObjectMeta) -> Bool {
        metadata.labels[LabelKey.mirror] == Names.labelValue(mirror)
            && metadata.labels[Self.managedByLabel] == "p2pmirror"
    }
}
