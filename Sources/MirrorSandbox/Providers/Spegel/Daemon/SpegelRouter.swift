import KubeClient
import KubeCore
package import Logging
package import MirrorPlanner
import Synchronization

/// One peer, as peers tell each other of it.
package struct SpegelPeer: Codable, Hashable, Sendable {
    package var id: String
    package var address: String

    package init(id: String, address: String) {
        self.id = id
        self.address = address
    }
}

/// The router of a simulated Spegel: its routing table, and how it gets peers into it.
///
/// A plain HTTP exchange stands in for libp2p: who dials first learns the other's identity and is refused, as with
/// libp2p where the dialled identity is made up, then connects under it and is told the other's peers.
package final class SpegelRouter: Sendable {
    private struct State {
        var table: [String: SpegelPeer] = [:]
        var opened: Set<String> = []
        var figures = SpegelFigures()
        var isAlone = false
    }

    /// Identity and address of this instance.
    package let me: SpegelPeer
    private let version: SpegelVersion
    private let port: UInt16
    private let lookup: @Sendable () async throws -> [String]
    private let logger: Logger
    private let start = ContinuousClock().now
    private let state = Mutex(State())

    /// - Parameters:
    ///   - port: of every peer's router.
    ///   - lookup: asks DNS for the bootstrap domain.
    package init(
        _ me: SpegelPeer,
        version: SpegelVersion,
        port: UInt16,
        logger: Logger,
        lookup: @escaping @Sendable () async throws -> [String]
    ) {
        self.me = me
        self.version = version
        self.port = port
        self.logger = logger
        self.lookup = lookup
    }

    /// What it counts, as of now.
    package var figures: SpegelFigures {
        state.withLock { state in
            var figures = state.figures
            figures.peers = state.table.count
            figures.outbound = state.opened.count
            figures.inbound = state.table.count - state.opened.count
            figures.age = Self.seconds(ContinuousClock().now - start)
            return figures
        }
    }

    /// Whether `/readyz` says so.
    package var isReady: Bool { state.withLock { !$0.table.isEmpty || ($0.isAlone && version.isReadyAlone) } }

    private var isConnected: Bool { state.withLock { !$0.table.isEmpty } }

    /// Takes a peer that has connected to this one, and tells it of the others.
    package func accept(_ peer: SpegelPeer) -> [SpegelPeer] {
        state.withLock { state in
            let others = state.table.values.filter { $0.id != peer.id }
            insert(peer, opened: false, &state)
            return others.sorted { $0.address < $1.address }
        }
    }

    /// Bootstraps whenever it knows nobody, until it is cancelled.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.keepConnected() }
            group.addTask { try await self.keepChecking() }
            group.addTask { try await self.keepExchanging() }
            try await group.waitForAll()
        }
    }

    private func keepConnected() async throws {
        var attempts = 0
        while true {
            if isConnected {
                attempts = 0
                try await Task.sleep(for: .milliseconds(100))
                continue
            }
            guard let failure = await bootstrap() else {
                logger.info("bootstrap completed connectivity is reached")
                continue
            }
            attempts += 1
            state.withLock { state in
                state.figures.failedAttempts += 1
                state.figures.lastError = failure
            }
            try await Task.sleep(for: SpegelBootstrap.backoff(after: attempts))
            logger.error("failed to run bootstrap", metadata: ["attempts": "\(attempts + 1)", "error": "\(failure)"])
        }
    }

    /// One attempt; returns why it failed.
    private func bootstrap() async -> String? {
        let deadline = ContinuousClock().now + SpegelBootstrap.attemptTime
        let found: [String]
        state.withLock { $0.figures.lookups += 1 }
        do {
            found = try await lookup()
        } catch {
            return "\(error)"
        }
        let candidates = SpegelBootstrap.candidates(found, limit: version.bootstrapLimit)
        var errors: [String] = []
        for address in candidates where address != me.address {
            if let error = await join(address, until: deadline) { errors.append(error) }
        }
        let peers = state.withLock { state in
            state.isAlone = state.table.isEmpty && !candidates.isEmpty && candidates.allSatisfy { $0 == me.address }
            return state.table.count
        }
        return SpegelBootstrap.failure(tried: candidates.count, errors: errors, peers: peers)
    }

    /// Dials an address of which only DNS has told; returns why that failed.
    private func join(_ address: String, until deadline: ContinuousClock.Instant) async -> String? {
        let id = await identity(of: address, until: deadline)
        let peer = id.map { SpegelPeer(id: $0, address: address) }
        let succeeded = if let peer { await connect(peer, until: deadline) } else { false }
        state.withLock { state in
            state.figures.dials += 1
            if !succeeded { state.figures.failedDials += 1 }
        }
        guard succeeded else {
            return "failed to dial: /ip4/\(address)/tcp/\(port): context deadline exceeded"
        }
        return nil
    }

    private func identity(of address: String, until deadline: ContinuousClock.Instant) async -> String? {
        let answer = await ask(address, KubeRequest(.get, Self.identityPath), until: deadline)
        return answer.flatMap { try? JSONCoding.decode(SpegelPeer.self, from: $0.body) }?.id
    }

    /// Connects to a peer, and afterwards to those that it tells of.
    @discardableResult
    private func connect(_ peer: SpegelPeer, until deadline: ContinuousClock.Instant) async -> Bool {
        guard peer.id != me.id, let body = try? JSONCoding.encode(me) else { return false }
        let request = KubeRequest(.post, Self.connectPath, contentType: "application/json", body: body)
        guard let answer = await ask(peer.address, request, until: deadline),
            let others = try? JSONCoding.decode([SpegelPeer].self, from: answer.body)
        else { return false }
        let unknown = state.withLock { state in
            insert(peer, opened: true, &state)
            return others.filter { $0.id != me.id && state.table[$0.id] == nil }
        }
        // Those that are gone must not hold up who is connected already.
        for other in unknown {
            Task { await self.connect(other, until: ContinuousClock().now + SpegelBootstrap.dialTime) }
        }
        return true
    }

    private func insert(_ peer: SpegelPeer, opened: Bool, _ state: inout State) {
        guard peer.id != me.id else { return }
        if state.figures.connectedAfter == nil {
            state.figures.connectedAfter = Self.seconds(ContinuousClock().now - start)
        }
        if opened, state.table[peer.id] == nil { state.opened.insert(peer.id) }
        state.table[peer.id] = peer
    }

    /// Asks a peer for the others now and then, as the lookups of upstream's provider fill the table all the time.
    private func keepExchanging() async throws {
        while true {
            try await Task.sleep(for: Self.exchangePeriod)
            guard let peer = state.withLock({ $0.table.values.randomElement() }) else { continue }
            await connect(peer, until: ContinuousClock().now + SpegelBootstrap.dialTime)
        }
    }

    private static let exchangePeriod = Duration.seconds(3)

    /// Takes peers out of the table that answer no more.
    private func keepChecking() async throws {
        while true {
            try await Task.sleep(for: SpegelBootstrap.onlineCheck)
            let peers = state.withLock { Array($0.table.values) }
            await withTaskGroup(of: Void.self) { group in
                for peer in peers {
                    group.addTask {
                        let deadline = ContinuousClock().now + SpegelBootstrap.dialTime
                        guard await self.identity(of: peer.address, until: deadline) != peer.id else { return }
                        self.state.withLock { state in
                            state.table[peer.id] = nil
                            state.opened.remove(peer.id)
                        }
                    }
                }
            }
        }
    }

    static let identityPath = "/identity"
    static let connectPath = "/connect"

    private func ask(
        _ address: String,
        _ request: KubeRequest,
        until deadline: ContinuousClock.Instant
    ) async -> KubeResponse? {
        var request = request
        let rest = min(deadline - ContinuousClock().now, SpegelBootstrap.dialTime)
        guard rest > .zero, let transport = try? CurlTransport(plain: "http://\(address):\(port)") else { return nil }
        request.timeout = rest
        guard let answer = try? await transport.send(request), answer.status == 200 else { return nil }
        return answer
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }
}
