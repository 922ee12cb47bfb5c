import MirrorAPI
import MirrorPlanner
import Testing

/// A node's containerd configuration as people and distributions write it, with what is to be found and done.
///
/// After containerd `docs/cri/config.md`, `docs/hosts.md` and `docs/man/containerd-config.toml.5.md`, and k3s
/// `pkg/agent/templates`.
struct ContainerdFixture: Sendable, CustomTestStringConvertible {
    static let certs = "/etc/containerd/certs.d"
    static let main = "/etc/containerd/config.toml"
    static let k3s = "/var/lib/rancher/k3s/agent/etc/containerd"
    static let ours = "/etc/containerd/conf.d/zz-p2pmirror.toml"

    var name: String
    var kubelet = "v1.33.4"
    var containerd: String
    /// Annotations of the Node.
    var annotations: [String: String] = [:]
    /// Files of the configuration by path.
    var files: [String: String]
    var certs = ContainerdFixture.certs
    /// Reasons of what is found.
    var found: [Reason] = []
    /// The same where the agent repairs, before containerd is restarted.
    var foundAfterRepair: [Reason]?
    /// Whether the agent writes its file.
    var isRepaired = false
    /// What a message must name.
    var told: [String] = []
    /// The first file of the configuration that is reported; any where it is nil.
    var configFile: String?

    var testDescription: String { name }

    /// A `hosts.toml` as Spegel v0.7.4 writes it (spegel `pkg/oci/containerd.go`, `templateHosts`), with a password.
    static let hosts = """
        [host.'http://10.0.0.1:30020']
        capabilities = ['pull', 'resolve']
        dial_timeout = '200ms'
        [host.'http://10.0.0.1:30020'.header]
        Authorization = 'Basic c2VjcmV0'

        [host.'http://10.0.0.1:30021']
        capabilities = ['pull', 'resolve']
        dial_timeout = '200ms'
        [host.'http://10.0.0.1:30021'.header]
        Authorization = 'Basic c2VjcmV0'
        """

    private static func old(_ path: String?, _ more: String = "") -> String {
        """
        version = 2
        \(more)
        [plugins]
          [plugins."io.containerd.grpc.v1.cri"]
            sandbox_image = "registry.k8s.io/pause:3.10"
            [plugins."io.containerd.grpc.v1.cri".containerd]
              snapshotter = "overlayfs"
              discard_unpacked_layers = false
              [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
                runtime_type = "io.containerd.runc.v2"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
                  SystemdCgroup = true
            [plugins."io.containerd.grpc.v1.cri".registry]
              \(path.map { "config_path = \"\($0)\"" } ?? "# config_path is not set")
        """
    }

    private static func new(_ path: String?, discards: Bool = false, _ more: String = "") -> String {
        """
        version = 3
        \(more)
        [plugins]
          [plugins.'io.containerd.cri.v1.images']
            snapshotter = 'overlayfs'
            disable_snapshot_annotations = true
            discard_unpacked_layers = \(discards)
            max_concurrent_downloads = 3
            [plugins.'io.containerd.cri.v1.images'.pinned_images]
              sandbox = 'registry.k8s.io/pause:3.10'
            [plugins.'io.containerd.cri.v1.images'.registry]
              config_path = '\(path ?? "")'
        """
    }

    private static let imports = "imports = [\"/etc/containerd/conf.d/*.toml\"]"

    static let all: [ContainerdFixture] =
        right + ContainerdCases.versions + ContainerdCases.refusals + ContainerdCases.places + unset + lists + rancher
        + unreadable

    private static let right = [
        ContainerdFixture(name: "right, version 2", containerd: "1.7.28", files: [main: old(certs)]),
        ContainerdFixture(name: "right, version 2 in containerd 2", containerd: "2.0.5", files: [main: old(certs)]),
        ContainerdFixture(name: "right, version 3", containerd: "2.1.4", files: [main: new(certs)]),
        ContainerdFixture(
            name: "right by an imported file",
            containerd: "2.1.4",
            files: [main: "version = 3\n\(imports)", "/etc/containerd/conf.d/registry.toml": new(certs)]
        ),
    ]

