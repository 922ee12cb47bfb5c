import Foundation
import Subprocess
import SystemPackage

/// What a real containerd does with a file when it is started, in namespaces of its own.
enum ContainerdDaemon {
    enum Outcome: String {
        case ends = "ends"
        case withoutCRI = "starts without CRI"
        case works = "starts"
        /// For a reason that a configuration has not, such as a plugin that is required and can't be had here.
        case unclear = "can't be told"
    }

    /// Starts it, waits until it is ready or gone, and ends it.
    static func outcome(_ oracle: ContainerdOracle, _ main: String, in directory: String) async throws -> (
        Outcome, String
    ) {
        let result = try await Subprocess.run(
            .name("unshare"),
            arguments: Arguments([
                geteuid() == 0 ? "-mn" : "-Urmn", "--propagation", "private", "bash", "-c", script, "containerd",
                try oracle.program(), main, directory,
            ]),
            output: .string(limit: 1 << 20),
            error: .string(limit: 1 << 20)
        )
        let log = result.standardOutput
        guard case .exited(0) = result.terminationStatus else {
            throw ContainerdOracle.Missing(description: "unshare: \(result.standardError)")
        }
        if log.contains("required plugin") { return (.unclear, log) }
        guard log.contains("containerd successfully booted") else { return (.ends, log) }
        let isRefused = log.split(separator: "\n").contains { line in
            line.contains("failed to load plugin")
                && ["invalid plugin config", "invalid cri image config"].contains(where: line.contains)
        }
        return (isRefused ? .withoutCRI : .works, log)
    }

    private static let script = """
        mount -t tmpfs none /run && mount -t tmpfs none /var/lib && mkdir -p /run/containerd "$3/daemon" || exit 1
        cd /
        "$1" --config "$2" --root "$3/daemon/root" --state "$3/daemon/state" --address "$3/daemon/sock" \\
            >"$3/daemon/log" 2>&1 &
        process=$!
        for ((i = 0; i < 300; i++)); do
            grep -q 'successfully booted' "$3/daemon/log" && break
            kill -0 "$process" 2>/dev/null || break
            sleep 0.05
        done
        kill -KILL "$process" 2>/dev/null
        wait "$process" 2>/dev/null
        cat "$3/daemon/log"
        """
}
