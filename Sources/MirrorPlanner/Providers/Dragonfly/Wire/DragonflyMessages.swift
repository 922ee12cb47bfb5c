package import KubeCore

/// `DeleteHostRequest`: a host by its id.
package struct DragonflyHostID: Hashable, Sendable, ProtobufMessage {
    package var id = ""

    package init() {}

    package init(_ id: String) {
        self.id = id
    }

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        if field.number == 1 { try field.read(into: &id) }
    }

    package func write(to writer: inout ProtobufWriter) { writer.write(1, id) }
}

/// `AnnounceHostRequest`: a host, and how long it is until it says so again.
package struct DragonflyAnnouncement: Hashable, Sendable, ProtobufMessage {
    package var host = DragonflyHost()
    package var interval: ProtobufDuration?

    package init() {}

    package init(_ host: DragonflyHost, interval: Duration?) {
        self.host = host
        self.interval = interval.map(ProtobufDuration.init)
    }

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: try field.read(into: &host)
        case 2: try field.read(into: &interval)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, host)
        if let interval { writer.write(2, interval) }
    }
}

/// `StatTaskRequest` of a scheduler, which takes a host too and does not look at it.
package struct DragonflySchedulerTaskQuery: Hashable, Sendable, ProtobufWritable {
    package var hostID: String
    package var taskID: DragonflyTaskID

    package init(hostID: String, _ taskID: DragonflyTaskID) {
        self.hostID = hostID
        self.taskID = taskID
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, hostID)
        writer.write(2, taskID.text)
    }

    /// The task that a request names, for a server: what others send may be any text.
    package static func task(in request: [UInt8]) throws(KubeError) -> String {
        try text(2, in: request)
    }
}

/// `StatTaskRequest` and `StatLocalTaskRequest` of a daemon.
package struct DragonflyTaskQuery: Hashable, Sendable, ProtobufWritable {
    package var taskID: DragonflyTaskID

    package init(_ taskID: DragonflyTaskID) {
        self.taskID = taskID
    }

    package func write(to writer: inout ProtobufWriter) { writer.write(1, taskID.text) }

    /// The task that a request names, for a server: what others send may be any text.
    package static func task(in request: [UInt8]) throws(KubeError) -> String {
        try text(1, in: request)
    }
}

/// One text of a message of which nothing else is of interest.
private func text(_ number: Int, in message: [UInt8]) throws(KubeError) -> String {
    var reader = try ProtobufReader(message)
    var text = ""
    while let field = try reader.next() {
        if field.number == number { try field.read(into: &text) }
    }
    return text
}

/// `common.v2.Task`, as far as it says how a task is.
package struct DragonflyTask: Hashable, Sendable, ProtobufMessage {
    package var id = ""
    package var contentLength: UInt64 = 0
    package var pieceCount: UInt32 = 0
    package var state = ""
    package var peerCount: UInt32 = 0

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: try field.read(into: &id)
        case 9: field.read(into: &contentLength)
        case 10: field.read(into: &pieceCount)
        case 13: try field.read(into: &state)
        case 14: field.read(into: &peerCount)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, id)
        writer.write(9, contentLength)
        writer.write(10, UInt64(pieceCount))
        writer.write(13, state)
        writer.write(14, UInt64(peerCount))
    }
}

/// `StatLocalTaskResponse`, without the header of the source's answer: that may hold secrets.
package struct DragonflyLocalTask: Hashable, Sendable, ProtobufMessage {
    package var id = ""
    package var contentLength: UInt64?
    package var uploadingCount: UInt64 = 0
    package var uploadedCount: UInt64 = 0
    package var failed: ProtobufDuration?
    package var finished: ProtobufDuration?

    package init() {}

    package mutating func take(_ field: ProtobufField) throws(KubeError) {
        switch field.number {
        case 1: try field.read(into: &id)
        case 3: field.read(into: &contentLength)
        case 5: field.read(into: &uploadingCount)
        case 6: field.read(into: &uploadedCount)
        case 10: try field.read(into: &failed)
        case 11: try field.read(into: &finished)
        default: break
        }
    }

    package func write(to writer: inout ProtobufWriter) {
        writer.write(1, id)
        writer.write(3, contentLength)
        writer.write(5, uploadingCount)
        writer.write(6, uploadedCount)
        if let failed { writer.write(10, failed) }
        if let finished { writer.write(11, finished) }
    }
}
