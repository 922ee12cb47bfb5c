public import KubeCore

/// A transport over libcurl: one thread carries all transfers of one client.
///
/// Guarantees, beyond those of `Transport`: requests share connections, by HTTP/2 where the server offers it over TLS;
/// a stream has a connection of its own; a task that is cancelled removes its transfer at once; an answer 429 or 503
/// with Retry-After is followed, never earlier than it says and never past the deadline. Open streams outlive the
/// transport; whole exchanges hold it.
///
/// Token files, certificates and the credentials of plugins are renewed as they change or expire, and once more when
/// the server refuses them. New certificates mean new connections: watches that were opened with older ones end within
/// `fileLifetime` and `rotationSpread`, between two of their lines and without an error, and their reader opens them
/// again. A new token ends no watch: servers look at it when a request begins, and end each watch after the time that
/// it was asked for.
public final class CurlTransport: Transport {
    private let configuration: ClusterConfiguration
    private let options: ClientOptions
    private let server: ServerAddress
    private let session: ClientSession

    /// Starts a client for one API server; nothing is sent yet.
    ///
    /// - Parameter files: where tokens and certificates are read from; it must not take long.
    /// - Throws: `KubeError` with code `configuration`, or `connection` where the machine has no thread left.
    public convenience init(
        _ configuration: ClusterConfiguration,
        options: ClientOptions,
        files: any ConfigurationFiles = PatientFiles(patience: .seconds(1))
    ) throws(KubeError) {
        try self.init(configuration, options: options, files: files, plugins: SubprocessRunner())
    }

    package init(
        _ configuration: ClusterConfiguration,
        options: ClientOptions,
        files: any ConfigurationFiles,
        plugins: any CredentialPluginRunner
    ) throws(KubeError) {
        self.configuration = configuration
        self.options = options
        server = try ServerAddress(configuration.server)
        if let name = configuration.tlsServerName { _ = try ServerAddress("https://\(name)") }
        session = try ClientSession(configuration, options, files: files, plugins: plugins)
    }

    /// Sends a request and waits for its whole answer.
    ///
    /// - Throws: `KubeError` as `Transport` says.
    public func send(_ request: KubeRequest) async throws(KubeError) -> KubeResponse {
        try await follow(
            request,
            isStream: false,
            attempt: { plan, credential, remaining throws(KubeError) in
                try await self.exchange(plan, credential, remaining)
            },
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
            attempt: { plan, credential, remaining throws(KubeError) in
                try await self.stream(plan, credential, remaining, idle: request.idleTimeout)
            },
            describe: { ($0.status, $0.headers["retry-after"]) },
            abandon: { $0.cancel() }
        )
    }
}

extension CurlTransport: CustomStringConvertible, CustomReflectable {
    /// Host and port of the API server.
    public var host: String { server.authority }
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
        attempt: (TransferPlan, Credential, Duration) async throws(KubeError) -> Answer,
        describe: (Answer) -> (status: Int, retryAfter: String?),
        abandon: (Answer) -> Void
    ) async throws(KubeError) -> Answer {
        let deadline = ContinuousClock.now + (request.timeout ?? options.timeout)
        var retries = 0
        var isRenewed = false
        while true {
            let credential = try await session.credentials.current(until: deadline)
            let plan = try TransferPlan(
                request,
                server: server,
                tlsServerName: configuration.tlsServerName,
                token: credential.token,
                isStream: isStream
            )
            let remaining = deadline - .now
            guard remaining > .zero else { throw KubeError(.timeout, "\(plan.name): the time allowed ran out") }
            let answer: Answer
            do throws(KubeError) {
                answer = try await attempt(plan, credential, remaining)
            } catch {
                // A handshake that failed did nothing at the server, so that a write may be repeated too.
                guard error.code == .tls, !isRenewed,
                    await session.credentials.identityWasReplaced(credential, until: deadline)
                else { throw error }
                isRenewed = true
                continue
            }
            let (status, retryAfter) = describe(answer)
            if status == 401 {
                if !isRenewed, await session.credentials.wereReplaced(credential, until: deadline) {
                    isRenewed = true
                    abandon(answer)
                    continue
                }
            } else {
                session.credentials.wereAccepted(credential)
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

    private func exchange(
        _ plan: TransferPlan,
        _ credential: Credential,
        _ remaining: Duration
    ) async throws(KubeError) -> KubeResponse {
        let deadline = ContinuousClock.now + remaining
        var (transfer, outcome) = try await attempt(plan, credential, remaining)
        let left = deadline - .now
        if transfer.lostItsConnection, left > .zero {
            (transfer, outcome) = try await attempt(plan, credential, left)
        }
        noteUnusableCertificate(transfer, credential)
        return try outcome.get()
    }

    private func attempt(
        _ plan: TransferPlan,
        _ credential: Credential,
        _ remaining: Duration
    ) async throws(KubeError) -> (Transfer, WholeAnswer.Outcome) {
        let answer = WholeAnswer(limit: options.answerLimit)
        let transfer = try Transfer(
            plan,
            to: configuration,
            as: credential.identity,
            options,
            timeout: remaining,
            connectTimeout: min(remaining, options.connectTimeout),
            watchdog: .none,
            sink: answer
        )
        let session = session
        let outcome = await withTaskCancellationHandler {
            session.loop.add(transfer)
            return await answer.outcome()
        } onCancel: {
            session.loop.cancel(transfer)
        }
        return (transfer, outcome)
    }

    private func stream(
        _ plan: TransferPlan,
        _ credential: Credential,
        _ remaining: Duration,
        idle: Duration?
    ) async throws(KubeError) -> KubeResponseStream {
        let answer = StreamedAnswer(bound: options.streamBound)
        let transfer = try Transfer(
            plan,
            to: configuration,
            as: credential.identity,
            options,
            timeout: nil,
            connectTimeout: min(remaining, options.connectTimeout),
            watchdog: Watchdog(head: remaining, idle: idle),
            sink: answer
        )
        let reader = StreamReader(transfer, answer, on: session)
        let head: ResponseHead
        do throws(KubeError) {
            head = try await reader.start()
        } catch {
            noteUnusableCertificate(transfer, credential)
            throw error
        }
        return KubeResponseStream(
            status: head.status,
            headers: head.headers,
            next: { () throws(KubeError) in try await reader.next() },
            cancel: { reader.cancel() }
        )
    }

    private func noteUnusableCertificate(_ transfer: Transfer, _ credential: Credential) {
        guard transfer.hasUnusableCertificate else { return }
        session.credentials.certificateIsUnusable(credential)
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
