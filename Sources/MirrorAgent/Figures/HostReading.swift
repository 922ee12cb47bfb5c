package import MirrorPlanner

/// What one look at the host's counters gave. Nil is what could not be read.
package struct HostReading: Hashable, Sendable {
    package var volume: Volume?
    package var pressure: Pressure?
    package var memoryAvailablePercent: Double?
    /// Of the physical interfaces.
    package var interfaces: [String: PacketCounters]?
    package var serviceFiles: FileCounts?
    package var hostFiles: FileCounts?
    package var disk: DiskCounters?
    /// Of the node's configuration; whoever has read that puts it in.
    package var cleanUp: ImageCleanUp?
    /// Why something could not be read, for the log: one line for each cause.
    package var faults: [String] = []

    package init() {}
}

/// Looks at the host's counters. A look takes a few dozen reads of files that the kernel makes up, and no disk.
package struct HostReader: Sendable {
    private let host: any HostMeasures

    package init(_ host: any HostMeasures) {
        self.host = host
    }

    /// - Parameters:
    ///   - directory: the mirror's content.
    ///   - processID: the service's main process; 0 where it is not known.
    package func read(directory: String, processID: Int) -> HostReading {
        var reading = HostReading()
        reading.volume = attempt(&reading) { () throws(HostError) in try volume(directory) }
        reading.pressure = parse("/proc/pressure/io", &reading, KernelFiles.pressure)
        reading.memoryAvailablePercent = parse("/proc/meminfo", &reading, KernelFiles.memoryAvailablePercent)
        reading.hostFiles = parse("/proc/sys/fs/file-nr", &reading, KernelFiles.openFiles)
        // Not /proc/net: that is the network of whoever reads it, which is the pod's.
        if let interfaces = parse("/proc/1/net/dev", &reading, KernelFiles.interfaces) {
            reading.interfaces = physical(interfaces)
        }
        if let volume = reading.volume, volume.major != 0 {
            reading.disk = parse("/proc/diskstats", &reading) {
                KernelFiles.disk($0, major: volume.major, minor: volume.minor)
            }
        }
        if processID > 0 { readFiles(of: processID, &reading) }
        return reading
    }

    private func volume(_ directory: String) throws(HostError) -> Volume? {
        var path = directory
        // A directory that is not there yet will be on the volume of its parent; the root alone would be a guess.
        for _ in 0..<3 {
            if let volume = try host.volume(of: path) { return volume }
            path = HostPath.parent(path)
            if path == "/" { break }
        }
        throw HostError(.failed, "measure", directory, "there is no such directory, nor the two that it is in")
    }

    private func readFiles(of processID: Int, _ reading: inout HostReading) {
        let limit = parse("/proc/\(processID)/limits", &reading, KernelFiles.openFilesLimit)
        let open = attempt(&reading) { () throws(HostError) in try host.entryCount("/proc/\(processID)/fd") }
        guard let limit, let open else { return }
        reading.serviceFiles = FileCounts(open: UInt64(open), limit: limit)
    }

    /// Those of a device; of all but loopback where none is one's (a node in a container has only virtual ones).
    private func physical(_ interfaces: [String: PacketCounters]) -> [String: PacketCounters] {
        let others = interfaces.filter { $0.key != "lo" && !$0.key.contains("/") }
        let physical = others.filter { name, _ in
            (try? host.hasDirectory("/sys/class/net/\(name)/device")) ?? false
        }
        return physical.isEmpty ? others : physical
    }

    private func parse<Value>(
        _ path: String,
        _ reading: inout HostReading,
        _ parser: ([UInt8]) -> Value?
    ) -> Value? {
        let content = attempt(&reading) { () throws(HostError) in try host.content(path) }
        return content.flatMap(parser)
    }

    private func attempt<Value>(
        _ reading: inout HostReading,
        _ read: () throws(HostError) -> Value?
    ) -> Value? {
        do throws(HostError) {
            return try read()
        } catch {
            reading.faults.append(error.description)
            return nil
        }
    }
}
