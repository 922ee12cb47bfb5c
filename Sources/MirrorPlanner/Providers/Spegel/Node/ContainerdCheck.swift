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
            let places = view.looked.joined(separator: ", ")
            let message =
                "no configuration of containerd was found at \(places) (on the host, or not mounted into the agent's "
                + "container), so that config_path can't be checked; make sure by `crictl info` that it holds "
                + wish.registryConfigPath
            return wish.installed ? [Self.finding(.containerdUnreadable, message)] : []
        }
        return view.faults.map { Self.finding(.containerdUnreadable, "\($0), so that what it sets is not known") }
    }

    /// What containerd's own configuration lacks. Where a file could not be read nothing is said of what it may set.
    func configuration(_ settings: ContainerdSettings) -> [ContainerdReport.Finding] {
        let isComplete = view.faults.isEmpty
        var found: [ContainerdReport.Finding] = []
        if let refusal = settings.refusal {
            if isComplete { found.append(Self.finding(.containerdConfigRefused, refusal.sentence)) }
            if refusal.effect == .start { return found }
        } else {
            found += configPath(settings, isComplete)
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

    private var main: String { view.tree?.main ?? "" }

    private func configPath(_ settings: ContainerdSettings, _ isComplete: Bool) -> [ContainerdReport.Finding] {
        if settings.configPath == nil {
            return isComplete ? [Self.finding(.configPathUnset, unset(settings))] : []
        }
        if !settings.roots.contains(wish.registryConfigPath) {
            return [Self.finding(.configPathElsewhere, elsewhere(settings))]
        }
        guard settings.roots.count > 1, settings.takesListForOne else { return [] }
        guard settings.writtenConfigPath != nil else {
            return [Self.finding(.configPathNotSplit, unset(settings) + " alone, or use_local_image_pull = true")]
        }
        return [
            Self.finding(
                .configPathNotSplit,
                "\(settings.configPathFile ?? main): config_path is \"\(settings.configPath ?? "")\", which "
                    + "containerd\(release) takes for one directory when the kubelet pulls, so that no hosts.toml "
                    + "counts; set it to \"\(wish.registryConfigPath)\" alone, or use_local_image_pull = true"
            )
        ]
    }

    /// With a blank before it; empty where it is not known.
    var release: String { view.version.map { " \($0)" } ?? "" }

    private func elsewhere(_ settings: ContainerdSettings) -> String {
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
