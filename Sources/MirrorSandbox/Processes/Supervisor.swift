import Glibc
import KubeCore
package import Logging
import MirrorAgent
import Subprocess
import Synchronization
import SystemPackage

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Starts, stops and restarts the processes of a sandbox, as systemd does on a real host: a unit that ends by itself is
/// started again, each start has an invocation of its own, and a restart that is asked for returns before it is done.
package final class Supervisor: Sendable {
    /// A process to keep running.
    package struct Unit: Hashable, Sendable {
        package var name: String
        /// Nil: the supervisor's own one.
        package var executable: String?
        package var arguments: [String]
        package var environment: [String: String]
        package var log: String

        package init(
            name: String,
            executable: String? = nil,
            arguments: [String],
            environment: [String: String] = [:],
            log: String
        ) {
            self.name = name
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.log = log
        }
    }

    /// What `systemctl show` would say.
    package struct State: Hashable, Sendable {
        /// `inactive`, `activating`, `active`, `deactivating` or `failed`.
        package var activeState = "inactive"
        package var subState = "dead"
        package var result = "success"
        package var invocationID = ""
        package var mainPID: Int32 = 0
        /// When the last process was started, in microseconds since the boot of the machine.
        package var startedAt: Int64 = 0
        /// Starts so far.
        package var starts = 0
    }

    private struct Entry {
        var unit: Unit
        var state = State()
        var wanted = true
        /// Whether it stays down after a crash, as one that crashes at each start does between two of them.
        var isHeld = false
        var task: Task<Void, Never>?
    }

    /// The program that units without one of their own run.
    package let executable: String
    private let logger: Logger
    private let entries = Mutex<[String: Entry]>([:])
    private let onExit: @Sendable (String, Supervisor) async -> Void

    /// Creates a supervisor of processes of one executable.
    ///
    /// - Parameter onExit: told the unit's name each time that its process has ended.
    package init(
        executable: String,
        logger: Logger,
        onExit: @escaping @Sendable (String, Supervisor) async -> Void = { _, _ in }
    ) {
        self.executable = executable
        self.logger = logger
        self.onExit = onExit
    }

    /// Starts a unit, which then runs until `stop`.
    package func start(_ unit: Unit) {
        // Under one lock: a `stop` in between would find no task to wait for.
        entries.withLock { $0[unit.name] = Entry(unit: unit, task: Task { await self.keepRunning(unit) }) }
    }

    /// The state of a unit; nil where there is none of that name.
    package func state(of name: String) -> State? {
        entries.withLock { $0[name]?.state }
    }

    /// Names of all units.
    package var units: [String] { entries.withLock { $0.keys.sorted() } }

    /// The service told that it is ready (`sd_notify READY=1`): only then is it active.
    package func markReady(_ name: String, pid: Int32) {
        entries.withLock { entries in
            guard entries[name]?.state.mainPID == pid else { return }
            entries[name]?.state.activeState = "active"
            entries[name]?.state.subState = "running"
        }
    }

    /// Asks for a restart and returns at once, as `systemctl restart --no-block` does.
    package func restart(_ name: String) {
        let pid = entries.withLock { entries in
            entries[name]?.state.activeState = "deactivating"
            return entries[name]?.state.mainPID ?? 0
        }
        signal(pid, SIGTERM)
    }

    /// Kills a unit's process the hard way; it is started again.
    package func kill(_ name: String) {
        signal(state(of: name)?.mainPID ?? 0, SIGKILL)
    }

    /// Kills a unit's process the hard way; it stays down, about to be started again, until `revive`.
    package func crash(_ name: String) {
        entries.withLock { $0[name]?.isHeld = true }
        kill(name)
    }

    /// Starts a unit again that crashed.
    package func revive(_ name: String) {
        entries.withLock { $0[name]?.isHeld = false }
    }

    /// Stops a unit for good.
    ///
    /// - Parameter number: the signal that asks for the end; SIGKILL leaves the process no last word.
    package func stop(_ name: String, by number: Int32 = SIGTERM) async {
        let (pid, task) = entries.withLock { entries in
            entries[name]?.wanted = false
            return (entries[name]?.state.mainPID ?? 0, entries[name]?.task)
        }
        signal(pid, number)
        let escalation = Task {
            try await Task.sleep(for: .seconds(3))
            // The pid of now: a process that was just being started has got its own only meanwhile.
            self.kill(name)
        }
        await task?.value
        escalation.cancel()
        entries.withLock { $0[name] = nil }
    }

    /// Stops all units.
    package func stopAll() async {
        await withTaskGroup(of: Void.self) { group in
            for name in units { group.addTask { await self.stop(name) } }
        }
    }

    private func signal(_ pid: Int32, _ number: Int32) {
        guard pid > 0 else { return }
        Glibc.kill(pid, number)
    }

    private func keepRunning(_ unit: Unit) async {
        while beginStart(of: unit.name) {
            let failed = await runOnce(unit)
            await onExit(unit.name, self)
            while entries.withLock({ $0[unit.name]?.isHeld == true && $0[unit.name]?.wanted == true }) {
                try? await Task.sleep(for: .milliseconds(20))
            }
            guard entries.withLock({ $0[unit.name]?.wanted ?? false }) else { break }
            // systemd waits RestartSec after a failure; a restart that was asked for is immediate.
            if failed { try? await Task.sleep(for: .milliseconds(500)) }
        }
    }

    private func runOnce(_ unit: Unit) async -> Bool {
        var environment: [Environment.Key: String?] = ["P2PMIRROR_SANDBOX": "1"]
        for (name, value) in unit.environment { environment[Environment.Key(stringLiteral: name)] = value }
        do {
            let log = try FileDescriptor.open(
                FilePath(unit.log),
                .writeOnly,
                options: [.append, .create],
                permissions: [.ownerReadWrite, .groupRead]
            )
            let result = try await Subprocess.run(
                .path(FilePath(unit.executable ?? executable)),
                arguments: Arguments(unit.arguments),
                environment: .inherit.updating(environment),
                input: .none,
                output: .fileDescriptor(log, closeAfterSpawningProcess: false),
                error: .fileDescriptor(log, closeAfterSpawningProcess: true)
            ) { execution in
                let pid = execution.processIdentifier.value
                // Who asked for a stop or a restart before the pid was known could not signal the process.
                if !self.noteStart(of: unit.name, pid: pid) { self.signal(pid, SIGTERM) }
            }
            let bySignal = if case .exited = result.terminationStatus { false } else { true }
            return noteEnd(of: unit.name, result: bySignal ? "signal" : "exit-code")
        } catch {
            logger.error("a process could not be started", metadata: ["unit": "\(unit.name)", "error": "\(error)"])
            return noteEnd(of: unit.name, result: "resources")
        }
    }

    /// Returns whether a process of the unit is to be started: the unit is wanted.
    private func beginStart(of name: String) -> Bool {
        entries.withLock { entries in
            guard let entry = entries[name], entry.wanted else { return false }
            // A restart that was asked for while there was no process is this start; a later one is not.
            if entry.state.activeState == "deactivating" { entries[name]?.state.activeState = "activating" }
            return true
        }
    }

    /// Returns whether the process may stay: the unit is still wanted, and nobody asked for a restart meanwhile.
    private func noteStart(of name: String, pid: Int32) -> Bool {
        entries.withLock { entries in
            let stays = entries[name]?.wanted == true && entries[name]?.state.activeState != "deactivating"
            entries[name]?.state.activeState = stays ? "activating" : "deactivating"
            entries[name]?.state.subState = stays ? "start" : "stop-sigterm"
            entries[name]?.state.mainPID = pid
            entries[name]?.state.startedAt = BootClocks.now().sinceBoot
            entries[name]?.state.starts += 1
            let seed = "\(name)/\(pid)/\(entries[name]?.state.starts ?? 0)"
            entries[name]?.state.invocationID = StableHash.short(seed) + StableHash.short("\(seed)'")
            return stays
        }
    }

    /// Returns whether the end was a failure: nobody had asked for it.
    ///
    /// - Parameter result: what systemd calls an end of this kind (`Result` in systemd.exec(5)).
    private func noteEnd(of name: String, result: String) -> Bool {
        entries.withLock { entries in
            let asked = entries[name]?.state.activeState == "deactivating" || entries[name]?.wanted == false
            entries[name]?.state.mainPID = 0
            entries[name]?.state.activeState = asked ? "inactive" : "activating"
            entries[name]?.state.subState = asked ? "dead" : "auto-restart"
            entries[name]?.state.result = asked ? "success" : result
            return !asked
        }
    }
}
