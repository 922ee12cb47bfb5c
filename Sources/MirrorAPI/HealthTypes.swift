extension P2PMirrorSpec {
    /// From which figures on a seed is unhealthy. Percentages are whole numbers.
    package struct Health: Codable, Hashable, Sendable {
        /// The volume that the mirror keeps its content on.
        package struct Disk: Codable, Hashable, Sendable {
            package var evictAtPercent: Int = 85
            /// A seed that is out for its disk comes back below this.
            package var readmitBelowPercent: Int = 82

            package init(evictAtPercent: Int = 85, readmitBelowPercent: Int = 82) {
                self.evictAtPercent = evictAtPercent
                self.readmitBelowPercent = readmitBelowPercent
            }
        }

        /// Something of which so much is used up: inodes of the mirror's volume, file descriptors of the daemon.
        package struct Usage: Codable, Hashable, Sendable {
            package var evictAtPercent: Int

            package init(evictAtPercent: Int) {
                self.evictAtPercent = evictAtPercent
            }
        }

        package struct Memory: Codable, Hashable, Sendable {
            /// Of the node's memory.
            package var evictAtAvailablePercent: Int = 5

            package init(evictAtAvailablePercent: Int = 5) {
                self.evictAtAvailablePercent = evictAtAvailablePercent
            }
        }

        /// Time in which tasks wait for the disk (PSI `some`): a busy NVMe disk is healthy at 100 % busy.
        package struct IO: Codable, Hashable, Sendable {
            package var evictAtPressurePercent: Int = 60
            /// Stands in the place of `unhealthyForSeconds`.
            package var forSeconds: Int = 120

            package init(evictAtPressurePercent: Int = 60, forSeconds: Int = 120) {
                self.evictAtPressurePercent = evictAtPressurePercent
                self.forSeconds = forSeconds
            }
        }

        package struct Network: Codable, Hashable, Sendable {
            /// Of the packets of the node's interfaces.
            package var evictAtErrorPercent: Int = 5
            /// Stands in the place of `unhealthyForSeconds`.
            package var forSeconds: Int = 120

            package init(evictAtErrorPercent: Int = 5, forSeconds: Int = 120) {
                self.evictAtErrorPercent = evictAtErrorPercent
                self.forSeconds = forSeconds
            }
        }

        package var disk: Disk = .init()
        package var inodes: Usage = .init(evictAtPercent: 95)
        package var memory: Memory = .init()
        package var io: IO = .init()
        package var network: Network = .init()
        package var fileDescriptors: Usage = .init(evictAtPercent: 90)
        /// Nil for the provider's own; empty for none.
        package var probes: [Probe]?

        package init(
            disk: Disk = .init(),
            inodes: Usage = .init(evictAtPercent: 95),
            memory: Memory = .init(),
            io: IO = .init(),
            network: Network = .init(),
            fileDescriptors: Usage = .init(evictAtPercent: 90),
            probes: [Probe]? = nil
        ) {
            self.disk = disk
            self.inodes = inodes
            self.memory = memory
            self.io = io
            self.network = network
            self.fileDescriptors = fileDescriptors
            self.probes = probes
        }
    }
}

/// A question that the operator asks a seed again and again, like a container's probe.
package struct Probe: Codable, Hashable, Sendable {
    package enum Scheme: String, Codable, Hashable, Sendable, CaseIterable {
        case http = "HTTP"
        case https = "HTTPS"
    }

    package struct HTTPGet: Codable, Hashable, Sendable {
        package var path: String
        package var port: Int
        package var scheme: Scheme

        package init(path: String = "/", port: Int, scheme: Scheme = .http) {
            self.path = path
            self.port = port
            self.scheme = scheme
        }
    }

    package struct TCPSocket: Codable, Hashable, Sendable {
        package var port: Int

        package init(port: Int) {
            self.port = port
        }
    }

    /// `grpc.health.v1.Health/Check`.
    package struct GRPC: Codable, Hashable, Sendable {
        package var port: Int
        /// Nil, or empty, for the server as a whole.
        package var service: String?

        package init(port: Int, service: String? = nil) {
            self.port = port
            self.service = service
        }
    }

    package var name: String
    /// Exactly one of the three is set.
    package var httpGet: HTTPGet?
    package var tcpSocket: TCPSocket?
    package var grpc: GRPC?
    package var periodSeconds: Int
    package var timeoutSeconds: Int
    /// Failures in a row from which on the probe fails.
    package var failureThreshold: Int
    /// Successes in a row from which on it passes again.
    package var successThreshold: Int

    package init(
        name: String,
        httpGet: HTTPGet? = nil,
        tcpSocket: TCPSocket? = nil,
        grpc: GRPC? = nil,
        periodSeconds: Int = 10,
        timeoutSeconds: Int = 2,
        failureThreshold: Int = 3,
        successThreshold: Int = 2
    ) {
        self.name = name
        self.httpGet = httpGet
        self.tcpSocket = tcpSocket
        self.grpc = grpc
        self.periodSeconds = periodSeconds
        self.timeoutSeconds = timeoutSeconds
        self.failureThreshold = failureThreshold
        self.successThreshold = successThreshold
    }
}
