/// Moves the settings of the plugin of containerd 1 into those of containerd 2 (containerd
/// `plugins/cri/images/plugin.go`, `plugins/cri/runtime/plugin.go` and `plugins/cri/cri.go`, each `configMigration`).
struct ContainerdMigration {
    private let release: ContainerdVersion?

    init(_ release: ContainerdVersion?) { self.release = release }

    func all(_ plugins: TOMLTable) throws(ContainerdRefusal) -> TOMLTable {
        server(try runtime(try images(plugins)))
    }

    private static let imageKeys = [
        "registry", "image_decryption", "max_concurrent_downloads", "image_pull_progress_timeout",
        "image_pull_with_sync_fs", "stats_collect_period",
    ]
    /// In the table `containerd` of the older plugin; they move only where runtimes stand there, too.
    static let nestedKeys = ["snapshotter", "disable_snapshot_annotations", "discard_unpacked_layers"]
    private static let serverKeys: Set<String> = [
        "disable_tcp_service", "stream_server_address", "stream_server_port", "stream_idle_timeout",
        "enable_tls_streaming", "x509_key_pair_streaming",
    ]

    /// What stands in both is taken from the older one, as a whole.
    func images(_ plugins: TOMLTable) throws(ContainerdRefusal) -> TOMLTable {
        guard let older = try table(plugins, ContainerdFile.criPlugin) else { return plugins }
        var images = try table(plugins, ContainerdFile.imagesPlugin) ?? TOMLTable()
        var pinned = try table(images, "pinned_images") ?? TOMLTable()
        if let image = older["sandbox_image"] { pinned.set("sandbox", image) }
        if !pinned.isEmpty { images.set("pinned_images", .table(pinned)) }
        for key in Self.imageKeys { if let value = older[key] { images.set(key, value) } }
        if let containerd = try table(older, "containerd"), let runtimes = try table(containerd, "runtimes") {
            for name in runtimes.keys { _ = try table(runtimes, name) }
            for key in Self.nestedKeys { if let value = containerd[key] { images.set(key, value) } }
        }
        try fillIn(&images)
        return plugins.setting(ContainerdFile.imagesPlugin, images)
    }

    /// Containerd 2.2.0 and 2.2.1 put their default in the place of an empty path.
    private func fillIn(_ images: inout TOMLTable) throws(ContainerdRefusal) {
        guard let release, release >= .defaulting, release < .yielding,
            var registry = try table(images, "registry"), registry["config_path"]?.string == ""
        else { return }
        registry.set("config_path", .string(ContainerdSettings.defaultConfigPath))
        images.set("registry", .table(registry))
    }

    /// What stands in both is taken from the newer one.
    func runtime(_ plugins: TOMLTable) throws(ContainerdRefusal) -> TOMLTable {
        guard let older = plugins[ContainerdFile.criPlugin]?.table else { return plugins }
        let elsewhere = Set(Self.imageKeys).union(Self.serverKeys).union(["sandbox_image", "containerd"])
        let isPlain = release.map { $0 < .transferring } == true
        var runtime = older.without(isPlain ? elsewhere : elsewhere.union(["cni"]))
            .replacing(by: plugins[ContainerdFile.runtimePlugin]?.table ?? TOMLTable())
        if !isPlain, let network = older["cni"]?.table { try move(network, &runtime) }
        if let containerd = older["containerd"]?.table {
            let moved = containerd.without(Set(Self.nestedKeys))
                .replacing(by: runtime["containerd"]?.table ?? TOMLTable())
            if let runtimes = try table(moved, "runtimes") {
                for name in runtimes.keys { _ = try table(runtimes, name) }
            }
            runtime.set("containerd", .table(moved))
        }
        return plugins.setting(ContainerdFile.runtimePlugin, runtime)
    }

    private func move(_ network: TOMLTable, _ runtime: inout TOMLTable) throws(ContainerdRefusal) {
        var moved = network.without(["bin_dir"]).replacing(by: runtime["cni"]?.table ?? TOMLTable())
        if let directory = network["bin_dir"] {
            guard directory.string != nil else { throw Self.mistyped("cni.bin_dir", "text") }
            moved.set("bin_dirs", .array([directory]))
        }
        runtime.set("cni", .table(moved))
    }

    /// The older plugin's table keeps what is the server's.
    func server(_ plugins: TOMLTable) -> TOMLTable {
        guard let older = plugins[ContainerdFile.criPlugin]?.table else { return plugins }
        var server = TOMLTable()
        for key in older.keys where Self.serverKeys.contains(key) {
            if let value = older[key] { server.set(key, value) }
        }
        return plugins.setting(ContainerdFile.criPlugin, server)
    }

    /// Containerd's own migration ends the process where it wants a table and finds something else.
    private func table(_ parent: TOMLTable, _ key: String) throws(ContainerdRefusal) -> TOMLTable? {
        guard let value = parent[key] else { return nil }
        guard let table = value.table else { throw Self.mistyped(key, "a table") }
        return table
    }

    private static func mistyped(_ key: String, _ type: String) -> ContainerdRefusal {
        ContainerdRefusal(.start, "\(key.prefix(60)) must be \(type)", cure: "mend it")
    }
}

extension TOMLTable {
    fileprivate func setting(_ key: String, _ table: TOMLTable) -> TOMLTable {
        var changed = self
        changed.set(key, .table(table))
        return changed
    }

    /// The same with the keys of another, each as a whole.
    fileprivate func replacing(by other: TOMLTable) -> TOMLTable {
        var changed = self
        for key in other.keys { if let value = other[key] { changed.set(key, value) } }
        return changed
    }
}
