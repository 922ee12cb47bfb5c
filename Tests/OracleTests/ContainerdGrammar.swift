/// Draws configurations of containerd as people, distributions and mistakes make them.
struct ContainerdGrammar {
    private typealias Members = [(key: String, value: Node)]

    private var dice: Dice
    /// Where the files will be.
    private let root: String
    /// The newest version that a file should mostly have.
    private let newest: Int

    static let main = "etc/containerd/config.toml"

    /// Files by their paths below the root, the first one among them.
    static func draw(seed: UInt64, root: String, newest: Int) -> [String: [UInt8]] {
        var grammar = ContainerdGrammar(dice: Dice(seed: seed), root: root, newest: newest)
        return grammar.draw()
    }

    private init(dice: Dice, root: String, newest: Int) {
        self.dice = dice
        self.root = root
        self.newest = newest
    }

    private mutating func draw() -> [String: [UInt8]] {
        let names = [
            "conf.d/10-a.toml", "conf.d/B.toml", "conf.d/.hidden.toml", "conf.d/z.toml", "x.d/c.toml", "extra.toml",
        ]
        var files = [Self.main: file(isMain: true), "etc/containerd/conf.d/notes.txt": Array("no TOML".utf8)]
        for name in names where dice.roll(35) { files["etc/containerd/\(name)"] = file(isMain: false) }
        return files
    }

    private mutating func file(isMain: Bool) -> [UInt8] {
        var top: Members = []
        var version = dice.pick([nil, nil, "0", "1", "2", "2", "2", "2", "2", "3", "3", "3", "3"] as [String?])
        if version == "3", newest < 3, dice.roll(80) { version = "2" }
        if let version { top.append(("version", .plain(dice.roll(3) ? "0x\(version)" : version))) }
        if dice.roll(1) { top = [("version", .plain(dice.pick(["4", "5", "2.0", "\"2\"", "true"])))] }
        if dice.roll(isMain ? 75 : 12) { top.append(("imports", imports(isMain))) }
        if dice.roll(15) { top.append(("root", .text("/var/lib/containerd"))) }
        if dice.roll(10) { top.append(("oom_score", .plain("-999"))) }
        if dice.roll(10) { top.append(("grpc", .table([("address", .text("/run/containerd/containerd.sock"))]))) }
        if dice.roll(12) { top.append(("disabled_plugins", names(version))) }
        if dice.roll(5) { top.append(("required_plugins", names(version))) }
        var plugins = self.plugins(version)
        if dice.roll(6) { spoil(&plugins) }
        if dice.roll(10) { plugins.append(noise(version)) }
        if !plugins.isEmpty || dice.roll(20) { top.append(("plugins", .table(plugins))) }
        if dice.roll(2) { spoil(&top) }
        // Not where a table would take in what follows.
        let quirk = dice.roll(5) ? self.quirk() : ""
        var text = TOMLScribe.write(top, &dice) + quirk
        if dice.roll(2) { text = "\u{feff}" + text }
        return Array(text.utf8)
    }

    /// What the two readers take differently, or not at all.
    private mutating func quirk() -> String {
        "\n"
            + dice.pick([
                "[q.r]\na = 1\n[q]\nr.b = 2\n", "[q]\nr.s = 1\n[q.r]\nt = 1\n", "[q]\na = 01\n",
                "[q]\na = 1\n[q]\nb = 1\n",
                "[q]\na = 1\na = 2\n", "[q]\na = \"\\q\"\n", "[q]\na = 1 b\n", "[q]\na = 1_000\nb = 1e3\nc = inf\n",
                "[q]\na = [1, 'x', 2.0]\n", "[[q]]\na = 1\n[[q]]\n[q.r]\nb = 2\n", "[q]\nd = 2020-01-01T00:00:00Z\n",
                "[q]\na = { b = 1 }\n[q.a]\nc = 1\n", "[q\na = 1\n", "[q]\na = 'x\n",
            ])
    }

