import KubeCore
import MirrorAPI

/// The one restart of a seed whose disk is full, behind its quarantine.
///
/// A daemon cleans up at once when it starts, and then only at every `gc.interval` (dragonflyoss/client
/// `dragonfly-client/src/gc/mod.rs`); no call begins it. With a persistent volume and `storage.keep` nothing else is
/// lost. It needs a scheduler to start with, which the quarantine leaves open.
struct SeedRecoveryStep {
    private(set) var writes: [Write] = []
    private(set) var notes: [Note] = []

    init(_ fleet: DragonflyFleet, _ files: DragonflyFiles, records: [String: MirrorNodeStatus.Candidate]) {
        guard fleet.dragonfly.recovery == .restart, fleet.schedulers.contains(where: \.isReady) else { return }
        // One at a time, and none while another one is on its way up.
        let isBusy = fleet.seeds.contains { $0.quarantine != nil && $0.daemon?.isReady != true }
        guard !isBusy else { return }
        for seed in fleet.seeds {
            guard let record = records[seed.name], record.reason == Reason.diskFull.rawValue,
                record.state == .evicted, let quarantine = seed.quarantine, let pod = seed.pod, !pod.isDeleting,
                let began = quarantine.metadata.creationTimestamp,
                // Once: the pod that takes its place is younger than the quarantine.
                let made = pod.metadata.creationTimestamp, made <= began,
                fleet.now >= began + fleet.timing.ringDelay(fleet.seeds.count)
            else { continue }
            let marks = files.seed.map { " (from \($0.gc.highPercent) % down to \($0.gc.lowPercent) %)" } ?? ""
            let verdict = Verdict(
                .restartsSeed,
                "\(seed.name) is restarted once behind its quarantine: its daemon cleans up at start\(marks)"
            )
            writes = [
                Write(
                    Write.Target(Pod.resource, pod.key),
                    .delete,
                    .uid(pod.metadata.uid),
                    by: nil,
                    whenGone: .done,
                    .replacePod(node: pod.spec.nodeName ?? ""),
                    verdict
                )
            ]
            notes = [Note(.normal, node: seed.name, reason: .restartsSeed, message: verdict.message)]
            return
        }
    }
}
