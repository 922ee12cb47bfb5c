import KubeCore
import MirrorAPI

@testable import MirrorPlanner

/// Objects of a release as charts render them, as far as anything rests on them; re-typed from charts 1.6.20 and 1.7.4,
/// and for the one without a manager from what its daemons read.
struct DragonflyChart {
    var name: String
    var scheduler: String
    var seed: String
    var client: String
    var schedulerDynconfig: String?
    var daemonDynconfig: String?

    /// By the name of the ConfigMap.
    var files: [String: [String: String]] {
        var files = [
            "\(name)-scheduler": ["scheduler.yaml": scheduler], "\(name)-seed-client": ["dfdaemon.yaml": seed],
            "\(name)-client": ["dfdaemon.yaml": client],
        ]
        if let schedulerDynconfig { files["\(name)-dyn-s"] = ["dynconfig.yaml": schedulerDynconfig] }
        if let daemonDynconfig { files["\(name)-dyn-d"] = ["dynconfig.yaml": daemonDynconfig] }
        return files
    }

    func pod(_ component: DragonflyNames.Component, _ number: Int, on node: Int, image: String) -> Pod {
        let isClient = component == .client
        let pod = isClient ? "\(name)-client-x\(number)abc" : "\(name)-\(component.rawValue)-\(number)"
        var labels = ["app": name, "component": component.rawValue]
        if !isClient { labels["statefulset.kubernetes.io/pod-name"] = pod }
        var maps = ["\(name)-\(component.rawValue)"]
        if component == .scheduler, schedulerDynconfig != nil { maps.append("\(name)-dyn-s") }
        if component != .scheduler, daemonDynconfig != nil { maps.append("\(name)-dyn-d") }
        let digit = isClient ? 192 : component == .seed ? 30 : 20
        return Pod(
            metadata: ObjectMeta(
                name: pod,
                namespace: DragonflyWorld.namespace,
                uid: "uid-\(pod)",
                resourceVersion: "1",
                creationTimestamp: DragonflyWorld.epoch + -86_400,
                labels: labels
            ),
            spec: Pod.Spec(
                nodeName: "node-\(node)",
                hostNetwork: isClient,
                containers: [
                    Pod.Container(
                        name: component.rawValue,
                        image: "docker.io/dragonflyoss/\(component == .scheduler ? "scheduler" : "client"):\(image)"
                    )
                ],
                volumes: [Pod.Volume(name: "config", configMaps: maps)]
            ),
            status: Pod.Status(
                phase: "Running",
                podIP: "10.244.\(node).\(digit)",
                conditions: [
                    .init(type: "Ready", status: "True", lastTransitionTime: DragonflyWorld.epoch + -86_400)
                ]
            )
        )
    }

    func statefulSet(_ component: DragonflyNames.Component, replicas: Int) -> ManagedObject {
        ManagedObject(
            StatefulSetKind.resource,
            [
                "apiVersion": "apps/v1", "kind": "StatefulSet",
                "metadata": [
                    "name": .string("\(name)-\(component.rawValue)"), "namespace": .string(DragonflyWorld.namespace),
                ],
                "spec": [
                    "replicas": .int(Int64(replicas)),
                    "template": [
                        "metadata": [
                            "labels": ["app": .string(name), "component": .string(component.rawValue)]
                        ]
                    ],
                ],
            ]
        )
    }

    static let scheduler = """
        server: {advertisePort: 8002, listenIP: 0.0.0.0, port: 8002, requestRateLimit: 4000}
        scheduler:
          algorithm: default
          backToSourceCount: 200
          retryBackToSourceLimit: 3
          retryLimit: 5
          retryInterval: 2s
          gc: {pieceDownloadTimeout: 30m, peerGCInterval: 5m, peerTTL: 720h, hostGCInterval: 5m, hostTTL: 1h}
        dynconfig: {refreshInterval: 1m}
        metrics: {enable: true, addr: ":8000", enableHost: false}
        """

    static func daemon(isSeed: Bool, manager: String?) -> String {
        """
        host: {schedulerClusterID: 1}
        upload: {server: {port: 4000, requestRateLimit: 400}}
        \(manager.map { "manager: {addr: \"\($0)\"}" } ?? "")
        scheduler: {announceInterval: \(isSeed ? "1m" : "5m"), scheduleTimeout: 3h, maxScheduleCount: 5}
        seedPeer: {enable: \(isSeed), type: super}
        dynconfig: {refreshInterval: \(isSeed ? "1m" : "5m")}
        storage: {server: {tcpPort: 4005, quicPort: 4006}, dir: /var/lib/dragonfly/, keep: true}
        gc: {interval: 900s, policy: {taskTTL: 720h, distHighThresholdPercent: 80, distLowThresholdPercent: 60}}
        proxy: {server: {port: 4001}}
        health: {server: {port: 4003}}
        metrics: {server: {port: 4002}}
        stats: {server: {port: 4004}}
        """
    }

    static let manager = "http://dragonfly-manager.dragonfly-system.svc.cluster.local:65003"

    static let withManager = DragonflyChart(
        name: "dragonfly",
        scheduler: scheduler + "\nmanager: {addr: \"dragonfly-manager:65003\", schedulerClusterID: 1}",
        seed: daemon(isSeed: true, manager: manager),
        client: daemon(isSeed: false, manager: manager)
    )

    /// Another release in the same namespace.
    static let other: DragonflyChart = {
        var chart = withManager
        chart.name = "other"
        return chart
    }()

    static let withoutManager = DragonflyChart(
        name: "dragonfly",
        scheduler: scheduler,
        seed: daemon(isSeed: true, manager: nil),
        client: daemon(isSeed: false, manager: nil),
        schedulerDynconfig: "schedulerClusterConfig: {candidateParentLimit: 3, filterParentLimit: 15}",
        daemonDynconfig: "scheduler: {addr: \"dragonfly-scheduler-headless.dragonfly-system.svc.cluster.local:8002\"}"
    )
}
