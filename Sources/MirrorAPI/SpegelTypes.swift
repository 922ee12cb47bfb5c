package import KubeCore

/// What the daemons of an installed Spegel log.
package enum SpegelLogLevel: String, Codable, Hashable, Sendable, CaseIterable {
    case debug = "Debug"
    case info = "Info"
    case warn = "Warn"
    case error = "Error"
}

/// What becomes of a node whose containerd is not set up for the mirror.
package enum NodeConfigurationPolicy: String, Codable, Hashable, Sendable, CaseIterable {
    /// It is named.
    case report = "Report"
    /// The agent also puts right what a file of its own can put right.
    case repair = "Repair"
}

extension P2PMirrorSpec {
    /// Settings of standalone Spegel: exactly one of `install` and `adopt`.
    package struct Spegel: Codable, Hashable, Sendable {
        /// The operator makes and owns the DaemonSet and its Services.
        package var install: Install?
        /// An installation of somebody else is looked after.
        package var adopt: Adopt?
        package var nodeConfiguration: NodeConfigurationPolicy = .report

        package init(
            install: Install? = nil,
            adopt: Adopt? = nil,
            nodeConfiguration: NodeConfigurationPolicy = .report
        ) {
            self.install = install
            self.adopt = adopt
            self.nodeConfiguration = nodeConfiguration
        }

        /// Where the agents and the operator look for containerd's files.
        package var registryConfigPath: String { (install?.containerd ?? Containerd()).registryConfigPath }
    }

    /// An installation of the operator's own.
    package struct Install: Codable, Hashable, Sendable {
        /// Release of Spegel, which decides on flags, ports and on what "ready" means.
        package var version: String = "v0.7.4"
        /// The image without tag and digest; it must not come through the mirror that it is.
        package var image: String = "ghcr.io/spegel-org/spegel"
        /// Pins the image; nil: the tag is `version`.
        package var imageDigest: String?
        package var resources: Resources = Resources()
        /// Nil: every taint is tolerated.
        package var tolerations: [Toleration]?
        /// Whether tags are resolved among the peers; false leaves that to the registry.
        package var resolveTags: Bool = true
        /// Whether mirrors that containerd's files named before stay beside ours.
        package var prependExisting: Bool = false
        /// Host directory that keeps a peer's identity over restarts.
        package var dataDirectory: String = "/var/lib/spegel"
        package var containerd: Containerd = Containerd()
        package var logLevel: SpegelLogLevel = .info
        /// Until then the level is debug; each change of it replaces every pod, in waves.
        package var debugUntil: Timestamp?
        /// Whether the Prometheus operator is told to scrape the pods.
        package var serviceMonitor: Bool = false
        /// How many pods one wave of an upgrade may replace; rounded down, at least one.
        package var maxUnavailable: IntOrPercent = .percent(10)

        package init(
            version: String = "v0.7.4",
            image: String = "ghcr.io/spegel-org/spegel",
            imageDigest: String? = nil,
            resources: Resources = Resources(),
            tolerations: [Toleration]? = nil,
            resolveTags: Bool = true,
            prependExisting: Bool = false,
            dataDirectory: String = "/var/lib/spegel",
            containerd: Containerd = Containerd(),
            logLevel: SpegelLogLevel = .info,
            debugUntil: Timestamp? = nil,
            serviceMonitor: Bool = false,
            maxUnavailable: IntOrPercent = .percent(10)
        ) {
            self.version = version
            self.image = image
            self.imageDigest = imageDigest
            self.resources = resources
            self.tolerations = tolerations
            self.resolveTags = resolveTags
            self.prependExisting = prependExisting
            self.dataDirectory = dataDirectory
            self.containerd = containerd
            self.logLevel = logLevel
            self.debugUntil = debugUntil
            self.serviceMonitor = serviceMonitor
            self.maxUnavailable = maxUnavailable
        }
    }

    /// What a container asks for, as quantities such as `128Mi`; nil where nothing is said.
    package struct Resources: Codable, Hashable, Sendable {
        package struct Amounts: Codable, Hashable, Sendable {
            package var cpu: String?
            package var memory: String?

            package init(cpu: String? = nil, memory: String? = nil) {
                self.cpu = cpu
                self.memory = memory
            }
        }

        package var requests: Amounts = Amounts(memory: "128Mi")
        package var limits: Amounts = Amounts(memory: "128Mi")

        package init(
            requests: Amounts = Amounts(memory: "128Mi"),
            limits: Amounts = Amounts(memory: "128Mi")
        ) {
            self.requests = requests
            self.limits = limits
        }
    }

