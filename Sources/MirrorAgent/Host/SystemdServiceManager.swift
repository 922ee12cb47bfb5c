import KubeCore
import Subprocess
import SystemPackage

/// The host's systemd, through `systemctl`.
///
/// In a container the command enters the host's namespaces first, which needs `hostPID` and a privileged container.
package struct SystemdServiceManager: ServiceManager {
    /// Enters the namespaces of the host's first process. Its IPC and network ones too, so that the command sees what
    /// an administrator's shell would.
    package static let defaultCommand = [
        "nsenter", "-t", "1", "-m", "-u", "-i", "-n", "--", "systemctl",
    ]

    private let command: [String]
    private let timeout: Duration
    private let clocks: @Sendable () -> BootClocks

    /// - Parameters:
    ///   - command: the program (a name that is looked up in `PATH`, or a path) and its first arguments.
    ///   - timeout: for one call; systemd answers within milliseconds unless it is in trouble.
    ///   - clocks: what systemd's times since the boot are turned into times of day by.
    package init(
        command: [String] = defaultCommand,
        timeout: Duration = .seconds(30),
        clocks: @escaping @Sendable () -> BootClocks = { BootClocks.now() }
    ) {
        self.command = command
        self.timeout = timeout
        self.clocks = clocks
    }

    /// Splits a command line at white space; there is no quoting.
    package static func command(_ line: String) -> [String] {
        line.split(whereSeparator: \.isWhitespace).map(String.init)
    }

    package func show(_ unit: String) async throws(ServiceError) -> UnitState {
        let text = try await run(["show", unit, "--property=\(Self.properties.joined(separator: ","))"])
        return try Self.parse(text, unit: unit, clocks())
    }

    package func restart(_ unit: String) async throws(ServiceError) {
        _ = try await run(["restart", "--no-block", unit])
    }

    private static let properties = [
        "LoadState", "ActiveState", "SubState", "Result", "InvocationID", "MainPID", "Job", "ControlGroup",
        "ExecMainStartTimestamp", "ExecMainStartTimestampMonotonic", "CanStart", "CanStop", "NeedDaemonReload",
    ]

    /// Reads lines of `Key=Value`. `Job` is absent or 0 where there is none.
    static func parse(_ text: String, unit: String, _ clocks: BootClocks) throws(ServiceError) -> UnitState {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") {
            guard let equals = line.firstIndex(of: "=") else { continue }
            values[String(line[..<equals])] = String(line[line.index(after: equals)...])
        }
        guard let active = values["ActiveState"], !active.isEmpty else {
            throw ServiceError(.unreadable, "systemctl show \(unit) did not print ActiveState")
        }
        if values["LoadState"] == "not-found", active == "inactive" {
            throw ServiceError(.noSuchUnit, "systemd has no unit \(unit) (LoadState not-found)")
        }
        return UnitState(
            activeState: active,
            subState: values["SubState"] ?? "",
            result: values["Result"] ?? "",
            invocationID: values["InvocationID"] ?? "",
            mainPID: values["MainPID"].flatMap { Int($0) } ?? 0,
            hasJob: !["", "0"].contains(values["Job"] ?? ""),
            startedAt: startedAt(values, clocks),
            controlGroup: values["ControlGroup"].flatMap { $0.hasPrefix("/") ? $0 : nil },
            refusal: refusal(values, unit),
            needsReload: values["NeedDaemonReload"] == "yes"
        )
    }

    /// When the main process was started, in the time of the host's files. Where the clock was set since then, a file
    /// that was changed in between has the time of the clock as it was: so the earlier counts of what the clock showed
    /// at the start, and what it would have shown if it had been right as it is now.
    private static func startedAt(_ values: [String: String], _ clocks: BootClocks) -> Timestamp? {
        // 0 where it has never been started.
        guard let sinceBoot = values["ExecMainStartTimestampMonotonic"].flatMap({ Int64($0) }), sinceBoot > 0 else {
            return nil
        }
        let start = clocks.timeOfDay(sinceBoot: sinceBoot)
        // "Sun 2026-11-29 23:59:32 UTC"; other zones have names that say nothing for sure.
        let words = (values["ExecMainStartTimestamp"] ?? "").split(separator: " ")
        guard words.count == 4, words[3] == "UTC", let shown = Timestamp("\(words[1])T\(words[2])Z") else {
            return start
        }
        return min(start, shown)
    }

    /// Why `systemctl restart` would fail. A service goes on running while its unit is masked, gone or broken, and with
    /// what systemd has read of it before; then none of the two halves of a restart may be asked for (systemd
    /// `src/core/unit.c`, `unit_can_start` and `unit_can_stop`; `src/core/dbus-unit.c`, `property_get_can_start`).
    private static func refusal(_ values: [String: String], _ unit: String) -> String? {
        switch values["LoadState"] ?? "loaded" {
        case "loaded": break
        case "masked": return "\(unit) is masked: run systemctl unmask \(unit)"
        case let load:
            return "systemd can't read the unit \(unit) any more (LoadState \(load)): put its file in order, "
                + "and run systemctl daemon-reload"
        }
        for (property, setting) in [("CanStart", "RefuseManualStart"), ("CanStop", "RefuseManualStop")]
        where values[property] == "no" {
            return "\(unit) may not be restarted by hand (\(property) is no): take \(setting)= out of its files"
        }
        return nil
    }

    private enum Ending: Sendable {
        case ended(success: Bool, status: String, output: [UInt8], error: [UInt8])
        case timedOut
    }

    private func run(_ arguments: [String]) async throws(ServiceError) -> String {
        guard let program = command.first else { throw ServiceError(.notRunnable, "the systemctl command is empty") }
        let line = arguments.prefix(2).joined(separator: " ")
        let executable: Executable = program.contains("/") ? .path(FilePath(program)) : .name(program)
        let all = Arguments(Array(command.dropFirst()) + arguments)
        let ending: Ending
        do {
            ending = try await within(timeout) {
                let result = try await Subprocess.run(
                    executable,
                    arguments: all,
                    environment: .inherit.updating(["LC_ALL": "C", "TZ": "UTC"]),
                    output: .bytes(limit: 65_536),
                    error: .bytes(limit: 65_536)
                )
                let status = result.terminationStatus
                return .ended(
                    success: status.isSuccess,
                    status: "\(status)",
                    output: result.standardOutput,
                    error: result.standardError
                )
            }
        } catch {
            throw ServiceError(.notRunnable, "\(program) for systemctl \(line): \(error)")
        }
        switch ending {
        case .timedOut: throw ServiceError(.timeout, "systemctl \(line) did not end within \(timeout)")
        case .ended(success: true, _, let output, _): return String(decoding: output, as: UTF8.self)
        case .ended(success: false, let status, _, let error):
            let words = String(decoding: error.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline)
                .joined(separator: " ")
            let code: ServiceError.Code = Self.hasNoSystemd(words) ? .noServiceManager : .failed
            throw ServiceError(code, "systemctl \(line): \(status): \(words)")
        }
    }

    /// What nsenter says where the host has no systemctl, and systemctl where systemd is not the first process
    /// (util-linux `sys-utils/nsenter.c`, systemd `src/systemctl/systemctl-util.c`).
    private static func hasNoSystemd(_ words: String) -> Bool {
        words.contains("has not been booted with systemd")
            || (words.contains("systemctl") && words.contains("No such file or directory"))
    }

    private func within(
        _ limit: Duration,
        _ work: @escaping @Sendable () async throws -> Ending
    ) async throws -> Ending {
        try await withThrowingTaskGroup(of: Ending.self) { group in
            group.addTask(operation: work)
            group.addTask {
                try await Task.sleep(for: limit)
                return .timedOut
            }
            defer { group.cancelAll() }
            return try await group.next() ?? .timedOut
        }
    }
}
