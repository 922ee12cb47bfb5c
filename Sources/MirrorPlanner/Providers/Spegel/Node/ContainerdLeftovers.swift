package import MirrorAPI

/// What is done about the left-overs of a release that was seen here and is gone: what `spegel cleanup` does (spegel
/// `pkg/oci/containerd.go`, `CleanupMirrorConfiguration`), but that nothing goes which may be somebody else's.
package struct ContainerdLeftovers: Hashable, Sendable {
    /// Directories whose removal has begun; it goes on.
    package var trash: [String] = []
    /// Directories with nothing but a `hosts.toml` that leads to our ports alone; they go.
    package var removes: [String] = []
    /// What of `_backup` moves back to where it was.
    package var restores: [String] = []
    /// Whether `_backup` is empty then, and goes.
    package var removesBackup = false
    /// What is left to people, and why: each a part of a sentence.
    package var left: [String] = []

    package var isEmpty: Bool { trash.isEmpty && removes.isEmpty && restores.isEmpty && !removesBackup }

    /// - Parameter root: the directory itself, as it was looked into.
    package init(_ wish: ContainerdWish, _ view: ContainerdView) {
        guard wish.isGone, wish.repair, let root = view.roots[wish.registryConfigPath] else { return }
        guard view.settings?.roots.contains(root.path) == true,
            ContainerdPath.isInside(root.path, ContainerdDropIn.writableDirectory)
        else {
            let isThere = root.backup != nil || !root.directories.isEmpty
            if isThere {
                left.append(
                    "only what stands in containerd's config_path and below "
                        + "\(ContainerdDropIn.writableDirectory) is put right by the agent"
                )
            }
            return
        }
        guard view.isSilent(wish) else {
            left.append("a mirror still answers, or was not asked for long enough")
            return
        }
        trash = root.trash
        left += root.names.filter { HostsRoot.isTrash($0) && !trash.contains($0) }.sorted().map {
            "\($0) holds other files"
        }
        var names = root.names
        for (name, directory) in root.directories.sorted(by: { $0.key < $1.key }) {
            guard case .hosts(let file) = directory.content,
                file.hosts.contains(where: { view.isOurs($0, wish) })
            else { continue }
            if !file.hosts.allSatisfy({ view.isOurs($0, wish) }) {
                left.append("\(name)/hosts.toml names other hosts as well")
            } else if !directory.isAlone {
                left.append("\(name) holds other files as well")
            } else {
                removes.append(name)
                names.remove(name)
            }
        }
        guard let backup = root.backup else { return }
        for name in backup.sorted() {
            if names.contains(name) {
                left.append("\(name) is there and in \(HostsRoot.backupName)")
            } else {
                restores.append(name)
            }
        }
        removesBackup = restores.count == backup.count
    }
}
