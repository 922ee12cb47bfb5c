/// How a seed's host fares, as its agent measures it, rounded so that it changes rarely. Nil is not known, and never
/// means zero.
package struct HostFigures: Codable, Hashable, Sendable {
    /// Used space of the volume that the mirror keeps its content on, in percent of what is not reserved, as `df` has
    /// it; rounded down.
    package var diskUsedPercent: Int?
    /// Used inodes of that volume, in percent; nil too where its file system has no fixed number of them.
    package var inodesUsedPercent: Int?
    /// Share of the last minute in which some task waited for a disk (PSI `some avg60`), in percent; in steps of 5,
    /// rounded down.
    package var ioPressurePercent: Int?
    /// Share in which all tasks that could have run waited for one (PSI `full avg60`); for information.
    package var ioFullPressurePercent: Int?
    /// Memory that can be had without swapping, in percent of all; in steps of 5 above 20, rounded up.
    package var memoryAvailablePercent: Int?
    /// Packets with errors among those of the physical interfaces, in percent of a window of a minute or more; rounded
    /// down.
    package var networkErrorPercent: Int?
    /// Open files in percent of what is allowed: of the service, or of the whole host where that is more; in steps of 5
    /// below 70, rounded down.
    package var fileDescriptorsUsedPercent: Int?
    /// Share of time in which the volume's disk was busy, in steps of 10; for information, since a disk that works on
    /// many requests at once is well at 100.
    package var diskBusyPercent: Int?
    /// Reads and writes of that disk a second, in two digits; for information.
    package var diskOperationsPerSecond: Int?

    /// Where the kubelet begins to remove images, and where it stops, in percent of the volume, as its configuration
    /// has it.
    package var cleanUpBeginsAtPercent: Int?
    package var cleanUpEndsAtPercent: Int?

    package init() {}

    /// Takes over what no decision rests on.
    package mutating func takeInformation(of other: HostFigures?) {
        ioFullPressurePercent = other?.ioFullPressurePercent
        diskBusyPercent = other?.diskBusyPercent
        diskOperationsPerSecond = other?.diskOperationsPerSecond
    }
}