    /// As in a pod.
    package struct Toleration: Codable, Hashable, Sendable {
        package enum Operator: String, Codable, Hashable, Sendable, CaseIterable {
            case exists = "Exists"
            case equal = "Equal"
        }

        package enum Effect: String, Codable, Hashable, Sendable, CaseIterable {
            case noSchedule = "NoSchedule"
            case preferNoSchedule = "PreferNoSchedule"
            case noExecute = "NoExecute"
        }

        package var key: String?
        package var `operator`: Operator?
        package var value: String?
        package var effect: Effect?

        package init(key: String? = nil, operator: Operator? = nil, value: String? = nil, effect: Effect? = nil) {
            self.key = key
            self.operator = `operator`
            self.value = value
            self.effect = effect
        }
    }

    /// Where containerd is on the hosts. RKE2 and K3s have places of their own.
    package struct Containerd: Codable, Hashable, Sendable {
        package var socket: String = "/run/containerd/containerd.sock"
        /// containerd's `config_path`, below which each registry has a directory.
        package var registryConfigPath: String = "/etc/containerd/certs.d"
        package var contentPath: String = "/var/lib/containerd/io.containerd.content.v1.content"
        package var namespace: String = "k8s.io"

        package init(
            socket: String = "/run/containerd/containerd.sock",
            registryConfigPath: String = "/etc/containerd/certs.d",
            contentPath: String = "/var/lib/containerd/io.containerd.content.v1.content",
            namespace: String = "k8s.io"
        ) {
            self.socket = socket
            self.registryConfigPath = registryConfigPath
            self.contentPath = contentPath
            self.namespace = namespace
        }
    }

    /// An installation by the upstream chart.
    package struct Adopt: Codable, Hashable, Sendable {
        /// Name of the Helm release: the label `app.kubernetes.io/instance` of its objects.
        package var release: String = "spegel"
        /// Whether the bootstrap Service is narrowed to the candidate set; else nothing of the release is touched.
        package var takeOverBootstrap: Bool = false

        package init(release: String = "spegel", takeOverBootstrap: Bool = false) {
            self.release = release
            self.takeOverBootstrap = takeOverBootstrap
        }
    }

    /// Where the namespaced objects of a mirror live unless it says otherwise.
    package static let defaultNamespace = "p2pmirror-system"
    /// Where the namespaced objects of this mirror live.
    package var effectiveNamespace: String { namespace ?? Self.defaultNamespace }
}

// Decoding fills in the schema's defaults, as in P2PMirror+Defaults.swift.

extension P2PMirrorSpec.Spegel {
    enum CodingKeys: String, CodingKey {
        case install, adopt, nodeConfiguration
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        install = try container.decodeIfPresent(P2PMirrorSpec.Install.self, forKey: .install)
        adopt = try container.decodeIfPresent(P2PMirrorSpec.Adopt.self, forKey: .adopt)
        nodeConfiguration = try container.value(.nodeConfiguration, or: .report)
    }
}

extension P2PMirrorSpec.Install {
    enum CodingKeys: String, CodingKey {
        case version, image, imageDigest, resources, tolerations, resolveTags, prependExisting, dataDirectory
        case containerd, logLevel, debugUntil, serviceMonitor, maxUnavailable
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        version = try container.value(.version, or: fallback.version)
        image = try container.value(.image, or: fallback.image)
        imageDigest = try container.decodeIfPresent(String.self, forKey: .imageDigest)
        resources = try container.value(.resources, or: fallback.resources)
        tolerations = try container.decodeIfPresent([P2PMirrorSpec.Toleration].self, forKey: .tolerations)
        resolveTags = try container.value(.resolveTags, or: fallback.resolveTags)
        prependExisting = try container.value(.prependExisting, or: fallback.prependExisting)
        dataDirectory = try container.value(.dataDirectory, or: fallback.dataDirectory)
        containerd = try container.value(.containerd, or: fallback.containerd)
        logLevel = try container.value(.logLevel, or: fallback.logLevel)
        debugUntil = try container.decodeIfPresent(Timestamp.self, forKey: .debugUntil)
        serviceMonitor = try container.value(.serviceMonitor, or: fallback.serviceMonitor)
        maxUnavailable = try container.value(.maxUnavailable, or: fallback.maxUnavailable)
    }
}

extension P2PMirrorSpec.Resources {
    enum CodingKeys: String, CodingKey {
        case requests, limits
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        requests = try container.value(.requests, or: Self().requests)
        limits = try container.value(.limits, or: Self().limits)
    }
}

extension P2PMirrorSpec.Containerd {
    enum CodingKeys: String, CodingKey {
        case socket, registryConfigPath, contentPath, namespace
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        socket = try container.value(.socket, or: fallback.socket)
        registryConfigPath = try container.value(.registryConfigPath, or: fallback.registryConfigPath)
        contentPath = try container.value(.contentPath, or: fallback.contentPath)
        namespace = try container.value(.namespace, or: fallback.namespace)
    }
}

extension P2PMirrorSpec.Adopt {
    enum CodingKeys: String, CodingKey {
        case release, takeOverBootstrap
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        release = try container.value(.release, or: Self().release)
        takeOverBootstrap = try container.value(.takeOverBootstrap, or: false)
    }
}
