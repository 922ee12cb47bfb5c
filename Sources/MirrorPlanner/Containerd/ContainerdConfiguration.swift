/// What a release of containerd makes of its files, before plugins read their tables (containerd
/// `cmd/containerd/server/config/config.go`, `LoadConfig`; in containerd 1 `services/server/config/config.go`).
struct ContainerdConfiguration: Hashable, Sendable {
    let line: ContainerdLine
    private let release: ContainerdVersion?
    /// The version that holds for all files.
    private(set) var version: Int
    private(set) var plugins = TOMLTable()
    private(set) var disabled: Set<String> = []
    private var required: Set<String> = []

    /// - Parameter files: in containerd's order; where the release is not known the version of the first one decides.
    init(_ files: [ContainerdFile], _ release: ContainerdVersion?) throws(ContainerdRefusal) {
        self.release = release
        line = ContainerdLine(release, fileVersion: files.first?.version ?? 0)
        version = line == .replacing ? 1 : line.newestFile(release) ?? 3
        var rootVersion = 0
        for file in files {
            if let mistake = file.mistake {
                throw ContainerdRefusal(.start, mistake, file: file.path, cure: "mend it")
            }
            if rootVersion == 0 { rootVersion = file.version }
            try add(file, rootVersion)
        }
        try checkVersion(files)
        try checkNames()
        if line == .merging, version < 3 { try migrate() }
    }

    private mutating func add(_ file: ContainerdFile, _ rootVersion: Int) throws(ContainerdRefusal) {
        var part = file.plugins
        var names = (disabled: file.disabled, required: file.required)
        switch line {
        case .replacing:
            for key in part.keys { if let table = part[key] { plugins.set(key, table) } }
            if file.version != 0 { version = file.version }
        case .merging:
            if (0...1).contains(file.version) {
                // It is brought to the version that holds so far, to which there may be no way.
                guard version <= 3 else { throw tooNew(file.path) }
                part = part.renaming(Self.modernName)
                names = (names.disabled.map(Self.modernName), names.required.map(Self.modernName))
            } else {
                version = file.version
            }
            plugins = plugins.merging(part)
        case .migratingFiles:
            try checkRoot(file, rootVersion)
            if file.version <= 1 {
                names = (names.disabled.map(Self.modernName), names.required.map(Self.modernName))
            }
            // Each step from one version to the next moves what has the newer name by then.
            if file.version == 0 { part = try ContainerdMigration(release).all(part) }
            if file.version <= 1 { part = part.renaming(Self.modernName) }
            if file.version < 4 { part = try ContainerdMigration(release).all(part) }
            if file.version > 4 { version = file.version }
            plugins = plugins.merging(part)
        }
        disabled.formUnion(names.disabled)
        required.formUnion(names.required)
    }

    /// From 2.3.0 to 2.3.4 (containerd commit 21248d0; taken back by a8ed546).
    private func checkRoot(_ file: ContainerdFile, _ rootVersion: Int) throws(ContainerdRefusal) {
        guard let release, release.minor == 3, release.patch < 5, file.version > rootVersion else { return }
        throw ContainerdRefusal(
            .start,
            "version = \(file.version) is newer than version = \(rootVersion) of the first file, which containerd "
                + "2.3.\(release.patch) refuses",
            file: file.path,
            cure: "bring the first file to version \(file.version), or this one to version \(rootVersion)"
        )
    }

    private func checkVersion(_ files: [ContainerdFile]) throws(ContainerdRefusal) {
        let newest = line.newestFile(release)
        guard version < 0 && line != .replacing || newest.map({ version > $0 }) == true else { return }
        throw tooNew(files.last { $0.version == version }?.path ?? "")
    }

    private func tooNew(_ file: String) -> ContainerdRefusal {
        let newest = line.newestFile(release) ?? 3
        return ContainerdRefusal(
            .start,
            "version = \(version), and this release of containerd knows versions up to \(newest)",
            file: file,
            cure: "bring it to version \(newest), or upgrade containerd"
        )
    }

