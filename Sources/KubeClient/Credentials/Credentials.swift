import KubeCore
import Synchronization

/// What one attempt of a request goes with.
struct Credential: Sendable {
    var token: Secret?
    var identity: TLSIdentity
    /// Where a plugin gave one.
    var plugin: ExecCredential?
}

/// What a client proves itself with, kept fresh: token, certificates, and the plugin that gives them.
final class Credentials: Sendable {
    private struct State {
        var token: BearerToken?
        var identity = IdentityState()
        var readAt: ContinuousClock.Instant?
        /// What the files held when they were last read without a fault.
        var contents = IdentityState.Contents()
        var plugin: ExecCredential?
    }

    private let state: Mutex<State>
    private let files: IdentityFiles
    private let plugin: CredentialPlugin?
    private let lifetime: Duration
    private let identityChanged: @Sendable (Int) -> Void

    /// - Parameter identityChanged: called with the number of an identity that takes the place of another one.
    init(
        _ configuration: ClusterConfiguration,
        _ options: ClientOptions,
        files: any ConfigurationFiles,
        plugins: any CredentialPluginRunner,
        identityChanged: @escaping @Sendable (Int) -> Void
    ) {
        self.files = IdentityFiles(configuration, files: files)
        let token = configuration.token.map { BearerToken($0, files: files, lifetime: options.fileLifetime) }
        state = Mutex(State(token: token))
        // What the configuration itself names is the credential, and the plugin does not even run, as in client-go
        // (plugin/pkg/client/auth/exec/exec.go, UpdateTransportConfig).
        let isNamed = configuration.token != nil || configuration.clientCertificate != nil
        plugin = (isNamed ? nil : configuration.execPlugin).map { plugin in
            let cluster = ExecInfo(plugin, configuration, files: files)
            return CredentialPlugin(plugin, cluster, runner: plugins, timeout: options.pluginTimeout)
        }
        lifetime = options.fileLifetime
        self.identityChanged = identityChanged
    }

    /// Whether certificates come from files, so that they may change without a request.
    var haveFiles: Bool { files.areFiles }

    /// What to go with now; a plugin runs where its last credential has expired.
    ///
    /// - Throws: `KubeError` with code `credentials`, `tls` (a certificate's file), `configuration` or `cancelled`.
    func current(until deadline: ContinuousClock.Instant) async throws(KubeError) -> Credential {
        let given = try await plugin?.credential(until: deadline)
        let now = ContinuousClock.now
        let (credential, changed) = try locked { state throws(KubeError) in
            let token = try state.token?.current(at: now) ?? given?.token
            guard token?.isHeaderSafe != false else {
                throw KubeError(.configuration, "the bearer token holds characters that no header may")
            }
            let isDue = state.readAt.map { now - $0 >= self.lifetime } ?? true
            let changed = try self.update(&state, given, read: isDue, now)
            guard let identity = state.identity.current else {
                throw KubeError(.configuration, "there is no identity")
            }
            return (Credential(token: token, identity: identity, plugin: given), changed)
        }
        if let changed { identityChanged(changed) }
        return credential
    }

    /// Reads the certificates again where they come from files; one that cannot be read stays as it was.
    func refreshIdentity() {
        let changed = try? locked { state throws(KubeError) in
            try self.update(&state, state.plugin, read: true, .now)
        }
        if let changed { identityChanged(changed) }
    }

    /// The server took what a request went with.
    func wereAccepted(_ credential: Credential) {
        if let token = credential.token { state.withLock { $0.token?.wasAccepted(token) } }
        if let given = credential.plugin { plugin?.accepted(given) }
    }

    /// Whether there is something else to go with after an answer 401.
    func wereReplaced(_ credential: Credential, until deadline: ContinuousClock.Instant) async -> Bool {
        if let token = credential.token {
            let isReplaced = state.withLock { $0.token?.isReplaced(token, at: .now) ?? false }
            if isReplaced { return true }
        }
        guard let given = credential.plugin, let plugin else { return false }
        return await plugin.replaced(given, until: deadline)
    }

    /// Whether there are other certificates to go with after a handshake that failed.
    func identityWasReplaced(_ credential: Credential, until deadline: ContinuousClock.Instant) async -> Bool {
        refreshIdentity()
        if state.withLock({ $0.identity.current?.number != credential.identity.number }) { return true }
        guard let given = credential.plugin, given.pair != nil, let plugin else { return false }
        return await plugin.replaced(given, until: deadline)
    }

    /// libcurl could not use our certificate with its key.
    func certificateIsUnusable(_ credential: Credential) {
        state.withLock { $0.identity.pairIsUnusable(of: credential.identity.number) }
    }

    /// - Returns: the number of the new identity where another one was in use before.
    private func update(
        _ state: inout State,
        _ given: ExecCredential?,
        read: Bool,
        _ now: ContinuousClock.Instant
    ) throws(KubeError) -> Int? {
        if read {
            do throws(KubeError) {
                state.contents = try files.read()
            } catch {
                guard state.identity.current != nil else { throw error }
            }
            state.readAt = now
        }
        // A request that waited long may come with an older one than is known by now.
        if (given?.number ?? 0) >= (state.plugin?.number ?? 0) { state.plugin = given }
        var contents = state.contents
        contents.pair = contents.pair ?? state.plugin?.pair
        let isFirst = state.identity.current == nil
        return state.identity.take(contents) && !isFirst ? state.identity.current?.number : nil
    }

    private func locked<Value>(
        _ work: (inout State) throws(KubeError) -> Value
    ) throws(KubeError) -> Value {
        let result: Result<Value, KubeError> = state.withLock { state in
            do throws(KubeError) {
                return .success(try work(&state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
