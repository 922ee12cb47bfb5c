import KubeCore
import MirrorAPI

/// The condition `EvictionEffective`: whether a seed that is out is really out, as a try to connect shows.
///
/// A scheduler never shows its ring of seeds, and a seed behind a quarantine goes on to announce itself, so that its
/// place in a list proves nothing. That nobody can connect to it, while its metrics still answer, does.
struct LeverProof {
    private let fleet: DragonflyFleet
    private let files: DragonflyFiles
    private let obstacle: Verdict?
    private let removal: HostRemoval

    init(_ fleet: DragonflyFleet, _ files: DragonflyFiles, _ obstacle: Verdict?, _ removal: HostRemoval) {
        (self.fleet, self.files, self.obstacle, self.removal) = (fleet, files, obstacle, removal)
    }

    /// Nil where what is decided about the set tells.
    var finding: MirrorStatus.Finding? {
        if let obstacle { return (.false, obstacle) }
        let open = fleet.seeds.filter { isOpen($0) }
        if let first = open.first {
            let port = files.seedPorts.upload
            let message =
                "\(Sentences.list(open.map(\.name))) \(Sentences.form(open.count, "is", "are")) out of the set, and "
                + "still \(Sentences.form(open.count, "accepts", "accept")) connections on port \(port) "
                + "(\(first.reading?.address ?? "")): the NetworkPolicy \(first.quarantine?.key.name ?? "") is not "
                + "enforced, or another policy lets others in. Use a network that enforces NetworkPolicies, or stop "
                + "the pod by hand"
            return (.false, Verdict(.leverFails, message))
        }
        guard let (seed, schedulers) = removal.untold.min(by: { $0.key < $1.key }) else { return nil }
        let isLast = fleet.evidence.schedulers.contains { schedulers.contains($0.pod) && $0.seeds.count <= 1 }
        let why = isLast ? "it knows no other seed, and one is never taken from it" : "it can't be asked"
        let message =
            "\(seed) is out of the set, and \(Sentences.list(schedulers)) "
            + "\(Sentences.form(schedulers.count, "was", "were")) not told (\(why)): tasks that it has finished may "
            + "still name it as a parent there"
        return (.false, Verdict(.schedulerNotTold, message))
    }

    private func isOpen(_ seed: DragonflyFleet.Seed) -> Bool {
        guard let began = seed.quarantine?.metadata.creationTimestamp, let reading = seed.reading,
            reading.at > began + fleet.timing.enforcementSeconds
        else { return false }
        return reading.health.isAnswer
    }
}
