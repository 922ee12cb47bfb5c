/// A release of Spegel, and what is known of it. Sources: spegel `main.go`, `charts/spegel/templates/daemonset.yaml`
/// and `pkg/routing` at the tags v0.5.0 to v0.7.4.
package struct SpegelVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var patch: Int

    package init(_ major: Int, _ minor: Int, _ patch: Int) {
        (self.major, self.minor, self.patch) = (major, minor, patch)
    }

    /// Reads `v0.7.4`; nil for anything else.
    package init?(_ text: String) {
        let parts = text.drop { $0 == "v" }.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let major = parts[0], let minor = parts[1], let patch = parts[2] else { return nil }
        self.init(major, minor, patch)
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    package var description: String { "v\(major).\(minor).\(patch)" }

    /// The oldest one whose flags are known here.
    package static let oldest = SpegelVersion(0, 5, 0)
    /// The newest one whose flags are known here, without its patch.
    package static let newest = SpegelVersion(0, 7, 0)

    /// Whether its flags are known, or at least those of its minor release.
    package var isKnown: Bool { self >= .oldest && (major, minor) <= (Self.newest.major, Self.newest.minor) }

    /// Whether a lone peer becomes ready: until 0.5 "assuming online as only bootstrap peer found is self"; from 0.6 on
    /// it waits for somebody (https://github.com/spegel-org/spegel/issues/1120).
    package var isReadyAlone: Bool { self < SpegelVersion(0, 6, 0) }

    /// Whether it keeps its identity in a data directory (from 0.7 on; before, the flag exists and the chart leaves it
    /// empty).
    package var keepsIdentity: Bool { self >= SpegelVersion(0, 7, 0) }

    /// Whether peers also speak QUIC, for which the port must be open for UDP.
    package var speaksQUIC: Bool { self >= SpegelVersion(0, 7, 0) }

    /// Whether `registry` is told containerd's `config_path`, with which it looked at containerd's configuration
    /// itself; from 0.7 on nobody does.
    package var checksContainerd: Bool { self < SpegelVersion(0, 7, 0) }
}
