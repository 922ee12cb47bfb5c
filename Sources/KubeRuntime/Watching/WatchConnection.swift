import KubeCore

/// The events of one open watch, cut out of its byte stream.
struct WatchConnection<Object: KubeObject> {
    enum Item {
        case event(WatchEvent<Object>)
        case unreadable(UnreadableEvent, KubeError)
        case end
    }

    /// An object may have a few megabytes; a stream without line ends must not fill the memory.
    private static var lineLimit: Int { 32 << 20 }

    private let stream: KubeResponseStream
    private var splitter = LineSplitter()
    /// Lines that came and were not asked for yet, last first.
    private var lines: [[UInt8]] = []

    init(_ stream: KubeResponseStream) {
        self.stream = stream
    }

    func close() {
        stream.cancel()
    }

    /// The next event.
    ///
    /// - Throws: `timeout` where nothing at all comes within `limit`; what the stream throws otherwise.
    mutating func next(within limit: Duration?, on time: MonotonicTime) async throws(KubeError) -> Item {
        while lines.isEmpty {
            guard let chunk = try await chunk(within: limit, on: time) else { return last() }
            lines = splitter.push(chunk).reversed()
            guard splitter.buffered <= Self.lineLimit else {
                throw KubeError(.protocolViolation, "an event of the watch is longer than \(Self.lineLimit) bytes")
            }
        }
        return try item(lines.removeLast())
    }

    private func chunk(within limit: Duration?, on time: MonotonicTime) async throws(KubeError) -> [UInt8]? {
        guard let limit else { return try await stream.nextChunk() }
        let stream = stream
        let result = await withDeadline(limit, on: time) { () -> Result<[UInt8]?, KubeError> in
            do throws(KubeError) { return .success(try await stream.nextChunk()) } catch { return .failure(error) }
        }
        switch result {
        case .success(let chunk)?: return chunk
        // A reader that is cancelled at its limit says so, and means the limit.
        case .failure(let error)? where error.code != .cancelled || Task.isCancelled: throw error
        default: throw KubeError(.timeout, "nothing came for \(limit) although the server owes something")
        }
    }

    /// A rest without its line end is an event where it is whole; a torn one is sent again by the next watch.
    private mutating func last() -> Item {
        guard let rest = splitter.finish(), let item = try? item(rest) else { return .end }
        return item
    }

    private func item(_ line: [UInt8]) throws(KubeError) -> Item {
        do {
            return .event(try WatchEvent(line: line))
        } catch {
            guard let event = try? JSONCoding.decode(UnreadableEvent.self, from: line) else { throw error }
            return .unreadable(event, error)
        }
    }
}