    private mutating func imports(_ isMain: Bool) -> Node {
        var found: [String] = []
        for _ in 0...dice.below(3) {
            found.append(
                dice.pick([
                    "\(root)/etc/containerd/conf.d/*.toml", "\(root)/etc/containerd/conf.d/*.toml",
                    "\(root)/etc/containerd/conf.d/*.toml", "\(root)/etc/containerd/*.d/*.toml", "conf.d/*.toml",
                    "./conf.d/[0-9B]*.toml", "../containerd/conf.d/z*", "\(root)/etc//containerd/./conf.d/*[!l].toml",
                    "\(root)/etc/containerd/conf.d/[^B]*.toml", "\(root)/etc/containerd/none.d/*.toml",
                    "\(root)/etc/containerd/config.toml",
                ])
            )
        }
        if dice.roll(4) { found.append("extra.toml") }
        if dice.roll(2) {
            let odd = [
                "", "\(root)/etc/containerd/[*.toml", "\(root)/etc/containerd/[]a]*", "\(root)/etc/containerd/*\\",
            ]
            found.append(dice.pick(odd))
        }
        return .texts(found)
    }

    private mutating func names(_ version: String?) -> Node {
        let isOld = version == nil || version == "0" || version == "1"
        let full = [
            "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.images", "io.containerd.snapshotter.v1.btrfs",
            "io.containerd.snapshotter.v1.zfs",
        ]
        let short = ["cri", "btrfs", "zfs", "restart"]
        var found: [String] = []
        for _ in 0..<dice.below(3) { found.append(dice.pick(dice.roll(isOld ? 70 : 5) ? short : full)) }
        return .texts(found)
    }

    private mutating func plugins(_ version: String?) -> Members {
        var found: Members = []
        let isOld = version == nil || version == "0" || version == "1"
        // Both names of one plugin in one file would be merged in no order.
        if isOld, dice.roll(45) {
            found.append(("cri", .table(cri())))
        } else if dice.roll(version == "3" ? 35 : 70) {
            found.append(("io.containerd.grpc.v1.cri", .table(cri())))
        } else if !isOld, dice.roll(2) {
            found.append(("cri", .table(cri())))
        }
        if dice.roll(version == "3" ? 60 : 20) { found.append(("io.containerd.cri.v1.images", .table(images()))) }
        if dice.roll(version == "3" ? 25 : 8) {
            found.append(
                ("io.containerd.cri.v1.runtime", .table([("containerd", .table(containerd(isNested: false)))]))
            )
        }
        return found
    }

    private mutating func noise(_ version: String?) -> (key: String, value: Node) {
        let isOld = version == nil || version == "0" || version == "1"
        let name = isOld && dice.roll(50) ? "scheduler" : "io.containerd.gc.v1.scheduler"
        let odd = dice.roll(10) ? dice.pick(["foo", "a.b", "a.b.c.d", "io.containerd.x.v1.y"]) : name
        return (odd, .table([("deletion_threshold", .plain("0")), ("startup_delay", .text("100ms"))]))
    }

    /// The plugin of containerd 1.
    private mutating func cri() -> Members {
        var found = settings()
        if dice.roll(40) { found.append(("containerd", .table(containerd(isNested: true)))) }
        if dice.roll(20) { found.append(("sandbox_image", .text("registry.internal/pause:3.10"))) }
        if dice.roll(8) { found.append(("stream_idle_timeout", .text(dice.pick(["4h0m0s", "", "x"])))) }
        if dice.roll(8) { found.append(("cni", .table([("bin_dir", .text("/opt/cni/bin"))]))) }
        return found
    }

