import KubeCore
import MirrorAPI

// What an agent is told about its node's containerd, and what is remembered by it.

extension SpegelFleet {
    /// What containerd must be told on a node; nil where that is not known: then the agent neither looks nor changes
    /// anything.
    ///
    /// That something is not found is no sign that it was removed: a name may be mistyped, a right may be missing. A
    /// wish keeps which release this mirror has seen on the node, so that it survives the operator; only where that
    /// very release is shown to be gone is the agent told so. What an older operator wrote names no release.
    func containerdWish(of place: Place) -> ContainerdWish? {
        let before = remembered(at: place)
        guard let release else { return installedWish(before) }
        guard release.daemonSet == nil else {
            return release.settings?.hosts.map { wish(of: $0, release) }
        }
        guard var kept = before else { return nil }
        kept.repair = kept.repair && mayRepair
        if kept.release == release.identity {
            // A look that failed changes nothing.
            kept.installed = (release.hasTraces ? false : evidence.isReleaseGone).map { !$0 } ?? kept.installed
            return kept
        }
        return kept.installed ? kept : nil
    }

    /// The agent need not look before there are pods, and an installation of our own is taken away by its own clean-up.
    private func installedWish(_ before: ContainerdWish?) -> ContainerdWish? {
        guard daemonSet != nil || before?.installed == true else { return nil }
        let isAll = mirror.spec.registries.contains { $0 == "*" || $0 == HostsRoot.defaultName }
        return ContainerdWish(
            registryConfigPath: spegel.registryConfigPath,
            registries: isAll ? [] : mirror.spec.registries,
            mirrorPorts: [SpegelObjects.hostPort, SpegelObjects.nodePort],
            installed: true,
            repair: mayRepair
        )
    }

    private func wish(of hosts: ReleaseSettings.Hosts, _ release: Release) -> ContainerdWish {
        ContainerdWish(
            registryConfigPath: hosts.registryConfigPath,
            registries: hosts.registries,
            mirrorPorts: hosts.ports,
            mirrorAddresses: hosts.addresses,
            installed: true,
            release: release.identity,
            repair: mayRepair
        )
    }

    private var mayRepair: Bool { mirror.spec.mode == .enforce && spegel.nodeConfiguration == .repair }

    /// What this very mirror said last about the node; one of an earlier mirror of that name may still be there.
    private func remembered(at place: Place) -> ContainerdWish? {
        guard let object = place.mirrorNode, let uid = mirror.metadata.uid,
            object.metadata.ownerReferences.contains(where: { $0.uid == uid })
        else { return nil }
        return object.spec.containerd
    }

    /// Whether the adopted release was seen, and nothing of it is seen now: then it is worth a live look.
    package var isReleaseMissed: Bool {
        guard let release, release.daemonSet == nil, !release.hasTraces else { return false }
        return places.contains { remembered(at: $0)?.release == release.identity }
    }

    /// Whether a release that was seen is gone: nothing of it is seen, and a live look found nothing either.
    var isReleaseGone: Bool { isReleaseMissed && evidence.isReleaseGone == true }
}
