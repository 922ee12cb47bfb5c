/// One run of a credential plugin as a value.
package struct PluginRun: Sendable {
    package var command: String
    package var arguments: [Secret]
    /// Variables beside those of this process.
    package var environment: [String: Secret]
    package var timeout: Duration

    package init(command: String, arguments: [Secret], environment: [String: Secret], timeout: Duration) {
        self.command = command
        self.arguments = arguments
        self.environment = environment
        self.timeout = timeout
    }
}

/// How a run ended, and what it said on its standard error.
package enum PluginEnding: Sendable {
    /// It ended by itself; `status` is for people.
    case ended(isSuccess: Bool, status: String, output: [UInt8], said: [UInt8])
    /// It was ended because it took too long.
    case timedOut(said: [UInt8])
    /// It was ended because it wrote more than a credential can be.
    case tooLong(said: [UInt8])
    /// There is no such program.
    case missing
    /// It could not be started, for this reason.
    case notStarted(String)
}

/// Starts programs; the only thing about credentials that is not a function of values.
package protocol CredentialPluginRunner: Sendable {
    /// Runs a plugin to its end, without a terminal and without input. Nothing of it is left when this returns.
    func run(_ run: PluginRun) async -> PluginEnding
}
