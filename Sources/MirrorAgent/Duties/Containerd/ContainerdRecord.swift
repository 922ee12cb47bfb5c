import MirrorPlanner

/// What the agent did to a containerd for a mirror, kept on the host: once the mirror is gone it can't be read when it
/// counts.
package struct ContainerdRecord: Codable, Hashable, Sendable {
    /// Our file.
    package var dropIn: String
    /// Identity of the P2PMirror: another one of the same name is not the one that asked.
    package var mirrorUID: String
    /// Whether our file goes once that mirror is gone.
    package var restores: Bool

    package init(dropIn: String, mirrorUID: String, restores: Bool) {
        self.dropIn = dropIn
        self.mirrorUID = mirrorUID
        self.restores = restores
    }

    /// Whether the path is one that we write.
    package var isSafe: Bool {
        ContainerdPath.clean(dropIn) == dropIn && ContainerdPath.name(dropIn) == ContainerdDropIn.name
            && ContainerdPath.isInside(dropIn, ContainerdDropIn.writableDirectory)
    }
}
