// Decoding fills in the schema's defaults, as in P2PMirror+Defaults.swift.

extension P2PMirrorSpec.Health {
    enum CodingKeys: String, CodingKey {
        case disk, inodes, memory, io, network, fileDescriptors, probes
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        disk = try container.value(.disk, or: fallback.disk)
        inodes = try container.usage(.inodes, or: fallback.inodes)
        memory = try container.value(.memory, or: fallback.memory)
        io = try container.value(.io, or: fallback.io)
        network = try container.value(.network, or: fallback.network)
        fileDescriptors = try container.usage(.fileDescriptors, or: fallback.fileDescriptors)
        probes = try container.decodeIfPresent([Probe].self, forKey: .probes)
    }
}

extension KeyedDecodingContainer<P2PMirrorSpec.Health.CodingKeys> {
    /// The two usages have defaults of their own.
    fileprivate func usage(_ key: Key, or fallback: P2PMirrorSpec.Health.Usage) throws -> P2PMirrorSpec.Health.Usage {
        guard try contains(key) && !decodeNil(forKey: key) else { return fallback }
        let section = try nestedContainer(keyedBy: UsageKeys.self, forKey: key)
        return P2PMirrorSpec.Health.Usage(
            evictAtPercent: try section.value(.evictAtPercent, or: fallback.evictAtPercent)
        )
    }
}

private enum UsageKeys: String, CodingKey {
    case evictAtPercent
}

extension P2PMirrorSpec.Health.Disk {
    enum CodingKeys: String, CodingKey {
        case evictAtPercent, readmitBelowPercent
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        evictAtPercent = try container.value(.evictAtPercent, or: fallback.evictAtPercent)
        readmitBelowPercent = try container.value(.readmitBelowPercent, or: fallback.readmitBelowPercent)
    }
}

extension P2PMirrorSpec.Health.Memory {
    enum CodingKeys: String, CodingKey {
        case evictAtAvailablePercent
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        evictAtAvailablePercent = try container.value(.evictAtAvailablePercent, or: Self().evictAtAvailablePercent)
    }
}

extension P2PMirrorSpec.Health.IO {
    enum CodingKeys: String, CodingKey {
        case evictAtPressurePercent, forSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        evictAtPressurePercent = try container.value(.evictAtPressurePercent, or: fallback.evictAtPressurePercent)
        forSeconds = try container.value(.forSeconds, or: fallback.forSeconds)
    }
}

extension P2PMirrorSpec.Health.Network {
    enum CodingKeys: String, CodingKey {
        case evictAtErrorPercent, forSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        evictAtErrorPercent = try container.value(.evictAtErrorPercent, or: fallback.evictAtErrorPercent)
        forSeconds = try container.value(.forSeconds, or: fallback.forSeconds)
    }
}

extension Probe {
    enum CodingKeys: String, CodingKey {
        case name, httpGet, tcpSocket, grpc, periodSeconds, timeoutSeconds, failureThreshold, successThreshold
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self(name: "")
        name = try container.decode(String.self, forKey: .name)
        httpGet = try container.decodeIfPresent(HTTPGet.self, forKey: .httpGet)
        tcpSocket = try container.decodeIfPresent(TCPSocket.self, forKey: .tcpSocket)
        grpc = try container.decodeIfPresent(GRPC.self, forKey: .grpc)
        periodSeconds = try container.value(.periodSeconds, or: fallback.periodSeconds)
        timeoutSeconds = try container.value(.timeoutSeconds, or: fallback.timeoutSeconds)
        failureThreshold = try container.value(.failureThreshold, or: fallback.failureThreshold)
        successThreshold = try container.value(.successThreshold, or: fallback.successThreshold)
    }
}

extension Probe.HTTPGet {
    enum CodingKeys: String, CodingKey {
        case path, port, scheme
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        path = try container.value(.path, or: "/")
        port = try container.decode(Int.self, forKey: .port)
        scheme = try container.value(.scheme, or: .http)
    }
}
