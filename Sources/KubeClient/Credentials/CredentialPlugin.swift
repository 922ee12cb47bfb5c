import KubeCore
import Synchronization

/// Runs a credential plugin when its state says so, once for all who wait.
final class CredentialPlugin: Sendable {
    private struct Shared {
        var state = PluginState()
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
    }

    private let plugin: ExecPlugin
    private let info: ExecInfo
    private let runner: any CredentialPluginRunner
    private let timeout: Duration
    private let shared = Mutex(Shared())

    init(_ plugin: ExecPlugin, _ info: ExecInfo, runner: any CredentialPluginRunner, timeout: Duration) {
        self.plugin = plugin
        self.info = info
        self.runner = runner
        self.timeout = timeout
    }

    /// The credential to go with.
    ///
    /// A run goes on when those who wait for it give up: the next request finds what it gave.
    ///
    /// - Throws: `KubeError` with code `credentials`, which names the plugin and what it said, or `cancelled`.
    func credential(until deadline: ContinuousClock.Instant) async throws(KubeError) -> ExecCredential {
        while true {
            let action = shared.withLock { $0.state.requested(at: .now) }
            switch action {
            case .use(let credential): return credential
            case .fail(let error): throw error
            case .run: start()
            case .join: break
            }
            guard ContinuousClock.now < deadline else {
                throw PluginFault.error(plugin, "it has not ended in the time that the request has")
            }
            let patienceEnds = shared.withLock { $0.state.patienceEnds }
            await wait(until: min(deadline, patienceEnds ?? deadline))
            guard !Task.isCancelled else {
                throw KubeError(.cancelled, "cancelled while waiting for credential plugin \"\(plugin.command)\"")
            }
        }
    }

    /// Has another credential made in place of one that the server refused.
    ///
    /// - Returns: whether there is another one now.
    func replaced(_ refused: ExecCredential, until deadline: ContinuousClock.Instant) async -> Bool {
        guard shared.withLock({ $0.state.refused(refused.number, at: .now) }) else { return false }
        // An error tells the caller less than the server's 401 does; the next request finds it again.
        guard let next = try? await credential(until: deadline) else { return false }
        return next.number != refused.number
    }

    func accepted(_ credential: ExecCredential) {
        shared.withLock { $0.state.accepted(credential.number, at: .now) }
    }

    private func start() {
        Task {
            let result = await self.run()
            let waiters = shared.withLock { shared in
                shared.state.ended(result, at: .now)
                defer { shared.waiters = [:] }
                return shared.waiters.values
            }
            for waiter in waiters { waiter.resume() }
        }
    }

    private func run() async -> Result<ExecCredential, KubeError> {
        do throws(KubeError) {
            var environment = plugin.environment
            environment["KUBERNETES_EXEC_INFO"] = Secret(try info.text())
            let ending = await runner.run(
                PluginRun(
                    command: plugin.command,
                    arguments: plugin.arguments,
                    environment: environment,
                    timeout: timeout
                )
            )
            if let error = PluginFault.error(plugin, ending, timeout: timeout) { return .failure(error) }
            guard case .ended(_, _, let output, let said) = ending else {
                return .failure(PluginFault.error(plugin, "it ended in an unknown way"))
            }
            return read(output, said)
        } catch {
            return .failure(error)
        }
    }

    private func read(_ output: [UInt8], _ said: [UInt8]) -> Result<ExecCredential, KubeError> {
        do throws(ExecCredential.Unreadable) {
            let wall = WallClock.now().timestamp
            return .success(try ExecCredential(output, version: plugin.version, wall: wall, now: .now))
        } catch {
            return .failure(PluginFault.error(plugin, error.reason, said: said))
        }
    }

    /// Waits for the end of the run, the deadline or the cancellation of the task.
    private func wait(until deadline: ContinuousClock.Instant) async {
        let number = shared.withLock { shared in
            shared.nextWaiter += 1
            return shared.nextWaiter
        }
        let alarm = Task {
            try? await Task.sleep(until: deadline, clock: .continuous)
            self.wake(number)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = shared.withLock { shared in
                    // The run, the task or its time may have ended before this is noted.
                    guard shared.state.isRunning, !Task.isCancelled, ContinuousClock.now < deadline else { return true }
                    shared.waiters[number] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            wake(number)
        }
        alarm.cancel()
    }

    private func wake(_ number: Int) {
        shared.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
    }
}
