/// In what the readers of containerd's releases differ from TOML 1.0, as far as real files show it: seen by
/// `containerd config dump` of 1.6, 1.7 and 2.1.
package enum TOMLDialect: Hashable, Sendable {
    case standard
    /// Containerd 1 (pelletier/go-toml v1): dotted keys and tables' names add to each other's tables, and
    /// a backslash in such a name stands for itself.
    case first
    /// Containerd 2 (pelletier/go-toml v2): no byte order mark, and no number that begins with zeros.
    case second

    /// - Parameter release: nil where it is not known.
    init(_ release: ContainerdVersion?) {
        self = release.map { $0 < .merging ? .first : .second } ?? .standard
    }

    var extendsTables: Bool { self == .first }
    var takesByteOrderMark: Bool { self != .second }
}
