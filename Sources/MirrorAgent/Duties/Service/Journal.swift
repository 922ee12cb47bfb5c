package import KubeCore
package import MirrorAPI
package import MirrorPlanner

/// What the agent must know after it was killed, kept on the host: a step is finished or undone without the API.
package struct Journal: Hashable, Sendable {
    /// Formats that this release reads. The first one knows nothing but `server:`; it is written as long as that is
    /// enough, so that going back to the release before is possible, and an older release stops at the second one. The
    /// third one says that files are elsewhere than usual, where an older release would not look for them.
    package static let readableFormats = 1...3

    /// How the last step ended.
    package var settled: Settled?
    /// The step under way.
    package var step: Step?
    /// Registries that stand in `registries.yaml` because we put them there, in ascending order.
    package var added: [String] = []
    /// Where the files of the last step are; nil where they are in the usual places.
    package var places: HostPlaces?
    /// What is to be done once the mirror is gone; nil where our files then stay.
    package var bequest: Bequest?

    package init(settled: Settled? = nil, step: Step? = nil) {
        self.settled = settled
        self.step = step
    }

    /// The least format that says everything. An older release does not see the bequest, and leaves the files.
    package var format: Int {
        if places != nil || step?.places != nil { return 3 }
        let needsSecond =
            !added.isEmpty || settled?.debug == true || settled?.registriesMark != nil
            || step.map { $0.setting == nil || $0.debug == true || $0.registries != nil } == true
        return needsSecond ? 2 : 1
    }

    /// What the agent knows of a mirror that asked for its files to be taken away when it goes.
    package struct Bequest: Codable, Hashable, Sendable {
        package var provider: Provider
        /// Identity of the P2PMirror: another one of the same name is not the one that asked.
        package var mirrorUID: String

        package init(provider: Provider, mirrorUID: String) {
            self.provider = provider
            self.mirrorUID = mirrorUID
        }
    }

    /// The end of a step.
    package struct Settled: Codable, Hashable, Sendable {
        /// Identity of the MirrorNode that it was for: another one begins anew.
        package var uid: String
        package var revision: String
        package var epoch: Int
        /// `Applied` or `Failed`.
        package var phase: MirrorNodeStatus.Phase
        package var reason: String?
        package var message: String?
        package var restartedAt: Timestamp?
        /// `server:` of our drop-in then; nil where it had none, or was not there.
        package var inForce: ServerSetting?
        /// Whether our drop-in had `debug: true` then; absent where not.
        package var debug: Bool?
        /// The `registries.yaml` that the service ran with then, where the step changed it.
        package var registriesMark: RegistriesMark?

        /// What our drop-in held; empty where there was none.
        package var dropIn: DropIn.Settings {
            get { DropIn.Settings(server: inForce, debug: debug == true) }
            set { (inForce, debug) = (newValue.server, newValue.debug ? true : nil) }
        }
    }

    /// A step and how far it is.
    package struct Step: Codable, Hashable, Sendable {
        package enum Stage: String, Codable, Hashable, Sendable, CaseIterable {
            /// Written before the claim, so that a claim that was made is known as ours after any crash. Without a
            /// claim in the API that names `invocation`, it means nothing.
            case claiming = "Claiming"
            /// Claimed; the files are being written. Nothing has been restarted.
            case applying = "Applying"
            /// The files are on the disk; the restart is asked for, or about to be.
            case restarting = "Restarting"
            /// Evidence of a failure: the previous files are being put back.
            case rollingBack = "RollingBack"
            /// The previous files are back on the disk; the second restart is asked for, or about to be.
            case restoring = "Restoring"
        }

        /// A change of `registries.yaml`: what it held and what it is to hold, whole; nil where there is no file.
        package struct RegistriesChange: Codable, Hashable, Sendable {
            package var previous: String?
            package var wanted: String?
            package var adds: [String]
            package var removes: [String]

            package init(previous: String?, wanted: String?, adds: [String], removes: [String]) {
                self.previous = previous
                self.wanted = wanted
                self.adds = adds
                self.removes = removes
            }
        }

        package var uid: String
        package var revision: String
        package var epoch: Int
        /// The distribution whose service is restarted, with its files in the usual places.
        package var service: RancherDistribution
        package var role: NodeRole
        /// What our drop-in is to hold.
        package var setting: ServerSetting?
        package var debug: Bool?
        /// Nil where `registries.yaml` is not touched.
        package var registries: RegistriesChange?
        package var stage: Stage
        /// When the evidence is weighed; set anew for each restart.
        package var deadline: Timestamp
        package var deadlineSeconds: Int
        /// The same deadline by the clock of the boot at which it was set; nil where that is not known.
        package var bootDeadline: BootTime?
        /// Our drop-in before the step, nil where there was none.
        package var previous: String?
        /// Whether the node voted in etcd before the step.
        package var wasVoter: Bool
        /// Invocation of the service before the claim, then before each restart of ours: another one shows that the
        /// service has been started with what is on the disk.
        package var invocation: String
        /// The server that may be away at the restart. An older release does not see it, and waits.
        package var absentServer: String?
        /// Where the host has its files; nil where they are in the usual places.
        package var places: HostPlaces?
        package var restartedAt: Timestamp?
        /// Why it is rolled back.
        package var reason: String?
        package var message: String?

        private enum CodingKeys: String, CodingKey {
            case uid, revision, epoch
            case service = "provider"
            case role, setting, debug, registries, stage, deadline, deadlineSeconds, previous, wasVoter, invocation
            case absentServer, places, restartedAt, reason, message, bootDeadline
        }

        package init(
            uid: String,
            revision: String,
            epoch: Int,
            service: RancherDistribution,
            role: NodeRole,
            dropIn: DropIn.Settings,
            registries: RegistriesChange? = nil,
            stage: Stage,
            deadline: Timestamp,
            deadlineSeconds: Int,
            previous: String?,
            wasVoter: Bool,
            invocation: String,
            absentServer: String? = nil,
            places: HostPlaces? = nil
        ) {
            self.uid = uid
            self.revision = revision
            self.epoch = epoch
            self.service = service
            self.role = role
            setting = dropIn.server
            debug = dropIn.debug ? true : nil
            self.registries = registries
            self.stage = stage
            self.deadline = deadline
            self.deadlineSeconds = deadlineSeconds
            self.previous = previous
            self.wasVoter = wasVoter
            self.invocation = invocation
            self.absentServer = absentServer
            self.places = places
        }

        package var provider: Provider { service.provider }
        package var distribution: RancherDistribution { service.at(places ?? HostPlaces()) }
        package var unit: String { distribution.unit(of: role) }
        /// What our drop-in is to hold; empty where there is to be none.
        package var dropIn: DropIn.Settings { DropIn.Settings(server: setting, debug: debug == true) }
        /// What it held before; empty where there was none.
        package var previousDropIn: DropIn.Settings {
            previous.flatMap { DropIn.settings(in: Array($0.utf8)) } ?? DropIn.Settings()
        }
    }
}

