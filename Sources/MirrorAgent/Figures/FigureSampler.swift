import KubeCore
package import MirrorAPI
import MirrorPlanner

/// Makes figures out of looks at the host's counters: differences over a window, rounded so that they change rarely.
package struct FigureSampler: Sendable {
    /// Shorter windows say little: a burst of a second is no state.
    package static let window = Duration.seconds(60)
    /// Longer ones are of another time: the agent was away, or the host asleep.
    package static let longestWindow = Duration.seconds(600)
    /// Of fewer packets no percentage is made.
    package static let fewestPackets: UInt64 = 1000

    /// The beginning of the window that the next differences are over.
    private var base: (reading: HostReading, at: Duration)?
    private var networkErrorPercent: Double?
    private var diskBusyPercent: Double?
    private var diskOperationsPerSecond: Double?
    /// Whether a window has ended: before that our predecessor's figures stand for what takes one.
    private var hasWindow = false
    /// What was reported last.
    package private(set) var figures: HostFigures

    /// - Parameter figures: what an agent before us reported of this host, so that its successor does not write the
    ///   same in other words.
    package init(reported figures: HostFigures = HostFigures()) {
        self.figures = figures
    }

    /// Takes a look and gives what to report.
    ///
    /// - Parameter now: monotonic; since any origin.
    package mutating func add(_ reading: HostReading, at now: Duration) -> HostFigures {
        measureDifferences(reading, at: now)
        let old = figures
        var new = HostFigures()
        new.diskUsedPercent = Rounding.used.report(reading.volume?.usedPercent, after: old.diskUsedPercent)
        new.inodesUsedPercent = Rounding.used.report(reading.volume?.usedInodesPercent, after: old.inodesUsedPercent)
        new.ioPressurePercent = Rounding.pressure.report(reading.pressure?.some, after: old.ioPressurePercent)
        new.ioFullPressurePercent = Rounding.pressure.report(reading.pressure?.full, after: old.ioFullPressurePercent)
        new.memoryAvailablePercent = Rounding.memory.report(
            reading.memoryAvailablePercent,
            after: old.memoryAvailablePercent
        )
        new.networkErrorPercent = Rounding.used.report(networkErrorPercent, after: old.networkErrorPercent)
        let files = [reading.serviceFiles?.usedPercent, reading.hostFiles?.usedPercent].compactMap { $0 }.max()
        new.fileDescriptorsUsedPercent = Rounding.files.report(files, after: old.fileDescriptorsUsedPercent)
        new.diskBusyPercent = Rounding.busy.report(diskBusyPercent, after: old.diskBusyPercent)
        new.diskOperationsPerSecond = Rounding.rate.report(diskOperationsPerSecond, after: old.diskOperationsPerSecond)
        new.cleanUpBeginsAtPercent = reading.cleanUp?.beginsAtPercent
        new.cleanUpEndsAtPercent = reading.cleanUp?.endsAtPercent
        if !hasWindow {
            new.networkErrorPercent = old.networkErrorPercent
            new.diskBusyPercent = old.diskBusyPercent
            new.diskOperationsPerSecond = old.diskOperationsPerSecond
        }
        figures = new
        return new
    }

    private mutating func measureDifferences(_ reading: HostReading, at now: Duration) {
        guard let base else {
            self.base = (reading, now)
            return
        }
        let time = now - base.at
        guard time >= Self.window else { return }
        hasWindow = true
        defer { self.base = (reading, now) }
        guard time <= Self.longestWindow else {
            (networkErrorPercent, diskBusyPercent, diskOperationsPerSecond) = (nil, nil, nil)
            return
        }
        networkErrorPercent = Self.errorPercent(from: base.reading.interfaces, to: reading.interfaces)
        guard let old = base.reading.disk, let new = reading.disk, new.operations >= old.operations,
            new.busyMilliseconds >= old.busyMilliseconds
        else {
            (diskBusyPercent, diskOperationsPerSecond) = (nil, nil)
            return
        }
        let seconds = time / .seconds(1)
        diskBusyPercent = min(100, Double(new.busyMilliseconds - old.busyMilliseconds) / seconds / 10)
        diskOperationsPerSecond = Double(new.operations - old.operations) / seconds
    }

    /// Of the interfaces together; one that came, went or began to count anew in the window does not count.
    private static func errorPercent(
        from old: [String: PacketCounters]?,
        to new: [String: PacketCounters]?
    ) -> Double? {
        guard let old, let new else { return nil }
        var packets: UInt64 = 0
        var errors: UInt64 = 0
        for (name, after) in new {
            guard let before = old[name], after.packets >= before.packets, after.errors >= before.errors
            else { continue }
            packets = packets.adding(after.packets - before.packets)
            errors = errors.adding(after.errors - before.errors)
        }
        // A packet with an error is not among the packets of every driver.
        guard packets.adding(errors) >= fewestPackets else { return nil }
        return min(100, Double(errors) / Double(max(packets, errors)) * 100)
    }
}
