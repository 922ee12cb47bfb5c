extension Pod {
    enum CodingKeys: String, CodingKey {
        case metadata, spec, status
    }

    /// Decodes; only `metadata` must be of the right form.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        metadata = try container.decode(ObjectMeta.self, forKey: .metadata)
        spec = container.lenient(.spec) ?? Spec()
        status = container.lenient(.status) ?? Status()
    }
}

extension Pod.Spec {
    enum CodingKeys: String, CodingKey {
        case nodeName, hostNetwork, containers, volumes
    }

    /// Decodes; what is absent or of another form is empty.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        nodeName = container.lenient(.nodeName)
        hostNetwork = container.lenient(.hostNetwork) ?? false
        containers = container.lenientElements(.containers)
        volumes = container.lenientElements(.volumes)
    }

    /// Encodes what is set.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(nodeName, forKey: .nodeName)
        if hostNetwork { try container.encode(hostNetwork, forKey: .hostNetwork) }
        if !containers.isEmpty { try container.encode(containers, forKey: .containers) }
        if !volumes.isEmpty { try container.encode(volumes, forKey: .volumes) }
    }
}

extension Pod.Container {
    enum CodingKeys: String, CodingKey {
        case name, image
    }

    /// Decodes; only the name must be there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        image = container.lenient(.image) ?? ""
    }
}

extension Pod.Volume {
    enum CodingKeys: String, CodingKey {
        case name, configMap, projected, hostPath, persistentVolumeClaim
    }

    /// A source that is told by its name; a projected one by its sources.
    private struct Source: Codable {
        var name: String?
        var path: String?
        var claimName: String?
        var sources: [Projection]?
    }

    private struct Projection: Codable {
        var configMap: Source?
    }

    /// Decodes; only the name must be there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        let own: Source? = container.lenient(.configMap)
        let projected: Source? = container.lenient(.projected)
        let host: Source? = container.lenient(.hostPath)
        configMaps = [own?.name].compactMap(\.self) + (projected?.sources ?? []).compactMap { $0.configMap?.name }
        hostPath = host?.path
        isClaim = container.contains(.persistentVolumeClaim)
    }

    /// Encodes what is set, in the form that the API has.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        if configMaps.count == 1 {
            try container.encode(Source(name: configMaps.first), forKey: .configMap)
        } else if !configMaps.isEmpty {
            let sources = configMaps.map { Projection(configMap: Source(name: $0)) }
            try container.encode(Source(sources: sources), forKey: .projected)
        }
        if let hostPath { try container.encode(Source(path: hostPath), forKey: .hostPath) }
        if isClaim { try container.encode(Source(claimName: name), forKey: .persistentVolumeClaim) }
    }
}

extension Pod.Status {
    enum CodingKeys: String, CodingKey {
        case phase, podIP, podIPs, conditions, containerStatuses, initContainerStatuses
    }

    /// Decodes; what is absent or of another form is empty.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        phase = container.lenient(.phase)
        podIP = container.lenient(.podIP)
        podIPs = container.lenientElements(.podIPs)
        conditions = container.lenientElements(.conditions)
        containers =
            container.lenientElements(.initContainerStatuses) + container.lenientElements(.containerStatuses)
    }

    /// Encodes what is set, all containers in the place of those that run at the same time.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(phase, forKey: .phase)
        try container.encodeIfPresent(podIP, forKey: .podIP)
        if !podIPs.isEmpty { try container.encode(podIPs, forKey: .podIPs) }
        if !conditions.isEmpty { try container.encode(conditions, forKey: .conditions) }
        if !containers.isEmpty { try container.encode(containers, forKey: .containerStatuses) }
    }
}

extension Pod.ContainerStatus {
    enum CodingKeys: String, CodingKey {
        case name, ready, restartCount, state, lastState
    }

    /// Decodes; only the name must be there.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decode(String.self, forKey: .name)
        ready = container.lenient(.ready) ?? false
        restartCount = container.lenient(.restartCount) ?? 0
        state = container.lenient(.state)
        lastState = container.lenient(.lastState)
    }
}

/// An element of a list, or nothing where it is of another form.
private struct Lenient<Value: Decodable>: Decodable {
    var value: Value?

    init(from decoder: any Decoder) throws {
        value = try? Value(from: decoder)
    }
}

extension KeyedDecodingContainer {
    fileprivate func lenient<Value: Decodable>(_ key: Key) -> Value? {
        (try? decodeIfPresent(Value.self, forKey: key)) ?? nil
    }

    fileprivate func lenientElements<Value: Decodable>(_ key: Key) -> [Value] {
        let elements: [Lenient<Value>]? = lenient(key)
        return (elements ?? []).compactMap(\.value)
    }
}
