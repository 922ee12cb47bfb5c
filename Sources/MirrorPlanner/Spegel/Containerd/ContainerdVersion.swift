/// The version of containerd that a node runs, as far as it decides how its configuration is read.
package struct ContainerdVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var major: Int
    package var minor: Int

    package init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `status.nodeInfo.containerRuntimeVersion` of a Node, such as `containerd://2.1.4-k3s1`; nil where the
    /// runtime is another one or no version stands there.
    package init?(runtimeVersion: String) {
        let prefix = "containerd://"
        guard runtimeVersion.hasPrefix(prefix) else { return nil }
        let text = runtimeVersion.dropFirst(prefix.count).drop { $0 == "v" }
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).prefix(2).map { Int($0) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        self.init(major: major, minor: minor)
    }

    /// The first release that merges plugins of imported files key by key, and moves the settings of images to a plugin
    /// of their own. Before, a file's plugin replaced what all files before it said of that plugin
    /// (containerd/containerd#9982).
    package static let merging = ContainerdVersion(major: 2, minor: 0)
    /// The first release whose kubelet pulls go through the transfer service, which takes `config_path` for one path
    /// (containerd/containerd#12415, #12808).
    package static let transferring = ContainerdVersion(major: 2, minor: 1)
    /// The first release with a default for `config_path` (containerd `plugins/cri/images/plugin.go`).
    package static let defaulting = ContainerdVersion(major: 2, minor: 2)

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }

    package var description: String { "\(major).\(minor)" }
}
