/// The tables that containerd's CRI has at last, in the form of containerd 2.
struct ContainerdPlugins: Hashable, Sendable {
    let line: ContainerdLine
    let release: ContainerdVersion?
    /// The version that holds for all files.
    let version: Int
    /// Settings of images, and those of runtimes and of the server.
    let images: TOMLTable
    let runtime: TOMLTable
    let server: TOMLTable
    /// The plugin by the name under which `disabled_plugins` switches CRI off; nil where it is not.
    let switchedOff: String?
    /// Plugins that are read at all; what is switched off is not.
    private let read: Set<String>

    /// - Throws: a refusal of the whole program.
    init(_ configuration: ContainerdConfiguration, _ release: ContainerdVersion?) throws(ContainerdRefusal) {
        line = configuration.line
        version = configuration.version
        self.release = release
        let names: [String]
        if line == .replacing {
            names = [version == 1 ? ContainerdFile.oldPlugin : ContainerdFile.criPlugin]
        } else {
            names = [ContainerdFile.imagesPlugin, ContainerdFile.runtimePlugin, ContainerdFile.criPlugin]
        }
        switchedOff = names.first(where: configuration.disabled.contains)
        read = Set(names.filter { !configuration.disabled.contains($0) })
        var tables: [TOMLTable] = []
        for name in names {
            let value = configuration.plugins[name] ?? .table(TOMLTable())
            let shape = Self.shape(name, line, release)
            if read.contains(name), let mistake = shape.mistake(in: value, TOMLDialect(release), [name]) {
                throw ContainerdRefusal(.start, mistake, cure: "mend it")
            }
            tables.append(value.table ?? TOMLTable())
        }
        if line == .replacing {
            (runtime, server) = (tables[0], tables[0])
            images = Self.images(of: tables[0], TOMLDialect(release))
        } else {
            (images, runtime, server) = (tables[0], tables[1], tables[2])
        }
    }

    private static func shape(
        _ name: String,
        _ line: ContainerdLine,
        _ release: ContainerdVersion?
    ) -> ContainerdShape {
        if line == .replacing { return .cri(release) }
        switch name {
        case ContainerdFile.imagesPlugin: return .images(release)
        case ContainerdFile.runtimePlugin: return .runtimes
        default: return .server
        }
    }

    /// What containerd 1 has in its one plugin, where containerd 2 has it.
    private static func images(of plugin: TOMLTable, _ dialect: TOMLDialect) -> TOMLTable {
        var images = TOMLTable()
        let fields = ContainerdFields(plugin, dialect)
        for key in ["registry", "max_concurrent_downloads", "image_pull_progress_timeout", "image_pull_with_sync_fs"] {
            if let value = fields[key] { images.set(key, value) }
        }
        let nested = ContainerdFields(fields["containerd"]?.table ?? TOMLTable(), dialect)
        for key in ContainerdMigration.nestedKeys { if let value = nested[key] { images.set(key, value) } }
        return images
    }

    private func fields(_ table: TOMLTable) -> ContainerdFields { ContainerdFields(table, TOMLDialect(release)) }

    /// A setting of images.
    func image(_ key: String) -> TOMLValue? { fields(images)[key] }

    /// A setting of registries.
    func registry(_ key: String) -> TOMLValue? { fields(image("registry")?.table ?? TOMLTable())[key] }

    /// A setting of runtimes, below a table.
    func runtime(_ table: String, _ key: String) -> TOMLValue? {
        fields(fields(runtime)[table]?.table ?? TOMLTable())[key]
    }

    /// A setting of runtimes, or of the server.
    func setting(_ key: String) -> TOMLValue? { fields(runtime)[key] ?? fields(server)[key] }

    func field(_ value: TOMLValue?, _ key: String) -> TOMLValue? { fields(value?.table ?? TOMLTable())[key] }

    /// `config_path` as it is written; empty where none is.
    var writtenPath: String { registry("config_path")?.string ?? "" }

    /// `config_path` as it holds.
    var path: String {
        guard let release, release >= .defaulting else { return writtenPath }
        if release < .yielding, registry("config_path") == nil { return ContainerdSettings.defaultConfigPath }
        guard release >= .yielding, writtenPath.isEmpty, count("mirrors") == 0 else { return writtenPath }
        return ContainerdSettings.defaultConfigPath
    }

    var discardsLayers: Bool { image("discard_unpacked_layers")?.boolean ?? false }

    /// How many members a table of the registries has.
    func count(_ key: String) -> Int { registry(key)?.table?.keys.count ?? 0 }

    /// Tables of the registries that containerd refuses beside a `config_path`.
    var conflicting: [String] {
        var found = count("mirrors") > 0 ? ["mirrors"] : []
        let configs = registry("configs")?.table ?? TOMLTable()
        if line == .replacing, configs.keys.contains(where: { field(configs[$0], "tls") != nil }) {
            found.append("configs.*.tls")
        }
        return found
    }

    /// Settings that the transfer service can't serve, so that containerd pulls without it (containerd
    /// `internal/cri/config/config.go`, `CheckLocalImagePullConfigs`).
    var pullsLocally: Bool {
        let flags = ["use_local_image_pull", "discard_unpacked_layers", "image_pull_with_sync_fs"]
        if flags.contains(where: { image($0)?.boolean == true }) { return true }
        if image("disable_snapshot_annotations")?.boolean == false { return true }
        if let downloads = image("max_concurrent_downloads")?.integer, downloads != 3 { return true }
        return ["mirrors", "configs", "auths"].contains { count($0) > 0 }
    }

    /// Names of the runtimes: containerd 2 adds to its own `runc`, containerd 1 has those alone that are written.
    var runtimes: Set<String> {
        guard let written = runtime("containerd", "runtimes")?.table else { return ["runc"] }
        return Set(written.keys).union(line == .replacing ? [] : ["runc"])
    }

    var defaultRuntime: String { runtime("containerd", "default_runtime_name")?.string ?? "runc" }
}
