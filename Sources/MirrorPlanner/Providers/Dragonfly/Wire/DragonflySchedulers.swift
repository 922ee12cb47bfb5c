package import KubeCore

/// `ListSchedulersRequest`, as a client sends it to the manager. A host name that is none, or an address that is none,
/// is answered with INVALID_ARGUMENT (dragonflyoss/api `pkg/apis/manager/v2/manager.proto`, rules of its fields).
package struct DragonflySchedulersQuery: Hashable, Sendable, ProtobufMessage {
    /// Who asks.
    package enum Source: Int32, Sendable {
        case scheduler = 0
        case peer = 1
        case seedPeer = 2
    }

    /// The number of a `Source`.
    package var source = Source.scheduler.rawValue
    package var hostname = ""
    package var ip = ""
    package var version = ""
    package var commit = ""
    package var schedulerClusterID: UInt64 = 0

    package init() {}

    package init(
        _ source: Source,
        hostname: String,
        ip: String,
        version: String,
        commit: String,
        schedulerClusterID: UInt64
    ) {
        self.source = source.rawValue
        self.hostname = hostname
        self.ip = ip
        self.version = version
        self.commit = commit
        self.schedulerClusterID = schedulerClusterID
    }

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: field.read(into: &source)
        case 2: try field.read(into: &hostname)
        case 3: try field.read(into: &ip)
        case 6: try field.read(into: &version)
        case 7: try field.read(into: &commit)
        case 8: field.read(into: &schedulerClusterID)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, Int64(source))
        writer.write(2, hostname)
        writer.write(3, ip)
        writer.write(6, version)
        writer.write(7, commit)
        writer.write(8, schedulerClusterID)
    }
}

/// `manager.v2.Scheduler`: where clients are sent.
package struct DragonflyScheduler: Codable, Hashable, Sendable, ProtobufMessage {
    package var id: UInt64 = 0
    package var hostname = ""
    package var ip = ""
    package var port: Int32 = 0
    /// `active` or `inactive`.
    package var state = ""
    package var schedulerClusterID: UInt64 = 0

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: field.read(into: &id)
        case 2: try field.read(into: &hostname)
        case 5: try field.read(into: &ip)
        case 6: field.read(into: &port)
        case 7: try field.read(into: &state)
        case 8: field.read(into: &schedulerClusterID)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, id)
        writer.write(2, hostname)
        writer.write(5, ip)
        writer.write(6, Int64(port))
        writer.write(7, state)
        writer.write(8, schedulerClusterID)
    }
}

/// `ListSchedulersResponse`.
package struct DragonflySchedulerList: Hashable, Sendable, ProtobufMessage {
    /// So many schedulers are taken of one answer; a cluster has some.
    package static let limit = 10_000

    package var schedulers: [DragonflyScheduler] = []

    package init() {}

    package init(_ schedulers: [DragonflyScheduler]) {
        self.schedulers = schedulers
    }

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        guard field.number == 1, var reader = try field.message() else { return }
        guard schedulers.count < Self.limit else {
            throw KubeError(.tooLarge, "the answer has more than \(Self.limit) schedulers")
        }
        var scheduler = DragonflyScheduler()
        try scheduler.take(&reader)
        schedulers.append(scheduler)
    }

    package func write(to writer: inout ProtobufWriter) {
        for scheduler in schedulers { writer.write(1, scheduler) }
    }
}
