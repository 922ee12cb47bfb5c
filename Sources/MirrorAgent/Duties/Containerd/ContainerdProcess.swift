import KubeCore

/// When the host's containerd was started, as the kernel tells it: an agent that may not ask the service manager sees
/// restarts all the same.
struct ContainerdProcess {
    let files: any HostFileSystem

    /// Clock ticks of `/proc` a second: the same on every architecture that containerd is built for.
    private static let ticksPerSecond: Int64 = 100
    private static let contentLimit = 1 << 16

    /// The start of the newest containerd that the host's first process started; nil where none is seen. Those in
    /// containers have another parent.
    func startedAt() -> Timestamp? {
        guard let boot = content("/proc/stat").flatMap(Self.bootTime), let entries = try? files.list("/proc") else {
            return nil
        }
        let starts = entries.compactMap { entry -> Int64? in
            guard Int(entry.name) != nil, content("/proc/\(entry.name)/comm") == "containerd\n" else { return nil }
            return content("/proc/\(entry.name)/stat").flatMap(Self.startTicks)
        }
        return starts.max().map { Timestamp(seconds: boot.adding($0 / Self.ticksPerSecond)) }
    }

    /// `btime` of `/proc/stat`.
    static func bootTime(_ text: String) -> Int64? {
        text.split(separator: "\n").first { $0.hasPrefix("btime ") }.flatMap { Int64($0.dropFirst(6)) }
    }

    /// The field `starttime` of `/proc/PID/stat` (proc(5)), where the field `ppid` is 1; the name before them may hold
    /// anything.
    static func startTicks(_ text: String) -> Int64? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 19, fields[1] == "1" else { return nil }
        return Int64(fields[19])
    }

    private func content(_ path: String) -> String? {
        // A process may end while it is looked at.
        let content = try? files.read(path, limit: Self.contentLimit, followingLink: false)
        return content.flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) }
    }
}
