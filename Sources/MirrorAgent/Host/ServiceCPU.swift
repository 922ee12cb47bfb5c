package import KubeCore

/// The mean CPU time of a service over a minute or more, out of looks at a counter; pure.
package struct ServiceCPU: Hashable, Sendable {
    /// Seconds that a mean is taken over at least, and at most: after a longer gap it begins anew.
    package static let window = 60...900
    /// Of ten thousand cores: more is no figure.
    private static let greatestPercent = 1_000_000.0

    private var since: Timestamp?
    private var usage: Int64 = 0
    /// In percent of one core; nil until the first window has passed.
    package private(set) var percent: Double?

    package init() {}

    /// Takes a look at the counter, in microseconds; nil where it can't be read. A counter that goes back is another
    /// run's.
    package mutating func look(_ usage: Int64?, at now: Timestamp) {
        guard let usage, usage >= 0 else {
            self = Self()
            return
        }
        guard let since, now >= since, now - since <= Self.window.upperBound, usage >= self.usage else {
            self = Self()
            (since, self.usage) = (now, usage)
            return
        }
        guard now - since >= Self.window.lowerBound else { return }
        percent = Double(usage - self.usage) / Double(now - since) / 10_000
        (self.since, self.usage) = (now, usage)
    }

    /// What is reported: multiples of five, and the old figure as long as the new one is near it, so that a steady
    /// service changes nothing.
    package static func rounded(_ percent: Double?, reported: Int?) -> Int? {
        guard let percent else { return reported }
        if let reported, abs(percent - Double(reported)) <= max(3, Double(reported) / 4) { return reported }
        return Int((percent.bounded(to: 0...Self.greatestPercent) / 5).rounded()) * 5
    }
}

/// The counters of control groups (kernel `Documentation/admin-guide/cgroup-v2.rst`, `cgroup-v1/cpuacct.rst`).
struct ControlGroupFiles {
    private static let root = "/sys/fs/cgroup"

    let files: any HostFileSystem

    /// CPU time of a group in microseconds; nil where it can't be read, which is no fault: it is only reported.
    func cpuMicroseconds(of group: String) -> Int64? {
        guard !group.split(separator: "/").contains("..") else { return nil }
        if let text = read("\(Self.root)\(group)/cpu.stat"), let usage = Self.usage(inStatistics: text) { return usage }
        for controller in ["cpu,cpuacct", "cpuacct"] {
            guard let text = read("\(Self.root)/\(controller)\(group)/cpuacct.usage") else { continue }
            return Int64(text.filter { !$0.isWhitespace }).map { $0 / 1_000 }
        }
        return nil
    }

    private static func usage(inStatistics text: String) -> Int64? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("usage_usec ") }
        return line.flatMap { Int64($0.dropFirst("usage_usec ".count)) }
    }

    private func read(_ path: String) -> String? {
        guard let content = try? files.read(path, limit: 65_536, followingLink: true) else { return nil }
        return String(decoding: content, as: UTF8.self)
    }
}
