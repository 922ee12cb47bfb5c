/// One connection, without its socket: what came and what was sent goes in, what to do next comes out.
///
/// # Expected flow
/// While `phase` is `answering`, send `outgoing` and report it by `sent`; read where it wants to, and report by
/// `received`; call `next` while it has more. Act on what they return, and close at `deadline` unless `expire` says
/// otherwise.
struct Conversation {
    enum Phase: Hashable {
        /// No byte of a request has come.
        case waiting
        case reading
        case answering
        /// All is said; the client is to close.
        case leaving
    }

    enum Action: Hashable {
        /// Wait for the socket.
        case wait
        /// Give the answer to this by `answer`.
        case answer(Request)
        /// Tell the client that no more comes, and go on reading.
        case finish
        case close
    }

    private let limits: ServerLimits
    private(set) var phase = Phase.waiting
    /// When the phase began.
    private(set) var since: ContinuousClock.Instant
    private(set) var deadline: ContinuousClock.Instant
    private var parser: RequestParser
    /// What came after the request that is being answered; never more than was read at once.
    private var incoming: ArraySlice<UInt8> = []
    private var parts: [ArraySlice<UInt8>] = []
    private var isLast = false
    private var served = 0
    private var thrownAway = 0

    init(_ limits: ServerLimits, at now: ContinuousClock.Instant) {
        self.limits = limits
        parser = RequestParser(limits)
        since = now
        deadline = now + limits.request
    }

    /// Bytes to send, in this order.
    var outgoing: ArraySlice<UInt8> { parts.first ?? [] }

    /// Whether `next` has something to do without anything having come.
    var hasMore: Bool { phase == .waiting && !incoming.isEmpty }

    /// Whether bytes are to be read now. While some wait for their turn, more of them stay with the system, and the
    /// client at last.
    var wantsToRead: Bool { phase != .answering && !hasMore }

    /// Bytes came.
    mutating func received(_ bytes: [UInt8], at now: ContinuousClock.Instant) -> Action {
        guard phase != .leaving else {
            thrownAway += bytes.count
            return thrownAway > limits.farewellBytes ? .close : .wait
        }
        incoming += bytes
        return next(at: now)
    }

    /// Goes on with bytes that had come before.
    mutating func next(at now: ContinuousClock.Instant) -> Action {
        guard phase == .waiting || phase == .reading else { return .wait }
        switch parser.read(&incoming) {
        case .unfinished:
            incoming = []
            if phase == .waiting, !parser.isBetweenRequests {
                // The time of the first request runs from the opening of the connection.
                enter(.reading, at: now, until: served == 0 ? deadline : now + limits.request)
            }
            return .wait
        case .request(let request):
            guard request.isReading, request.hasBody else { return .answer(request) }
            return refuse(.body, at: now)
        case .refused(let refusal):
            return refuse(refusal, at: now)
        }
    }

    /// Takes the answer to a request; it is to be sent now.
    mutating func answer(_ answer: WireAnswer, to request: Request, at now: ContinuousClock.Instant) {
        served += 1
        let isLast = !request.keepsOpen || request.hasBody || !request.isReading || served >= limits.requests
        send(answer, withBody: request.method != "HEAD", isLast: isLast, at: now)
    }

    /// So many bytes of `outgoing` were sent.
    mutating func sent(_ count: Int, at now: ContinuousClock.Instant) -> Action {
        guard phase == .answering, !parts.isEmpty else { return .wait }
        parts[0] = parts[0].dropFirst(count)
        if parts[0].isEmpty { parts.removeFirst() }
        guard parts.isEmpty else { return .wait }
        guard isLast else {
            enter(.waiting, at: now, until: now + limits.idle)
            return .wait
        }
        incoming = []
        enter(.leaving, at: now, until: now + limits.farewell)
        return .finish
    }

    /// The deadline has passed.
    mutating func expire(at now: ContinuousClock.Instant) -> Action {
        phase == .reading ? refuse(.late, at: now) : .close
    }

    /// Ends the connection with an answer. What else came is not read.
    private mutating func refuse(_ refusal: Refusal, at now: ContinuousClock.Instant) -> Action {
        send(WireAnswer(refusal), withBody: true, isLast: true, at: now)
        return .wait
    }

    private mutating func send(_ answer: WireAnswer, withBody: Bool, isLast: Bool, at now: ContinuousClock.Instant) {
        self.isLast = isLast
        parts = [answer.head(isLast: isLast)[...]]
        if withBody, !answer.body.isEmpty { parts.append(answer.body[...]) }
        enter(.answering, at: now, until: now + limits.answer)
    }

    private mutating func enter(
        _ phase: Phase,
        at now: ContinuousClock.Instant,
        until deadline: ContinuousClock.Instant
    ) {
        self.phase = phase
        since = now
        self.deadline = deadline
    }
}
