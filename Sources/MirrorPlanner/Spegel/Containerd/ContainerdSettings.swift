/// What containerd makes of its files, as far as a mirror depends on it.
package struct ContainerdSettings: Hashable, Sendable {
    /// What `config_path` is without one, since containerd 2.2.
    package static let defaultConfigPath = "/etc/containerd/certs.d:/etc/docker/certs.d"

    /// `config_path` as it is written; nil where it is absent or empty.
    package var writtenConfigPath: String?
    /// The file that has the last word on `config_path`.
    package var configPathFile: String?
    /// Whether layers are dropped once they are unpacked; the default is that they are kept.
    package var discardsLayers: Bool
    /// The file that has the last word on that; nil where none speaks of it.
    package var discardsFile: String?
    /// `config_path` that stands where nobody reads it, and in which file.
    package var ignoredConfigPath: (path: String, file: String)? {
        ignoredPath.flatMap { path in ignoredFile.map { (path, $0) } }
    }
    private var ignoredPath: String?
    private var ignoredFile: String?
    /// Whether pulls of the kubelet take `config_path` for one path, though it may be a list.
    package var takesListForOne: Bool
    /// Whether the release has a default for `config_path` that holds.
    private var hasDefault: Bool

    /// - Parameter version: nil where it is not known; then files older than version 3 are read as containerd 1 does.
    package init(_ files: [ContainerdFile], version: ContainerdVersion?) {
        let isModern = Self.isModern(files, version)
        var images = TOMLTable()
        configPathFile = nil
        discardsFile = nil
        for file in files {
            let part: TOMLTable
            if isModern {
                part = file.modernPlugin
                images = images.merging(part)
            } else {
                guard let plugin = file.legacyPlugin else { continue }
                part = plugin
                images = plugin
                (configPathFile, discardsFile) = (nil, nil)
            }
            if part[path: "registry", "config_path"] != nil { configPathFile = file.path }
            if part["discard_unpacked_layers"] != nil { discardsFile = file.path }
            if isModern, let path = file.ignoredConfigPath { (ignoredPath, ignoredFile) = (path, file.path) }
        }
        let path = images[path: "registry", "config_path"]?.string ?? ""
        writtenConfigPath = path.isEmpty ? nil : path
        discardsLayers = images["discard_unpacked_layers"]?.boolean ?? false
        hasDefault = version.map { $0 >= .defaulting } == true && !Self.hasMembers(images[path: "registry", "mirrors"])
        takesListForOne = version.map { $0 >= .transferring } == true && !Self.pullsLocally(images)
    }

    /// `config_path` as it holds, the default of the release among it.
    package var configPath: String? { writtenConfigPath ?? (hasDefault ? Self.defaultConfigPath : nil) }

    /// The directories that are looked through for a registry's `hosts.toml`, in containerd's order.
    package var roots: [String] { (configPath ?? "").split(separator: ":").map { ContainerdPath.clean(String($0)) } }

    /// Whether files are merged and migrated as containerd 2 does.
    package static func isModern(_ files: [ContainerdFile], _ version: ContainerdVersion?) -> Bool {
        version.map { $0 >= .merging } ?? ((files.first?.version ?? 1) >= 3)
    }

    /// Settings that the transfer service can't serve, so that containerd pulls without it (containerd
    /// `internal/cri/config/config.go`, `CheckLocalImagePullConfigs`).
    private static func pullsLocally(_ images: TOMLTable) -> Bool {
        let flags = ["use_local_image_pull", "discard_unpacked_layers", "image_pull_with_sync_fs"]
        if flags.contains(where: { images[$0]?.boolean == true }) { return true }
        if images["disable_snapshot_annotations"]?.boolean == false { return true }
        if let downloads = images["max_concurrent_downloads"]?.integer, downloads != 3 { return true }
        return ["mirrors", "configs", "auths"].contains { hasMembers(images[path: "registry", $0]) }
    }

    private static func hasMembers(_ value: TOMLValue?) -> Bool { value?.table?.isEmpty == false }
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
}