extension Journal {
    /// Reads a journal.
    ///
    /// - Throws: `KubeError` with code `decoding`, also where a newer release wrote it in another format.
    package init(_ content: [UInt8]) throws(KubeError) {
        self = try JSONCoding.decode(Journal.self, from: content)
    }

    /// The same with another step, or none.
    func with(_ step: Step?) -> Journal {
        var journal = self
        journal.step = step
        return journal
    }

    /// The same after the end of its step, with the registries that are ours from then on.
    func ended(_ end: Settled, added: [String]) -> Journal {
        var journal = with(nil)
        journal.settled = end
        journal.added = added
        journal.places = step?.places
        return journal
    }
}

extension Journal: Codable {
    private enum CodingKeys: String, CodingKey {
        case format, settled, step, added, places, bequest
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let format = try container.decode(Int.self, forKey: .format)
        guard Self.readableFormats.contains(format) else {
            throw DecodingError.dataCorruptedError(
                forKey: .format,
                in: container,
                debugDescription: "it is \(format), this release knows 1 to \(Self.readableFormats.upperBound); "
                    + "run the release again that wrote it"
            )
        }
        settled = try container.decodeIfPresent(Settled.self, forKey: .settled)
        step = try container.decodeIfPresent(Step.self, forKey: .step)
        added = try container.decodeIfPresent([String].self, forKey: .added) ?? []
        places = try container.decodeIfPresent(HostPlaces.self, forKey: .places)
        bequest = try container.decodeIfPresent(Bequest.self, forKey: .bequest)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(format, forKey: .format)
        try container.encodeIfPresent(settled, forKey: .settled)
        try container.encodeIfPresent(step, forKey: .step)
        if !added.isEmpty { try container.encode(added, forKey: .added) }
        try container.encodeIfPresent(places, forKey: .places)
        try container.encodeIfPresent(bequest, forKey: .bequest)
    }
}
