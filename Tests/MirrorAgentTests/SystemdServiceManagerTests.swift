import KubeCore
import MirrorAgent
import Testing

@Suite("systemd through systemctl")
struct SystemdServiceManagerTests {
    private func manager(
        _ root: TemporaryDirectory,
        _ script: String,
        timeout: Duration = .seconds(20)
    ) throws -> SystemdServiceManager {
        try root.put("systemctl", "#!/bin/sh\n\(script)\n", mode: 0o755)
        let command = SystemdServiceManager.command("\(root.path)/systemctl  --first arg")
        return SystemdServiceManager(command: command, timeout: timeout) {
            BootClocks(timeOfDay: MicroTimestamp(microseconds: 1_700_000_000_000_000), sinceBoot: 10_000_000)
        }
    }

    @Test("a unit's state is read from its properties, and the command gets its own arguments first")
    func shows() async throws {
        let root = try TemporaryDirectory()
        let manager = try manager(
            root,
            """
            [ "$1 $2 $3 $4" = "--first arg show rke2-server.service" ] || exit 9
            printf 'Result=success\\nLoadState=loaded\\nActiveState=active\\nSubState=running\\n'
            printf 'InvocationID=0123abcd\\nMainPID=42\\nJob=7\\n'
            printf 'ControlGroup=/system.slice/rke2-server.service\\nExecMainStartTimestampMonotonic=4000000\\n'
            """
        )
        let unit = try await manager.show("rke2-server.service")
        #expect(
            unit
                == UnitState(
                    activeState: "active",
                    subState: "running",
                    result: "success",
                    invocationID: "0123abcd",
                    mainPID: 42,
                    hasJob: true,
                    startedAt: Timestamp(seconds: 1_700_000_000 - 6),
                    controlGroup: "/system.slice/rke2-server.service"
                )
        )
    }

    @Test(
        "where the clock was set since the start, the earlier of its two times counts; what is no time in UTC does not",
        arguments: [
            ("Tue 2023-11-14 21:00:00 UTC", "2023-11-14T21:00:00Z"), ("Wed 2023-11-15 21:00:00 UTC", nil),
            ("Tue 2023-11-14 21:00:00 CET", nil), ("Tue 2023-11-14", nil), ("", nil), ("n/a", nil),
        ] as [(String, String?)]
    )
    func takesTheEarlierStart(text: String, start: String?) async throws {
        let root = try TemporaryDirectory()
        let manager = try manager(
            root,
            """
            [ "$TZ" = UTC ] || exit 9
            printf 'LoadState=loaded\\nActiveState=active\\nExecMainStartTimestampMonotonic=4000000\\n'
            printf 'ExecMainStartTimestamp=\(text)\\n'
            """
        )
        let unit = try await manager.show("rke2-server.service")
        #expect(unit.startedAt == start.flatMap { Timestamp($0) } ?? Timestamp(seconds: 1_700_000_000 - 6))
    }

    struct Refusal: Sendable {
        var properties: String
        var says: String?
        var needsReload = false
    }

    /// As systemd 252 prints it of a service that runs.
    @Test(
        "a service that runs is seen although its unit could not be restarted, and why is told",
        arguments: [
            Refusal(properties: "LoadState=loaded\\nCanStart=yes\\nCanStop=yes\\nNeedDaemonReload=no", says: nil),
            Refusal(properties: "LoadState=masked\\nCanStart=no\\nCanStop=yes", says: "systemctl unmask x.service"),
            Refusal(properties: "LoadState=bad-setting\\nCanStart=no\\nCanStop=yes", says: "LoadState bad-setting"),
            Refusal(properties: "LoadState=not-found\\nCanStart=no\\nCanStop=yes", says: "LoadState not-found"),
            Refusal(properties: "LoadState=loaded\\nCanStart=no\\nCanStop=yes", says: "RefuseManualStart"),
            Refusal(properties: "LoadState=loaded\\nCanStart=yes\\nCanStop=no", says: "RefuseManualStop"),
            Refusal(properties: "LoadState=loaded\\nNeedDaemonReload=yes", says: nil, needsReload: true),
        ]
    )
    func tellsRefusals(refusal: Refusal) async throws {
        let root = try TemporaryDirectory()
        let script = "printf '\(refusal.properties)\\nActiveState=active\\nInvocationID=01\\n'"
        let unit = try await manager(root, script).show("x.service")
        #expect(unit.isActive && unit.invocationID == "01")
        #expect(unit.needsReload == refusal.needsReload)
        if let says = refusal.says {
            #expect(unit.refusal?.contains(says) == true, "\(unit.refusal ?? "")")
        } else {
            #expect(unit.refusal == nil)
        }
    }

    @Test("a restart is asked for without waiting for it")
    func restarts() async throws {
        let root = try TemporaryDirectory()
        let manager = try manager(root, #"shift 2; echo "$@" > "\#(root.path)/called""#)
        try await manager.restart("k3s.service")
        let called = try HostRoot(root.path).read("/called", limit: 99, followingLink: false)
        #expect(called.map { String(decoding: $0, as: UTF8.self) } == "restart --no-block k3s.service\n")
    }

    struct Fault: Sendable {
        var script: String
        var code: ServiceError.Code
        var says: String
        var timeout = Duration.seconds(20)
    }

    @Test(
        "what goes wrong is told by kind, within bounds of time and size",
        arguments: [
            Fault(
                script: "echo 'Failed to connect to bus' >&2; exit 1",
                code: .failed,
                says: "Failed to connect to bus"
            ),
            Fault(
                script: "echo 'System has not been booted with systemd as init system (PID 1).' >&2; exit 1",
                code: .noServiceManager,
                says: "not been booted with systemd"
            ),
            Fault(
                script: "echo 'nsenter: failed to execute systemctl: No such file or directory' >&2; exit 127",
                code: .noServiceManager,
                says: "failed to execute systemctl"
            ),
            Fault(script: "sleep 60", code: .timeout, says: "did not end", timeout: .milliseconds(200)),
            Fault(script: "echo nothing", code: .unreadable, says: "ActiveState"),
            Fault(
                script: "printf 'LoadState=not-found\\nActiveState=inactive\\n'",
                code: .noSuchUnit,
                says: "not-found"
            ),
            Fault(script: "head -c 100000 /dev/zero", code: .notRunnable, says: "systemctl show"),
        ]
    )
    func tellsFaults(fault: Fault) async throws {
        let root = try TemporaryDirectory()
        let manager = try manager(root, fault.script, timeout: fault.timeout)
        let error = await #expect(throws: ServiceError.self) { try await manager.show("x.service") }
        #expect(error?.code == fault.code)
        #expect(error?.message.contains(fault.says) == true, "\(error?.message ?? "")")
    }

    @Test("a command that is not there is named")
    func namesAMissingCommand() async throws {
        let manager = SystemdServiceManager(command: ["/nonexistent/systemctl"])
        let error = await #expect(throws: ServiceError.self) { try await manager.show("x.service") }
        #expect(error?.code == .notRunnable)
        #expect(error?.message.contains("/nonexistent/systemctl") == true)
    }
}
