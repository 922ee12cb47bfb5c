package import KubeCore
package import MirrorAPI

/// What the planner knows of one node of RKE2 or K3s.
package struct RancherNode: Hashable, Sendable {
    package var name: String
    package var uid: String
    package var created: Timestamp?
    package var role: NodeRole
    /// Nil where the kubelet's version is not one of the distributions.
    package var version: DistributionVersion?
    /// Nil where the annotations tell nothing; `unreadable` then says why.
    package var arguments: NodeArguments?
    package var unreadable: NodeArguments.Unreadable?
    /// The running `server:`, taken apart; nil where none is set or it is no URL.
    package var server: ServerURL?
    package var isReady: Bool
    /// Since when it has not been Ready; nil where it is, or where that is not known.
    package var awaySince: Timestamp?
    /// Label `topology.kubernetes.io/zone`.
    package var zone: String?
    package var isCordoned: Bool
    package var isDeleting: Bool
    package var hasControlPlaneRole: Bool
    package var hasEtcdRole: Bool
    /// Condition `EtcdIsVoter`; nil where the node doesn't report it.
    package var isVoter: Bool?
    /// The administrator's word why it must not be a root; nil where it may.
    package var exclusion: String?
    /// Who else writes its configuration; nil where nobody is known to.
    package var manager: String?
    /// Whether the mirror whose fleet it is in has it as a seed.
    package var isSeed = false
    package var internalIP: String?
    /// Hosts that lead to it, in normal form.
    package var hosts: [String]

    /// - Parameters:
    ///   - readsConfiguration: whether version and arguments are read, too; else they are nil.
    ///   - readsManager: whether the manager is, and the version; else they are nil.
    package init(
        node: Node,
        distribution: RancherDistribution,
        readsConfiguration: Bool = true,
        readsManager: Bool = true
    ) {
        let metadata = node.metadata
        name = metadata.name
        uid = metadata.uid ?? ""
        created = metadata.creationTimestamp
        hasControlPlaneRole = Self.controlPlaneLabels.contains { metadata.labels[$0] != nil }
        hasEtcdRole = metadata.labels[Self.etcdLabel] != nil
        role = hasControlPlaneRole || hasEtcdRole ? .server : .agent
        isReady = node.isReady
        awaySince = isReady ? nil : node.condition("Ready")?.lastTransitionTime
        zone = metadata.labels["topology.kubernetes.io/zone"]
        isCordoned = node.isCordoned
        isDeleting = metadata.deletionTimestamp != nil
        isVoter = node.condition("EtcdIsVoter").map { $0.status == "True" }
        exclusion = metadata.annotations[AnnotationKey.exclude]
        internalIP = node.addresses("InternalIP").first
        // Only servers are looked up by address.
        hosts = role == .server ? Self.hosts(of: node, distribution) : []
        if readsManager { manager = Self.manager(metadata) }
        if readsManager || readsConfiguration {
            version = DistributionVersion(node.status?.nodeInfo?.kubeletVersion ?? "")
        }
        guard readsConfiguration else { return }
        do throws(NodeArguments.Unreadable) {
            let arguments = try NodeArguments(annotations: metadata.annotations, distribution: distribution)
            self.arguments = arguments
            server = arguments.server.flatMap { ServerURL($0, distribution: distribution) }
        } catch {
            unreadable = error
        }
    }

    /// Whether the node can belong to a mirror of that distribution at all.
    package static func belongs(_ node: Node, to distribution: RancherDistribution) -> Bool {
        guard let info = node.status?.nodeInfo, info.operatingSystem != "windows",
            node.metadata.labels["kubernetes.io/os"] != "windows",
            let plus = info.kubeletVersion.utf8.firstIndex(of: UInt8(ascii: "+"))
        else { return false }
        return info.kubeletVersion[info.kubeletVersion.utf8.index(after: plus)...].hasPrefix(distribution.versionSuffix)
    }

    /// Whether the node runs a part of the control plane, of whichever distribution.
    package static func isServer(_ node: Node) -> Bool {
        node.metadata.labels[etcdLabel] != nil || controlPlaneLabels.contains { node.metadata.labels[$0] != nil }
    }

    /// The running `server:`; nil where none is set or it is not known.
    package var effectiveServer: String? { arguments?.server }

    package var isEtcdMember: Bool { (hasEtcdRole || isVoter != nil) && arguments?.disablesEtcd != true }

    /// Whether a step there can be proven at its end: a member of etcd must have its vote then, so it must have it
    /// before.
    package var canProveItsVote: Bool { !isEtcdMember || isVoter == true }

    /// As messages name the running `server:`; a value that is no URL is not repeated.
    package var serverText: String {
        guard let arguments else { return "unknown" }
        guard arguments.server != nil else { return "no server" }
        return server?.description ?? "a server that is no URL"
    }

    private static let etcdLabel = "node-role.kubernetes.io/etcd"
    private static let controlPlaneLabels = ["node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master"]

    /// Rancher provisions by Cluster API, so that its nodes carry the marks of both: label `rke.cattle.io/machine`, and
    /// annotations that Cluster API's machine controller sets (`cluster.x-k8s.io/machine`, `/owner-name`,
    /// `/cluster-name`; kubernetes-sigs/cluster-api `api/core/v1beta1/machine_types.go`).
    static func manager(_ metadata: ObjectMeta) -> String? {
        let prefix = "rke.cattle.io/"
        let isRancher =
            metadata.labels.keys.contains { $0.hasPrefix(prefix) }
            || metadata.annotations.keys.contains { $0.hasPrefix(prefix) }
        if isRancher { return "Rancher" }
        return clusterAPIAnnotations.contains { metadata.annotations[$0] != nil } ? "Cluster API" : nil
    }

    private static let clusterAPIAnnotations = [
        "cluster.x-k8s.io/machine", "cluster.x-k8s.io/owner-name", "cluster.x-k8s.io/cluster-name",
    ]

    private static func hosts(of node: Node, _ distribution: RancherDistribution) -> [String] {
        var hosts = (node.status?.addresses ?? []).map { ServerURL.normalizedHost($0.address) }
        if let name = node.metadata.annotations[distribution.hostnameAnnotation] {
            hosts.append(ServerURL.normalizedHost(name))
        }
        return hosts
    }
}

extension RancherNode {
    /// Why `server:` must not be emptied there; nil where it may.
    ///
    /// A server without its own etcd member needs the URL to find one; with an emptied URL, RKE2 takes another
    /// datastore for `disable-etcd`, and a server whose etcd data is gone founds a cluster of its own (k3s
    /// `pkg/cluster/cluster.go`, `pkg/cluster/bootstrap.go`; rke2 `pkg/rke2/rke2_linux.go`).
    package var guardListReason: String? {
        guard let arguments else { return "its configuration is not known" }
        if role == .agent { return "it is an agent" }
        if arguments.disablesEtcd { return "it runs with disable-etcd" }
        if arguments.disablesAPIServer { return "it runs with disable-apiserver" }
        if arguments.usesExternalDatastore { return "it uses an external datastore" }
        switch isVoter {
        case true?: return nil
        case false?: return "its etcd member has no vote (EtcdIsVoter is False)"
        case nil: return "it does not report EtcdIsVoter"
        }
    }
}
