import KubeCore
import KubectlTesting
import Logging
import MirrorOperator
import MirrorSandbox

/// The operator as it runs, with its watches, over the embedded API server and in a fast time, as the ServiceAccount
/// of the manifests.
///
/// The server refuses streaming lists unless asked to serve them: the operator then tries a watch of that kind first,
/// lists, and watches, and so needs every right that either kind of server asks for.
final class RunningCluster: Sendable {
    /// A request was refused: there is nothing more to see.
    struct Refused: Error {}

    /// Something has not come to be in time.
    struct Late: Error, CustomStringConvertible {
        var description: String
    }

    /// Of how many lives at a time.
    static let turns = Turns(4)

    let clock = FastClock()
    let server: APIServer
    /// As an administrator.
    let api: KubeAPI
    let accounts: SimulatedAccounts
    let accesses: AccessLog
    let logger = Logger(label: "life") { _ in SwiftLogNoOpLogHandler() }

    init(_ parts: [SimulatedAccounts.Part], streamingLists: Bool, without right: Right?) async throws {
        let clock = clock
        server = APIServer(
            APIServerConfiguration(
                now: { clock.wallTime },
                sleep: { try await clock.sleep(for: $0) },
                streamingLists: streamingLists
            )
        )
        api = KubeAPI(server.transport(agent: "administrator"))
        accounts = try await SimulatedAccounts(api, parts, without: right)
        accesses = AccessLog(server)
        for crd in try Definitions.all() { try await Definitions.apply(crd, api) }
    }

    /// Runs the operator and `others` while `body` runs; one that ends at a refusal ends without an error.
    func operating(
        _ others: [@Sendable () async -> Void] = [],
        _ body: () async throws -> Void
    ) async throws {
        let clock = clock
        let options = OperatorOptions(
            leaseNamespace: SimulatedCluster.leaseNamespace,
            identity: "one",
            leaderElection: false
        )
        let mirrorOperator = try MirrorOperator(
            server.transport(agent: "operator", token: accounts.operator),
            options: options,
            clock: clock,
            wallClock: { clock.wallTime },
            logger: logger
        )
        let running = Task {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await mirrorOperator.run() }
                for other in others { group.addTask(operation: other) }
            }
        }
        var failure: (any Error)?
        do {
            try await body()
        } catch is Refused {
            // Told by the log of accesses.
        } catch {
            failure = error
        }
        running.cancel()
        await running.value
        if let failure { throw failure }
    }

    /// Waits until something is so.
    ///
    /// - Throws: `Refused` as soon as a request was refused, `Late` after a minute of the machine's time.
    func until(_ what: String, _ isSo: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            if accesses.hasRefused { throw Refused() }
            if try await isSo() { return }
            guard ContinuousClock.now < deadline else { throw Late(description: "not within a minute: \(what)") }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
