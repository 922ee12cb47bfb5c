import KubeCore
import MirrorAPI

/// The DaemonSets: the mirror itself, and what puts containerd's files back after it.
extension SpegelObjects {
    private var install: P2PMirrorSpec.Install { settings.install }
    private var containerd: P2PMirrorSpec.Containerd { install.containerd }

    var daemonSet: ManagedObject {
        let labels = names.selector.merging([LabelKey.candidate: "true", LabelKey.revision: settings.revision]) { $1 }
        var pod = podSpec
        pod["serviceAccountName"] = .string(names.base)
        pod["initContainers"] = [configuration]
        pod["containers"] = [registry]
        pod["volumes"] = .array(volumes)
        return object(
            DaemonSetKind.resource,
            metadata(names.base, [SpegelNames.componentLabel: SpegelNames.application]),
            [
                "spec": [
                    "selector": ["matchLabels": .strings(names.selector)],
                    // The operator replaces the pods, in waves: it knows which peers are needed meanwhile.
                    "updateStrategy": ["type": "OnDelete"],
                    "template": ["metadata": ["labels": .strings(labels)], "spec": .object(pod)],
                ]
            ]
        )
    }

    /// Runs `spegel cleanup` on every node once the mirror is gone from it: the files that Spegel moved aside come
    /// back.
    var cleanUp: ManagedObject {
        var pod = podSpec
        pod["automountServiceAccountToken"] = false
        pod["containers"] = [
            [
                "name": "cleanup", "image": .string(settings.image), "imagePullPolicy": "IfNotPresent",
                "args": [
                    "cleanup", .string("--containerd-registry-config-path=\(containerd.registryConfigPath)"),
                    .string("--addr=:\(Self.cleanUpPort)"),
                ],
                "ports": [
                    ["name": "readiness", "containerPort": .int(Int64(Self.cleanUpPort)), "protocol": "TCP"]
                ],
                "readinessProbe": ["httpGet": ["path": "/readyz", "port": .int(Int64(Self.cleanUpPort))]],
                "volumeMounts": [mount("containerd-config", containerd.registryConfigPath)],
                "securityContext": Self.security,
            ]
        ]
        pod["volumes"] = [volume("containerd-config", containerd.registryConfigPath, "DirectoryOrCreate")]
        return object(
            DaemonSetKind.resource,
            metadata(names.cleanUp, [SpegelNames.componentLabel: SpegelNames.cleanUpComponent]),
            [
                "spec": [
                    "selector": ["matchLabels": .strings(names.cleanUpSelector)],
                    "template": ["metadata": ["labels": .strings(names.cleanUpSelector)], "spec": .object(pod)],
                ]
            ]
        ).sealed()
    }

    // MARK: The pod

    private var podSpec: [String: JSONValue] {
        let tolerations =
            install.tolerations.map { $0.map { (try? JSONCoding.value(of: $0)) ?? [:] } }
            ?? [["operator": "Exists", "effect": "NoExecute"], ["operator": "Exists", "effect": "NoSchedule"]]
        var spec: [String: JSONValue] = [
            "priorityClassName": "system-node-critical", "affinity": ["nodeAffinity": affinity],
        ]
        if !tolerations.isEmpty { spec["tolerations"] = .array(tolerations) }
        return spec
    }

    /// The mirror's selector, on Linux nodes.
    private var affinity: JSONValue {
        var expressions: [JSONValue] = [["key": "kubernetes.io/os", "operator": "In", "values": ["linux"]]]
        for (key, value) in (nodes.matchLabels ?? [:]).sorted(by: { $0.key < $1.key }) {
            expressions.append(["key": .string(key), "operator": "In", "values": [.string(value)]])
        }
        for requirement in nodes.matchExpressions ?? [] {
            expressions.append((try? JSONCoding.value(of: requirement)) ?? [:])
        }
        return [
            "requiredDuringSchedulingIgnoredDuringExecution": [
                "nodeSelectorTerms": [["matchExpressions": .array(expressions)]]
            ]
        ]
    }

    private static let security: JSONValue = [
        "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": false, "capabilities": ["drop": ["ALL"]],
    ]

    private var resources: JSONValue {
        func amounts(_ amounts: P2PMirrorSpec.Resources.Amounts) -> JSONValue {
            (try? JSONCoding.value(of: amounts)) ?? [:]
        }
        return ["requests": amounts(install.resources.requests), "limits": amounts(install.resources.limits)]
    }

    private var mirrored: [JSONValue] {
        settings.registries.isEmpty
            ? [] : [.string("--mirrored-registries")] + settings.registries.map { .string($0) }
    }

    private static let address: JSONValue = [
        "name": "NODE_IP", "valueFrom": ["fieldRef": ["apiVersion": "v1", "fieldPath": "status.hostIP"]],
    ]

