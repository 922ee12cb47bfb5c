import Testing

@testable import MirrorPlanner

@Suite("What a containerd would refuse at its next start is told with its file")
struct ContainerdRefusalTests {
    private static let main = "/etc/containerd/config.toml"
    private static let cri = "[plugins.\"io.containerd.grpc.v1.cri\""
    private static let path = "\(cri).registry]\nconfig_path = \"/x\"\n"

    private static func refusal(_ release: String, _ texts: [String]) throws -> ContainerdRefusal? {
        let version = ContainerdVersion(runtimeVersion: "containerd://\(release)")
        let files = try texts.enumerated().map { index, text in
            try ContainerdFile(
                path: index == 0 ? main : "/etc/containerd/conf.d/\(index).toml",
                content: Array(text.utf8),
                release: version
            )
        }
        return ContainerdSettings(files, version: version).refusal
    }

    @Test(
        "CRI does not load",
        arguments: [
            ("1.6.20", "\(path)\(cri).registry.mirrors.x]", "registry.mirrors"),
            ("1.7.28", "\(path)\(cri).registry.configs.x.tls]", "configs.*.tls"),
            ("2.1.4", "\(path)\(cri).registry.configs.x.tls]", nil),
            ("2.1.4", "\(path)\(cri).registry.configs.x.auth]", nil),
            ("2.2.1", "\(cri).registry.mirrors.x]", "has a default"), ("2.2.2", "\(cri).registry.mirrors.x]", nil),
            ("1.7.28", "\(cri).registry.auths.\"10.0.0.1:5000\"]", "registry.auths"),
            ("1.7.28", "\(cri).registry.auths.\"registry.internal:5000\"]", nil),
            ("1.7.28", "\(cri).registry.auths.\"https://10.0.0.1:5000\"]", nil),
            ("1.7.28", "\(cri).containerd.runtimes.kata]", "default_runtime_name"),
            ("2.1.4", "\(cri).containerd.runtimes.kata]", nil),
            ("2.1.4", "\(cri).containerd]\ndefault_runtime_name = ''", "default_runtime_name is empty"),
            ("1.7.28", "\(cri).containerd.default_runtime]\nruntime_type = 'x'", nil),
            (
                "1.7.28",
                "\(cri).containerd.untrusted_workload_runtime]\nruntime_type = 'x'\n"
                    + "\(cri).containerd.runtimes.runc]\n\(cri).containerd.runtimes.untrusted]", "untrusted"
            ),
            ("1.7.28", "\(cri)]\nsystemd_cgroup = true", "systemd_cgroup"),
            ("1.7.28", "\(cri).containerd]\nno_pivot = true", "no_pivot"),
            ("1.7.28", "\(cri).containerd.runtimes.runc]\nruntime_root = '/x'", "runtime_root"),
            (
                "1.7.28",
                "\(cri).containerd.runtimes.runc]\nprivileged_without_host_devices_all_devices_allowed = true",
                "privileged_without_host_devices"
            ),
            ("2.1.4", "\(cri).containerd.runtimes.runc]\nio_type = 'x'", "io_type"),
            ("2.1.4", "\(cri)]\nimage_pull_progress_timeout = 'soon'", "image_pull_progress_timeout"),
            ("1.6.20", "\(cri)]\nimage_pull_progress_timeout = 'soon'", nil),
            ("2.1.4", "\(cri)]\nstream_idle_timeout = '4'", "stream_idle_timeout"),
            ("2.1.4", "disabled_plugins = ['io.containerd.cri.v1.images']", "disabled_plugins"),
        ] as [(String, String, String?)]
    )
    func withoutCRI(_ release: String, _ text: String, _ named: String?) throws {
        let refusal = try Self.refusal(release, ["version = 2\n\(text)"])
        guard let named else {
            #expect(refusal == nil)
            return
        }
        #expect(refusal?.effect == .plugin)
        #expect(refusal?.file == Self.main)
        #expect(refusal?.what.contains(named) == true)
    }

