import KubeCore

/// What a release of Dragonfly installs, as far as it matters here: without a manager, or with one.
///
/// Source: names, labels, ports and settings of dragonflyoss/helm-charts `charts/dragonfly/templates` and
/// `values.yaml`; times are the chart's divided by the factor.
struct DragonflyRelease: Hashable, Sendable {
    static let name = "dragonfly"
    static let namespace = "dragonfly-system"

    var schedulers = 3
    var seeds = 3
    var server = "v2.5.1"
    var client = "v1.5.1"
    var factor = 10
    /// `HOST:PORT` of the source.
    var source = ""
    /// Seconds between two clean-ups; the chart's 900 divided by the factor.
    var collectionSeconds = 90
    var highPercent = 90
    var lowPercent = 70
    /// Seconds between two announcements of a client; nil for the chart's 300 divided by the factor.
    var clientAnnounceSeconds: Int?
    /// How daemons learn of the schedulers.
    var discovery = Discovery.addresses
    /// `IP:PORT` of the schedulers, as daemons are told, or the manager.
    var schedulerAddresses: [String] = []
    /// Address of the manager's Pod, where there is one.
    var managerIP = ""

    /// How daemons learn of the schedulers.
    enum Discovery: Hashable, Sendable {
        /// By `scheduler.addrs`.
        case addresses
        /// By `scheduler.addr`, the name of the headless Service.
        case name
        /// From the manager.
        case manager
    }

    /// The headless Service, as daemons look it up.
    static let schedulerName = "\(name)-scheduler-headless.\(namespace).svc.cluster.local"

    /// The objects of the manager, which come first.
    var managerObjects: [(resource: ResourceType, object: JSONValue)] {
        guard discovery == .manager else { return [] }
        return [(ClusterObjects.configMaps, managerRows), (ClusterObjects.statefulSets, managerSet)]
    }

    /// The objects of the schedulers, in the order in which they are created.
    var schedulerObjects: [(resource: ResourceType, object: JSONValue)] {
        [
            (ClusterObjects.configMaps, schedulerSettings), (ClusterObjects.configMaps, dynconfig("scheduler", limits)),
            (ClusterObjects.services, headless), (ClusterObjects.statefulSets, schedulerSet),
        ]
    }

    /// Those of seeds and clients, which are told the schedulers' addresses.
    var daemonObjects: [(resource: ResourceType, object: JSONValue)] {
        let told = discovery == .manager ? [] : ["seed-client", "client"]
        return [
            (ClusterObjects.configMaps, daemonSettings("seed-client", isSeed: true)),
            (ClusterObjects.configMaps, daemonSettings("client", isSeed: false)),
        ] + told.map { (ClusterObjects.configMaps, dynconfig($0, addresses)) } + [
            (ClusterObjects.statefulSets, seedSet), (ClusterObjects.daemonSets, clientSet),
        ]
    }

    private func metadata(_ name: String, _ component: String) -> JSONValue {
        [
            "name": .string("\(Self.name)-\(name)"), "namespace": .string(Self.namespace),
            "labels": [
                "app": .string(Self.name), "release": .string(Self.name), "heritage": "Helm",
                "component": .string(component),
            ],
        ]
    }

    private func labels(_ component: String) -> JSONValue {
        ["app": .string(Self.name), "component": .string(component)]
    }

    // MARK: Settings

    private func time(_ seconds: Int) -> String { "\(seconds * 1_000 / factor)ms" }

    private func configMap(_ name: String, _ component: String, _ key: String, _ text: String) -> JSONValue {
        [
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata(name, component),
            "data": [key: .string(text)],
        ]
    }

    private var schedulerSettings: JSONValue {
        configMap(
            "scheduler",
            "scheduler",
            "scheduler.yaml",
            """
            server: {advertisePort: 8002, listenIP: 0.0.0.0, port: 8002, requestRateLimit: 4000}
            scheduler:
              algorithm: default
              backToSourceCount: 200
              retryBackToSourceLimit: 3
              retryLimit: 5
              retryInterval: \(time(2))
              gc:
                pieceDownloadTimeout: \(time(1_800))
                peerGCInterval: \(time(300))
                peerTTL: 720h
                taskGCInterval: \(time(1_800))
                hostGCInterval: \(time(300))
                hostTTL: \(time(3_600))
            dynconfig: {refreshInterval: \(time(60))}
            metrics: {enable: true, addr: ":8000", enableHost: false}
            console: true
            \(discovery == .manager ? "manager: {addr: \"\(managerIP):65003\", schedulerClusterID: 1}" : "")
            """
        )
    }

