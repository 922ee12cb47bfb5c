import KubeCore

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// All connections of the endpoint server, carried by the thread that calls `run`.
///
/// One request of each connection is answered in a round, so that nobody waits for more than one answer to each other
/// one. poll is enough for a hundred sockets.
struct EndpointLoop: ~Copyable {
    private let listener: ListeningSocket
    private let bell: Bell
    private let limits: ServerLimits
    private let endpoints: TelemetryEndpoints
    private var connections: [Int32: Conversation] = [:]
    private var faults: AcceptFaults
    /// Until when nothing is taken.
    private var resting: ContinuousClock.Instant?
    private var page: (answer: WireAnswer, made: ContinuousClock.Instant)?
    private var buffer = [UInt8](repeating: 0, count: 4_096)

    /// Connections that are taken in one round.
    private static let batch = 64

    init(_ listener: ListeningSocket, _ bell: Bell, _ limits: ServerLimits, _ endpoints: TelemetryEndpoints) {
        self.listener = listener
        self.bell = bell
        self.limits = limits
        self.endpoints = endpoints
        faults = AcceptFaults(limits)
    }

    deinit { for file in connections.keys { close(file) } }

    /// Works until the bell rings.
    ///
    /// - Throws: `KubeError` with code `connection` where it can't go on.
    mutating func run() throws(KubeError) {
        guard let listening = listener.descriptor else { return }
        while true {
            let now = ContinuousClock.now
            if let until = resting, until <= now { resting = nil }
            var polls = [pollfd(fd: bell.descriptor, events: Int16(POLLIN), revents: 0)]
            if resting == nil { polls.append(pollfd(fd: listening, events: Int16(POLLIN), revents: 0)) }
            for (file, conversation) in connections {
                let events = (conversation.wantsToRead ? POLLIN : 0) | (conversation.phase == .answering ? POLLOUT : 0)
                polls.append(pollfd(fd: file, events: Int16(events), revents: 0))
            }
            if poll(&polls, nfds_t(polls.count), milliseconds(from: now)) < 0, errno != EINTR {
                throw Self.failure(errno)
            }
            if polls[0].revents != 0 { return }
            work(on: polls.dropFirst().filter { $0.revents != 0 && $0.fd != listening }.map(\.fd))
            if polls.contains(where: { $0.fd == listening && $0.revents != 0 }) { try take(from: listening) }
        }
    }

    /// How long nothing happens unless a socket is ready.
    private func milliseconds(from now: ContinuousClock.Instant) -> Int32 {
        if connections.values.contains(where: \.hasMore) { return 0 }
        guard let next = (connections.values.map(\.deadline) + [resting].compactMap(\.self)).min() else { return -1 }
        // Rounded up: a wait that ends just before a deadline would be made again and again.
        let parts = max(.zero, next - now).components
        return Int32(clamping: parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000 + 1)
    }

    private mutating func work(on ready: [Int32]) {
        for file in ready {
            guard let conversation = connections[file] else { continue }
            if conversation.phase == .answering { send(file) } else if conversation.wantsToRead { receive(file) }
        }
        let now = ContinuousClock.now
        for file in Array(connections.keys) {
            guard let conversation = connections[file] else { continue }
            if conversation.hasMore {
                act(on: file) { $0.next(at: now) }
            } else if conversation.deadline <= now {
                act(on: file) { $0.expire(at: now) }
            }
        }
    }

    private static func failure(_ code: Int32) -> KubeError {
        KubeError(
            .connection,
            "the server of /metrics and /healthz can take no connection any more: \(String(cString: strerror(code)))"
        )
    }
}

extension EndpointLoop {
    private mutating func take(from listening: Int32) throws(KubeError) {
        for _ in 0..<Self.batch {
            let file = accept(listening, nil, nil)
            guard file < 0 else {
                faults.ended()
                // Swift's module of the C library leaves accept4 out.
                _ = fcntl(file, F_SETFD, FD_CLOEXEC)
                _ = fcntl(file, F_SETFL, O_NONBLOCK)
                admit(file)
                continue
            }
            let code = errno
            let now = ContinuousClock.now
            if code == EAGAIN { return faults.ended() }
            switch faults.failed(code, at: now) {
            case .goOn: continue
            case .giveUp: throw Self.failure(code)
            case .rest(let until):
                // One of ours gives its descriptor to whoever waits.
                guard let leaver = Admission.leaver(of: connections, at: now) else {
                    resting = until
                    return
                }
                drop(leaver)
            }
        }
    }

    private mutating func admit(_ file: Int32) {
        let now = ContinuousClock.now
        if connections.count >= limits.connections {
            guard let leaver = Admission.leaver(of: connections, at: now) else {
                let answer = WireAnswer(.full)
                let bytes = answer.head(isLast: true) + answer.body
                _ = Glibc.send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL))
                close(file)
                return
            }
            drop(leaver)
        }
        // Head and body of an answer go separately, and the second would wait for the first one's acknowledgement.
        var yes: Int32 = 1
        setsockopt(file, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        connections[file] = Conversation(limits, at: now)
        receive(file)
    }

    private mutating func drop(_ file: Int32) {
        connections[file] = nil
        close(file)
    }

    private mutating func receive(_ file: Int32) {
        let count = recv(file, &buffer, buffer.count, 0)
        if count < 0, [EAGAIN, EINTR].contains(errno) { return }
        guard count > 0 else { return drop(file) }
        let bytes = Array(buffer.prefix(count))
        let now = ContinuousClock.now
        act(on: file) { $0.received(bytes, at: now) }
    }

    private mutating func send(_ file: Int32) {
        while let conversation = connections[file], conversation.phase == .answering {
            let count = conversation.outgoing.withUnsafeBytes {
                Glibc.send(file, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            if count < 0, errno == EAGAIN { return }
            guard count >= 0 else { return drop(file) }
            let now = ContinuousClock.now
            switch connections[file]?.sent(count, at: now) {
            case .finish: shutdown(file, Int32(SHUT_WR))
            case .close: return drop(file)
            case .wait, .answer, nil: break
            }
        }
    }

    private mutating func act(on file: Int32, _ step: (inout Conversation) -> Conversation.Action) {
        guard var conversation = connections.removeValue(forKey: file) else { return }
        let action = step(&conversation)
        if case .answer(let request) = action {
            let answer = answer(to: request)
            conversation.answer(answer, to: request, at: .now)
        }
        connections[file] = conversation
        switch action {
        case .close: drop(file)
        case .finish: shutdown(file, Int32(SHUT_WR))
        case .wait, .answer: if conversation.phase == .answering { send(file) }
        }
    }

    /// Metrics are the same page for all who ask at about the same time: it is made, and held, once.
    private mutating func answer(to request: Request) -> WireAnswer {
        let isPage = request.isReading && request.path == TelemetryEndpoints.metricsPath
        let now = ContinuousClock.now
        if isPage, let page, now - page.made < limits.page { return page.answer }
        let answer = WireAnswer(
            endpoints.answer(method: request.method, path: request.path, query: request.query)
        )
        if isPage { page = (answer, now) }
        return answer
    }
}
