import Testing

@testable import MirrorPlanner

@Suite("Containerd's files are read as its releases read them")
struct ContainerdSettingsTests {
    private static let main = "/etc/containerd/config.toml"

    private func settings(_ version: String?, _ files: String...) throws -> ContainerdSettings {
        let parsed = try files.enumerated().map { index, text in
            try ContainerdFile(
                path: index == 0 ? Self.main : "/etc/containerd/conf.d/\(index).toml",
                content: Array(text.utf8)
            )
        }
        return ContainerdSettings(
            parsed,
            version: version.flatMap { ContainerdVersion(runtimeVersion: "containerd://\($0)") }
        )
    }

    private static let old = """
        version = 2
        [plugins."io.containerd.grpc.v1.cri".registry]
          config_path = "/etc/containerd/certs.d"
        [plugins."io.containerd.grpc.v1.cri".containerd]
          discard_unpacked_layers = true
        """
    private static let new = """
        version = 3
        [plugins.'io.containerd.cri.v1.images']
          discard_unpacked_layers = true
          [plugins.'io.containerd.cri.v1.images'.registry]
            config_path = '/etc/containerd/certs.d'
        """

    @Test("Versions 1, 2 and 3 have their own tables")
    func tables() throws {
        for (version, text) in [
            ("1.7.28", Self.old), ("2.0.4", Self.new), (nil, Self.old), (nil, Self.new),
            (
                "1.6.20",
                "[plugins.cri.registry]\nconfig_path = '/etc/containerd/certs.d'\n"
                    + "[plugins.cri.containerd]\ndiscard_unpacked_layers = true"
            ),
        ] {
            let settings = try settings(version, text)
            #expect(settings.writtenConfigPath == "/etc/containerd/certs.d")
            #expect(settings.discardsLayers)
            #expect(settings.configPathFile == Self.main)
        }
    }

    @Test(
        "Of an old file containerd 2 takes over what stands beside the registries only where runtimes stand there, too"
    )
    func migration() throws {
        #expect(try !settings("2.0.4", Self.old).discardsLayers)
        let withRuntimes = "\(Self.old)\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]"
        #expect(try settings("2.0.4", withRuntimes).discardsLayers)
        #expect(try settings("2.0.4", Self.old).writtenConfigPath == "/etc/containerd/certs.d")
    }

    @Test("In containerd 1 a plugin of a later file replaces the whole of the earlier one; in containerd 2 single keys")
    func merging() throws {
        let later = """
            version = 2
            [plugins."io.containerd.grpc.v1.cri".registry]
              config_path = "/other"
            """
        let one = try settings("1.7.28", Self.old, later)
        #expect(one.writtenConfigPath == "/other")
        #expect(!one.discardsLayers)
        #expect(one.discardsFile == nil)
        let two = try settings(
            "2.0.4",
            Self.new,
            "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/other'"
        )
        #expect(two.writtenConfigPath == "/other")
        #expect(two.configPathFile == "/etc/containerd/conf.d/1.toml")
        #expect(two.discardsLayers)
        #expect(two.discardsFile == Self.main)
    }

    @Test(
        "Since containerd 2.2 config_path has a default where no registry is configured otherwise",
        arguments: [
            ("2.2.1", "version = 3", ContainerdSettings.defaultConfigPath), ("2.1.4", "version = 3", nil),
            (nil, "version = 3", nil),
            (
                "2.2.1",
                "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry.mirrors.x]\nendpoint = ['http://x']",
                ContainerdSettings.defaultConfigPath
            ),
            (
                "2.2.2",
                "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry.mirrors.x]\nendpoint = ['http://x']",
                nil
            ),
            ("2.2.1", "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = ''", nil),
            (
                "2.2.2", "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = ''",
                ContainerdSettings.defaultConfigPath
            ),
        ] as [(String?, String, String?)]
    )
    func defaults(_ version: String?, _ text: String, _ expected: String?) throws {
        #expect(try settings(version, text).configPath == expected)
    }

    @Test(
        "A list of paths is split before containerd 2.1, and where pulls do without the transfer service",
        arguments: [
            ("1.7.28", "", false), ("2.0.4", "", false), ("2.1.4", "", true), ("2.4.0", "", true), (nil, "", false),
            ("2.1.4", "use_local_image_pull = true", false), ("2.1.4", "discard_unpacked_layers = true", false),
            ("2.1.4", "disable_snapshot_annotations = false", false), ("2.1.4", "max_concurrent_downloads = 3", true),
            ("2.1.4", "max_concurrent_downloads = 5", false),
        ] as [(String?, String, Bool)]
    )
    func lists(_ version: String?, _ line: String, _ isOne: Bool) throws {
        let settings = try settings(version, "version = 3\n[plugins.'io.containerd.cri.v1.images']\n\(line)")
        #expect(settings.takesListForOne == isOne)
    }

