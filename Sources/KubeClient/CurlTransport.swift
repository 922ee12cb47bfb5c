public import KubeCore
import Synchronization

/// A transport over libcurl: one thread carries all transfers of one client.
///
/// Guarantees, beyond those of `Transport`: requests share connections, by HTTP/2 where the server offers it over TLS;
/// a stream has a connection of its own; a task that is cancelled removes its transfer at once; an answer 429 or 503
/// with Retry-After is followed, never earlier than it says and never past the deadline; a token file is read again as
/// it rotates. Open streams outlive the transport; whole exchanges hold it.
public final class CurlTransport: Transport {
    private let configuration: ClusterConfiguration
    private let options: ClientOptions
    private let server: ServerAddress
    private let token: TokenBox?
    private let loop: LoopLease

    /// Starts a client for one API server; nothing is sent yet.
    ///
    /// - Parameter files: where token files are read from; certificates are always read by libcurl itself.
    /// - Throws: `KubeError` with code `configuration`, or `connection` where the machine has no thread left.
    public init(
        _ configuration: ClusterConfiguration,
        options: ClientOptions,
        files: any ConfigurationFiles = SystemFiles()
    ) throws(KubeError) {
        self.configuration = configuration
        self.options = options
        server = try ServerAddress(configuration.server)
        if let name = configuration.tlsServerName { _ = try ServerAddress("https://\(name)") }
        token = configuration.token.map {
            TokenBox(BearerToken($0, files: files, lifetime: options.tokenLifetime))
        }
        loop = try LoopLease()
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// - Throws: `KubeError` as `Transport` says.
    public func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        try await follow(
            request,
            isStream: false,
            attempt: { plan, remaining throws(KubeError) in try await self.exchange(plan, remaining) },
            describe: { ($0.status, $0.headers["retry-after"]) },
            abandon: { _ in }
        )
    }

    /// Sends a request and returns as soon as the head of the answer is there.
    ///
    /// - Throws: `KubeError` as `Transport` says.
    public func open(_ request: KubeRequest) async throws(KubeError) -> KubeResponseStream {
        try await follow(
            request,
            isStream: true,
            attempt: { plan, remaining throws(KubeError) in
                try await self.stream(plan, remaining, idle: request.idleTimeout)
            },
            describe: { ($0.status, $0.headers["retry-after"]) },
            abandon: { $0.cancel() }
        )
    }
}

extension CurlTransport: CustomStringConvertible, CustomReflectable {
    /// Whom this client talks to.
    public var description: String { "client of \(configuration.server)" }
    /// A mirror without children: what is inside is the system's and changes all the time.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension CurlTransport {
    /// Repeats a request as the server asks for, until there is an answer for the caller or the time is up.
    private func follow<Answer>(
        _ request: KubeRequest,
        isStream: Bool,
        attempt: (TransferPlan, Duration) async throws(KubeError) -> Answer,
        describe: (Answer) -> (status: Int, retryAfter: String?),
        abandon: (Answer) -> Void
    ) async throws(KubeError) -> Answer {
        let deadline = ContinuousClock.now + (request.timeout ?? options.timeout)
        var retries = 0
        var isTokenReplaced = false
        while true {
            let secret = try currentToken()
            let plan = try TransferPlan(
                request,
                server: server,
                tlsServerName: configuration.tlsServerName,
                token: secret,
                isStream: isStream
            )
            let remaining = deadline - .now
            guard remaining > .zero else { throw KubeError(.timeout, "\(plan.name): the time allowed ran out") }
            let answer = try await attempt(plan, remaining)
            let (status, retryAfter) = describe(answer)
            if status == 401, !isTokenReplaced, let secret, isReplaced(secret) {
                isTokenReplaced = true
                abandon(answer)
                continue
            }
            let decision = options.retries.decide(
                status: status,
                retryAfter: retryAfter.flatMap { RetryAfter.parse($0, now: Self.wallClock()) },
                retries: retries,
                remaining: deadline - .now,
                jitter: .random(in: 0...1)
            )
            guard case .retry(let pause) = decision else { return answer }
            abandon(answer)
            retries += 1
            try await sleep(pause, plan)
        }
    }

    private func exchange(_ plan: TransferPlan, _ remaining: Duration) async throws(KubeError) -> KubeResponse {
        let answer = WholeAnswer(limit: options.answerLimit)
        let transfer = try Transfer(
            plan,
            to: configuration,
            options,
            timeout: remaining,
            connectTimeout: min(remaining, options.connectTimeout),
            watchdog: .none,
            sink: answer
        )
        let lease = loop
        let outcome = await withTaskCancellationHandler {
            lease.loop.add(transfer)
            return await answer.outcome()
        } onCancel: {
            lease.loop.cancel(transfer)
        }
        return try outcome.get()
    }

    private func stream(
        _ plan: TransferPlan,
        _ remaining: Duration,
        idle: Duration?
    ) async throws(KubeError) -> KubeResponseStream {
        let answer = StreamedAnswer(bound: options.streamBound)
        let transfer = try Transfer(
            plan,
            to: configuration,
            options,
            timeout: nil,
            connectTimeout: min(remaining, options.connectTimeout),
            watchdog: Watchdog(head: remaining, idle: idle),
            sink: answer
        )
        let reader = StreamReader(transfer, answer, on: loop)
        let head = try await reader.start()
        return KubeResponseStream(
            status: head.status,
            headers: head.headers,
            next: { () throws(KubeError) in try await reader.next() },
            cancel: { reader.cancel() }
        )
    }

    private func currentToken() throws(KubeError) -> Secret? {
        guard let token else { return nil }
        let current: Result<Secret, KubeError> = token.state.withLock { token in
            do throws(KubeError) {
                return .success(try token.current(at: .now))
            } catch {
                return .failure(error)
            }
        }
        let secret = try current.get()
        guard secret.isHeaderSafe else {
            throw KubeError(.configuration, "the bearer token holds characters that no header may")
        }
        return secret
    }

    private func isReplaced(_ refused: Secret) -> Bool {
        token?.state.withLock { $0.isReplaced(refused, at: .now) } ?? false
    }

    private func sleep(_ pause: Duration, _ plan: TransferPlan) async throws(KubeError) {
        do {
            try await Task.sleep(for: pause, tolerance: .zero, clock: .continuous)
        } catch {
            throw KubeError(.cancelled, "\(plan.name): cancelled while waiting to repeat it")
        }
    }

    private static func wallClock() -> Duration {
        .microseconds(WallClock.now().microseconds)
    }
}

private final class TokenBox: Sendable {
    let state: Mutex<BearerToken>

    init(_ token: BearerToken) {
        state = Mutex(token)
    }
}
