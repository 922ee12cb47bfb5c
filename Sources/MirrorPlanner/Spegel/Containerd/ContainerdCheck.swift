package import MirrorAPI

/// Whether a node's containerd asks its mirror, and what is left of one that is gone. Spegel itself has not looked
/// since 0.7.0 (spegel commit 9cc62f3), so that a wrong setting shows as nothing but missing hits.
package struct ContainerdCheck: Sendable {
    let wish: ContainerdWish
    let view: ContainerdView

    package init(_ wish: ContainerdWish, _ view: ContainerdView) {
        self.wish = wish
        self.view = view
    }

    /// What is reported, without what a repair makes of it.
    package var report: ContainerdReport {
        let settings = view.settings
        var found = unreadable
        if wish.installed {
            if let settings { found += configuration(settings) }
            found += hosts(settings)
        } else if wish.isGone {
            found += leftovers
        }
        return ContainerdReport(
            configFile: view.tree?.main,
            registryConfigPath: settings?.configPath.map { String($0.prefix(ContainerdReport.messageLimit)) },
            discardsUnpackedLayers: settings?.discardsLayers,
            findings: Self.bounded(found)
        )
    }

    private var unreadable: [ContainerdReport.Finding] {
        guard view.tree != nil else {
            let places = ContainerdPlaces.all.joined(separator: ", ")
            let message =
                "no configuration of containerd was found at \(places), so that config_path can't be checked; "
                + "make sure by `crictl info` that it holds \(wish.registryConfigPath)"
            return wish.installed ? [Self.finding(.containerdUnreadable, message)] : []
        }
        return view.faults.map { Self.finding(.containerdUnreadable, "\($0), so that what it sets is not known") }
    }

    /// What containerd's own configuration lacks. Where a file could not be read nothing is said of what it may set.
    func configuration(_ settings: ContainerdSettings) -> [ContainerdReport.Finding] {
        let main = view.tree?.main ?? ""
        var found: [ContainerdReport.Finding] = []
        let isComplete = view.faults.isEmpty
        if settings.configPath == nil {
            if isComplete { found.append(Self.finding(.configPathUnset, unset(settings, main))) }
        } else if !settings.roots.contains(wish.registryConfigPath) {
            found.append(Self.finding(.configPathElsewhere, elsewhere(settings, main)))
        } else if settings.roots.count > 1, settings.takesListForOne {
            let version = view.version.map { " \($0)" } ?? ""
            found.append(
                Self.finding(
                    .configPathNotSplit,
                    "\(settings.configPathFile ?? main): config_path is \"\(settings.configPath ?? "")\", which "
                        + "containerd\(version) takes for one directory when the kubelet pulls, so that no hosts.toml "
                        + "counts; set it to \"\(wish.registryConfigPath)\" alone, or use_local_image_pull = true"
                )
            )
        }
        if settings.discardsLayers {
            found.append(
                Self.finding(
                    .layersDiscarded,
                    "\(settings.discardsFile ?? main): discard_unpacked_layers is true, so that layers are gone once "
                        + "they are unpacked and no peer can have them; set it to false"
                )
            )
        }
        return found
    }

    private func unset(_ settings: ContainerdSettings, _ main: String) -> String {
        let table =
            ContainerdSettings.isModern(view.tree?.ordered ?? [], view.version)
            ? ContainerdFile.imagesPlugin : ContainerdFile.criPlugin
        let right = "set config_path = \"\(wish.registryConfigPath)\" in [plugins.\"\(table)\".registry]"
        if let ignored = settings.ignoredConfigPath {
            return "\(ignored.file): config_path stands in the table \(ContainerdFile.criPlugin), which a file of "
                + "version 3 does not have, so that no hosts.toml counts; \(right)"
        }
        return "\(main): config_path is not set, so that no hosts.toml counts; \(right)"
    }

    private func elsewhere(_ settings: ContainerdSettings, _ main: String) -> String {
        let file = settings.configPathFile ?? main
        let path = settings.configPath ?? ""
        let fact =
            "\(file): config_path is \"\(path)\", and the mirror's hosts.toml files stand in "
            + wish.registryConfigPath
        guard let first = settings.roots.first else { return fact }
        if let program = ContainerdPlaces.program(of: main) {
            return "\(fact); \(program) writes that file anew, so set "
                + "\(pathSetting) to \(first)"
        }
        return "\(fact); set \(pathSetting) to \(first), or config_path to \(wish.registryConfigPath)"
    }

    /// What decides where the mirror's files stand.
    private var pathSetting: String {
        wish.release.map { "spegel.containerdRegistryConfigPath of the Helm release \($0)" }
            ?? "spec.spegel.install.containerd.registryConfigPath"
    }

    static func finding(_ reason: Reason, _ message: String) -> ContainerdReport.Finding {
        let limit = ContainerdReport.messageLimit
        let text = message.count > limit ? message.prefix(limit - 1) + "…" : message[...]
        return ContainerdReport.Finding(reason: reason.rawValue, message: String(text))
    }

    static func bounded(_ findings: [ContainerdReport.Finding]) -> [ContainerdReport.Finding] {
        guard findings.count > ContainerdReport.findingsLimit, let last = findings.dropFirst(15).first else {
            return findings
        }
        let more = findings.count - ContainerdReport.findingsLimit
        let end = ContainerdReport.Finding(
            reason: last.reason,
            message: String("\(last.message.prefix(960)) (and \(more) more findings)")
        )
        return findings.prefix(ContainerdReport.findingsLimit - 1) + [end]
    }
}

/// Where a containerd's configuration is looked for.
package enum ContainerdPlaces {
    /// K3s and RKE2 write the file of their own containerd below their data directory (k3s
    /// `pkg/agent/containerd/config_linux.go`).
    package static let k3s = "/var/lib/rancher/k3s/agent/etc/containerd/config.toml"
    package static let rke2 = "/var/lib/rancher/rke2/agent/etc/containerd/config.toml"
    package static let plain = "/etc/containerd/config.toml"

    package static let all = [rke2, k3s, plain]

    /// The places to look at for a node, the likeliest first.
    ///
    /// - Parameter kubeletVersion: names the distribution; nil where it is not known.
    package static func candidates(kubeletVersion: String?) -> [String] {
        guard let kubeletVersion else { return all }
        if kubeletVersion.contains("+rke2") { return [rke2] }
        return kubeletVersion.contains("+k3s") ? [k3s] : [plain]
    }

    /// What writes that file anew at each of its starts; nil where nobody does.
    static func program(of path: String) -> String? {
        switch path {
        case k3s: "K3s"
        case rke2: "RKE2"
        default: nil
        }
    }
}
