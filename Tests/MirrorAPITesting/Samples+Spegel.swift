import KubeCore
package import MirrorAPI

/// The sections that only one provider has.
extension Samples {
    package static let installed = P2PMirror(
        metadata: ObjectMeta(name: "peers"),
        spec: P2PMirrorSpec(
            provider: .spegel,
            mode: .enforce,
            namespace: "spegel",
            registries: ["docker.io"],
            spegel: .init(
                install: .init(
                    version: "v0.7.3",
                    image: "registry.example.org:5000/mirror/spegel",
                    imageDigest: "sha256:" + String(repeating: "0a", count: 32),
                    resources: .init(
                        requests: .init(cpu: "50m", memory: "64Mi"),
                        limits: .init(cpu: "2", memory: "256Mi")
                    ),
                    tolerations: [.init(key: "dedicated", operator: .equal, value: "gpu", effect: .noSchedule)],
                    resolveTags: false,
                    prependExisting: true,
                    dataDirectory: "/srv/spegel",
                    containerd: .init(
                        socket: "/run/k3s/containerd/containerd.sock",
                        registryConfigPath: "/srv/certs.d",
                        contentPath: "/srv/content",
                        namespace: "images"
                    ),
                    logLevel: .warn,
                    debugUntil: time,
                    serviceMonitor: true,
                    maxUnavailable: .number(3)
                ),
                nodeConfiguration: .repair
            )
        )
    )

    package static let adopted = P2PMirror(
        metadata: ObjectMeta(name: "peers"),
        spec: P2PMirrorSpec(
            provider: .spegel,
            namespace: "spegel",
            spegel: .init(adopt: .init(release: "mirror", takeOverBootstrap: true))
        )
    )
}
