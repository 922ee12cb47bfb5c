package import MirrorAPI

/// What stands between the configuration files and the process: a key that the program does not know is left out with a
/// warning in the log, and never becomes an argument (k3s `pkg/configfilearg/parser.go`, `stripInvalidFlags`).
///
/// Which keys it knows is a matter of the distribution, the role and the version. RKE2 takes over some flags of K3s and
/// drops others (rke2 `pkg/cli/cmds/server.go`, `agent.go`: `dropFlag`), adds its own (`root.go`), and filters for both
/// roles. K3s filters for servers alone (`pkg/configfilearg/defaultparser.go`, `ValidFlags` has no "agent"): there an
/// unknown key on an agent reaches the program, which then does not start. The tables hold the flags of the releases
/// 1.24 to 1.36, as the tags of rancher/rke2 have them; RKE2 does not compile without a word on each flag of K3s, so
/// that they are complete for both.
package struct ConfigurationFilter: Hashable, Sendable {
    /// What becomes of a key.
    package enum Fate: Hashable, Sendable {
        /// It becomes an argument.
        case passed
        /// It is left out: a file may hold it for ever, and no restart changes anything.
        case dropped
        /// A release newer than the tables may know it.
        case unknown
    }

    private let distribution: RancherDistribution
    private let role: NodeRole
    private let version: DistributionVersion?

    /// - Parameter version: nil where it can't be told.
    package init(distribution: RancherDistribution, role: NodeRole, version: DistributionVersion?) {
        self.distribution = distribution
        self.role = role
        self.version = version
    }

    package func fate(of key: String) -> Fate {
        let isRKE2 = distribution.program == RancherDistribution.rke2.program
        guard isRKE2 || role == .server else { return .passed }
        let name = Self.aliases[key] ?? key
        if isRKE2, FlagTable.droppedByRKE2.contains(name) { return .dropped }
        let known = role == .server ? FlagTable.servers : FlagTable.agents
        if known.contains(name) || (isRKE2 && isOwn(name)) {
            guard let version, let first = FlagTable.since[name] else { return .passed }
            return version.major == 1 && version.minor < first ? .dropped : .passed
        }
        guard let version, version.major == 1, version.minor <= FlagTable.newest else { return .unknown }
        guard let last = FlagTable.retired[name] else { return .dropped }
        return version.minor <= last ? .passed : .dropped
    }

    /// Whether RKE2 has a flag of that name beside those of K3s.
    private func isOwn(_ name: String) -> Bool {
        if FlagTable.own.contains(name) { return true }
        if FlagTable.components.contains(where: { name == "\($0)-extra-mount" || name == "\($0)-extra-env" }) {
            return true
        }
        return role == .server ? FlagTable.ownOfServers.contains(name) : FlagTable.ownOfAgents.contains(name)
    }

    /// Short names that the flags have beside their long ones.
    private static let aliases = [
        "t": "token", "s": "server", "d": "data-dir", "o": "write-kubeconfig", "i": "node-ip", "c": "config",
    ]
}

/// The flags, by their long names.
private enum FlagTable {
    /// The last minor version of Kubernetes that the tables know.
    static let newest = 36

    /// Of servers and agents of K3s alike.
    private static let common = words(
        """
        airgap-extra-registry alsologtostderr bind-address config container-runtime-endpoint data-dir debug
        default-runtime disable-default-registry-endpoint docker enable-pprof flannel-cni-conf flannel-conf
        flannel-iface image-credential-provider-bin-dir image-credential-provider-config image-service-endpoint
        kube-proxy-arg kubelet-arg lb-server-port log node-external-dns node-external-ip node-internal-dns node-ip
        node-label node-name node-taint nonroot-devices pause-image prefer-bundled-bin private-registry
        protect-kernel-defaults resolv-conf rootless selinux server snapshotter token token-file v vmodule vpn-auth
        vpn-auth-file with-node-id
        """
    )

    static let agents = common.union(["disable-apiserver-lb"])