    /// The table of schedulers, as the manager keeps it.
    var managerRows: JSONValue {
        let rows = schedulerAddresses.enumerated().map { number, address in
            "{hostname: \(Self.name)-scheduler-\(number), ip: \(address.prefix { $0 != ":" }), cluster: 1}"
        }
        let text = "schedulers: [\(rows.joined(separator: ", "))]\n"
        return configMap("manager", "manager", ManagerContainer.rowsFile, text)
    }

    private func daemonSettings(_ component: String, isSeed: Bool) -> JSONValue {
        let announce = isSeed ? 60 : 300
        let interval = isSeed ? nil : clientAnnounceSeconds.map { "\($0)s" }
        let manager = discovery == .manager ? "manager: {addr: \"http://\(managerIP):65003\"}" : ""
        return configMap(
            component,
            component,
            "dfdaemon.yaml",
            """
            host: {schedulerClusterID: 1, idc: "", location: ""}
            upload: {server: {port: 4000, requestRateLimit: \(isSeed ? 400 : 200)}}
            scheduler: {announceInterval: \(interval ?? time(announce)), scheduleTimeout: 3h, maxScheduleCount: 5}
            \(isSeed ? "seedPeer: {enable: true, type: super}" : "seedPeer: {enable: false}")
            dynconfig: {refreshInterval: \(time(announce))}
            storage: {server: {tcpPort: 4005, quicPort: 4006}, dir: /var/lib/dragonfly/, keep: true}
            gc:
              interval: \(collectionSeconds)s
              policy:
                taskTTL: 720h
                distHighThresholdPercent: \(isSeed ? highPercent : 99)
                distLowThresholdPercent: \(isSeed ? lowPercent : 98)
            proxy: {server: {port: 4001}, rules: [{regex: "blobs/sha256.*"}]}
            health: {server: {port: 4003}}
            metrics: {server: {port: 4002}}
            stats: {server: {port: 4004}}
            \(manager)
            """
        )
    }

    private var limits: String {
        """
        seedPeerClusterConfig: {loadLimit: 2000}
        schedulerClusterConfig: {candidateParentLimit: 3, filterParentLimit: 15}
        schedulerClusterClientConfig: {loadLimit: 200}

        """
    }

    /// `dynconfig.yaml` of seeds and clients.
    var addresses: String {
        if discovery == .name { return "scheduler: {addr: \"\(Self.schedulerName):8002\"}\n" }
        let list = schedulerAddresses.map { "\"\($0)\"" }.joined(separator: ", ")
        return "scheduler: {addrs: [\(list)]}\n"
    }

    private func dynconfig(_ component: String, _ text: String) -> JSONValue {
        configMap("\(component)-dynconfig", component, "dynconfig.yaml", text)
    }

    // MARK: Workloads

    private var headless: JSONValue {
        [
            "apiVersion": "v1", "kind": "Service", "metadata": metadata("scheduler-headless", "scheduler"),
            "spec": [
                "clusterIP": "None", "selector": labels("scheduler"),
                "ports": [["name": "grpc", "port": 8_002, "protocol": "TCP"]],
            ],
        ]
    }

    private func probe(_ address: String) -> JSONValue {
        [
            "exec": [
                "command": [
                    "/bin/grpc_health_probe", .string("-addr=\(address)"), "-connect-timeout=3s", "-rpc-timeout=3s",
                ]
            ], "periodSeconds": 1, "timeoutSeconds": 3, "failureThreshold": 2,
        ]
    }

    private func config(_ component: String) -> JSONValue {
        let isTold = component != "manager" && (component == "scheduler" || discovery != .manager)
        let maps = [component] + (isTold ? ["\(component)-dynconfig"] : [])
        let sources = maps.map { JSONValue.object(["configMap": ["name": .string("\(Self.name)-\($0)")]]) }
        return ["name": "config", "projected": ["sources": .array(sources)]]
    }

    private static func ports(_ numbers: [Int64]) -> JSONValue {
        .array(numbers.map { ["containerPort": .int($0), "protocol": "TCP"] })
    }

    private var factorVariable: JSONValue {
        ["name": .string(TimeScale.variable), "value": .string("\(factor)")]
    }

