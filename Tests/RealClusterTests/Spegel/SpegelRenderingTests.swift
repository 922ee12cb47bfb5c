import KubeCore
import MirrorAPI
import Testing

@testable import MirrorPlanner

extension RealCluster {
    /// What the operator renders passes the validation of a server.
    @Suite struct SpegelRenderings {
        /// Everything that can be said of an installation.
        private static func full(_ version: String) -> P2PMirrorSpec.Install {
            P2PMirrorSpec.Install(
                version: version,
                imageDigest: "sha256:" + String(repeating: "5e", count: 32),
                resources: .init(
                    requests: .init(cpu: "50m", memory: "128Mi"),
                    limits: .init(cpu: "1", memory: "256Mi")
                ),
                tolerations: [.init(key: "dedicated", operator: .equal, value: "cache", effect: .noSchedule)],
                resolveTags: false,
                prependExisting: true,
                dataDirectory: "/srv/spegel",
                containerd: .init(
                    socket: "/run/k3s/containerd/containerd.sock",
                    registryConfigPath: "/var/lib/rancher/k3s/agent/etc/containerd/certs.d",
                    contentPath: "/var/lib/rancher/k3s/agent/containerd/io.containerd.content.v1.content",
                    namespace: "other"
                ),
                logLevel: .debug
            )
        }

        @Test(
            arguments: ["v0.5.0", "v0.5.1", "v0.6.0", "v0.7.0", "v0.7.1", "v0.7.2", "v0.7.3", "v0.7.4"],
            [false, true]
        )
        func `every object of an installation is accepted, and a dry run leaves nothing`(
            _ version: String,
            _ isFull: Bool
        ) async throws {
            try await SpegelTrial.run(nodes: 1) { trial in
                let before = try await Inventory.take(trial.api, namespace: trial.namespace)
                let spec = P2PMirrorSpec(
                    provider: .spegel,
                    selector: LabelSelector(matchLabels: ["p2pmirror.io/test": trial.namespace]),
                    namespace: trial.namespace,
                    registries: isFull ? ["docker.io", "registry.example.com:5000"] : []
                )
                let mirror = P2PMirror(
                    metadata: ObjectMeta(name: SpegelTrial.mirror, uid: "0b0e0d9c-7a41-4e0c-8a5c-1f6f3c1f4f10"),
                    spec: spec
                )
                let install = isFull ? Self.full(version) : P2PMirrorSpec.Install(version: version)
                let objects = SpegelObjects(mirror, install, now: WallClock.now().timestamp)
                for object in objects.all + [objects.cleanUp] {
                    let stored = try await Self.dryRun(object, trial.api)
                    #expect(object.isInForce(in: ManagedObject(object.resource, stored)), "\(object.title)")
                }
                let after = try await Inventory.take(trial.api, namespace: trial.namespace)
                #expect(after.subtracting(before) == [])
            }
        }

        /// The object as it would be stored.
        private static func dryRun(_ object: ManagedObject, _ api: KubeAPI) async throws -> JSONValue {
            let patch = Patch.apply(object.body, manager: SpegelTrial.ours, force: true)
            var request = try KubeRequest.patch(object.resource, object.key, patch)
            request.query.append(KubeRequest.QueryItem("dryRun", "All"))
            return try await api.send(request)
        }
    }
}
