import KubeCore

// Decoding fills in the schema's defaults, so that an object of a server without our schema (a file, a dumped snapshot)
// means the same as one that the server completed.

extension P2PMirrorSpec {
    enum CodingKeys: String, CodingKey {
        case provider, mode, pauseRequests, selector, namespace, registries, topology, candidates, health, liveness,
            rollout
        case deletionPolicy, rke2, k3s, spegel, dragonfly
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        provider = try container.decode(Provider.self, forKey: .provider)
        mode = try container.decodeIfPresent(Mode.self, forKey: .mode) ?? .observe
        pauseRequests = try container.decodeIfPresent([String].self, forKey: .pauseRequests) ?? []
        selector = try container.decodeIfPresent(LabelSelector.self, forKey: .selector) ?? LabelSelector()
        namespace = try container.decodeIfPresent(String.self, forKey: .namespace)
        registries = try container.decodeIfPresent([String].self, forKey: .registries) ?? []
        topology = try container.decodeIfPresent(Topology.self, forKey: .topology) ?? Topology()
        candidates = try container.value(.candidates, or: Candidates())
        health = try container.value(.health, or: Health())
        liveness = try container.value(.liveness, or: Liveness())
        rollout = try container.decodeIfPresent(Rollout.self, forKey: .rollout) ?? Rollout()
        deletionPolicy = try container.decodeIfPresent(DeletionPolicy.self, forKey: .deletionPolicy) ?? .retain
        rke2 = try container.decodeIfPresent(Rancher.self, forKey: .rke2)
        k3s = try container.decodeIfPresent(Rancher.self, forKey: .k3s)
        spegel = try container.decodeIfPresent(Spegel.self, forKey: .spegel)
        dragonfly = try container.decodeIfPresent(Dragonfly.self, forKey: .dragonfly)
    }
}

extension P2PMirrorSpec.Topology {
    enum CodingKeys: String, CodingKey {
        case rewrite, shape, maxFanout, preferredRoots, registrationAddress, rerootAfterSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        rewrite = try container.decodeIfPresent(Rewrite.self, forKey: .rewrite) ?? fallback.rewrite
        shape = try container.decodeIfPresent(DesiredShape.self, forKey: .shape) ?? fallback.shape
        maxFanout = try container.decodeIfPresent(Int.self, forKey: .maxFanout) ?? fallback.maxFanout
        preferredRoots = try container.decodeIfPresent([String].self, forKey: .preferredRoots) ?? []
        registrationAddress = try container.decodeIfPresent(String.self, forKey: .registrationAddress)
        rerootAfterSeconds =
            try container.decodeIfPresent(Int.self, forKey: .rerootAfterSeconds) ?? fallback.rerootAfterSeconds
    }
}

extension P2PMirrorSpec.Rollout {
    enum CodingKeys: String, CodingKey {
        case minReadySeconds, progressDeadlineSeconds, approval, window, allowControlPlaneOutage
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        minReadySeconds =
            try container.decodeIfPresent(Int.self, forKey: .minReadySeconds) ?? fallback.minReadySeconds
        progressDeadlineSeconds =
            try container.decodeIfPresent(Int.self, forKey: .progressDeadlineSeconds)
            ?? fallback.progressDeadlineSeconds
        approval = try container.decodeIfPresent(ApprovalMode.self, forKey: .approval) ?? fallback.approval
        window = try container.decodeIfPresent(Window.self, forKey: .window)
        allowControlPlaneOutage =
            try container.decodeIfPresent(Bool.self, forKey: .allowControlPlaneOutage)
            ?? fallback.allowControlPlaneOutage
    }
}

extension P2PMirrorSpec.Rancher {
    enum CodingKeys: String, CodingKey {
        case managedNodes, debugUntil
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        managedNodes = try container.decodeIfPresent(ManagedNodes.self, forKey: .managedNodes) ?? .observe
        debugUntil = try container.decodeIfPresent(Timestamp.self, forKey: .debugUntil)
    }
}

extension P2PMirrorSpec.Rollout.Window {
    enum CodingKeys: String, CodingKey {
        case days, start, end, utcOffsetMinutes
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        days = try container.decodeIfPresent([Weekday].self, forKey: .days) ?? []
        start = try container.decode(String.self, forKey: .start)
        end = try container.decode(String.self, forKey: .end)
        utcOffsetMinutes = try container.decodeIfPresent(Int.self, forKey: .utcOffsetMinutes) ?? 0
    }
}
