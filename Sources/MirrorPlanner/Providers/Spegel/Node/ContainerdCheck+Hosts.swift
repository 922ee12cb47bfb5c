import MirrorAPI

extension ContainerdCheck {
    private static let namesLimit = 8

    /// Whether containerd finds, for each registry, a `hosts.toml` that leads to a mirror that answers.
    func hosts(_ settings: ContainerdSettings?) -> [ContainerdReport.Finding] {
        guard let root = view.roots[wish.registryConfigPath] else { return [] }
        guard root.isThere else {
            let message =
                "there is no directory \(root.path) on the host, or it is not mounted into the agent's container "
                + "(below /host): Spegel's init container makes it when its pod starts"
            return [Self.finding(.hostsFileMissing, message)]
        }
        let registries = wish.registries.isEmpty ? [HostsRoot.defaultName] : wish.registries.sorted()
        var missing: [String] = []
        var found: [ContainerdReport.Finding] = []
        for registry in registries {
            if let shadow = shadow(registry, settings) {
                found.append(Self.finding(.hostsFileMissing, shadow))
                continue
            }
            guard let name = root.name(for: registry), let directory = root.directories[name] else {
                missing.append(registry)
                continue
            }
            let file = "\(root.path)/\(name)/hosts.toml"
            switch directory.content {
            case .absent: missing.append(registry)
            case .unreadable(let why):
                found.append(Self.finding(.hostsFileDead, "\(file): \(why), so that containerd does without it"))
            case .hosts(let hosts):
                if let fault = fault(hosts, file) { found.append(Self.finding(.hostsFileDead, fault)) }
            }
        }
        // Several registries may share _default.
        var unique: [ContainerdReport.Finding] = []
        for finding in found where !unique.contains(finding) { unique.append(finding) }
        return (missing.isEmpty ? [] : [Self.finding(.hostsFileMissing, text(missing, root.path))]) + unique
    }

    private func text(_ missing: [String], _ path: String) -> String {
        let more = missing.count > Self.namesLimit ? " and \(missing.count - Self.namesLimit) more" : ""
        let names = missing.prefix(Self.namesLimit).joined(separator: ", ")
        let places = missing.count == 1 ? "\(path)/\(names)/hosts.toml" : "hosts.toml in \(path) for \(names)\(more)"
        return "there is no \(places), so that containerd does not ask the mirror; Spegel's init container writes it "
            + "when its pod starts: look at that container's log, and at the path that is mounted into it"
    }

    /// A directory that containerd comes to before the mirror's; nil where there is none.
    private func shadow(_ registry: String, _ settings: ContainerdSettings?) -> String? {
        guard let settings, settings.roots.contains(wish.registryConfigPath) else { return nil }
        for path in settings.roots {
            if path == wish.registryConfigPath { return nil }
            guard let name = view.roots[path]?.name(for: registry) else { continue }
            return "\(path)/\(name) comes before \(wish.registryConfigPath) in config_path, so that containerd looks "
                + "there alone for \(registry); move it away, or put \(wish.registryConfigPath) first"
        }
        return nil
    }

    /// What is wrong with the hosts of a file; nil where the first that is the node's mirror answers.
    private func fault(_ file: HostsFile, _ path: String) -> String? {
        let ours = file.hosts.filter { view.isOurs($0, wish) }
        guard let first = ours.first else {
            let ports = wish.mirrorPorts.map(String.init).joined(separator: " or ")
            let strays = file.hosts.filter { $0.isPlain && wish.mirrorPorts.contains($0.port) }
            let what =
                strays.first.map { "\($0), which is no address of this node" }
                ?? (file.hosts.isEmpty ? "no host" : "other hosts only")
            return "\(path) names \(what), and not this node's mirror (port \(ports)); restart the node's Spegel pod, "
                + "whose init container writes the file anew"
        }
        guard view.silentPorts.contains(first.port) else { return nil }
        let second = ours.dropFirst().first { !view.silentPorts.contains($0.port) }
        let effect =
            second.map { "each request waits for it before \($0) is asked" }
            ?? "each pull waits for it and then goes to the registry"
        return "\(path): the mirror \(first) does not answer, so that \(effect); look at the node's Spegel pod"
    }

    /// What a mirror that is gone left behind.
    var leftovers: [ContainerdReport.Finding] {
        guard let root = view.roots[wish.registryConfigPath] else { return [] }
        var found: [ContainerdReport.Finding] = []
        let names = root.directories.filter { _, directory in
            guard case .hosts(let file) = directory.content else { return false }
            return file.hosts.contains { view.isOurs($0, wish) }
        }.keys.sorted()
        if !names.isEmpty {
            let more = names.count > Self.namesLimit ? " and \(names.count - Self.namesLimit) more" : ""
            found.append(
                Self.finding(
                    .mirrorLeftovers,
                    "\(root.path): hosts.toml of \(names.prefix(Self.namesLimit).joined(separator: ", "))\(more) leads "
                        + "to a mirror that is not here any more, and each pull waits for it; remove it"
                )
            )
        }
        if root.backup != nil {
            found.append(
                Self.finding(
                    .mirrorLeftovers,
                    "\(root.path)/\(HostsRoot.backupName) holds what stood there before Spegel came; move it back, and "
                        + "remove that directory"
                )
            )
        }
        return found
    }
}
