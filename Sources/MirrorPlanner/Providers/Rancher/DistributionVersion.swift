/// The version of RKE2 or K3s that a node runs, as `status.nodeInfo.kubeletVersion` has it: `v1.32.4+rke2r1`, with
/// release candidates as `v1.32.4-rc1+rke2r1` and builds between releases as `v1.29.15+k3s-5aac2aaf`.
package struct DistributionVersion: Hashable, Sendable, CustomStringConvertible {
    /// What a ring of `server:` URLs does on a version.
    package enum Recursion: Hashable, Sendable {
        /// Each server asks the next one at every request: a ring never comes to an end.
        case recurses
        /// A server answers with what it knows itself; a ring costs only while it knows nothing.
        case fixed
        /// Older than the fault.
        case notAffected
        /// A build that no table knows.
        case unknown
    }

    package var text: String
    package var major: Int
    package var minor: Int
    package var patch: Int
    /// Whether it is a release or a candidate for one, so that the tables of releases say something about it.
    package var isRelease: Bool
    /// `rke2` or `k3s`.
    package var program: String

    /// Reads a kubelet version; nil where it is none of RKE2 or K3s.
    package init?(_ text: String) {
        let halves = text.split(separator: "+", maxSplits: 1, omittingEmptySubsequences: false)
        guard halves.count == 2, halves[0].utf8.first == UInt8(ascii: "v") else { return nil }
        let build = halves[1]
        guard let program = ["rke2", "k3s"].first(where: { build.hasPrefix($0) }) else { return nil }
        let core = halves[0].dropFirst().split(separator: "-", maxSplits: 1)
        let numbers = (core.first ?? "").split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard numbers.count == 3, let major = numbers[0], let minor = numbers[1], let patch = numbers[2] else {
            return nil
        }
        self.text = text
        self.major = major
        self.minor = minor
        self.patch = patch
        self.program = program
        let number = build.dropFirst(program == "rke2" ? 5 : 3)
        let isBuildNumber = !number.isEmpty && number.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let isCandidate = core.count == 1 || core[1].hasPrefix("rc")
        isRelease = isBuildNumber && isCandidate && (program != "rke2" || build.hasPrefix("rke2r"))
    }

    package var description: String { text }

    /// From the k3s pins and Spegel replacements in the `go.mod` of the tags of rancher/rke2; the fault came with
    /// Spegel 0.0.30 (k3s-io/k3s#11634) and went with k3s-io/k3s#12154 and its backports. The fix reached no release
    /// of 1.29.
    package var recursion: Recursion {
        guard isRelease, major == 1 else { return .unknown }
        switch minor {
        case ..<29: return .notAffected
        case 29: return patch <= 13 ? .notAffected : patch <= 15 ? .recurses : .unknown
        case 30: return Self.recursion(patch, affected: 10...11)
        case 31: return Self.recursion(patch, affected: 6...7)
        case 32: return Self.recursion(patch, affected: 2...3)
        default: return .fixed
        }
    }

    /// Whether RKE2 gives up its start where the embedded registry is on and no registry is configured: it waits for
    /// the registry's bootstrap and takes a failure for its own (rancher/rke2#9755).
    package var failsToStartWithoutRegistries: Bool {
        guard program == "rke2", major == 1 else { return false }
        switch minor {
        case 32: return (10...12).contains(patch)
        case 33: return (6...8).contains(patch)
        case 34: return (2...4).contains(patch)
        case 35: return (0...1).contains(patch)
        default: return false
        }
    }

    /// The first release in which a wildcard (`*`, `_default`) below `mirrors:` makes the embedded registry mirror all
    /// registries; nil where this is one, or a build that no table knows.
    ///
    /// The fix is k3s-io/k3s#13527 (issue 13526, backports 13539 to 13542), in the releases of February 2026 of K3s and
    /// RKE2 alike. Lines that had come to their end by then never got it. What the releases long before it made of a
    /// wildcard upstream never said; a registry that is named is mirrored by all of them.
    package var firstWithWildcards: String? {
        guard major == 1 else { return nil }
        switch minor {
        case ..<32: return "v1.32.12"
        case 32: return patch < 12 ? "v1.32.12" : nil
        case 33: return patch < 8 ? "v1.33.8" : nil
        case 34: return patch < 4 ? "v1.34.4" : nil
        case 35: return patch < 1 ? "v1.35.1" : nil
        default: return nil
        }
    }

    private static func recursion(_ patch: Int, affected: ClosedRange<Int>) -> Recursion {
        if affected.contains(patch) { return .recurses }
        return patch < affected.lowerBound ? .notAffected : .fixed
    }
}
