import MirrorAgent
import MirrorPlanner
import Subprocess

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A small file system of its own for the content of one simulated host: a tmpfs in a mount and user namespace, which a
/// process holds and in which the host's daemon and agent run.
///
/// So what fills up is really a file system, and what both of them see of it is what the kernel tells; no privilege is
/// needed where user namespaces are allowed.
package struct ContentVolume: Hashable, Sendable {
    package let mebibytes: Int
    private let directory: String
    private let preparedFile: String

    /// - Parameters:
    ///   - root: the host's root directory.
    ///   - state: a directory that exists, for the file that says that it is mounted.
    init(mebibytes: Int, root: String, host: String, state: String, _ distribution: RancherDistribution) {
        self.mebibytes = mebibytes
        directory = root + HostReader.contentDirectory(dataDirectory: nil, distribution)
        preparedFile = "\(state)/\(host).mounted"
    }

    /// Arguments of `unshare` that mount it and hold it until the process that started them is gone.
    var holder: [String] {
        let script = """
            set -e
            mkdir -p "$0"
            mount -t tmpfs -o size=\(mebibytes)m,mode=755 tmpfs "$0"
            touch "$1"
            while kill -0 "$PPID" 2> /dev/null; do sleep 1; done
            """
        return ["-Urm", "sh", "-c", script, directory, preparedFile]
    }

    var isMounted: Bool { FileManager.default.fileExists(atPath: preparedFile) }

    /// Forgets an earlier holder, whose file system went with it.
    func forget() { try? FileManager.default.removeItem(atPath: preparedFile) }

    /// A command line that runs where it is mounted.
    ///
    /// - Parameter holder: process of the holder.
    static func inside(_ holder: Int32, _ command: [String]) -> [String] {
        // Entering a user namespace that one made oneself gives every capability in it; ids stay as they are mapped.
        ["-t", "\(holder)", "-U", "-m", "--preserve-credentials", "--wd=/", "--"] + command
    }

    /// Makes sure that such a file system can be had here.
    ///
    /// - Throws: `ScenarioFailure` that says what is refused and what allows it.
    package static func requireAllowed() async throws {
        let words: String
        do {
            let result = try await Subprocess.run(
                .name("unshare"),
                arguments: ["-Urm", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", "/tmp"],
                output: .discarded,
                error: .string(limit: 4_096)
            )
            if result.terminationStatus.isSuccess { return }
            words = result.standardError.split(whereSeparator: \.isNewline).joined(separator: " ")
        } catch {
            words = "\(error)"
        }
        throw ScenarioFailure(
            """
            a small file system for a simulated host is made in a user namespace (unshare -Urm, of util-linux), and \
            that is refused here: \(words). Allow it (in a container: its own seccomp profile or --privileged; on \
            Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0), or run this as root on the machine itself
            """
        )
    }
}
