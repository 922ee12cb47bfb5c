import MirrorAPI

extension ContainerdCheck {
    /// Why no `config_path` that anybody wrote is in force, by the file that causes it, and what would be right.
    func unset(_ settings: ContainerdSettings) -> String {
        let main = view.tree?.main ?? ""
        guard let cause = settings.cause else { return "\(main): config_path is not set" + effect(settings) }
        return "\(cause.file): \(why(cause, settings))\(effect(settings)); \(cure(cause, settings))"
            + conflict(settings)
    }

    /// What follows for pulls.
    private func effect(_ settings: ContainerdSettings) -> String {
        guard let path = settings.configPath else { return ", so that no hosts.toml counts" }
        return ", so that its default \"\(path)\" holds, which containerd\(release) takes for one directory when the "
            + "kubelet pulls, and no hosts.toml counts"
    }

    private static func table(_ plugin: String) -> String {
        plugin == ContainerdFile.oldPlugin ? "[plugins.cri.registry]" : "[plugins.\"\(plugin)\".registry]"
    }

    private func why(_ cause: ContainerdCause, _ settings: ContainerdSettings) -> String {
        let writer = cause.writer ?? "another file"
        switch cause.kind {
        case .absent: return "config_path is not set"
        case .emptied: return "config_path is empty here and takes the place of that of \(writer)"
        case .version(let version):
            return "its version = \(version) holds for all files, and version \(version) does not have the table in "
                + "which config_path stands in \(writer)"
        case .replaced(let plugin) where settings.line == .replacing:
            return "its table [plugins.\"\(plugin)\"] takes the place of all that \(writer) says of that plugin, "
                + "config_path among it"
        case .replaced(let plugin):
            return "its table \(Self.table(plugin)) takes the place of the one that has config_path in \(writer)"
        case .unread(let plugin, let version):
            return "config_path stands in the table \(Self.table(plugin)), which "
                + unread(plugin, version, settings)
        }
    }

    private func unread(_ plugin: String, _ version: Int, _ settings: ContainerdSettings) -> String {
        let isUnwritten = version == 0 && plugin == ContainerdFile.criPlugin
        switch settings.line {
        case .replacing where plugin == ContainerdFile.imagesPlugin: return "containerd 1 does not have"
        case .replacing where isUnwritten && settings.version == 1:
            return "a file without a version does not have: it is of version 1, whose plugin is called cri"
        case .merging where isUnwritten && settings.version == 3:
            return "a file without a version does not have: containerd 2.0 to 2.2 take it for one of version 3"
        default: return "a file of version \(settings.version) does not have"
        }
    }

    private func cure(_ cause: ContainerdCause, _ settings: ContainerdSettings) -> String {
        let set = "set config_path = \"\(wish.registryConfigPath)\" in \(Self.table(settings.plugin))"
        switch cause.kind {
        case .absent, .emptied: return set
        case .version: return "write in all files the version of that one"
        case .replaced: return "\(set) of this file"
        case .unread(let plugin, let version):
            guard version == 0, plugin == ContainerdFile.criPlugin, settings.line != .migratingFiles else { return set }
            return "write version = 2 above its first table"
        }
    }

    /// What would be refused beside a `config_path`.
    private func conflict(_ settings: ContainerdSettings) -> String {
        guard let (tables, file) = settings.conflicting else { return "" }
        let names = tables.map { "registry.\($0)" }.joined(separator: " and ")
        return ", and remove \(names) of \(file), which containerd refuses beside it"
    }
}
