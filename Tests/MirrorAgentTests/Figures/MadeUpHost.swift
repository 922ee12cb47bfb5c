import MirrorAgent
import Synchronization

/// A host whose files a test makes up.
struct MadeUpHost: HostMeasures {
    var files: [String: String] = [:]
    var counts: [String: Int] = [:]
    var directories: Set<String> = []
    var volumes: [String: Volume] = [:]
    var refused: Set<String> = []

    private func check(_ path: String) throws(HostError) {
        if refused.contains(path) { throw HostError(.notPermitted, "read", path, "Permission denied") }
    }

    func content(_ path: String) throws(HostError) -> [UInt8]? {
        try check(path)
        return files[path].map { Array($0.utf8) }
    }

    func entryCount(_ directory: String) throws(HostError) -> Int? {
        try check(directory)
        return counts[directory]
    }

    func hasDirectory(_ path: String) throws(HostError) -> Bool { directories.contains(path) }

    func volume(of directory: String) throws(HostError) -> Volume? {
        try check(directory)
        return volumes[directory]
    }

    static let directory = "/var/lib/rancher/rke2/agent/containerd"

    /// All counters, of the service with process 77.
    static var full: MadeUpHost {
        var host = MadeUpHost()
        host.files = [
            "/proc/pressure/io": "some avg10=0.00 avg60=3.00 avg300=0.00 total=0\n",
            "/proc/meminfo": "MemTotal: 100 kB\nMemAvailable: 40 kB\n",
            "/proc/sys/fs/file-nr": "10\t0\t1000\n",
            "/proc/1/net/dev": "lo: 1 9 9 0 0 0 0 0 1 9 9 0 0 0 0 0\neth0: 1 5 1 0 0 0 0 0 1 5 1 0 0 0 0 0\n"
                + "cali1: 1 7 7 0 0 0 0 0 1 7 7 0 0 0 0 0\n",
            "/proc/diskstats": " 8 1 sda1 1 0 0 0 2 0 0 0 0 30 0\n",
            "/proc/77/limits": "Max open files            200  200  files\n",
        ]
        host.counts = ["/proc/77/fd": 50]
        host.directories = ["/sys/class/net/eth0/device"]
        host.volumes = [
            directory: Volume(
                total: 100,
                free: 20,
                available: 10,
                inodes: 10,
                freeInodes: 5,
                major: 8,
                minor: 1
            )
        ]
        return host
    }
}

/// The same, to be changed while an agent looks at it.
final class ChangingHost: HostMeasures {
    private let host: Mutex<MadeUpHost>

    init(_ host: MadeUpHost = .full) { self.host = Mutex(host) }

    func change(_ change: (inout MadeUpHost) -> Void) { host.withLock { change(&$0) } }

    private var present: MadeUpHost { host.withLock { $0 } }
    func content(_ path: String) throws(HostError) -> [UInt8]? { try present.content(path) }
    func entryCount(_ directory: String) throws(HostError) -> Int? { try present.entryCount(directory) }
    func hasDirectory(_ path: String) throws(HostError) -> Bool { try present.hasDirectory(path) }
    func volume(of directory: String) throws(HostError) -> Volume? { try present.volume(of: directory) }
}