    @Test(
        "It does not start",
        arguments: [
            ("1.6.31", ["version = 3"], nil), ("1.6.32", ["version = 3"], 0), ("1.7.16", ["version = 3"], nil),
            ("1.7.17", ["version = 3"], 0), ("2.1.4", ["version = 4"], 0), ("2.3.1", ["version = 4"], nil),
            ("2.3.1", ["version = 2", "version = 3"], 1), ("2.3.5", ["version = 2", "version = 3"], nil),
            ("2.3.1", ["", "version = 3"], nil), ("2.1.4", ["version = -1"], 0), ("1.7.28", ["version = -1"], nil),
            ("1.7.28", ["version = 2", "[plugins.cri]"], 1), ("2.1.4", ["version = 2", "[plugins.cri]"], nil),
            ("1.7.28", ["version = 2\n[plugins.\"a.b.c.d\"]"], 0),
            ("1.6.20", ["version = 2\n[plugins.\"a.b.c.d\"]"], nil),
            ("1.7.28", ["version = 2", "disabled_plugins = ['cri']"], 1),
            ("2.1.4", ["disabled_plugins = ['cri']"], nil),
            ("2.1.4", ["version = 2\ndisabled_plugins = ['cri']"], 0), ("2.1.4", ["version = '2'"], 0),
            ("2.1.4", ["version = 2", "imports = 'x'"], 1), ("2.1.4", ["plugins = 3"], 0),
            ("2.1.4", ["version = 2\n\(cri)]\ncontainerd = 3"], 0),
            ("1.7.28", ["version = 2\n\(cri)]\nregistry = []"], 0),
            ("2.1.4", ["version = 2\n\(cri)]\nregistry = 3", "version = 2\n\(path)"], nil),
            ("1.7.28", ["version = 2\n\(cri).registry]\nCONFIG_PATH = 3"], 0),
        ] as [(String, [String], Int?)]
    )
    func noStart(_ release: String, _ texts: [String], _ culprit: Int?) throws {
        let refusal = try Self.refusal(release, texts)
        guard let culprit else {
            #expect(refusal?.effect != .start)
            return
        }
        #expect(refusal?.effect == .start)
        #expect(refusal?.file == (culprit == 0 ? Self.main : "/etc/containerd/conf.d/\(culprit).toml"))
    }

    @Test(
        "Forms that Go reads",
        arguments: [
            ("5m0s", true), ("1.5h", true), ("-1us", true), ("0", true), (".5s", true), ("5", false), ("", false),
            ("5 s", false), ("1d", false), (".s", false),
        ]
    )
    func durations(_ text: String, _ isOne: Bool) { #expect(ContainerdForm.isDuration(text) == isOne) }

    @Test(
        "URLs that Go reads",
        arguments: [
            ("https://registry.internal", true), ("registry.internal:5000", true), ("10.0.0.1:5000", false),
            ("10.0.0.1", true), ("10.0.0.1/a:b", true), ("https://x:y", false), ("https://x:5000/a", true),
            (":x", false),
            ("https://[fd00::1]:5000", true), ("https://a b", false), ("a\u{7f}", false), ("*", true), ("//x:5", true),
        ]
    )
    func addresses(_ text: String, _ isOne: Bool) { #expect(ContainerdForm.isURL(text) == isOne) }

    @Test(
        "A node's configuration is looked for where its distribution has it",
        arguments: [
            ("v1.33.4", nil, [ContainerdPlaces.plain], 1),
            ("v1.33.4+k3s1", nil, [ContainerdPlaces.k3s, ContainerdPlaces.plain], 1),
            ("v1.33.4+rke2r1", nil, [ContainerdPlaces.rke2, ContainerdPlaces.plain], 1),
            ("v1.33.4+k3s1", #"["server","--container-runtime-endpoint","/x"]"#, [ContainerdPlaces.plain], 1),
            (
                "v1.33.4+k3s1", #"["agent","-d","/data/"]"#,
                ["/data/agent/etc/containerd/config.toml", ContainerdPlaces.plain], 1
            ),
            (
                "v1.33.4+k3s1", #"["agent","--data-dir=/a","--data-dir","/b"]"#,
                ["/b/agent/etc/containerd/config.toml", ContainerdPlaces.plain], 1
            ),
            ("v1.33.4+k3s1", "no list", [ContainerdPlaces.k3s, ContainerdPlaces.plain], 1),
            (nil, nil, [ContainerdPlaces.rke2, ContainerdPlaces.k3s, ContainerdPlaces.plain], 3),
        ] as [(String?, String?, [String], Int)]
    )
    func places(_ kubelet: String?, _ arguments: String?, _ paths: [String], _ certain: Int) {
        let annotations = arguments.map { ["k3s.io/node-args": $0] } ?? [:]
        let places = ContainerdPlaces(kubeletVersion: kubelet, annotations: annotations)
        #expect(places.paths == paths)
        #expect(places.certain == certain)
    }
}