    /// The chart's is a Deployment, which would be the same here.
    private var managerSet: JSONValue {
        let probe = probe(":65003")
        let container: JSONValue = [
            "name": "manager", "image": .string("docker.io/dragonflyoss/manager:\(server)"),
            "ports": Self.ports([65_003]), "env": [factorVariable],
            "volumeMounts": [["name": "config", "mountPath": "/etc/dragonfly"]], "readinessProbe": probe,
            "livenessProbe": probe,
        ]
        return workload(
            "StatefulSet",
            "manager",
            ["replicas": 1, "serviceName": "manager", "podManagementPolicy": "Parallel"],
            ["containers": [container], "volumes": [config("manager")]]
        )
    }

    private var schedulerSet: JSONValue {
        let probe = probe(":8002")
        let container: JSONValue = [
            "name": "scheduler", "image": .string("docker.io/dragonflyoss/scheduler:\(server)"),
            "ports": Self.ports([8_002, 8_000]), "env": [factorVariable],
            "volumeMounts": [["name": "config", "mountPath": "/etc/dragonfly"]], "readinessProbe": probe,
            "livenessProbe": probe,
        ]
        return workload(
            "StatefulSet",
            "scheduler",
            [
                "replicas": .int(Int64(schedulers)), "serviceName": "scheduler", "podManagementPolicy": "Parallel",
            ],
            ["containers": [container], "volumes": [config("scheduler")]]
        )
    }

    private func daemon(_ name: String, _ ports: [Int64], _ mounts: [JSONValue]) -> JSONValue {
        let probe = probe("unix:///var/run/dragonfly/dfdaemon.sock")
        func field(_ name: String, _ path: String) -> JSONValue {
            ["name": .string(name), "valueFrom": ["fieldRef": ["fieldPath": .string(path)]]]
        }
        return [
            "name": .string(name), "image": .string("docker.io/dragonflyoss/client:\(client)"),
            "args": ["--log-level=info", "--console"],
            "ports": .array((Self.ports(ports).arrayValue ?? []) + [["containerPort": 4_006, "protocol": "UDP"]]),
            "env": [
                field("POD_NAMESPACE", "metadata.namespace"), field("POD_NAME", "metadata.name"), factorVariable,
                ["name": .string(DfdaemonContainer.sourceVariable), "value": .string(source)],
            ],
            "volumeMounts": .array([["name": "config", "mountPath": "/etc/dragonfly"]] + mounts),
            "readinessProbe": probe, "livenessProbe": probe,
        ]
    }

    private static let storage: JSONValue = ["name": "storage", "mountPath": "/var/lib/dragonfly/"]

    private var seedSet: JSONValue {
        workload(
            "StatefulSet",
            "seed-client",
            [
                "replicas": .int(Int64(seeds)), "serviceName": "seed-client", "podManagementPolicy": "Parallel",
                "volumeClaimTemplates": [
                    [
                        "metadata": ["name": "storage"],
                        "spec": [
                            "accessModes": ["ReadWriteOnce"], "resources": ["requests": ["storage": "100Gi"]],
                        ],
                    ]
                ],
            ],
            [
                "containers": [daemon("seed-client", [4_000, 4_001, 4_003, 4_002, 4_004, 4_005], [Self.storage])],
                "volumes": [config("seed-client")],
            ]
        )
    }

    private var clientSet: JSONValue {
        let socket: JSONValue = ["name": "socket-dir", "mountPath": "/var/run/dragonfly"]
        return workload(
            "DaemonSet",
            "client",
            ["updateStrategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 0, "maxUnavailable": 20]]],
            [
                "hostNetwork": true, "dnsPolicy": "ClusterFirstWithHostNet",
                "containers": [daemon("client", [4_000, 4_003, 4_002, 4_004, 4_005], [socket, Self.storage])],
                "volumes": [
                    config("client"),
                    [
                        "name": "socket-dir",
                        "hostPath": ["path": "/var/run/dragonfly", "type": "DirectoryOrCreate"],
                    ],
                    ["name": "storage", "emptyDir": [:]],
                ],
            ]
        )
    }

    private func workload(
        _ kind: String,
        _ component: String,
        _ spec: JSONValue,
        _ pod: JSONValue
    ) -> JSONValue {
        var spec = spec
        spec["selector"] = ["matchLabels": labels(component)]
        spec["template"] = ["metadata": ["labels": labels(component)], "spec": pod]
        return [
            "apiVersion": "apps/v1", "kind": .string(kind), "metadata": metadata(component, component), "spec": spec,
        ]
    }
}