    /// Writes containerd's files.
    private var configuration: JSONValue {
        let arguments: [JSONValue] =
            [
                "configuration", .string("--log-level=\(level)"),
                .string("--containerd-registry-config-path=\(containerd.registryConfigPath)"),
            ] + mirrored + [
                "--mirror-targets", .string("http://$(NODE_IP):\(Self.hostPort)"),
                .string("http://$(NODE_IP):\(Self.nodePort)"), .string("--resolve-tags=\(install.resolveTags)"),
                .string("--prepend-existing=\(install.prependExisting)"),
            ]
        return [
            "name": "configuration", "image": .string(settings.image), "imagePullPolicy": "IfNotPresent",
            "args": .array(arguments), "env": [Self.address], "resources": resources,
            "securityContext": Self.security,
            "volumeMounts": [mount("containerd-config", containerd.registryConfigPath)],
        ]
    }

    private var registry: JSONValue {
        // The search path of a pod completes it, so that the domain of the cluster need not be known.
        let domain = "\(names.bootstrapService).\(names.namespace).svc"
        let version = settings.version ?? .newest
        var arguments: [JSONValue] = [
            "registry", .string("--log-level=\(level)"), "--mirror-resolve-retries=3", "--mirror-resolve-timeout=20ms",
            .string("--registry-addr=:\(Self.registryPort)"), .string("--router-addr=:\(Self.routerPort)"),
            .string("--metrics-addr=:\(Self.metricsPort)"),
        ]
        arguments += mirrored
        arguments += [
            .string("--containerd-sock=\(containerd.socket)"),
            .string("--containerd-namespace=\(containerd.namespace)"), "--bootstrap-kind=dns",
            .string("--dns-bootstrap-domain=\(domain)"),
            .string("--containerd-content-path=\(containerd.contentPath)"), "--debug-web-enabled=true",
        ]
        if version.checksContainerd {
            arguments.append(.string("--containerd-registry-config-path=\(containerd.registryConfigPath)"))
        }
        arguments.append(.string("--data-dir=\(version.keepsIdentity ? install.dataDirectory : "")"))
        var environment = [Self.address]
        if install.resources.limits.memory != nil {
            environment.append([
                "name": "GOMEMLIMIT",
                "valueFrom": ["resourceFieldRef": ["resource": "limits.memory", "divisor": "1"]],
            ])
        }
        var mounts = [
            mount("containerd-sock", containerd.socket), mount("containerd-content", containerd.contentPath, true),
        ]
        if version.keepsIdentity { mounts.append(mount("spegel-data", install.dataDirectory)) }
        if version.checksContainerd {
            mounts.append(mount("containerd-config", containerd.registryConfigPath, true))
        }
        return [
            "name": "registry", "image": .string(settings.image), "imagePullPolicy": "IfNotPresent",
            "args": .array(arguments), "env": .array(environment), "ports": .array(ports(version)),
            "startupProbe": probe(period: 3, failures: 60), "readinessProbe": probe(period: 10, failures: 3),
            "resources": resources, "securityContext": Self.security, "volumeMounts": .array(mounts),
        ]
    }

    private var level: String { settings.logLevel.rawValue.uppercased() }

    private func ports(_ version: SpegelVersion) -> [JSONValue] {
        func port(_ name: String, _ number: Int, _ kind: String = "TCP") -> JSONValue {
            ["name": .string(name), "containerPort": .int(Int64(number)), "protocol": .string(kind)]
        }
        var registry = port("registry", Self.registryPort)
        registry["hostPort"] = .int(Int64(Self.hostPort))
        let router = port("router-tcp", Self.routerPort)
        let quic = version.speaksQUIC ? [port("router-quic", Self.routerPort, "UDP")] : []
        return [registry, router] + quic + [port("metrics", Self.metricsPort)]
    }

    /// Answers 200 once the peer has found others. The start is given three minutes, in which pods find each other.
    private func probe(period: Int64, failures: Int64) -> JSONValue {
        [
            "httpGet": ["path": "/readyz", "port": .int(Int64(Self.registryPort))], "periodSeconds": .int(period),
            "failureThreshold": .int(failures),
        ]
    }

    // MARK: Volumes

    private var volumes: [JSONValue] {
        let data =
            (settings.version ?? .newest).keepsIdentity
            ? [volume("spegel-data", install.dataDirectory, "DirectoryOrCreate")] : []
        return data + [
            volume("containerd-sock", containerd.socket, "Socket"),
            volume("containerd-content", containerd.contentPath, "Directory"),
            volume("containerd-config", containerd.registryConfigPath, "DirectoryOrCreate"),
        ]
    }

    private func volume(_ name: String, _ path: String, _ type: String) -> JSONValue {
        ["name": .string(name), "hostPath": ["path": .string(path), "type": .string(type)]]
    }

    private func mount(_ name: String, _ path: String, _ isReadOnly: Bool = false) -> JSONValue {
        isReadOnly
            ? ["name": .string(name), "mountPath": .string(path), "readOnly": true]
            : ["name": .string(name), "mountPath": .string(path)]
    }
}
