/// Readers of the kernel's text files; each gives nil for what it cannot read.
///
/// Sources: kernel `Documentation/filesystems/proc.rst`, `accounting/psi.rst`, `admin-guide/iostats.rst`.
package enum KernelFiles {
    /// The lines of `/proc/pressure/io`: `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`.
    package static func pressure(_ content: [UInt8]) -> Pressure? {
        var averages: [Substring: Double] = [:]
        for line in lines(content) {
            let fields = line.split(separator: " ")
            guard let kind = fields.first, let average = fields.first(where: { $0.hasPrefix("avg60=") }) else {
                continue
            }
            averages[kind] = percent(average.dropFirst("avg60=".count))
        }
        return averages["some"].map { Pressure(some: $0, full: averages["full"]) }
    }

    /// `MemAvailable` in percent of `MemTotal`, of `/proc/meminfo`.
    package static func memoryAvailablePercent(_ content: [UInt8]) -> Double? {
        var values: [Substring: UInt64] = [:]
        for line in lines(content) {
            let fields = line.split { $0 == " " || $0 == ":" || $0 == "\t" }
            guard fields.count >= 2 else { continue }
            values[fields[0]] = UInt64(fields[1])
        }
        guard let total = values["MemTotal"], let available = values["MemAvailable"], total > 0, available <= total
        else { return nil }
        return Double(available) / Double(total) * 100
    }

    /// Counters of each interface, of `/proc/net/dev`. What is dropped is no error: a host drops what is not for it.
    package static func interfaces(_ content: [UInt8]) -> [String: PacketCounters]? {
        var interfaces: [String: PacketCounters] = [:]
        var isThere = false
        for line in lines(content) {
            isThere = true
            // A name may be followed by its first number without a space, and may hold a colon itself.
            guard let colon = line.lastIndex(of: ":") else { continue }
            let name = line[..<colon].drop { $0 == " " }
            let numbers = line[line.index(after: colon)...].split(separator: " ").map { UInt64($0) }
            guard numbers.count >= 16, let received = numbers[1], let badReceived = numbers[2], let sent = numbers[9],
                let badSent = numbers[10]
            else { continue }
            interfaces[String(name)] = PacketCounters(
                packets: received &+ sent,
                errors: badReceived &+ badSent
            )
        }
        return isThere ? interfaces : nil
    }

    /// Allocated and maximum of `/proc/sys/fs/file-nr`.
    package static func openFiles(_ content: [UInt8]) -> FileCounts? {
        let numbers = lines(content).first?.split { $0 == "\t" || $0 == " " }.map { UInt64($0) } ?? []
        guard numbers.count >= 3, let allocated = numbers[0], let limit = numbers[2], limit > 0 else { return nil }
        return FileCounts(open: allocated, limit: limit)
    }

    /// The soft limit of `Max open files`, of `/proc/PID/limits`; nil too where there is none.
    package static func openFilesLimit(_ content: [UInt8]) -> UInt64? {
        let title = "Max open files"
        let line = lines(content).first { $0.hasPrefix(title) }
        return line?.dropFirst(title.count).split(separator: " ").first.flatMap { UInt64($0) }
    }

    /// Counters of one device, of `/proc/diskstats`.
    package static func disk(_ content: [UInt8], major: UInt32, minor: UInt32) -> DiskCounters? {
        for line in lines(content) {
            let fields = line.split(separator: " ")
            guard fields.count >= 14, fields[0] == "\(major)", fields[1] == "\(minor)" else { continue }
            guard let reads = UInt64(fields[3]), let writes = UInt64(fields[7]), let busy = UInt64(fields[12])
            else { return nil }
            return DiskCounters(operations: reads &+ writes, busyMilliseconds: busy)
        }
        return nil
    }

    private static func lines(_ content: [UInt8]) -> [Substring] {
        String(decoding: content, as: UTF8.self).split(separator: "\n")
    }

    private static func percent(_ text: Substring) -> Double? {
        Double(text).flatMap { $0.isFinite && (0...100).contains($0) ? $0 : nil }
    }
}

/// Shares of the last minute in which tasks waited for a disk, in percent.
package struct Pressure: Hashable, Sendable {
    /// At least one waited.
    package var some: Double
    /// All that could have run waited; nil where the kernel does not say.
    package var full: Double?

    package init(some: Double, full: Double?) {
        self.some = some
        self.full = full
    }
}

/// Packets of one interface since it came, both ways together.
package struct PacketCounters: Hashable, Sendable {
    package var packets: UInt64
    package var errors: UInt64

    package init(packets: UInt64, errors: UInt64) {
        self.packets = packets
        self.errors = errors
    }
}

/// Open files and how many there may be.
package struct FileCounts: Hashable, Sendable {
    package var open: UInt64
    package var limit: UInt64

    package init(open: UInt64, limit: UInt64) {
        self.open = open
        self.limit = limit
    }

    package var usedPercent: Double? { limit == 0 ? nil : Double(open) / Double(limit) * 100 }
}

/// What a disk has done since the host was started.
package struct DiskCounters: Hashable, Sendable {
    package var operations: UInt64
    package var busyMilliseconds: UInt64

    package init(operations: UInt64, busyMilliseconds: UInt64) {
        self.operations = operations
        self.busyMilliseconds = busyMilliseconds
    }
}
