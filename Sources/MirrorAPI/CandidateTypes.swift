package import KubeCore

/// A number of things, or a share of them: `3` or `"50%"`.
package enum IntOrPercent: Codable, Hashable, Sendable, CustomStringConvertible {
    case number(Int)
    /// 0 to 100.
    case percent(Int)

    /// How many of `total` it is; a fraction counts as a whole one.
    package func roundedUp(of total: Int) -> Int {
        switch self {
        case .number(let number): number
        case .percent(let share): (total * share + 99) / 100
        }
    }

    /// How many of `total` it is; a fraction counts as none.
    package func roundedDown(of total: Int) -> Int {
        switch self {
        case .number(let number): number
        case .percent(let share): total * share / 100
        }
    }

    package var description: String {
        switch self {
        case .number(let number): "\(number)"
        case .percent(let share): "\(share)%"
        }
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {
            self = .number(number)
            return
        }
        let text = try container.decode(String.self)
        guard TextForm.percent.matches(text), let share = Int(text.dropLast()) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription: "\"\(text)\" is neither a number nor a percentage such as 50%"
            )
        }
        self = .percent(share)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .number(let number): try container.encode(number)
        case .percent: try container.encode(description)
        }
    }
}

extension P2PMirrorSpec {
    /// Which peers are seeds, and how far the set of those that are published may shrink, and how fast.
    package struct Candidates: Codable, Hashable, Sendable {
        /// The nodes or pods that are seeds; nil for the provider's own choice.
        package var selector: LabelSelector?
        /// Of all seeds, lost ones included; rounded up. At least 1, for RKE2 and K3s at least 2.
        package var minPublished: IntOrPercent = .percent(50)
        /// Above this, rounded down, it is a storm, in which nothing leaves the set.
        package var maxUnhealthy: IntOrPercent = .percent(34)
        /// How long a soft cause lasts before it evicts.
        package var unhealthyForSeconds: Int = 60
        /// How long an evicted seed must be well before it comes back, and how long one that is suspect before it is
        /// well again.
        package var healthyForSeconds: Int = 120
        /// How long a storm must be over before seeds leave again.
        package var stormCooldownSeconds: Int = 300
        package var evictionsPerMinute: Int = 6

        package init(
            selector: LabelSelector? = nil,
            minPublished: IntOrPercent = .percent(50),
            maxUnhealthy: IntOrPercent = .percent(34),
            unhealthyForSeconds: Int = 60,
            healthyForSeconds: Int = 120,
            stormCooldownSeconds: Int = 300,
            evictionsPerMinute: Int = 6
        ) {
            self.selector = selector
            self.minPublished = minPublished
            self.maxUnhealthy = maxUnhealthy
            self.unhealthyForSeconds = unhealthyForSeconds
            self.healthyForSeconds = healthyForSeconds
            self.stormCooldownSeconds = stormCooldownSeconds
            self.evictionsPerMinute = evictionsPerMinute
        }
    }

    /// How seeds say that they are alive.
    package struct Liveness: Codable, Hashable, Sendable {
        /// A seed that has not announced itself for twice this time is gone.
        package var announceIntervalSeconds: Int = 30
        /// How often everything is reconciled again without an event.
        package var sweepIntervalSeconds: Int = 300

        package init(announceIntervalSeconds: Int = 30, sweepIntervalSeconds: Int = 300) {
            self.announceIntervalSeconds = announceIntervalSeconds
            self.sweepIntervalSeconds = sweepIntervalSeconds
        }
    }
}

// Decoding fills in the schema's defaults, as in P2PMirror+Defaults.swift.

extension KeyedDecodingContainer {
    func value<Value: Decodable>(_ key: Key, or fallback: Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? fallback
    }
}

extension P2PMirrorSpec.Candidates {
    enum CodingKeys: String, CodingKey {
        case selector, minPublished, maxUnhealthy, unhealthyForSeconds, healthyForSeconds, stormCooldownSeconds
        case evictionsPerMinute
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        selector = try container.decodeIfPresent(LabelSelector.self, forKey: .selector)
        minPublished = try container.value(.minPublished, or: fallback.minPublished)
        maxUnhealthy = try container.value(.maxUnhealthy, or: fallback.maxUnhealthy)
        unhealthyForSeconds = try container.value(.unhealthyForSeconds, or: fallback.unhealthyForSeconds)
        healthyForSeconds = try container.value(.healthyForSeconds, or: fallback.healthyForSeconds)
        stormCooldownSeconds = try container.value(.stormCooldownSeconds, or: fallback.stormCooldownSeconds)
        evictionsPerMinute = try container.value(.evictionsPerMinute, or: fallback.evictionsPerMinute)
    }
}

extension P2PMirrorSpec.Liveness {
    enum CodingKeys: String, CodingKey {
        case announceIntervalSeconds, sweepIntervalSeconds
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let fallback = Self()
        announceIntervalSeconds = try container.value(.announceIntervalSeconds, or: fallback.announceIntervalSeconds)
        sweepIntervalSeconds = try container.value(.sweepIntervalSeconds, or: fallback.sweepIntervalSeconds)
    }
}