    private static let unset = [
        ContainerdFixture(
            name: "unset, nothing imported",
            containerd: "1.7.28",
            files: [main: old(nil)],
            found: [.configPathUnset],
            told: [main, "config_path", certs, "[plugins.\"io.containerd.grpc.v1.cri\".registry]"]
        ),
        ContainerdFixture(
            name: "unset, imports, containerd 1, whose settings ours would take away",
            containerd: "1.7.28",
            files: [main: old(nil, imports)],
            found: [.configPathUnset]
        ),
        ContainerdFixture(
            name: "unset, imports, containerd 1, nothing to take away yet",
            containerd: "1.7.28",
            files: [main: "version = 2\n\(imports)"],
            found: [.configPathUnset]
        ),
        ContainerdFixture(
            name: "unset, imports, version 2 in containerd 2",
            containerd: "2.0.5",
            files: [main: old(nil, imports)],
            found: [.configPathUnset],
            foundAfterRepair: [.containerdRestartPending],
            isRepaired: true
        ),
        ContainerdFixture(
            name: "unset and layers discarded, imports, version 3",
            containerd: "2.1.4",
            files: [main: new(nil, discards: true, imports)],
            found: [.configPathUnset, .layersDiscarded],
            foundAfterRepair: [.containerdRestartPending],
            isRepaired: true,
            told: [main, "discard_unpacked_layers", "[plugins.\"io.containerd.cri.v1.images\".registry]"]
        ),
    ]

    private static let list = "/etc/containerd/certs.d:/etc/docker/certs.d"

    private static let lists = [
        ContainerdFixture(name: "several paths, containerd 1", containerd: "1.7.28", files: [main: old(list)]),
        ContainerdFixture(name: "several paths, containerd 2.0", containerd: "2.0.5", files: [main: new(list)]),
        ContainerdFixture(
            name: "several paths, which containerd 2.1 takes for one",
            containerd: "2.1.4",
            files: [main: new(list, imports)],
            found: [.configPathNotSplit],
            foundAfterRepair: [.containerdRestartPending],
            isRepaired: true,
            told: [list, "use_local_image_pull"]
        ),
        ContainerdFixture(
            name: "several paths of others",
            containerd: "1.7.28",
            files: [main: old("/etc/docker/certs.d:/srv/certs.d", imports)],
            found: [.configPathElsewhere],
            told: ["/etc/docker/certs.d:/srv/certs.d", certs]
        ),
    ]

    private static func new(_ path: String?, _ more: String) -> String { new(path, discards: false, more) }

    private static let rancher = [
        ContainerdFixture(
            name: "K3s",
            kubelet: "v1.33.4+k3s1",
            containerd: "2.0.5-k3s2",
            files: ["\(k3s)/config.toml": new("\(k3s)/certs.d", "imports = ['\(k3s)/config-v3.toml.d/*.toml']")],
            found: [.configPathElsewhere],
            told: ["\(k3s)/certs.d", "spec.spegel.install.containerd.registryConfigPath"]
        ),
        ContainerdFixture(
            name: "K3s, told where it is",
            kubelet: "v1.33.4+k3s1",
            containerd: "1.7.28-k3s1",
            files: ["\(k3s)/config.toml": old("\(k3s)/certs.d")],
            certs: "\(k3s)/certs.d"
        ),
    ]

    private static let unreadable = [
        ContainerdFixture(
            name: "malformed",
            containerd: "2.1.4",
            files: [main: "version = 3\n[plugins.'io.containerd.cri.v1.images'\nconfig_path = 'Basic c2VjcmV0'"],
            found: [.containerdUnreadable],
            told: [main, "line 2"]
        ),
        ContainerdFixture(
            name: "malformed import",
            containerd: "2.1.4",
            files: [main: new(nil, imports), "/etc/containerd/conf.d/a.toml": "a = = 1"],
            found: [.containerdUnreadable],
            told: ["/etc/containerd/conf.d/a.toml", "line 1"]
        ),
        ContainerdFixture(
            name: "missing import",
            containerd: "2.1.4",
            files: [main: new(certs, "imports = ['extra.toml']")],
            found: [.containerdUnreadable],
            told: ["/etc/containerd/extra.toml"]
        ),
        ContainerdFixture(
            name: "absent",
            containerd: "2.1.4",
            files: [:],
            found: [.containerdUnreadable],
            told: [main, "crictl info"]
        ),
    ]
}