    /// Names of plugins as their releases want them (`ValidateV2`, `ValidateVersion`).
    private func checkNames() throws(ContainerdRefusal) {
        if line == .replacing, (0...1).contains(version) || version < 0 { return }
        let lists = [("disabled_plugins", disabled), ("required_plugins", required)]
        for (key, names) in lists {
            guard let name = names.sorted().first(where: { !isName($0) }) else { continue }
            throw ContainerdRefusal(
                .start,
                "\(key) has a name that is none of a plugin (\(name.prefix(60)))",
                cure: "write the full name, such as \(ContainerdFile.criPlugin)"
            )
        }
        guard line == .replacing, let name = plugins.keys.first(where: { !isName($0) }) else { return }
        throw ContainerdRefusal(
            .start,
            "the table [plugins.\(name.prefix(60))] has a name that is none of a plugin in version 2",
            cure: "write its full name, such as [plugins.\"\(ContainerdFile.criPlugin)\"]"
        )
    }

    private func isName(_ name: String) -> Bool {
        guard line == .replacing else { return name.contains(".") }
        let count = name.split(separator: ".", omittingEmptySubsequences: false).count
        return count >= 4 && (name.hasPrefix("io.containerd.") || release.map { $0.minor < 7 } == true)
    }

    /// Moves what an older version has in other tables; a plugin that is switched off moves nothing.
    private mutating func migrate() throws(ContainerdRefusal) {
        let migration = ContainerdMigration(release)
        if !disabled.contains(ContainerdFile.imagesPlugin) { plugins = try migration.images(plugins) }
        if !disabled.contains(ContainerdFile.runtimePlugin) { plugins = try migration.runtime(plugins) }
        if !disabled.contains(ContainerdFile.criPlugin) { plugins = migration.server(plugins) }
    }

    /// The name of a plugin since version 2 (`v1MigratePluginName`).
    private static func modernName(_ name: String) -> String {
        if name.contains(".") { return name }
        if let known = olderNames[name] { return known }
        if name.hasSuffix("-service") { return "io.containerd.service.v1.\(name)" }
        if name == "windows" || name == "windows-lcow" { return "io.containerd.snapshotter.v1.\(name)" }
        return "io.containerd.grpc.v1.\(name)"
    }

    private static let olderNames = [
        "cri": ContainerdFile.criPlugin, "cgroups": "io.containerd.monitor.v1.cgroups",
        "linux": "io.containerd.runtime.v1.linux", "scheduler": "io.containerd.gc.v1.scheduler",
        "bolt": "io.containerd.metadata.v1.bolt", "task": "io.containerd.runtime.v2.task",
        "opt": "io.containerd.internal.v1.opt", "restart": "io.containerd.internal.v1.restart",
        "tracing": "io.containerd.internal.v1.tracing", "otlp": "io.containerd.tracing.processor.v1.otlp",
        "aufs": "io.containerd.snapshotter.v1.aufs", "btrfs": "io.containerd.snapshotter.v1.btrfs",
        "devmapper": "io.containerd.snapshotter.v1.devmapper", "native": "io.containerd.snapshotter.v1.native",
        "overlayfs": "io.containerd.snapshotter.v1.overlayfs", "zfs": "io.containerd.snapshotter.v1.zfs",
    ]
}

extension TOMLTable {
    /// Tables are merged key by key; of anything else the later one counts, whatever it is (darccio/mergo, `deepMerge`
    /// of maps with `WithOverride`).
    func merging(_ later: TOMLTable) -> TOMLTable {
        var merged = self
        for key in later.keys {
            guard let value = later[key] else { continue }
            if let table = value.table, let known = self[key]?.table {
                merged.set(key, .table(known.merging(table)))
            } else {
                merged.set(key, value)
            }
        }
        return merged
    }

    /// The same with other keys.
    func renaming(_ name: (String) -> String) -> TOMLTable {
        var renamed = TOMLTable()
        for key in keys { if let value = self[key] { renamed.set(name(key), value) } }
        return renamed
    }

    /// The same without some keys.
    func without(_ unwanted: Set<String>) -> TOMLTable {
        var rest = TOMLTable()
        for key in keys where !unwanted.contains(key) { if let value = self[key] { rest.set(key, value) } }
        return rest
    }
}
