/// A release of Spegel, as the tag of its image says it, and how releases differ in what the sandbox shows.
package struct SpegelVersion: Hashable, Sendable, Comparable {
    package var major: Int
    package var minor: Int
    package var patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads the tag of an image, such as `ghcr.io/spegel-org/spegel:v0.7.4`, with or without a digest; nil where there
    /// is none.
    package init?(image: String) {
        let name = image.prefix { $0 != "@" }
        guard let colon = name.lastIndex(of: ":"), name[colon...].allSatisfy({ $0 != "/" }) else { return nil }
        let tag = name[name.index(after: colon)...].drop { $0 == "v" }
        let parts = tag.prefix { $0 != "-" }.split(separator: ".").compactMap { Int($0) }
        guard parts.count == 3 else { return nil }
        self.init(parts[0], parts[1], parts[2])
    }

    package static func < (left: SpegelVersion, right: SpegelVersion) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    /// How many of the addresses that DNS gives are tried (`NewDNSBootstrapper`: 10 in v0.5.1, 3 from v0.6.0 on).
    package var bootstrapLimit: Int { self < SpegelVersion(0, 6) ? 10 : 3 }

    /// Whether an instance that finds nobody but itself is ready (v0.5.1 `pkg/routing/p2p.go`: "assuming online as only
    /// bootstrap peer found is self"; from v0.6.0 on it never is).
    package var isReadyAlone: Bool { self < SpegelVersion(0, 6) }
}
