import KubeCore

/// What the requests of one client share: the thread that carries them, and the credentials that they go with.
///
/// Whoever still reads a stream holds it; when the last holder has gone, the thread ends.
final class ClientSession: Sendable {
    let loop: TransferLoop
    let credentials: Credentials
    private let upkeep: Task<Void, Never>?

    /// - Throws: `KubeError` with code `connection` where the machine has no thread or descriptor left.
    init(
        _ configuration: ClusterConfiguration,
        _ options: ClientOptions,
        files: any ConfigurationFiles,
        plugins: any CredentialPluginRunner
    ) throws(KubeError) {
        let loop = try TransferLoop()
        let spread = options.rotationSpread
        let credentials = Credentials(configuration, options, files: files, plugins: plugins) { number in
            // Not all at once: a thousand watches that come back together are a load of their own.
            loop.retire(before: number, within: spread)
        }
        self.loop = loop
        self.credentials = credentials
        guard credentials.haveFiles else {
            upkeep = nil
            return
        }
        // A client that only watches asks for nothing for minutes, and would not see that a file has changed.
        let interval = options.upkeepInterval
        upkeep = Task { [weak credentials] in
            while (try? await Task.sleep(for: interval)) != nil, let credentials { credentials.refreshIdentity() }
        }
    }

    deinit {
        upkeep?.cancel()
        loop.stop()
    }
}
