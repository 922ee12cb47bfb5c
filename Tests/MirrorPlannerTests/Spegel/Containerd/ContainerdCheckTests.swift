import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("What keeps a node's mirror from being asked is found and told")
struct ContainerdCheckTests {
    private static let main = "/etc/containerd/config.toml"
    private static let certs = "/etc/containerd/certs.d"

    private static func wish(
        _ registries: [String] = [],
        installed: Bool = true,
        isSeen: Bool = true,
        repair: Bool = true
    ) -> ContainerdWish {
        ContainerdWish(
            registryConfigPath: certs,
            registries: registries,
            mirrorPorts: [30020, 30021],
            installed: installed,
            release: isSeen && !installed ? "spegel/images" : nil,
            repair: repair
        )
    }

    private static func hosts(_ ports: Int...) -> HostsDirectory {
        HostsDirectory(.hosts(HostsFile(hosts: ports.map { .init(isPlain: true, address: "10.0.0.5", port: $0) })))
    }

    private static func view(
        _ text: String = "version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '\(certs)'",
        _ version: String = "2.0.4",
        silent: Set<Int> = [],
        directories: [String: HostsDirectory] = ["_default": hosts(30020, 30021)],
        backup: [String]? = nil
    ) throws -> ContainerdView {
        let file = try ContainerdFile(path: main, content: Array(text.utf8))
        return ContainerdView(
            tree: ContainerdTree(main: main, files: [main: file]),
            version: ContainerdVersion(runtimeVersion: "containerd://\(version)"),
            nodeAddresses: ["10.0.0.5"],
            silentPorts: silent,
            roots: [
                certs: HostsRoot(path: certs, directories: directories, names: Set(directories.keys), backup: backup)
            ]
        )
    }

    private func reasons(_ wish: ContainerdWish, _ view: ContainerdView) -> [String] {
        ContainerdCheck(wish, view).report.findings.map(\.reason)
    }

    @Test("A node on which all is well has no finding")
    func well() throws {
        let report = ContainerdCheck(Self.wish(), try Self.view()).report
        #expect(report.findings == [])
        #expect(report.configFile == Self.main)
        #expect(report.registryConfigPath == Self.certs)
        #expect(report.discardsUnpackedLayers == false)
    }

    @Test("A config_path in a table that version 3 does not have is told as what it is")
    func ignoredTable() throws {
        let view = try Self.view(
            "version = 3\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = '\(Self.certs)'"
        )
        let finding = try #require(ContainerdCheck(Self.wish(), view).report.findings.first)
        #expect(finding.reason == "ConfigPathUnset")
        #expect(finding.message.contains("io.containerd.grpc.v1.cri"))
        #expect(finding.message.contains("io.containerd.cri.v1.images"))
    }

    @Test("The default list of containerd 2.2 is no path for kubelet pulls")
    func defaultList() throws {
        #expect(reasons(Self.wish(), try Self.view("version = 3", "2.2.1")) == ["ConfigPathNotSplit"])
    }

    @Test(
        "Each registry needs a hosts.toml whose first mirror answers",
        arguments: [
            (["docker.io"], ["docker.io": Self.hosts(30020)], [], []),
            (["docker.io", "ghcr.io"], ["docker.io": Self.hosts(30020)], [], ["HostsFileMissing"]),
            (["ghcr.io"], ["_default": Self.hosts(30020)], [], []),
            (["r.example.com:5000"], ["r.example.com_5000_": Self.hosts(30020)], [], []),
            (
                ["docker.io"], ["docker.io": HostsDirectory(.absent), "_default": Self.hosts(30020)], [],
                ["HostsFileMissing"]
            ),
            ([], ["_default": HostsDirectory(.unreadable("line 1: a key is needed"))], [], ["HostsFileDead"]),
            ([], ["_default": Self.hosts(30020, 30021)], [30020], ["HostsFileDead"]),
            ([], ["_default": Self.hosts(30020, 30021)], [30021], []),
            ([], ["_default": Self.hosts(5000)], [], ["HostsFileDead"]),
            ([], ["_default": Self.hosts()], [], ["HostsFileDead"]),
            ([], [:], [], ["HostsFileMissing"]),
        ] as [([String], [String: HostsDirectory], Set<Int>, [String])]
    )
    func registries(
        _ registries: [String],
        _ directories: [String: HostsDirectory],
        _ silent: Set<Int>,
        _ expected: [String]
    ) throws {
        #expect(reasons(Self.wish(registries), try Self.view(silent: silent, directories: directories)) == expected)
    }

    @Test("A mirror at an address that is not the node's any more is told with that address")
    func staleAddress() throws {
        let stale = HostsFile(hosts: [.init(isPlain: true, address: "10.0.0.9", port: 30020)])
        let view = try Self.view(directories: ["_default": HostsDirectory(.hosts(stale))])
        let message = ContainerdCheck(Self.wish(), view).report.findings.first?.message ?? ""
        #expect(message.contains("http://10.0.0.9:30020, which is no address of this node"))
    }

