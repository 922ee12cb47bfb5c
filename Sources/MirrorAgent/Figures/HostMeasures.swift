/// What measuring needs of the host; all paths begin at its root.
package protocol HostMeasures: Sendable {
    /// The content of a file of the kernel's; nil where there is none.
    func content(_ path: String) throws(HostError) -> [UInt8]?
    /// How many names a directory holds; nil where there is none.
    func entryCount(_ directory: String) throws(HostError) -> Int?
    /// Whether a directory is there; a link to one counts.
    func hasDirectory(_ path: String) throws(HostError) -> Bool
    /// The file system that a directory is on; nil where there is no such directory.
    func volume(of directory: String) throws(HostError) -> Volume?
}

/// A file system, as `statvfs` and `stat` tell it.
package struct Volume: Hashable, Sendable {
    /// In blocks, as are the next two.
    package var total: UInt64
    package var free: UInt64
    /// Free for those who are not root.
    package var available: UInt64
    /// 0 where the file system makes inodes as it needs them.
    package var inodes: UInt64
    package var freeInodes: UInt64
    /// Numbers of the block device; a major number of 0 is none that has counters.
    package var major: UInt32
    package var minor: UInt32

    package init(
        total: UInt64,
        free: UInt64,
        available: UInt64,
        inodes: UInt64,
        freeInodes: UInt64,
        major: UInt32 = 0,
        minor: UInt32 = 0
    ) {
        self.total = total
        self.free = free
        self.available = available
        self.inodes = inodes
        self.freeInodes = freeInodes
        self.major = major
        self.minor = minor
    }

    /// As `df` has it: what is reserved for root counts neither as used nor as there.
    package var usedPercent: Double? {
        guard free <= total else { return nil }
        let used = Double(total - free)
        let all = used + Double(available)
        return all == 0 ? nil : used / all * 100
    }

    package var usedInodesPercent: Double? {
        guard inodes > 0, freeInodes <= inodes else { return nil }
        return Double(inodes - freeInodes) / Double(inodes) * 100
    }
}
