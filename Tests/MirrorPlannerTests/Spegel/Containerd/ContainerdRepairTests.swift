import MirrorAPI
import Testing

@testable import MirrorPlanner

@Suite("A file of our own is written only where it makes things right and takes nothing away")
struct ContainerdRepairTests {
    private static let main = "/etc/containerd/config.toml"
    private static let certs = "/etc/containerd/certs.d"
    private static let ours = "/etc/containerd/conf.d/zz-p2pmirror.toml"
    private static let imports = "imports = ['/etc/containerd/conf.d/*.toml']"
    private static let wish = ContainerdWish(
        registryConfigPath: certs,
        mirrorPorts: [30020],
        installed: true,
        repair: true
    )

    private static func view(_ version: String, _ text: String, _ others: [String: String] = [:]) throws
        -> ContainerdView
    {
        var files = [main: try ContainerdFile(path: main, content: Array(text.utf8))]
        for (name, text) in others {
            let path = "/etc/containerd/conf.d/\(name)"
            files[path] = try ContainerdFile(path: path, content: Array(text.utf8))
        }
        let matches = ["/etc/containerd/conf.d/*.toml": files.keys.filter { $0 != main }.sorted()]
        return ContainerdView(
            tree: ContainerdTree(main: main, files: files, matches: matches),
            version: ContainerdVersion(runtimeVersion: "containerd://\(version)")
        )
    }

    private func repair(
        _ view: ContainerdView,
        _ wish: ContainerdWish = wish,
        present: (path: String, content: [UInt8])? = nil
    ) -> ContainerdRepair.DropIn {
        ContainerdRepair.dropIn(wish, view, mirror: "m", present: present)
    }

    private func written(_ repair: ContainerdRepair.DropIn) throws -> String {
        guard case .write(let content, Self.ours) = repair else {
            Issue.record("nothing is written: \(repair)")
            return ""
        }
        return String(decoding: content, as: UTF8.self)
    }