    @Test("A directory that comes before the mirror's hides it")
    func shadow() throws {
        var view = try Self.view(
            "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = '/a:\(Self.certs)'"
        )
        view.version = ContainerdVersion(major: 1, minor: 7)
        #expect(reasons(Self.wish(["docker.io"]), view) == [])
        view.roots["/a"] = HostsRoot(path: "/a", directories: ["docker.io": HostsDirectory(.absent)])
        #expect(reasons(Self.wish(["docker.io"]), view) == ["HostsFileMissing"])
    }

    @Test("Where a file can't be read nothing is said of what it may set")
    func partial() throws {
        var view = try Self.view("version = 3")
        view.faults = ["/etc/containerd/conf.d/a.toml: line 1: a key is needed"]
        #expect(reasons(Self.wish(), view) == ["ContainerdUnreadable"])
    }

    @Test("A report has no more findings than its bound, and the last one counts the rest")
    func bounds() throws {
        let names = (0..<40).map { "r\($0).example.com" }
        let directories = Dictionary(uniqueKeysWithValues: names.map { ($0, Self.hosts(5000)) })
        let findings = ContainerdCheck(Self.wish(names), try Self.view(directories: directories)).report.findings
        #expect(findings.count == ContainerdReport.findingsLimit)
        #expect(findings.last?.message.hasSuffix("(and 24 more findings)") == true)
        let long = ContainerdCheck.finding(.hostsFileDead, String(repeating: "x", count: 5000))
        #expect(long.message.utf8.count == ContainerdReport.messageLimit)
    }

    @Test("Left-overs are found where the mirror is not to be, and only there")
    func leftovers() throws {
        let view = try Self.view(silent: [30020, 30021], directories: ["docker.io": Self.hosts(30020)], backup: [])
        #expect(reasons(Self.wish(installed: false), view) == ["MirrorLeftovers", "MirrorLeftovers"])
        #expect(!reasons(Self.wish(["docker.io"]), view).contains("MirrorLeftovers"))
        #expect(reasons(Self.wish(installed: false), try Self.view(directories: [:])) == [])
    }

    @Test("Of a release that this mirror has not seen nothing is a left-over, and nothing goes")
    func unseen() throws {
        let wish = Self.wish(installed: false, isSeen: false)
        let view = try Self.view(silent: [30020, 30021], directories: ["docker.io": Self.hosts(30020)], backup: ["x"])
        #expect(reasons(wish, view) == [])
        #expect(ContainerdLeftovers(wish, view).isEmpty)
        let own = (path: "/etc/containerd/conf.d/zz-p2pmirror.toml", content: [UInt8]())
        #expect(ContainerdRepair.dropIn(wish, view, mirror: "peers", present: own) == .keep)
        var portless = Self.wish(installed: false)
        portless.mirrorPorts = []
        #expect(ContainerdLeftovers(portless, view).isEmpty, "without ports nothing is known to be silent")
    }

    @Test("Hosts at an address that the release is given for all nodes are the node's mirror")
    func otherAddress() throws {
        let host = HostsFile.Host(isPlain: true, address: "169.254.20.10", port: 30020)
        let view = try Self.view(directories: ["_default": HostsDirectory(.hosts(HostsFile(hosts: [host])))])
        #expect(reasons(Self.wish(), view) == ["HostsFileDead"])
        var wish = Self.wish()
        wish.mirrorAddresses = ["169.254.20.10"]
        #expect(reasons(wish, view) == [])
    }

    @Test("Only what is surely the mirror's goes, and only once it does not answer")
    func cleaning() throws {
        let wish = Self.wish(installed: false)
        var mixed = Self.hosts(30020)
        mixed.content = .hosts(
            HostsFile(hosts: [
                .init(isPlain: true, address: "10.0.0.5", port: 30020),
                .init(isPlain: false, address: "cache.example.com", port: 443),
            ])
        )
        var crowded = Self.hosts(30021)
        crowded.isAlone = false
        let directories = [
            "docker.io": Self.hosts(30020, 30021), "ghcr.io": mixed, "quay.io": crowded,
            "own.example.com": HostsDirectory(
                .hosts(HostsFile(hosts: [.init(isPlain: false, address: "x", port: 443)]))
            ),
        ]
        let view = try Self.view(
            silent: [30020, 30021],
            directories: directories,
            backup: ["docker.io", "ghcr.io", "old"]
        )
        let plan = ContainerdLeftovers(wish, view)
        #expect(plan.removes == ["docker.io"])
        #expect(plan.restores == ["docker.io", "old"])
        #expect(!plan.removesBackup)
        #expect(plan.left.count == 3)
        var answering = view
        answering.silentPorts = [30020]
        #expect(ContainerdLeftovers(wish, answering).isEmpty)
        #expect(ContainerdLeftovers(Self.wish(installed: false, repair: false), view).isEmpty)
        var elsewhere = view
        elsewhere.tree = try Self.view("version = 3").tree
        #expect(ContainerdLeftovers(wish, elsewhere).isEmpty)
    }
}
