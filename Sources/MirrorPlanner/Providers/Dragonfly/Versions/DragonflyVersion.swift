/// A release of Dragonfly's server (manager, scheduler: 2.x) or of its client (dfdaemon: 0.x, 1.x).
package struct DragonflyVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var patch: Int
    /// What stands behind the numbers: `rc.2` of `v2.4.4-rc.2`.
    package var suffix: String

    package init(_ major: Int, _ minor: Int, _ patch: Int, suffix: String = "") {
        (self.major, self.minor, self.patch, self.suffix) = (major, minor, patch, suffix)
    }

    /// Reads a tag as `v2.5.1`, or what a daemon announces, as `1.4.0`; nil for anything else, such as `latest`.
    package init?(_ text: some StringProtocol) {
        let body = text.first == "v" ? text.dropFirst() : text[...]
        let numbers = body.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let rest = body[numbers.endIndex...]
        guard rest.isEmpty || (["-", "+", "_"].contains(rest.first) && rest.count > 1) else { return nil }
        let parts = numbers.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let major = parts[0], let minor = parts[1], let patch = parts[2] else { return nil }
        self.init(major, minor, patch, suffix: String(rest.dropFirst()))
    }

    /// Reads the tag of an image such as `registry:5000/dragonflyoss/client:v1.4.0@sha256:...`; nil where it has none
    /// that is a version: a digest alone names no release.
    package init?(image: String) {
        let reference = image.prefix { $0 != "@" }
        let name = reference.split(separator: "/", omittingEmptySubsequences: false).last ?? ""
        guard let colon = name.firstIndex(of: ":") else { return nil }
        self.init(name[name.index(after: colon)...])
    }

    /// Whether it comes before the release of the same numbers. Other suffixes name a build of that release.
    package var isPrerelease: Bool { ["alpha", "beta", "rc"].contains { suffix.lowercased().hasPrefix($0) } }

    package static func < (left: Self, right: Self) -> Bool {
        let numbers = [left.major, left.minor, left.patch]
        let others = [right.major, right.minor, right.patch]
        if numbers != others { return numbers.lexicographicallyPrecedes(others) }
        if left.isPrerelease != right.isPrerelease { return left.isPrerelease }
        return left.suffix < right.suffix
    }

    /// Whether it is this release or a later one; a build of the release counts, a candidate for it does not.
    package func isAtLeast(_ other: Self) -> Bool {
        self >= DragonflyVersion(other.major, other.minor, other.patch)
    }

    /// `2.5.1`, as daemons announce it.
    package var description: String {
        "\(major).\(minor).\(patch)" + (suffix.isEmpty ? "" : "-\(suffix)")
    }

    /// The minor release of servers that a client of this version came out for. Upstream has no table of what fits; its
    /// charts and its own tests pair 0.2 with 2.2, 1.0 and 1.1 with 2.3, 1.2 and 1.3 with 2.4, 1.4 and 1.5 with 2.5
    /// (helm-charts `charts/dragonfly/values.yaml`; dragonfly `.github/workflows/e2e-compatibility.yml`). Nil for one
    /// that is newer than those.
    package var serverMinorOfClient: Int? {
        switch (major, minor) {
        case (0, 2): 2
        case (0, ..<2): 1
        case (1, 0...5): 3 + minor / 2
        default: nil
        }
    }
}
