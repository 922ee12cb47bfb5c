import KubeCore
import MirrorAPI
import MirrorPlanner

/// A unit, or a systemd, that does not do as hoped, and what must come of a step then.
struct UnitTrouble: Sendable {
    var name: String
    /// What is to happen, for people.
    var expected: String
    /// What happens, as `Trial.Outcome` says it.
    var happened: String
    /// A part of the message that the agent reports.
    var says = ""
    /// Why the agent waits, where it is to come to no end.
    var waitsFor: Reason?
    /// The manifests that the agent runs by.
    var overlay = "overlays/with-restart"
    /// Changes the disk before the first boot.
    var prepare: @Sendable (Host) throws -> Void = { _ in }
    /// Brings about the trouble before the step is approved, with the service active.
    var before: @Sendable (Trial) async throws -> Void = { _ in }
    /// Brings about the trouble in the middle of the step.
    var meanwhile: @Sendable (Trial) async throws -> Void = { _ in }

    private static let distribution = RancherDistribution.rke2
    private static let unit = distribution.serverUnit

    private static func behaves(_ commands: String) -> @Sendable (Host) throws -> Void {
        { host in try host.put(StandIn.behaviourFile, StandIn.withDropIn(distribution, commands)) }
    }

    private static let applied =
        "`Applied`, `Proven`; the service was started 2 times and is active; "
        + "the new file is on the disk"
    private static let untouched = "the service was started once and is active; the previous files are on the disk"
    private static let restored = "the service was started 2 times and is active; the previous files are on the disk"

    static let all =
        starts + definitions + interruptions + [
            UnitTrouble(
                name: "An agent without privileges (base)",
                expected: "It says what to run by hand, and changes nothing.",
                happened: "`Refused`, `RestartNotPermitted`; \(untouched)",
                says: "systemctl restart \(unit)",
                overlay: "base"
            )
        ]

    private static let starts = [
        UnitTrouble(
            name: "None: the unit as it is installed",
            expected: "One restart, and the Node shows the new setting.",
            happened: applied
        ),
        UnitTrouble(
            name: "With the new file the service never becomes ready (`Type=notify` without `READY=1`)",
            expected: "After the deadline the previous files and one more restart.",
            happened: "`Failed`, `ServiceNotActive`; the service was started 3 times and is active; "
                + "the previous files are on the disk",
            says: "\(unit) is activating (start) after 15 s; the previous configuration is in force again",
            prepare: behaves("unset NOTIFY_SOCKET")
        ),
        UnitTrouble(
            name: "With the new file it fails at each start, and systemd tries again (`Restart=always`)",
            expected: "As above.",
            happened: "`Failed`, `ServiceNotActive`; \(restored)",
            says: "the previous configuration is in force again",
            prepare: behaves("exit 1")
        ),
        UnitTrouble(
            name: "With the new file it fails, and systemd does not try again (`Restart=no`)",
            expected: "The previous files and one more restart at once.",
            happened: "`Failed`, `ServiceFailed`; \(restored)",
            says: "\(unit) failed (exit-code) with the new configuration",
            prepare: { host in
                try behaves("exit 1")(host)
                try host.put("/etc/systemd/system/\(unit).d/no.conf", "[Service]\nRestart=no\n")
            }
        ),
    ]

