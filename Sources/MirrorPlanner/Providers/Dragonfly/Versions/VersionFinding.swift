/// What does not fit between the versions that run, or that are about to run.
package struct VersionFinding: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        /// Servers look for seeds where clients no longer register.
        case noSeeds
        /// One side can't run without a manager.
        case managerNeeded
        /// A scheduler with TLS has no clients.
        case schedulerTLS
        /// The Go daemon of 2.x, of which nothing here holds.
        case goDaemon
        /// More than one minor release apart.
        case skew
        /// Servers, or clients, of more than one minor release.
        case mixed
        /// Newer than all that is known here.
        case unknown
        /// Hosts carry no names: they are matched with pods by address.
        case noHostNames
        /// The last seed's place in the ring stays.
        case lastRing
    }

    package var kind: Kind
    package var severity: SettingSeverity
    /// Names both versions, the bound between them, and what to do.
    package var message: String
    /// Where the fact is from: upstream's file or issue.
    package var source: String

    package init(_ kind: Kind, _ severity: SettingSeverity, _ message: String, source: String) {
        (self.kind, self.severity, self.message, self.source) = (kind, severity, message, source)
    }
}
