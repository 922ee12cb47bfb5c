import KubeCore
import MirrorAPI
import MirrorPlanner

/// Causes that lie with the release itself: what runs of it, which version, and what its files say.
extension DragonflyFault {
    static let release = [
        wrongAddress, noParents, noScheduler, noSeed, schedulerForgot, skew, staleAddresses,
    ]

    /// `host.ip` set by hand, to an address that none of the seeds has (dragonflyoss/dragonfly#4221).
    static let wrongAddress = DragonflyFault(
        number: 11,
        name: "wrong address",
        injected: "host.ip of the seeds set by hand",
        words: Words(
            reason: .wrongAddress,
            address: { "\($0.cluster.settings.network).2" },
            error: "announces the address",
            advice: "Take host.ip out of dfdaemon.yaml",
            passing: [.noSeedInSchedulers, .schedulerForgot]
        ),
        settle: 6,
        apply: { fleet in
            // Nodes have the highest addresses of the network, Pods those from 10 on.
            let address = "\(fleet.cluster.settings.network).2"
            try await fleet.setFile(of: "seed-client") {
                $0.replacing("schedulerClusterID: 1", with: "schedulerClusterID: 1, ip: \(address)")
            }
            try await fleet.replaceSeeds()
        },
        undo: { fleet in
            try await fleet.setFile(of: "seed-client") { $0 }
            try await fleet.replaceSeeds()
        }
    )

    /// A limit below zero, with which nobody is given a parent.
    private static let noParents = DragonflyFault(
        number: 19,
        name: "odd setting",
        injected: "retryBackToSourceLimit: -1",
        words: Words(
            reason: .settingsWrong,
            address: { _ in "scheduler.yaml" },
            error: "scheduler.retryBackToSourceLimit in scheduler.yaml is -1",
            advice: "set it to 3",
            passing: [.noScheduler, .schedulerForgot]
        ),
        settle: 6,
        apply: { fleet in
            try await fleet.setFile(of: "scheduler") {
                $0.replacing("retryBackToSourceLimit: 3", with: "retryBackToSourceLimit: -1")
            }
            try await fleet.restartAll()
        },
        undo: { fleet in
            try await fleet.setFile(of: "scheduler") { $0 }
            try await fleet.restartAll()
        }
    )

    private static let noScheduler = DragonflyFault(
        number: 2,
        name: "no scheduler",
        injected: "all schedulers are down",
        words: Words(
            reason: .noScheduler,
            address: { _ in "component=scheduler in \(DragonflyRelease.namespace)" },
            error: "schedulers is Ready",
            advice: "do not restart daemons that run",
            passing: [.portClosed]
        ),
        settle: 3,
        apply: { fleet in for name in fleet.schedulerNames { fleet.cluster.crash(pod: name) } },
        undo: { fleet in
            for name in fleet.schedulerNames { fleet.cluster.revive(pod: name) }
            try await fleet.untilReady(fleet.schedulerNames)
            try await fleet.restartDaemons()
        }
    )

    /// None is deployed; the last ring stays with the schedulers (dragonflyoss/dragonfly#4960).
    private static let noSeed = DragonflyFault(
        number: 12,
        name: "no seed",
        injected: "seeds scaled to 0",
        words: Words(
            reason: .noSeedInSchedulers,
            address: { "\(await $0.address(ofPod: $0.schedulerNames[0]) ?? ""):8002" },
            error: "no seed is deployed",
            advice: "start a seed, or restart the scheduler"
        ),
        settle: 3,
        apply: { try await $0.scaleSeeds(to: 0) },
        undo: { fleet in
            try await fleet.scaleSeeds(to: fleet.release.seeds)
            try await fleet.untilReady(fleet.seedNames)
        }
    )

    /// Schedulers keep what they know in memory alone (dragonflyoss/dragonfly#4880). Daemons announce themselves as
    /// rarely as the chart's seeds do, so that it lasts as long as in the world.
    private static let schedulerForgot = DragonflyFault(
        number: 13,
        name: "scheduler restarted",
        injected: "schedulers restarted, announcements every 60 s",
        words: Words(
            reason: .schedulerForgot,
            address: { "\(await $0.address(ofPod: $0.schedulerNames[0]) ?? ""):8002" },
            error: "knows no host yet",
            advice: "Seeds come back within 60 s",
            passing: [.portClosed, .noScheduler]
        ),
        settle: 1,
        apply: { fleet in
            for component in ["seed-client", "client"] {
                try await fleet.setFile(of: component) { text in
                    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                    return lines.map { line in
                        guard line.hasPrefix("scheduler:") else { return String(line) }
                        return "scheduler: {announceInterval: 60s, scheduleTimeout: 3h, maxScheduleCount: 5}"
                    }.joined(separator: "\n")
                }
            }
            try await fleet.restartDaemons()
            // Until each has read its file, and said once that it is there.
            try await Task.sleep(for: .seconds(3))
            for name in fleet.schedulerNames { fleet.cluster.restartContainer(ofPod: name) }
            try await Task.sleep(for: .seconds(2))
        },
        undo: { fleet in
            for component in ["seed-client", "client"] { try await fleet.setFile(of: component) { $0 } }
            try await fleet.restartDaemons()
        }
    )

    /// Schedulers of a release that knows seeds from the manager alone (dragonflyoss/dragonfly#4364). Their Pods are
    /// made anew, so that daemons are told of addresses that are gone.
    private static let skew = DragonflyFault(
        number: 9,
        name: "version skew",
        injected: "schedulers of release 2.3.0",
        words: Words(
            reason: .versionSkew,
            address: { _ in "server 2.3.0" },
            error: "finds seeds through the manager only",
            advice: "upgrade the server to 2.3.1 or later",
            passing: [.noScheduler, .staleSchedulerAddresses, .portClosed, .portSilent, .schedulerForgot]
        ),
        settle: 4,
        apply: { try await $0.setSchedulers(version: "v2.3.0") },
        undo: { try await $0.setSchedulers(version: $0.release.server) },
        leadsOn: true
    )

    /// Schedulers that were made anew, while daemons are told of their addresses and not of a name.
    static let staleAddresses = DragonflyFault(
        number: 3,
        name: "stale addresses",
        injected: "scheduler.addrs of no pod",
        words: Words(
            reason: .staleSchedulerAddresses,
            address: { $0.release.schedulerAddresses[0] },
            error: "to no pod",
            advice: "Name a Service in scheduler.addr instead",
            passing: [.noScheduler, .portClosed, .portSilent, .schedulerForgot, .versionSkew]
        ),
        settle: 4,
        apply: { fleet in
            for name in fleet.schedulerNames {
                try await fleet.cluster.objects.delete(pod: name, DragonflyRelease.namespace, grace: 1)
            }
        },
        undo: { try await $0.tell(await $0.schedulerAddresses()) }
    )
}