    @Test("The file is in the form of the files around it, and with it nothing is left to be found")
    func forms() throws {
        let three = try Self.view("2.0.4", "version = 3\n\(Self.imports)")
        #expect(
            try written(repair(three)) == """
                # Written by p2pmirror for the P2PMirror m; changes are overwritten.
                version = 3

                [plugins."io.containerd.cri.v1.images"]
                  discard_unpacked_layers = false

                [plugins."io.containerd.cri.v1.images".registry]
                  config_path = "/etc/containerd/certs.d"

                """
        )
        let between = try written(repair(try Self.view("2.0.4", "version = 2\n\(Self.imports)")))
        #expect(between.contains("version = 2\n\n[plugins.\"io.containerd.cri.v1.images\"]\n"))
    }

    @Test(
        "The version of all files stays, and the older plugin's registry is used where it takes the newer one's place"
    )
    func olderPlugin() throws {
        let registry = "[plugins.\"io.containerd.grpc.v1.cri\".registry]"
        let text = try written(
            repair(try Self.view("2.1.4", "version = 2\n\(Self.imports)\n\(registry)\nheaders = {}"))
        )
        #expect(text.contains("version = 2\n"))
        #expect(text.contains("\(registry)\n  config_path = \"\(Self.certs)\"\n"))
        let mixed = try Self.view("2.1.4", "version = 2\n\(Self.imports)", ["a.toml": "version = 3"])
        #expect(try written(repair(mixed)).contains("version = 3\n"))
        let perFile = try Self.view("2.3.0", "version = 2\n\(Self.imports)")
        #expect(try written(repair(perFile)).contains("version = 2\n"))
    }

    @Test(
        "Nothing is written that containerd refuses",
        arguments: [
            ("registry.mirrors.x", "endpoint = ['http://x']", "registry.mirrors"),
            ("registry.auths.'10.0.0.1:5000'", "username = 'x'", "registry.auths"),
            ("x", "\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\ndefault_runtime_name = 'kata'", "runtime"),
        ]
    )
    func refused(_ table: String, _ line: String, _ named: String) throws {
        let text = "version = 3\n\(Self.imports)\n[plugins.'io.containerd.cri.v1.images'.\(table)]\n\(line)"
        let discards = "[plugins.'io.containerd.cri.v1.images']\ndiscard_unpacked_layers = true"
        let view = try Self.view("2.1.4", text, ["a.toml": "version = 3\n\(discards)"])
        guard case .impossible(let why) = repair(view) else {
            Issue.record("it is written")
            return
        }
        #expect(why.contains("containerd would refuse it"))
        #expect(why.contains(named))
        // One that is there from better days goes: with it CRI would not come up.
        let ours = try ContainerdFile(
            path: Self.ours,
            content: Array("version = 3\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/x'".utf8)
        )
        var older = view
        older.tree = view.tree?.with(ours)
        #expect(repair(older, present: (path: Self.ours, content: [])) == .remove(path: Self.ours))
    }

    @Test("Nothing is written for a file that may be another containerd's")
    func doubtful() throws {
        var view = try Self.view("2.0.4", "version = 3\n\(Self.imports)")
        view.isDoubtful = true
        view.looked = ["/a/config.toml", Self.main]
        guard case .impossible(let why) = repair(view) else {
            Issue.record("it is written")
            return
        }
        #expect(why.contains("/a/config.toml, \(Self.main)"))
    }

    @Test("Who has written it once keeps it, and takes it away when others set the same or repair is off")
    func keeping() throws {
        let view = try Self.view("2.0.4", "version = 3\n\(Self.imports)")
        let text = try written(repair(view))
        let file = try ContainerdFile(path: Self.ours, content: Array(text.utf8))
        var after = view
        after.tree = view.tree?.with(file)
        let present = (path: Self.ours, content: Array(text.utf8))
        #expect(repair(after, present: present) == .keep)
        #expect(ContainerdCheck(Self.wish, after).configurationReasons == [])
        var off = Self.wish
        off.repair = false
        #expect(repair(after, off, present: present) == .remove(path: Self.ours))
        let right =
            "version = 3\n\(Self.imports)\n[plugins.'io.containerd.cri.v1.images'.registry]\n"
            + "config_path = '\(Self.certs)'"
        var mended = try Self.view("2.0.4", right)
        #expect(repair(mended) == .keep)
        mended.tree = mended.tree?.with(file)
        #expect(repair(mended, present: present) == .remove(path: Self.ours))
    }

    @Test("In containerd 1 a file of our own would put back all that another one sets or comes to set: none is written")
    func replacing() throws {
        let imports = "version = 2\n\(Self.imports)\n"
        let runtimes = """
            [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
              SystemdCgroup = true
            """
        for text in [imports, imports + runtimes] {
            guard case .impossible(let why) = repair(try Self.view("1.7.28", text)) else {
                Issue.record("it is written")
                return
            }
            #expect(why.contains("back to their defaults"))
            let content = Array(try written(repair(try Self.view("2.0.4", text))).utf8)
            // One that is there from better days goes.
            var older = try Self.view("1.7.28", text)
            older.tree = older.tree?.with(try ContainerdFile(path: Self.ours, content: content))
            #expect(repair(older, present: (path: Self.ours, content: content)) == .remove(path: Self.ours))
        }
    }

    @Test("A list of paths that somebody wrote stays, and pulls go without the transfer service")
    func lists() throws {
        let text = """
            version = 3
            \(Self.imports)
            [plugins.'io.containerd.cri.v1.images']
            discard_unpacked_layers = true
            [plugins.'io.containerd.cri.v1.images'.registry]
            config_path = '/etc/containerd/certs.d:/etc/docker/certs.d'
            """
        let written = try written(repair(try Self.view("2.1.4", text)))
        #expect(written.contains("use_local_image_pull = true"))
        #expect(!written.contains("config_path"))
    }

    @Test(
        "Where it can't be written the reason and the line to add are told",
        arguments: [
            ("2.0.4", "version = 3", [:], "imports no directory"),
            (
                "2.0.4", "version = 3\nimports = ['/opt/x/*.toml', '/etc/containerd/*/x.toml']", [:],
                "imports no directory"
            ),
            ("2.0.4", "\(Self.imports)", [:], "version 1"),
            ("2.0.4", "version = 3\n\(Self.imports)", ["zz-p2pmirror.toml": "# mine"], "somebody else's"),
            (
                "2.0.4", "version = 3\n\(Self.imports)",
                ["zzz.toml": "version = 3\n[plugins.'io.containerd.cri.v1.images']\ndiscard_unpacked_layers = true"],
                "read after"
            ),
        ] as [(String, String, [String: String], String)]
    )
    func impossible(_ version: String, _ text: String, _ others: [String: String], _ expected: String) throws {
        guard case .impossible(let why) = repair(try Self.view(version, text, others)) else {
            Issue.record("it is written")
            return
        }
        #expect(why.contains(expected))
    }

    @Test("Another path that somebody set, and files that can't be read, are left alone")
    func leaving() throws {
        let other =
            "version = 3\n\(Self.imports)\n[plugins.'io.containerd.cri.v1.images'.registry]\nconfig_path = '/other'"
        #expect(repair(try Self.view("2.0.4", other)) == .keep)
        var unreadable = try Self.view("2.0.4", "version = 3\n\(Self.imports)")
        unreadable.faults = ["x"]
        #expect(repair(unreadable) == .keep)
    }
}
