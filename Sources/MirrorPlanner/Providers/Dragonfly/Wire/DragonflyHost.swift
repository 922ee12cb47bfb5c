package import KubeCore

/// A daemon or a seed as a scheduler knows it: `common.v2.Host`.
///
/// Field numbers here and below are those of dragonflyoss/api `pkg/apis/common/v2/common.proto`, where no number ever
/// changed its meaning but 5 to 8 of Network; fields that nothing here decides by are left out. A scheduler never fills
/// inodes and connections, and says nothing about the age of what it knows (dragonflyoss/dragonfly
/// `scheduler/service/service_v2.go`, `ListHosts`).
package struct DragonflyHost: Codable, Hashable, Sendable {
    /// Field 2. Seeds are "super", daemons of nodes "normal"; a later type is kept as its number.
    package enum Kind: Codable, Hashable, Sendable {
        case normal
        case seed
        case other(UInt32)
    }

    /// `IP-HOSTNAME` of a daemon, `IP-HOSTNAME-seed` of a seed.
    package var id = ""
    package var kind = Kind.normal
    /// The pod's name of a seed, the node's of a daemon in the host's network.
    package var hostname = ""
    /// As the host announces it itself.
    package var ip = ""
    /// Where it serves `dfdaemon.v2.DfdaemonUpload`.
    package var port: Int32 = 0
    package var downloadPort: Int32 = 0
    package var memory: Memory?
    package var network: Network?
    package var disk: Disk?
    package var build: Build?
    /// The scheduler's own setting, and not the host's (`service_v2.go`, `AnnounceHost`).
    package var schedulerClusterID: UInt64 = 0
    package var disableShared = false
    /// 0 before api 2.2.8.
    package var proxyPort: Int32 = 0
    /// `NAMESPACE-POD`, empty before api 2.2.24.
    package var name = ""

    package init() {}

    package var isSeed: Bool { kind == .seed }
}

extension DragonflyHost: ProtobufMessage {
    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: try field.read(into: &id)
        case 2:
            var number = kind.number
            field.read(into: &number)
            kind = Kind(number: number)
        case 3: try field.read(into: &hostname)
        case 4: try field.read(into: &ip)
        case 5: field.read(into: &port)
        case 6: field.read(into: &downloadPort)
        case 13: try field.read(into: &memory)
        case 14: try field.read(into: &network)
        case 15: try field.read(into: &disk)
        case 16: try field.read(into: &build)
        case 17: field.read(into: &schedulerClusterID)
        case 18: field.read(into: &disableShared)
        case 19: field.read(into: &proxyPort)
        case 20: try field.read(into: &name)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, id)
        writer.write(2, UInt64(kind.number))
        writer.write(3, hostname)
        writer.write(4, ip)
        writer.write(5, Int64(port))
        writer.write(6, Int64(downloadPort))
        if let memory { writer.write(13, memory) }
        if let network { writer.write(14, network) }
        if let disk { writer.write(15, disk) }
        if let build { writer.write(16, build) }
        writer.write(17, schedulerClusterID)
        writer.write(18, disableShared)
        writer.write(19, Int64(proxyPort))
        writer.write(20, name)
    }
}

extension DragonflyHost.Kind {
    /// dragonflyoss/dragonfly `pkg/types/types.go`, `HostType`.
    package init(number: UInt32) {
        switch number {
        case 0: self = .normal
        case 1: self = .seed
        default: self = .other(number)
        }
    }

    package var number: UInt32 {
        switch self {
        case .normal: 0
        case .seed: 1
        case .other(let number): number
        }
    }
}
