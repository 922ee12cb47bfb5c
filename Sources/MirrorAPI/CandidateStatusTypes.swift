package import KubeCore

/// Where a seed stands.
package enum CandidateState: String, Codable, Hashable, Sendable, CaseIterable {
    /// In the set, and nothing is wrong with it.
    case healthy = "Healthy"
    /// In the set, and something is or was wrong with it of late.
    case suspect = "Suspect"
    /// Out of the set.
    case evicted = "Evicted"
    /// Out of the set, and well; it comes back if it stays so.
    case probation = "Probation"
}

extension MirrorNodeStatus {
    /// What the operator remembers of one seed, so that its restart forgets no cool-down and repeats no eviction. It is
    /// absent while the seed is healthy and has not been evicted within the last hour.
    package struct Candidate: Codable, Hashable, Sendable {
        package var state: CandidateState
        /// Since when it is in this state. Suspect: it has been ill for as long as this is ago; what it was well in
        /// between is left out.
        package var since: Timestamp
        /// Evicted: no probation before. Probation: it comes back then, if it stays well. Suspect: it is healthy again
        /// then, if it stays well; absent while it is not well.
        package var until: Timestamp?
        /// When it was healthy last; absent while it is.
        package var illSince: Timestamp?
        /// Evictions that still count: they are forgiven after an hour of health, and double the probation until then.
        package var ejections: Int
        package var reason: String
        package var message: String {
            didSet { message = message.printable(atMost: MessageLimit.short) }
        }

        package init(
            state: CandidateState,
            since: Timestamp,
            until: Timestamp? = nil,
            illSince: Timestamp? = nil,
            ejections: Int = 0,
            reason: String,
            message: String
        ) {
            self.state = state
            self.since = since
            self.until = until
            self.illSince = illSince
            self.ejections = ejections
            self.reason = reason
            self.message = message.printable(atMost: MessageLimit.short)
        }
    }
}

extension P2PMirrorStatus {
    /// Counts of seeds.
    package struct Candidates: Codable, Hashable, Sendable {
        /// Seeds that left within one second.
        package struct Withdrawal: Codable, Hashable, Sendable {
            package var at: Timestamp
            package var count: Int

            package init(at: Timestamp, count: Int) {
                self.at = at
                self.count = count
            }
        }

        package var total: Int
        package var published: Int
        package var evicted: Int
        package var probation: Int
        /// The latest that left, from which `evictionsPerMinute` is reckoned; older ones go when the next one leaves.
        package var withdrawals: [Withdrawal]?

        package init(
            total: Int = 0,
            published: Int = 0,
            evicted: Int = 0,
            probation: Int = 0,
            withdrawals: [Withdrawal]? = nil
        ) {
            self.total = total
            self.published = published
            self.evicted = evicted
            self.probation = probation
            self.withdrawals = withdrawals
        }
    }

    /// A seed that is out of the set.
    package struct Eviction: Codable, Hashable, Sendable {
        package var node: String
        package var reason: String
        package var message: String {
            didSet { message = message.printable(atMost: MessageLimit.short) }
        }
        package var since: Timestamp
        /// When it comes back if it stays well, or when its probation may begin; absent where neither is known.
        package var until: Timestamp?
        /// Evictions of this seed that still count.
        package var count: Int

        package init(
            node: String,
            reason: String,
            message: String,
            since: Timestamp,
            until: Timestamp? = nil,
            count: Int
        ) {
            self.node = node
            self.reason = reason
            self.message = message.printable(atMost: MessageLimit.short)
            self.since = since
            self.until = until
            self.count = count
        }
    }

    /// More seeds are unhealthy at once than `maxUnhealthy`: nothing leaves the set until it is over.
    package struct Storm: Codable, Hashable, Sendable {
        package struct Zone: Codable, Hashable, Sendable {
            package var zone: String
            package var since: Timestamp
            package var until: Timestamp?

            package init(zone: String, since: Timestamp, until: Timestamp? = nil) {
                self.zone = zone
                self.since = since
                self.until = until
            }
        }

        /// When the storm over the whole fleet began; absent while there is none or only zones have one.
        package var since: Timestamp?
        /// When its cool-down ends; absent while it is raging.
        package var until: Timestamp?
        /// Zones with a storm of their own, in ascending order of names.
        package var zones: [Zone]?

        package init(since: Timestamp? = nil, until: Timestamp? = nil, zones: [Zone]? = nil) {
            self.since = since
            self.until = until
            self.zones = zones
        }
    }
}
