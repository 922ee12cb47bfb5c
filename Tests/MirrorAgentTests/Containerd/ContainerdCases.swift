import MirrorAPI

/// Configurations of public reports and of their kinds, re-told, with what real releases make of them.
enum ContainerdCases {
    private static let main = ContainerdFixture.main
    private static let certs = ContainerdFixture.certs
    private static let first = "/etc/containerd/conf.d/10-first.toml"
    private static let imports = "imports = [\"/etc/containerd/conf.d/*.toml\"]"

    private static func cri(_ path: String = certs) -> String {
        "[plugins.\"io.containerd.grpc.v1.cri\".registry]\n  config_path = \"\(path)\"\n"
    }

    private static func images(_ path: String = certs) -> String {
        "[plugins.'io.containerd.cri.v1.images'.registry]\n  config_path = '\(path)'\n"
    }

    private static func mirrors(_ plugin: String) -> String {
        "[plugins.\"\(plugin)\".registry.mirrors.\"docker.io\"]\n  endpoint = [\"https://images.internal\"]\n"
    }

    /// What versions of files do to each other.
    static let versions = [
        // containerd#5237, #5236
        ContainerdFixture(
            name: "no version, containerd 1",
            containerd: "1.7.28",
            files: [main: "# no version = 2 here\ndisabled_plugins = []\n\n\(cri())"],
            found: [.configPathUnset],
            told: [main, "a file without a version", "version 1, whose plugin is called cri", "write version = 2"]
        ),
        ContainerdFixture(
            name: "no version, containerd 2.1",
            containerd: "2.1.4",
            files: [main: "# no version = 2 here\ndisabled_plugins = []\n\n\(cri())"],
            found: [.configPathUnset],
            told: [main, "containerd 2.0 to 2.2 take it for one of version 3", "write version = 2"]
        ),
        ContainerdFixture(name: "no version, containerd 2.3", containerd: "2.3.1", files: [main: cri()]),
        ContainerdFixture(
            name: "the older table in version 3, which containerd 2.3 moves all the same",
            containerd: "2.3.1",
            files: [main: "version = 3\n\(cri())"]
        ),
        ContainerdFixture(
            name: "the older table in version 4",
            containerd: "2.3.1",
            files: [main: "version = 4\n\(cri())"],
            found: [.configPathNotSplit],
            told: ["version 4 does not have", "its default", "io.containerd.cri.v1.images"]
        ),
        // NVIDIA/gpu-operator#301, containerd#6389
        ContainerdFixture(
            name: "a file without a version replaces the plugin, containerd 1",
            containerd: "1.7.28",
            files: [
                main: "version = 2\n\(imports)\n\(cri())",
                first: """
                [plugins."io.containerd.grpc.v1.cri".registry.mirrors."images.internal"]
                  endpoint = ["http://images.internal"]
                [plugins."io.containerd.grpc.v1.cri".registry.configs."images.internal".tls]
                  insecure_skip_verify = true
                [plugins."io.containerd.grpc.v1.cri".registry.configs."images.internal".auth]
                  password = "c2VjcmV0"
                """,
            ],
            found: [.configPathUnset],
            told: [
                "\(first): its table [plugins.\"io.containerd.grpc.v1.cri\"] takes the place of all that \(main) says",
                "remove registry.mirrors and registry.configs.*.tls of \(first)",
            ]
        ),
        ContainerdFixture(
            name: "a later file of version 1 takes the table away, containerd 1",
            containerd: "1.7.28",
            files: [main: "version = 2\n\(imports)\n\(cri())", first: "version = 1"],
            found: [.configPathUnset],
            told: ["\(first): its version = 1 holds for all files", main]
        ),
        ContainerdFixture(
            name: "a later file of version 3 takes the table away, containerd 2.0",
            containerd: "2.0.5",
            files: [main: "version = 2\n\(imports)\n\(cri())", first: "version = 3"],
            found: [.configPathUnset],
            foundAfterRepair: [.containerdRestartPending],
            isRepaired: true,
            told: ["\(first): its version = 3 holds for all files", main]
        ),
        ContainerdFixture(
            name: "a later file of version 2 has the older registry, containerd 2.1",
            containerd: "2.1.4",
            files: [
                main: "version = 3\n\(imports)\n\(images())",
                first: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.headers]\nx = ['y']",
            ],
            found: [.configPathUnset],
            foundAfterRepair: [.containerdRestartPending],
            isRepaired: true,
            told: ["\(first): its table [plugins.\"io.containerd.grpc.v1.cri\".registry] takes the place", main]
        ),
        ContainerdFixture(
            name: "a later file of version 2 has its own part alone, containerd 2.3",
            containerd: "2.3.5",
            files: [
                main: "version = 3\n\(imports)\n\(images())",
                first: "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.headers]\nx = ['y']",
            ]
        ),
        ContainerdFixture(
            name: "a later file empties it",
            containerd: "2.1.4",
            files: [main: "version = 3\n\(imports)\n\(images())", first: "version = 3\n\(images(""))"],
            found: [.configPathUnset],
            foundAfterRepair: [.containerdRestartPending],
            isRepaired: true,
            told: ["\(first): config_path is empty here", main]
        ),
    ]

    /// What containerd refuses.
    static let refusals = [
        // containerd#5306, #11041
        ContainerdFixture(
            name: "mirrors where a path is wanted, and a file that could be written",
            containerd: "2.1.4",
            files: [main: "version = 3\n\(imports)\n\(mirrors("io.containerd.cri.v1.images"))"],
            found: [.configPathUnset],
            told: [main, "remove registry.mirrors of \(main)"]
        ),
        // containerd#12612
        ContainerdFixture(
            name: "mirrors beside the default of containerd 2.2.0",
            containerd: "2.2.0",
            files: [main: "version = 2\n\(mirrors("io.containerd.grpc.v1.cri"))"],
            found: [.containerdConfigRefused],
            told: [
                "\(main): registry.mirrors stands beside config_path, which has a default", "remove registry.mirrors",
            ]
        ),
        ContainerdFixture(
            name: "mirrors, to which the default of containerd 2.2.2 gives way",
            containerd: "2.2.2",
            files: [main: "version = 2\n\(mirrors("io.containerd.grpc.v1.cri"))"],
            found: [.configPathUnset],
            told: ["remove registry.mirrors of \(main)"]
        ),
        ContainerdFixture(
            name: "mirrors of a later file",
            containerd: "2.1.4",
            files: [
                main: "version = 3\n\(imports)\n\(images())",
                first: "version = 3\n\(mirrors("io.containerd.cri.v1.images"))",
            ],
            found: [.containerdConfigRefused],
            told: ["\(first): registry.mirrors stands beside config_path", "without CRI"]
        ),
        ContainerdFixture(
            name: "certificates beside a path, containerd 1",
            containerd: "1.7.28",
            files: [
                main: "version = 2\n\(cri())"
                    + "[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.x.tls]\nca_file = '/x'"
            ],
            found: [.containerdConfigRefused],
            told: ["registry.configs.*.tls stands beside config_path"]
        ),
        ContainerdFixture(
            name: "a runtime that is not there, containerd 1",
            containerd: "1.7.28",
            files: [
                main: "version = 2\n\(cri())[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.kata]\n"
                    + "runtime_type = 'io.containerd.kata.v2'"
            ],
            found: [.containerdConfigRefused],
            told: ["default_runtime_name names a runtime that is not there"]
        ),
        ContainerdFixture(
            name: "a version that containerd 1.7 does not know",
            containerd: "1.7.28",
            files: [main: "version = 3\n\(images())"],
            found: [.containerdConfigRefused],
            told: ["\(main): version = 3", "up to 2", "does not start"]
        ),
        ContainerdFixture(
            name: "an imported file that is newer than the first, containerd 2.3.0",
            containerd: "2.3.0",
            files: [main: "version = 2\n\(imports)\n\(cri())", first: "version = 3"],
            found: [.containerdConfigRefused],
            told: ["\(first): version = 3 is newer than version = 2 of the first file"]
        ),
        ContainerdFixture(
            name: "a type that is wrong, in a later file",
            containerd: "2.1.4",
            files: [
                main: "version = 3\n\(imports)\n\(images())",
                first: "version = 3\n[plugins.'io.containerd.cri.v1.images']\nregistry.config_path = 7",
            ],
            found: [.containerdConfigRefused],
            told: ["\(first): io.containerd.cri.v1.images.registry.config_path must be text"]
        ),
        ContainerdFixture(
            name: "CRI is switched off",
            containerd: "1.7.28",
            files: [main: "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n\(cri())"],
            found: [.containerdConfigRefused],
            told: ["disabled_plugins names io.containerd.grpc.v1.cri"]
        ),
        ContainerdFixture(
            name: "a byte order mark, with which containerd 2 does not start",
            containerd: "2.1.4",
            files: [main: "\u{feff}version = 3\n\(images())"],
            found: [.containerdUnreadable],
            told: [main, "byte order mark"]
        ),
        ContainerdFixture(
            name: "a byte order mark, which containerd 1 passes over",
            containerd: "1.7.28",
            files: [main: "\u{feff}version = 2\r\n\(cri())"]
        ),
        ContainerdFixture(
            name: "an import that is no pattern",
            containerd: "2.1.4",
            files: [main: "version = 3\nimports = ['/etc/containerd/[*.toml']\n\(images())"],
            found: [.containerdUnreadable],
            told: ["/etc/containerd/[*.toml"]
        ),
    ]

    private static let k3s = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
    private static let other = "/data/k3s/agent/etc/containerd/config.toml"

    /// Where the configuration is.
    static let places = [
        // k3s#3050
        ContainerdFixture(
            name: "K3s with a containerd of its own",
            kubelet: "v1.33.4+k3s1",
            containerd: "1.7.28",
            annotations: ["k3s.io/node-args": #"["server","--container-runtime-endpoint","unix:///run/x.sock"]"#],
            files: [main: "version = 2\n\(cri())", k3s: "version = 2\n\(cri("/of/another"))"],
            configFile: main
        ),
        ContainerdFixture(
            name: "K3s with a containerd of its own, of which the Node tells nothing",
            kubelet: "v1.33.4+k3s1",
            containerd: "1.7.28",
            files: [main: "version = 2\n\(cri())"],
            configFile: main
        ),
        ContainerdFixture(
            name: "a file that may be another containerd's is not written for",
            kubelet: "v1.33.4+rke2r1",
            containerd: "2.1.4",
            files: [main: "version = 3\n\(imports)"],
            found: [.configPathUnset],
            configFile: main
        ),
        ContainerdFixture(
            name: "K3s with another data directory",
            kubelet: "v1.33.4+k3s1",
            containerd: "2.1.4-k3s1",
            annotations: ["k3s.io/node-args": #"["server","--data-dir","/data/k3s"]"#],
            files: [other: "version = 3\n\(images())", k3s: "version = 3\n\(images("/of/another"))"],
            configFile: other
        ),
        ContainerdFixture(
            name: "K3s without any file",
            kubelet: "v1.33.4+k3s1",
            containerd: "2.1.4-k3s1",
            files: [:],
            found: [.containerdUnreadable],
            told: ["was found at \(k3s), \(main) ("]
        ),
        ContainerdFixture(
            name: "RKE2 with a containerd of its own, without its file",
            kubelet: "v1.33.4+rke2r1",
            containerd: "2.1.4",
            annotations: ["rke2.io/node-args": #"["agent","--container-runtime-endpoint=/run/x.sock"]"#],
            files: [:],
            found: [.containerdUnreadable],
            told: ["was found at \(main) ("]
        ),
    ]
}