    @Test("Imports are read file after file, each once, those of a file after all that wait already")
    func order() throws {
        let file = { (path: String, imports: [String]) in
            let list = imports.map { "'\($0)'" }.joined(separator: ", ")
            return try ContainerdFile(path: path, content: Array("version = 2\nimports = [\(list)]".utf8))
        }
        let tree = ContainerdTree(
            main: Self.main,
            files: [
                Self.main: try file(Self.main, ["conf.d/*.toml", "../late.toml"]),
                "/etc/containerd/conf.d/a.toml": try file("/etc/containerd/conf.d/a.toml", ["/x.toml", Self.main]),
                "/etc/late.toml": try file("/etc/late.toml", []), "/x.toml": try file("/x.toml", []),
            ],
            matches: [
                "/etc/containerd/conf.d/*.toml": ["/etc/containerd/conf.d/a.toml"],
                "/etc/late.toml": ["/etc/late.toml"],
                "/x.toml": ["/x.toml"], Self.main: [Self.main],
            ]
        )
        #expect(
            tree.ordered.map(\.path) == [Self.main, "/etc/containerd/conf.d/a.toml", "/etc/late.toml", "/x.toml"]
        )
        let ours = try file("/etc/containerd/conf.d/zz.toml", [])
        #expect(tree.with(ours).ordered.map(\.path).dropFirst(2).first == ours.path)
        #expect(tree.with(ours).without(ours.path) == tree)
    }

    @Test(
        "Patterns are those of Go",
        arguments: [
            ("*.toml", "a.toml", true), ("*.toml", "a.yaml", false), ("*", "", true), ("a*b*c", "aXbYc", true),
            ("a*b*c", "aXbY", false), ("[a-c]?.toml", "b1.toml", true), ("[^a]*", "abc", false), ("[a", "a", false),
            ("\\*", "*", true), ("\\*", "x", false), ("**", "x", true), ("[\\]a]", "]", true), ("[z-a]", "m", false),
        ]
    )
    func patterns(_ pattern: String, _ name: String, _ isMatch: Bool) {
        #expect(ContainerdPath.matches(pattern, name) == isMatch)
    }

    @Test(
        "A pattern that Go refuses is none",
        arguments: ["[", "[]a]", "[a-]", "[-a]", "a\\", "*[", "[^]"]
    )
    func malformed(_ pattern: String) {
        #expect(!ContainerdPath.isWellFormed(pattern))
        #expect(!ContainerdPath.matches(pattern, "a"))
        #expect(ContainerdPath.isWellFormed("[^a-c]*?\\["))
    }

    @Test(
        "A relative pattern starts where its release looks",
        arguments: [
            ("1.6.28", "/conf.d/*.toml"), ("1.6.29", "/etc/containerd/conf.d/*.toml"), ("1.7.15", "/conf.d/*.toml"),
            ("1.7.16", "/etc/containerd/conf.d/*.toml"), ("2.0.0", "/etc/containerd/conf.d/*.toml"),
        ]
    )
    func globs(_ release: String, _ expected: String) throws {
        let file = try ContainerdFile(
            path: Self.main,
            content: Array("imports = ['conf.d/*.toml', 'x.toml', '']".utf8),
            release: ContainerdVersion(runtimeVersion: "containerd://\(release)")
        )
        #expect(file.imports == [expected, "/etc/containerd/x.toml", "/etc/containerd"])
    }

    @Test(
        "A runtime's version is read as the kubelet gives it",
        arguments: [
            ("containerd://2.1.4-k3s1", ContainerdVersion(major: 2, minor: 1, patch: 4)),
            ("containerd://1.7.28", ContainerdVersion(major: 1, minor: 7, patch: 28)),
            ("containerd://v2.0.0-rc.1", ContainerdVersion(major: 2, minor: 0)), ("docker://24.0.1", nil),
            ("containerd://", nil), ("", nil),
        ] as [(String, ContainerdVersion?)]
    )
    func versions(_ text: String, _ expected: ContainerdVersion?) {
        #expect(ContainerdVersion(runtimeVersion: text) == expected)
    }

    @Test(
        "Hosts keep their order and lose what may be secret",
        arguments: [
            ("http://10.0.0.5:30020", "http://10.0.0.5:30020"),
            ("https://u:p@mirror.example.com/v2?x", "https://mirror.example.com:443"),
            ("http://[fd00::5]:30020", "http://[fd00::5]:30020"), ("mirror:5000", "https://mirror:5000"),
        ]
    )
    func hosts(_ url: String, _ expected: String) throws {
        let text = "server = 'https://x'\n[host.'http://first:1']\n[host.'\(url)'.header]\nAuthorization = 'Basic s'"
        let file = try HostsFile(content: Array(text.utf8))
        #expect(file.hosts.map(\.description) == ["http://first:1", expected])
    }
}
