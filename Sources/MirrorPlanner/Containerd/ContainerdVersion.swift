/// The version of containerd that a node runs, as far as it decides how its configuration is read.
package struct ContainerdVersion: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var major: Int
    package var minor: Int
    package var patch: Int

    package init(major: Int, minor: Int, patch: Int = 0) {
        self.major = major
        self.minor = minor
        self.patch = patch
    }

    /// Reads `status.nodeInfo.containerRuntimeVersion` of a Node, such as `containerd://2.1.4`; nil where the
    /// runtime is another one or no version stands there.
    package init?(runtimeVersion: String) {
        let prefix = "containerd://"
        guard runtimeVersion.hasPrefix(prefix) else { return nil }
        let text = runtimeVersion.dropFirst(prefix.count).drop { $0 == "v" }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        let numbers = parts.prefix(2).map { Int($0) }
        guard numbers.count == 2, let major = numbers[0], let minor = numbers[1] else { return nil }
        let patch = parts.dropFirst(2).first.map { $0.prefix { $0.isASCII && $0.isNumber } }
        self.init(major: major, minor: minor, patch: patch.flatMap { Int($0) } ?? 0)
    }

    /// The first release that merges plugins of imported files key by key, and moves the settings of images to a plugin
    /// of their own. Before, a file's plugin replaced what all files before it said of that plugin
    /// (containerd/containerd#9982).
    package static let merging = ContainerdVersion(major: 2, minor: 0)
    /// The first release whose kubelet pulls go through the transfer service, which takes `config_path` for one path
    /// (containerd/containerd#12415, #12808).
    package static let transferring = ContainerdVersion(major: 2, minor: 1)
    /// The first release with a default for `config_path`, which holds beside everything (containerd
    /// `internal/cri/config/config_unix.go`, `DefaultImageConfig`).
    package static let defaulting = ContainerdVersion(major: 2, minor: 2)
    /// The first release whose default gives way to `mirrors` (containerd/containerd#12612,
    /// `plugins/cri/images/plugin.go`).
    package static let yielding = ContainerdVersion(major: 2, minor: 2, patch: 2)
    /// The first release that brings each file to the newest version before it merges it (containerd
    /// `cmd/containerd/server/config/config.go`, `LoadConfigWithPlugins`).
    package static let migratingFiles = ContainerdVersion(major: 2, minor: 3)

    package static func < (left: Self, right: Self) -> Bool {
        (left.major, left.minor, left.patch) < (right.major, right.minor, right.patch)
    }

    package var description: String { "\(major).\(minor)" }
}

/// How a line of containerd's releases makes one configuration of several files.
package enum ContainerdLine: Hashable, Sendable {
    /// 1.6, 1.7: tables of plugins replace each other as a whole, and the last version that is written holds for all.
    case replacing
    /// 2.0 to 2.2: files without a version and of version 1 count as newest and keep their tables; all are merged key
    /// by key, the last version that is written holds for all, and only then the whole is migrated.
    case merging
    /// From 2.3: each file is migrated by itself, and then they are merged.
    case migratingFiles

    /// - Parameters:
    ///   - version: nil where it is not known.
    ///   - fileVersion: the version that the first file has; decides where the other is not known.
    package init(_ version: ContainerdVersion?, fileVersion: Int) {
        guard let version else {
            self = fileVersion >= 4 ? .migratingFiles : fileVersion >= 3 ? .merging : .replacing
            return
        }
        self = version >= .migratingFiles ? .migratingFiles : version >= .merging ? .merging : .replacing
    }

    /// The newest version of a file that it knows; nil where it takes any for version 2.
    func newestFile(_ version: ContainerdVersion?) -> Int? {
        switch self {
        case .replacing:
            // From 1.6.32 and 1.7.17 (containerd `services/server/config/config.go`, `ValidateV2`).
            guard let version else { return 2 }
            let first = version.minor == 7 ? 17 : 32
            return version.minor > 7 || (version.minor >= 6 && version.patch >= first) ? 2 : nil
        case .merging: return 3
        case .migratingFiles: return 4
        }
    }

    /// Whether an import without a leading slash and with a `*` starts from the directory that containerd was started
    /// in, the root, and not from that of its file: before 1.6.29 and 1.7.16 (`resolveImports` there).
    static func globsFromRoot(_ version: ContainerdVersion?) -> Bool {
        guard let version, version < .merging else { return false }
        return version.minor < 6 || (version.minor == 6 && version.patch < 29)
            || (version.minor == 7 && version.patch < 16)
    }
}
