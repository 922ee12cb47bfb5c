import KubeCore
package import MirrorAPI

/// The section of Dragonfly.
extension Samples {
    package static let dragonfly = P2PMirror(
        metadata: ObjectMeta(name: "images"),
        spec: P2PMirrorSpec(
            provider: .dragonfly,
            mode: .enforce,
            namespace: "dragonfly-system",
            dragonfly: .init(app: "dragonfly", recovery: .restart, removeDeadHosts: false)
        )
    )
}
