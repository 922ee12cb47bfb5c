#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A small file system of its own for one claim: a tmpfs in a mount and user namespace that a process holds, and in
/// which the Pods run that mount the claim. It outlives them, and ends with the cluster.
///
/// What fills up is really a file system, and what is seen of it is what the kernel tells.
struct ClaimVolume: Hashable, Sendable {
    let mebibytes: Int
    let directory: String
    private let preparedFile: String

    /// - Parameter state: a directory that exists, for the file that says that it is mounted.
    init(mebibytes: Int, directory: String, name: String, state: String) {
        self.mebibytes = mebibytes
        self.directory = directory
        preparedFile = "\(state)/\(name).mounted"
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
}