    static let servers = common.union(
        words(
            """
            advertise-address advertise-port agent-token agent-token-file apiserver-bind-address apiserver-port
            cluster-cidr cluster-dns cluster-domain cluster-init cluster-reset cluster-reset-restore-path
            datastore-cafile datastore-certfile datastore-endpoint datastore-keyfile default-local-storage-path disable
            disable-agent disable-apiserver disable-cloud-controller disable-controller-manager disable-etcd
            disable-helm-controller disable-kube-proxy disable-network-policy disable-scheduler egress-selector-mode
            embedded-registry etcd-arg etcd-disable-snapshots etcd-expose-metrics etcd-s3 etcd-s3-access-key
            etcd-s3-bucket etcd-s3-bucket-lookup-type etcd-s3-config-secret etcd-s3-endpoint etcd-s3-endpoint-ca
            etcd-s3-folder etcd-s3-insecure etcd-s3-proxy etcd-s3-region etcd-s3-retention etcd-s3-secret-key
            etcd-s3-session-token etcd-s3-skip-ssl-verify etcd-s3-timeout etcd-snapshot-compress etcd-snapshot-dir
            etcd-snapshot-name etcd-snapshot-reconcile-interval etcd-snapshot-retention etcd-snapshot-schedule-cron
            flannel-backend flannel-external-ip flannel-ipv6-masq helm-controller-arg helm-job-image https-listen-port
            kine-tls kube-apiserver-arg kube-cloud-controller-arg kube-cloud-controller-manager-arg kube-controller-arg
            kube-controller-manager-arg kube-scheduler-arg secrets-encryption secrets-encryption-provider service-cidr
            service-node-port-range servicelb-namespace supervisor-metrics supervisor-port system-default-registry
            tls-san tls-san-security write-kubeconfig write-kubeconfig-group write-kubeconfig-mode write-kubeconfig-name
            """
        )
    )

    /// Flags of K3s that RKE2 drops in every release. Those that it took over at some time are not among them.
    static let droppedByRKE2 = words(
        """
        advertise-port apiserver-bind-address apiserver-port cluster-init cluster-secret default-local-storage-path
        disable-apiserver-lb disable-helm-controller disable-network-policy disable-selinux docker flannel-backend
        flannel-cni-conf flannel-conf flannel-external-ip flannel-iface flannel-ipv6-masq https-listen-port
        image-service-endpoint kine-tls kube-cloud-controller-arg kube-controller-arg no-deploy no-flannel
        prefer-bundled-bin rootless supervisor-port vpn-auth vpn-auth-file
        """
    )

    /// Flags that RKE2 has beside those of K3s, on servers and agents alike. `pause-image` replaces that of K3s.
    static let own = words(
        """
        audit-policy-file cloud-controller-manager-image cloud-provider-config cloud-provider-name
        control-plane-probe-configuration control-plane-resource-limits control-plane-resource-requests etcd-image
        kube-apiserver-image kube-controller-manager-image kube-proxy-image kube-scheduler-image kubelet-path
        node-name-from-cloud-provider-metadata pause-image pod-security-admission-config-file profile runtime-image
        """
    )

    static let ownOfServers = words("cni enable-servicelb ingress-controller prime")
    static let ownOfAgents = words("system-default-registry")

    /// Components with flags for mounts and variables.
    static let components = [
        "kube-apiserver", "kube-scheduler", "kube-controller-manager", "kube-proxy", "etcd", "cloud-controller-manager",
    ]

    /// The minor version in whose releases a flag first appears.
    static let since = [
        "supervisor-metrics": 27, "write-kubeconfig-group": 27, "etcd-s3-config-secret": 27, "etcd-s3-proxy": 27,
        "kine-tls": 27, "node-external-dns": 29, "node-internal-dns": 29, "nonroot-devices": 29,
        "etcd-s3-session-token": 29, "etcd-snapshot-reconcile-interval": 29, "etcd-s3-bucket-lookup-type": 30,
        "secrets-encryption-provider": 30, "etcd-s3-retention": 31, "ingress-controller": 31, "prime": 32,
        "helm-controller-arg": 33,
    ]

    /// Flags of servers that are gone, with the last minor version that may know them.
    static let retired = [
        "cluster-secret": 25, "disable-selinux": 25, "no-deploy": 25, "no-flannel": 25, "multi-cluster-cidr": 28,
    ]

    private static func words(_ text: String) -> Set<String> {
        Set(text.split(whereSeparator: \.isWhitespace).map(String.init))
    }
}
