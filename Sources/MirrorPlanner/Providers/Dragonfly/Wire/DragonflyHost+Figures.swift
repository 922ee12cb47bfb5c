package import KubeCore

extension DragonflyHost {
    /// Field 13, `common.v2.Memory`; bytes and percent.
    package struct Memory: Codable, Hashable, Sendable {
        package var total: UInt64 = 0
        package var available: UInt64 = 0
        package var usedPercent = 0.0

        package init() {}
    }

    /// Field 14, `common.v2.Network`; bytes a second. Its fields 5 to 8 had other meanings in earlier releases.
    package struct Network: Codable, Hashable, Sendable {
        package var location: String?
        package var idc: String?
        package var maxReceiveBandwidth: UInt64 = 0
        package var receiveBandwidth: UInt64?
        package var maxTransmitBandwidth: UInt64 = 0
        package var transmitBandwidth: UInt64?

        package init() {}
    }

    /// Field 15, `common.v2.Disk`; bytes and percent, of the file system that holds the content.
    package struct Disk: Codable, Hashable, Sendable {
        package var total: UInt64 = 0
        package var free: UInt64 = 0
        package var used: UInt64 = 0
        package var usedPercent = 0.0

        package init() {}
    }

    /// Field 16, `common.v2.Build`.
    package struct Build: Codable, Hashable, Sendable {
        /// The client's version, without a "v": `1.4.0` (dragonflyoss/client `dragonfly-client/src/announcer/mod.rs`).
        package var gitVersion = ""
        package var gitCommit: String?

        package init() {}
    }
}

extension DragonflyHost.Memory: ProtobufMessage {
    package mutating func take(_ field: ProtobufField) {
        switch field.number {
        case 1: field.read(into: &total)
        case 2: field.read(into: &available)
        case 4: field.read(into: &usedPercent)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, total)
        writer.write(2, available)
        writer.write(4, usedPercent)
    }
}

extension DragonflyHost.Network: ProtobufMessage {
    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 3: try field.read(into: &location)
        case 4: try field.read(into: &idc)
        case 9: field.read(into: &maxReceiveBandwidth)
        case 10: field.read(into: &receiveBandwidth)
        case 11: field.read(into: &maxTransmitBandwidth)
        case 12: field.read(into: &transmitBandwidth)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(3, location)
        writer.write(4, idc)
        writer.write(9, maxReceiveBandwidth)
        writer.write(10, receiveBandwidth)
        writer.write(11, maxTransmitBandwidth)
        writer.write(12, transmitBandwidth)
    }
}

extension DragonflyHost.Disk: ProtobufMessage {
    package mutating func take(_ field: ProtobufField) {
        switch field.number {
        case 1: field.read(into: &total)
        case 2: field.read(into: &free)
        case 3: field.read(into: &used)
        case 4: field.read(into: &usedPercent)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, total)
        writer.write(2, free)
        writer.write(3, used)
        writer.write(4, usedPercent)
    }
}

extension DragonflyHost.Build: ProtobufMessage {
    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: try field.read(into: &gitVersion)
        case 2: try field.read(into: &gitCommit)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, gitVersion)
        writer.write(2, gitCommit)
    }
}