    private static let definitions = [
        UnitTrouble(
            name: "A drop-in of its own, with other limits and a command before the start",
            expected: "It stays as it is, and is in force after the restart.",
            happened: applied,
            prepare: { host in
                let text = "[Service]\nExecStartPre=/bin/true\nTimeoutStartSec=90\n"
                try host.put("/etc/systemd/system/\(unit).d/50-own.conf", text)
            }
        ),
        UnitTrouble(
            name: "Masked while it runs",
            expected: "Nothing is written: it waits, and says for what.",
            happened: "`Idle`, `UnitNotRestartable`; \(untouched)",
            says: "systemctl unmask \(unit)",
            waitsFor: .unitNotRestartable,
            before: { trial in try await trial.host.run("systemctl", "mask", unit) }
        ),
        UnitTrouble(
            name: "Its file was changed on the disk, and systemd was not told (`daemon-reload`)",
            expected: "No restart in the middle of somebody's work: it waits, and says for what.",
            happened: "`Idle`, `PendingChanges`; \(untouched)",
            says: "systemctl daemon-reload",
            waitsFor: .pendingChanges,
            before: { trial in
                let file = trial.host.unitFile
                let text = trial.host.read(file) ?? ""
                try await trial.host.write(file, text.replacing("TasksMax=infinity", with: "TasksMax=4096"))
            }
        ),
        UnitTrouble(
            name: "Its file is broken, and systemd has read it",
            expected: "As above.",
            happened: "`Idle`, `UnitNotRestartable`; \(untouched)",
            says: "bad-setting",
            waitsFor: .unitNotRestartable,
            before: { trial in
                try await trial.host.write(trial.host.unitFile, "[Service]\nType=notify\n")
                try await trial.host.run("systemctl", "daemon-reload")
            }
        ),
        UnitTrouble(
            name: "Its file is gone, and systemd knows",
            expected: "As above.",
            happened: "`Idle`, `UnitNotRestartable`; \(untouched)",
            says: "not-found",
            waitsFor: .unitNotRestartable,
            before: { trial in
                try await trial.host.run("rm", trial.host.unitFile)
                try await trial.host.run("systemctl", "daemon-reload")
            }
        ),
        UnitTrouble(
            name: "It may not be stopped by hand (`RefuseManualStop=yes`)",
            expected: "As above.",
            happened: "`Idle`, `UnitNotRestartable`; \(untouched)",
            says: "RefuseManualStop",
            waitsFor: .unitNotRestartable,
            prepare: { host in
                try host.put("/etc/systemd/system/\(unit).d/no.conf", "[Unit]\nRefuseManualStop=yes\n")
            }
        ),
        UnitTrouble(
            name: "Masked in the middle of the step, by somebody who sees that it does not become ready",
            expected: "The previous files, and an end that says what keeps the service from being restarted.",
            happened: "`Failed`, `ServiceNotActive`; \(restored.replacing("active", with: "activating"))",
            says: "systemctl unmask \(unit)",
            prepare: behaves("unset NOTIFY_SOCKET"),
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                try await trial.host.run("systemctl", "mask", unit)
            }
        ),
    ]

    private static let interruptions = [
        UnitTrouble(
            name: "Somebody restarts it in the middle of the step",
            expected: "Whoever restarted it: it runs with the new file, and is not restarted again.",
            happened: applied,
            prepare: behaves(StandIn.waits),
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                let ours = try await trial.host.property("InvocationID")
                try await trial.host.run("systemctl", "restart", "--no-block", unit)
                try await wait(for: "somebody's restart") {
                    try await trial.host.property("InvocationID") != ours
                }
                try await trial.openGate()
            }
        ),
        UnitTrouble(
            name: "Somebody stops it in the middle of the step",
            expected: "After the deadline the previous files and one more restart.",
            happened: "`Failed`, `ServiceNotActive`; \(restored)",
            says: "\(unit) is inactive (dead) after 15 s",
            prepare: behaves(StandIn.waits),
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                try await trial.host.run("systemctl", "stop", unit)
            }
        ),
        UnitTrouble(
            name: "systemd executes itself anew in the middle of the step (`daemon-reexec`)",
            expected: "Nothing is lost.",
            happened: applied,
            prepare: behaves(StandIn.waits),
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                try await trial.host.run("systemctl", "daemon-reexec")
                try await trial.openGate()
            }
        ),
        UnitTrouble(
            name: "The agent is killed while the service restarts",
            expected: "The next one goes on; no second restart.",
            happened: applied,
            prepare: behaves(StandIn.waits),
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                await trial.killAgent()
                try await trial.startAgent()
                try await trial.openGate()
            }
        ),
        UnitTrouble(
            name: "The host loses its power while the service restarts",
            expected: "The boot starts the service with the new file; no restart after it.",
            happened: applied,
            prepare: behaves(StandIn.waits),
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                try await trial.reboot()
            }
        ),
        UnitTrouble(
            name: "The host loses its power while the previous files are in the middle of coming back",
            expected: "The boot starts the service with the previous files; no restart after it.",
            happened: "`Failed`, `ServiceNotActive`; the service was started 3 times and is active; "
                + "the previous files are on the disk",
            prepare: { host in
                // Only the start after the one that hung waits.
                let mark = "/var/lib/stand-in/hung"
                let hangs = StandIn.withDropIn(distribution, "unset NOTIFY_SOCKET; touch \(mark)")
                let waits = "if [ ! -e \(distribution.dropInFile) ] && [ -e \(mark) ]; then \(StandIn.waits); fi\n"
                try host.put(StandIn.behaviourFile, hangs + waits)
            },
            meanwhile: { trial in
                try await trial.waitUntilRestarting()
                let hanging = try await trial.host.property("InvocationID")
                try await wait(for: "the service starts with the previous files") {
                    try await trial.host.property("InvocationID") != hanging
                }
                try await trial.reboot()
            }
        ),
    ]
}