    private mutating func images() -> Members {
        var found = settings()
        if dice.roll(30) { found.append(("discard_unpacked_layers", flag())) }
        if dice.roll(15) { found.append(("snapshotter", .text("native"))) }
        if dice.roll(15) { found.append(("disable_snapshot_annotations", flag())) }
        if dice.roll(15) { found.append(("use_local_image_pull", flag())) }
        if dice.roll(15) { found.append(("pinned_images", .table([("sandbox", .text("registry.internal/pause"))]))) }
        return found
    }

    private mutating func settings() -> Members {
        var found: Members = []
        if dice.roll(70) { found.append(("registry", .table(registry()))) }
        if dice.roll(15) { found.append(("max_concurrent_downloads", .plain("\(dice.below(6))"))) }
        if dice.roll(8) { found.append(("image_pull_progress_timeout", .text(dice.pick(["1m0s", "0", "soon"])))) }
        if dice.roll(8) { found.append(("image_pull_with_sync_fs", flag())) }
        return found
    }

    private mutating func containerd(isNested: Bool) -> Members {
        var found: Members = []
        if isNested, dice.roll(50) { found.append(("discard_unpacked_layers", flag())) }
        if isNested, dice.roll(20) { found.append(("snapshotter", .text("native"))) }
        if isNested, dice.roll(15) { found.append(("disable_snapshot_annotations", flag())) }
        if dice.roll(15) { found.append(("default_runtime_name", .text(dice.pick(["runc", "nvidia", ""])))) }
        if dice.roll(50) {
            var runtimes: Members = []
            for name in ["runc", "nvidia", "kata"] where dice.roll(40) {
                let options: Node = .table([("SystemdCgroup", flag())])
                runtimes.append(
                    (name, .table([("runtime_type", .text("io.containerd.runc.v2")), ("options", options)]))
                )
            }
            found.append(("runtimes", .table(runtimes)))
        }
        return found
    }

    private mutating func registry() -> Members {
        var found: Members = []
        if dice.roll(65) {
            let path = dice.pick([
                "/etc/containerd/certs.d", "/etc/containerd/certs.d:/etc/docker/certs.d", "", "/é \"x\"",
            ])
            let key = dice.roll(3) ? dice.pick(["CONFIG_PATH", "Config_Path"]) : "config_path"
            found.append((key, .text(path)))
        }
        let hosts = ["docker.io", "registry.internal:5000", "*", "10.0.0.1:5000", "https://ghcr.io"]
        if dice.roll(20) {
            let mirror: Node = .table([("endpoint", .texts(dice.roll(80) ? ["https://images.internal"] : []))])
            found.append(("mirrors", .table(dice.roll(90) ? [(dice.pick(hosts), mirror)] : [])))
        }
        if dice.roll(15) {
            let auth: Node = .table([("username", .text("robot")), ("password", .text("not-a-real-one"))])
            let tls: Node = .table([("insecure_skip_verify", flag())])
            found.append(
                ("configs", .table([(dice.pick(hosts), .table(dice.roll(50) ? [("auth", auth)] : [("tls", tls)]))]))
            )
        }
        if dice.roll(10) { found.append(("auths", .table([(dice.pick(hosts), .table([("auth", .text("eDp5"))]))]))) }
        if dice.roll(10) { found.append(("headers", .table([("X-Meta", .texts(["a", "b"]))]))) }
        return found
    }

    private mutating func flag() -> Node { .plain(dice.roll(50) ? "true" : "false") }

    /// Puts something of any type in the place of one value somewhere.
    private mutating func spoil(_ members: inout [(key: String, value: Node)]) {
        guard !members.isEmpty else { return }
        let index = dice.below(members.count)
        if case .table(var inner) = members[index].value, !inner.isEmpty, dice.roll(85) {
            spoil(&inner)
            members[index].value = .table(inner)
            return
        }
        let wrong: [Node] = [
            .plain("7"), .plain("true"), .plain("1.5"), .text("x"), .texts(["x"]), .list([]), .table([]),
            .table([("x", .plain("1"))]), .list([.plain("1")]),
        ]
        members[index].value = dice.pick(wrong)
    }
}
